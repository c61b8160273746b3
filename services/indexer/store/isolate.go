package store

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"sync"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// prepared is an article made ready to be stored, or why it can never be.
type prepared struct {
	arrival
	err error
}

// prepare reads the articles of a batch on all processors: words and sketches
// are half of what storing one takes.
func prepare(articles []*datelinev1.Article) []prepared {
	all := make([]prepared, len(articles))
	workers := min(runtime.GOMAXPROCS(0), len(articles))
	var running sync.WaitGroup
	for first := range workers {
		running.Go(func() {
			for i := first; i < len(articles); i += workers {
				all[i] = prepareOne(articles[i])
			}
		})
	}
	running.Wait()
	return all
}

// prepareOne keeps a panic with the article that it is about: in a goroutine it
// would end the program.
func prepareOne(article *datelinev1.Article) (p prepared) {
	defer func() {
		if reason := recover(); reason != nil {
			p.err = fmt.Errorf("reading article %s (%s) panicked: %v\n%s", article.GetId(), article.GetCanonicalUrl(), reason, debug.Stack())
		}
	}()
	p.arrival, p.err = newArrival(article)
	return p
}

// putIsolated stores what of a batch can be stored with put, which is one
// transaction. Where a record makes the whole transaction fail, each goes
// into one of its own, so that only that record fails.
func putIsolated(articles []*datelinev1.Article, isPoison func(error) bool, put func([]arrival) ([]PutResult, error)) ([]PutResult, error) {
	results := make([]PutResult, len(articles))
	arrivals := make([]arrival, 0, len(articles))
	places := make([]int, 0, len(articles)) // of the arrivals among the articles
	for i, one := range prepare(articles) {
		if one.err != nil {
			results[i].Err = one.err
			continue
		}
		arrivals = append(arrivals, one.arrival)
		places = append(places, i)
	}
	if len(arrivals) == 0 {
		return results, nil
	}
	stored, err := put(arrivals)
	if err == nil {
		for n, i := range places {
			results[i] = stored[n]
		}
		return results, nil
	}
	if !isPoison(err) {
		return nil, err
	}
	for n, i := range places {
		stored, err := put(arrivals[n : n+1])
		switch {
		case err == nil:
			results[i] = stored[0]
		case isPoison(err):
			results[i].Err = fmt.Errorf("the store refuses article %s (%s): %w", arrivals[n].row.id, arrivals[n].row.canonicalURL, err)
		default:
			return nil, err
		}
	}
	return results, nil
}
