package store

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/words"
)

// hitRow is a hit as a database gives it.
type hitRow struct {
	Hit
	record []byte
	at     cursor
}

// newPage makes the rows of a query, one more than its limit where something
// follows, a page.
func newPage(query Query, from condition, rows []hitRow) (Page, error) {
	var page Page
	if limit := query.limit(); len(rows) > limit {
		rows = rows[:limit]
		page.Next = rows[limit-1].at.String()
	}
	for _, row := range rows {
		hit := row.Hit
		var err error
		if hit.Article, err = decodeArticle(row.ID, row.record); err != nil {
			return Page{}, fmt.Errorf("a hit of a search: %w", err)
		}
		if !query.WithoutSnippets {
			m := matcher{shown(from.clauses), words.StemmerOf(hit.Article.GetLanguage())}
			hit.Snippet, hit.TitleMatches = m.snippet(hit.Article), m.matchesIn(hit.Article.GetTitle())
		}
		page.Hits = append(page.Hits, hit)
	}
	return page, nil
}

const (
	// maxFacetArticles bounds what counting costs.
	maxFacetArticles = 10_000
	maxFacetValues   = 20
	maxStory         = 200
	maxSources       = 1000
)

func sourceLimit(limit int) int { return min(max(limit, 0), maxSources) }

// facetRow is what an article counts for.
type facetRow struct {
	host, language, section string
	access                  datelinev1.Access
	authors, tags           string
}

// facetCounts are the counts of one query. The zero value is ready for use.
type facetCounts struct {
	articles int
	fields   [6]map[string]int
}

func (f *facetCounts) add(r facetRow) {
	if f.articles++; f.articles > maxFacetArticles {
		return
	}
	count := func(field int, values ...string) {
		if f.fields[field] == nil {
			f.fields[field] = make(map[string]int)
		}
		for _, value := range values {
			if value != "" {
				f.fields[field][value]++
			}
		}
	}
	count(0, r.host)
	count(1, r.language)
	count(2, r.section)
	count(3, strings.Split(r.authors, "\n")...)
	count(4, strings.Split(r.tags, "\n")...)
	count(5, AccessName(r.access))
}

func (f *facetCounts) facets() Facets {
	most := func(field int) []FacetValue {
		values := slices.SortedFunc(maps.Keys(f.fields[field]), func(a, b string) int {
			return cmp.Or(-cmp.Compare(f.fields[field][a], f.fields[field][b]), cmp.Compare(a, b))
		})
		all := []FacetValue{}
		for _, value := range values[:min(maxFacetValues, len(values))] {
			all = append(all, FacetValue{value, f.fields[field][value]})
		}
		return all
	}
	return Facets{
		Articles: min(f.articles, maxFacetArticles), Complete: f.articles <= maxFacetArticles,
		Hosts: most(0), Languages: most(1), Sections: most(2), Authors: most(3), Tags: most(4), Access: most(5),
	}
}
