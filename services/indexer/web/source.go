package web

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/discoverer/sources"
	"github.com/dateline-news/dateline/services/indexer/library"
	"github.com/dateline-news/dateline/services/indexer/store"
)

const (
	// recentArticles is the number of articles on the page of a source.
	recentArticles = 10
	// recentRead is the number of articles that are read to find them: a filter by a host
	// also selects those of its subdomains.
	recentRead = 100
)

// sourcePage describes one source.
type sourcePage struct {
	sourceRow
	Recent []store.Hit
	Drifts []library.Drift
	// Origins tells from which parts of the pages the recent articles were taken.
	Origins []fieldOrigins
	Ends    []library.End
	// Rules are nil if the extractors have none for the host.
	Rules *library.Rules
	// Discovery has the first sites on the host whose new articles are found.
	Discovery []sources.Details
}

// fieldOrigins counts the recent articles by where a field was found.
type fieldOrigins struct {
	Field   string
	Sources []string
	ByRule  bool
}

func (s *site) source(w http.ResponseWriter, r *http.Request) {
	now := time.Now().UTC()
	found, err := s.SourcesHealth(r.Context(), store.SourceQuery{
		Since: now.Add(-24 * time.Hour), At: now, Host: r.PathValue("host"), Limit: 1,
	})
	if err == nil && len(found) == 0 {
		err = fmt.Errorf("no articles or outcomes from %s: %w", r.PathValue("host"), store.ErrNotFound)
	}
	if err != nil {
		s.showLibraryError(w, r, err)
		return
	}
	page := sourcePage{sourceRow: condition(found[0]), Ends: library.Ends(found[0].Outcomes)}
	if err := s.fillSource(r.Context(), &page, now); err != nil {
		s.showLibraryError(w, r, err)
		return
	}
	s.show(w, r, http.StatusOK, "source", cmp.Or(page.Name, page.Host), page)
}

func (s *site) fillSource(ctx context.Context, page *sourcePage, now time.Time) (err error) {
	if err := s.fillWeek(ctx, &page.sourceRow, now); err != nil {
		return err
	}
	found, err := s.Search(ctx, store.Query{
		Filter: store.Filter{Hosts: []string{page.Host}}, Limit: recentRead, WithoutSnippets: true,
	})
	if err != nil {
		return err
	}
	for _, hit := range found.Hits {
		if hit.Article.GetHost() == page.Host && len(page.Recent) < recentArticles {
			page.Recent = append(page.Recent, hit)
		}
	}
	page.Origins = originsOf(page.Recent)
	if page.Drifts, err = s.Drifts(ctx, page.Host); err != nil {
		return err
	}
	if page.Rules, err = s.Rules(ctx, page.Host); err != nil {
		return err
	}
	return s.fillDiscovery(ctx, page)
}

// maxSites is the maximum number of sites of discovery on the page of a source.
const maxSites = 3

func (s *site) fillDiscovery(ctx context.Context, page *sourcePage) error {
	ids, err := s.Discovery().OnHost(ctx, page.Host)
	if err != nil {
		return err
	}
	for _, id := range ids[:min(len(ids), maxSites)] {
		details, err := s.Discovery().Details(ctx, id)
		if err != nil && !errors.Is(err, sources.ErrNotFound) {
			return err
		}
		if err == nil {
			page.Discovery = append(page.Discovery, details)
		}
	}
	return nil
}

// fillWeek adds the last seven days of a source.
func (s *site) fillWeek(ctx context.Context, row *sourceRow, now time.Time) error {
	hour := now.UTC().Truncate(time.Hour)
	hours, err := s.Hours(ctx, row.Host, hour.Add(-(hoursPerWeek-1)*time.Hour))
	if err != nil {
		return err
	}
	row.Week = newWeek(hours, row.Baseline, hour)
	return nil
}

// concurrentReads is the maximum number of sources whose weeks are read at once.
const concurrentReads = 4

// fillWeeks adds the last seven days of sources.
func (s *site) fillWeeks(ctx context.Context, rows []sourceRow, now time.Time) error {
	reads, ctx := errgroup.WithContext(ctx)
	reads.SetLimit(concurrentReads)
	for i := range rows {
		reads.Go(func() error { return s.fillWeek(ctx, &rows[i], now) })
	}
	return reads.Wait()
}

// originsOf lists where the fields of articles were found, the most common place first.
func originsOf(hits []store.Hit) []fieldOrigins {
	counts := map[string]map[string]int{}
	for _, hit := range hits {
		for _, p := range provenance(hit.Article) {
			if counts[p.Field] == nil {
				counts[p.Field] = map[string]int{}
			}
			counts[p.Field][p.Source]++
		}
	}
	rule := sourceName(datelinev1.FieldSource_FIELD_SOURCE_RULE)
	var all []fieldOrigins
	for _, field := range slices.Sorted(maps.Keys(counts)) {
		one := fieldOrigins{Field: field, ByRule: counts[field][rule] > 0}
		names := slices.SortedFunc(maps.Keys(counts[field]), func(a, b string) int {
			return cmp.Or(cmp.Compare(counts[field][b], counts[field][a]), cmp.Compare(a, b))
		})
		for _, name := range names {
			one.Sources = append(one.Sources, fmt.Sprintf("%s (%d)", name, counts[field][name]))
		}
		all = append(all, one)
	}
	return all
}
