package store

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"sync"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// prepared is an arrival, or the reason why its article can never be stored.
type prepared struct {
	arrival
	err error
}

// prepare prepares the articles of a batch on all processors, because computing
// words and sketches takes half of the time of storing an article.
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

// prepareOne prepares an article. A panic becomes the article's error, because
// in a goroutine it would end the program.
func prepareOne(article *datelinev1.Article) (p prepared) {
	defer func() {
		if reason := recover(); reason != nil {
			p.err = fmt.Errorf("preparing article %s (%s) panicked: %v\n%s",
				article.GetId(), article.GetCanonicalUrl(), reason, debug.Stack())
		}
	}()
	p.arrival, p.err = newArrival(article)
	return p
}

// putFunc stores arrivals in one transaction.
type putFunc func([]arrival) ([]PutResult, error)

// putIsolated stores the articles of a batch that can be stored. If put fails
// with an error that isPoison attributes to the data, it stores each article in
// a transaction of its own, so that only the poison one fails.
func putIsolated(articles []*datelinev1.Article, isPoison func(error) bool, put putFunc) ([]PutResult, error) {
	results := make([]PutResult, len(articles))
	arrivals := make([]arrival, 0, len(articles))
	index := make([]int, 0, len(articles)) // of each arrival's article
	for i, one := range prepare(articles) {
		if one.err != nil {
			results[i].Err = one.err
			continue
		}
		arrivals = append(arrivals, one.arrival)
		index = append(index, i)
	}
	if len(arrivals) == 0 {
		return results, nil
	}
	stored, err := put(arrivals)
	if err == nil {
		for n, i := range index {
			results[i] = stored[n]
		}
		return results, nil
	}
	if !isPoison(err) {
		return nil, err
	}
	for n, i := range index {
		stored, err := put(arrivals[n : n+1])
		switch {
		case err == nil:
			results[i] = stored[0]
		case isPoison(err):
			row := arrivals[n].row
			results[i].Err = fmt.Errorf("the store refuses article %s (%s): %w", row.id, row.canonicalURL, err)
		default:
			return nil, err
		}
	}
	return results, nil
}
