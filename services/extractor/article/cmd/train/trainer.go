package main

import (
	"context"
	"slices"
	"sync"

	"github.com/dateline-news/dateline/services/extractor/article/internal/body"
	"github.com/dateline-news/dateline/services/extractor/article/internal/gbdt"
)

// trainer trains models on parts of the pages.
type trainer struct {
	options
	pages []*page
	folds []body.Models // by fold of sites, the models that have not seen it
}

func (t *trainer) readRegions(ctx context.Context) error {
	return each(ctx, t.pages, func(pg *page, text []byte) {
		for _, s := range pg.sources(text) {
			pg.regions = append(pg.regions, readRegions(pg, s))
		}
	})
}

// trainFolds trains a model of regions for each part of the sites, on the other parts.
func (t *trainer) trainFolds() {
	t.folds = make([]body.Models, t.options.folds)
	t.parallel(len(t.folds), func(fold int) {
		t.folds[fold].Regions = trainRegions(t.pages, t.regionParams,
			func(pg *page) bool { return pg.siteHash%len(t.folds) != fold })
	})
}

// parallel calls a function for each index, two at a time.
func (t *trainer) parallel(n int, do func(int)) {
	var wg sync.WaitGroup
	next := make(chan int)
	for range 2 {
		wg.Go(func() {
			for i := range next {
				do(i)
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	wg.Wait()
}

// foldOf returns the models that have not seen the site of a page.
func (t *trainer) foldOf(pg *page) body.Models { return t.folds[pg.siteHash%len(t.folds)] }

// readRows reads the runs of the pages. The region of each page is chosen by a model
// that has not seen its site, as on pages that nobody has seen.
func (t *trainer) readRows(ctx context.Context) error {
	return each(ctx, t.pages, func(pg *page, text []byte) {
		pg.rows = label(pg, readSource(pg.truth.URL, text), t.foldOf(pg).Regions)
	})
}

// train trains both models on the pages that use selects.
func (t *trainer) train(use func(*page) bool) body.Models {
	var m body.Models
	both := []func(){
		func() { m.Regions = trainRegions(t.pages, t.regionParams, use) },
		func() { m.Runs = train(t.pages, t.params, use) },
	}
	t.parallel(len(both), func(i int) { both[i]() })
	return m
}

// withoutSet returns the models that have not seen the set of a page, for some sets. Pages
// of other sets get the models that were trained on all pages.
func (t *trainer) withoutSet(sets []string, whole body.Models) func(*page) body.Models {
	models := make(map[string]*body.Models)
	for _, set := range sets {
		models[set] = &body.Models{}
	}
	t.parallel(len(sets), func(i int) {
		*models[sets[i]] = t.train(func(pg *page) bool { return pg.set != sets[i] })
	})
	return func(pg *page) body.Models {
		if m := models[pg.set]; m != nil {
			return *m
		}
		return whole
	}
}

// withoutSite returns a function that gives the models that have not seen the site of a
// page. Pages of sets that are not trained on get the models whole.
func (t *trainer) withoutSite() func(whole body.Models) func(*page) body.Models {
	runs := make([]*gbdt.Model, len(t.folds))
	t.parallel(len(runs), func(fold int) {
		runs[fold] = train(t.pages, t.params, func(pg *page) bool { return pg.siteHash%len(t.folds) != fold })
	})
	return func(whole body.Models) func(*page) body.Models {
		return func(pg *page) body.Models {
			if !slices.Contains(t.sets, pg.set) {
				return whole
			}
			return body.Models{Regions: t.foldOf(pg).Regions, Runs: runs[pg.siteHash%len(t.folds)]}
		}
	}
}
