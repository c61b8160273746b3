package store

import (
	"fmt"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// putIsolated stores what of a batch can be stored with put, which is one
// transaction. Where a record makes the whole transaction fail, each goes
// into one of its own, so that only that record fails.
func putIsolated(articles []*datelinev1.Article, isPoison func(error) bool, put func([]arrival) ([]PutResult, error)) ([]PutResult, error) {
	results := make([]PutResult, len(articles))
	arrivals := make([]arrival, 0, len(articles))
	places := make([]int, 0, len(articles)) // of the arrivals among the articles
	for i, article := range articles {
		a, err := newArrival(article)
		if err != nil {
			results[i].Err = err
			continue
		}
		arrivals = append(arrivals, a)
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
