package main

import (
	"context"
	"hash/crc32"
	"path/filepath"
	"runtime"
	"sync"

	"github.com/dateline-news/dateline/services/extractor/article/evaluation"
	"github.com/dateline-news/dateline/services/extractor/article/internal/body"
)

// page is a page of a set.
type page struct {
	dir       string // of the set
	set, kind string
	heldOut   bool
	siteHash  int // assigns all pages of a site to the same fold
	truth     *evaluation.Truth
	foreign   string // the text of another page of the set
	// What the models are trained on: the runs, and the regions of the page and of
	// variations of it.
	rows     []labelled
	regions  [][]region
	optional string // the paragraphs that the body may contain or lack
}

// readSet reads the truth of a set.
func readSet(corpus, set string) ([]*page, error) {
	dir := filepath.Join(corpus, set)
	truths, err := evaluation.ReadTruth(dir)
	if err != nil {
		return nil, err
	}
	var pages []*page
	for i := range truths {
		t := &truths[i]
		pages = append(pages, &page{
			dir: dir, set: set, kind: t.PageType, heldOut: t.HeldOut(), truth: t, optional: optionalText(t),
			siteHash: int(crc32.ChecksumIEEE([]byte("fold"+t.Site())) >> 3),
		})
	}
	for i, pg := range pages {
		pg.foreign = pages[(i+len(pages)/2)%len(pages)].truth.Body
	}
	return pages, nil
}

// sources returns a page and variations of it.
func (pg *page) sources(text []byte) []*source {
	all := []*source{readSource(pg.truth.URL, text)}
	if text == nil {
		return all
	}
	for number := range variations {
		all = append(all, readSource(pg.truth.URL, vary(text, pg, pg.foreign, number)))
	}
	return all
}

// each reads pages and calls a function for each with the page in UTF-8, from several
// goroutines.
func each(ctx context.Context, pages []*page, do func(pg *page, text []byte)) error {
	var wg sync.WaitGroup
	errs := make(chan error, 1)
	next := make(chan *page)
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for pg := range next {
				raw, err := evaluation.ReadPage(pg.dir, pg.truth.ID)
				if err != nil {
					select {
					case errs <- err:
					default:
					}
					continue
				}
				do(pg, decode(pg.truth.URL, raw))
			}
		})
	}
	for _, pg := range pages {
		if ctx.Err() != nil {
			break
		}
		next <- pg
	}
	close(next)
	wg.Wait()
	select {
	case err := <-errs:
		return err
	default:
		return ctx.Err()
	}
}

// optionalText returns the paragraphs that a body may contain or lack.
func optionalText(t *evaluation.Truth) string {
	text := ""
	for _, p := range t.Paragraphs {
		if p.Optional {
			text += p.Text + "\n"
		}
	}
	return text
}

// labelled is a row with its label.
type labelled struct {
	body.Row
	share  float64 // the share of the row's tokens that belongs to the truth, -1 if unknown
	tokens int
}
