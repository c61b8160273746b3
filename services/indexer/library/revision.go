package library

import (
	"fmt"

	"github.com/dateline-news/dateline/services/indexer/store"
)

// RevisionOf returns the revision of an article that has a number. The error is
// store.ErrNotFound if it does not exist.
func RevisionOf(hit store.Hit, revisions []store.Revision, number int) (store.Revision, error) {
	for _, one := range revisions {
		if one.Number == number {
			return one, nil
		}
	}
	return store.Revision{}, fmt.Errorf("article %.100s has no revision %d: %w", hit.ID, number, store.ErrNotFound)
}
