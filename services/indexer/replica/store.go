package replica

import (
	"context"
	"time"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// Article implements store.Reader. An article that the replica does not have may be newer than
// the replica, so that the primary is asked, too.
func (s *Store) Article(ctx context.Context, idOrURL string) (store.Hit, error) {
	return read(ctx, s, recent, func(ctx context.Context, from store.Store) (store.Hit, error) {
		return from.Article(ctx, idOrURL)
	})
}

// Revisions implements store.Reader.
func (s *Store) Revisions(ctx context.Context, id string) ([]store.Revision, error) {
	do := func(ctx context.Context, from store.Store) ([]store.Revision, error) { return from.Revisions(ctx, id) }
	found, from, err := readAfter(ctx, s, recent, 0, do)
	if err == nil && len(found) == 0 && from == s.standby {
		return read(ctx, s, fresh, do)
	}
	return found, err
}

// Search implements store.Reader. The cursor of the next page has the position at which this page was
// read, so that the next page is not read from a server that is behind it.
func (s *Store) Search(ctx context.Context, query store.Query) (store.Page, error) {
	page, from, err := readAfter(ctx, s, recent, store.CursorPosition(query.After),
		func(ctx context.Context, from store.Store) (store.Page, error) { return from.Search(ctx, query) })
	if err != nil || page.Next == "" {
		return page, err
	}
	// Without a position, the next page is read as if it were the first.
	if at, err := positionOf(ctx, from.store.SQL().Reader); err == nil {
		if from == s.standby {
			s.advance(at)
		}
		page.Next = store.WithPosition(page.Next, at)
	}
	return page, nil
}

// Facets implements store.Reader.
func (s *Store) Facets(ctx context.Context, query store.Query) (store.Facets, error) {
	return read(ctx, s, recent, func(ctx context.Context, from store.Store) (store.Facets, error) {
		return from.Facets(ctx, query)
	})
}

// Story implements store.Reader.
func (s *Store) Story(ctx context.Context, id string) ([]store.StoryMember, error) {
	return read(ctx, s, recent, func(ctx context.Context, from store.Store) ([]store.StoryMember, error) {
		return from.Story(ctx, id)
	})
}

// Sources implements store.Sources.
func (s *Store) Sources(ctx context.Context, query store.SourceQuery) ([]store.Source, error) {
	return read(ctx, s, recent, func(ctx context.Context, from store.Store) ([]store.Source, error) {
		return from.Sources(ctx, query)
	})
}

// SiteNames implements store.Sources.
func (s *Store) SiteNames(ctx context.Context, hosts []string) (map[string]string, error) {
	return read(ctx, s, recent, func(ctx context.Context, from store.Store) (map[string]string, error) {
		return from.SiteNames(ctx, hosts)
	})
}

// SourceStates implements store.Sources.
func (s *Store) SourceStates(ctx context.Context, at time.Time) (store.SourceStates, error) {
	return read(ctx, s, recent, func(ctx context.Context, from store.Store) (store.SourceStates, error) {
		return from.SourceStates(ctx, at)
	})
}

// ErasedURLs implements store.Eraser.
func (s *Store) ErasedURLs(ctx context.Context, urls []string) (map[string]bool, error) {
	return read(ctx, s, fresh, func(ctx context.Context, from store.Store) (map[string]bool, error) {
		return from.ErasedURLs(ctx, urls)
	})
}

// Outcomes implements store.Ledger.
func (s *Store) Outcomes(ctx context.Context, url string) ([]*datelinev1.Outcome, error) {
	return read(ctx, s, fresh, func(ctx context.Context, from store.Store) ([]*datelinev1.Outcome, error) {
		return from.Outcomes(ctx, url)
	})
}

// RequestOutcomes implements store.Ledger.
func (s *Store) RequestOutcomes(ctx context.Context, requestIDs []string) ([]*datelinev1.Outcome, error) {
	return read(ctx, s, fresh, func(ctx context.Context, from store.Store) ([]*datelinev1.Outcome, error) {
		return from.RequestOutcomes(ctx, requestIDs)
	})
}

// Tally implements store.Ledger.
func (s *Store) Tally(ctx context.Context) ([]store.Count, error) {
	return read(ctx, s, fresh, func(ctx context.Context, from store.Store) ([]store.Count, error) {
		return from.Tally(ctx)
	})
}

// Hours implements store.Ledger.
func (s *Store) Hours(ctx context.Context, host string, since time.Time) ([]store.Hour, error) {
	return read(ctx, s, fresh, func(ctx context.Context, from store.Store) ([]store.Hour, error) {
		return from.Hours(ctx, host, since)
	})
}

// OutcomesSince implements store.Ledger.
func (s *Store) OutcomesSince(ctx context.Context) (time.Time, error) {
	return read(ctx, s, fresh, func(ctx context.Context, from store.Store) (time.Time, error) {
		return from.OutcomesSince(ctx)
	})
}

// SavedSearches implements store.SavedSearches.
func (s *Store) SavedSearches(ctx context.Context) ([]store.SavedSearch, error) {
	return read(ctx, s, fresh, func(ctx context.Context, from store.Store) ([]store.SavedSearch, error) {
		return from.SavedSearches(ctx)
	})
}

// Size implements store.Monitor.
func (s *Store) Size(ctx context.Context) (store.Size, error) {
	return read(ctx, s, fresh, func(ctx context.Context, from store.Store) (store.Size, error) { return from.Size(ctx) })
}

// Usage implements store.Monitor.
func (s *Store) Usage(ctx context.Context) (store.Usage, error) {
	return read(ctx, s, fresh, func(ctx context.Context, from store.Store) (store.Usage, error) { return from.Usage(ctx) })
}

// Stats implements store.Monitor.
func (s *Store) Stats(ctx context.Context) (store.Stats, error) {
	return read(ctx, s, fresh, func(ctx context.Context, from store.Store) (store.Stats, error) { return from.Stats(ctx) })
}
