package store

import (
	"context"
	"fmt"
	"slices"

	"github.com/dateline-news/dateline/services/indexer/words"
)

const (
	// maxPageBytes is the size of all records of a page, which ends before it exceeds the
	// size. A page has at least one article.
	maxPageBytes = 8 << 20
	// readAtOnce is the number of records that are read at once.
	readAtOnce = 25
)

// searchPage returns a page of the articles that match a query.
func searchPage(ctx context.Context, s searcher, query Query, parsed parsedQuery, after *cursor) (Page, error) {
	switch {
	case parsed.isRanked(query):
		return searchByRank(ctx, s, query, parsed, after)
	case query.OnePerStory:
		return searchStories(ctx, s, query, parsed, after)
	}
	listed, err := s.list(ctx, after, query.limit()+1)
	if err != nil {
		return Page{}, err
	}
	return readFirst(ctx, s, query, parsed, listed)
}

// readFirst reads a page of the first rows. Another page follows if there are more rows
// than the query's limit.
func readFirst(ctx context.Context, s searcher, query Query, parsed parsedQuery, rows []listedRow) (Page, error) {
	next := ""
	if limit := query.limit(); len(rows) > limit {
		rows = rows[:limit]
		next = rows[limit-1].at.String()
	}
	return readPage(ctx, s, query, parsed, rows, next)
}

// readPage reads a page, given its rows in order and the cursor of the next page. If the
// records are too large for a page, it returns the first of them.
func readPage(
	ctx context.Context, s searcher, query Query, parsed parsedQuery, rows []listedRow, next string,
) (Page, error) {
	read, err := readRecords(ctx, s, rows)
	if err != nil {
		return Page{}, err
	}
	page := Page{Next: next}
	if n := len(read); n < len(rows) {
		page.Next = rows[n-1].at.String()
	}
	phrases := highlighted(parsed.clauses)
	var stories []string
	for _, row := range read {
		if row.article.id == "" {
			continue // erased in the meantime
		}
		hit, err := row.hit()
		if err != nil {
			return Page{}, fmt.Errorf("reading a hit: %w", err)
		}
		if !query.WithoutSnippets {
			m := matcher{phrases, words.StemmerOf(hit.Article.GetLanguage())}
			hit.Snippet, hit.TitleMatches = m.snippet(hit.Article), m.matchesIn(hit.Article.GetTitle())
		}
		page.Hits = append(page.Hits, hit)
		if hit.Story != "" {
			stories = append(stories, hit.Story)
		}
	}
	if !query.OnePerStory || len(stories) == 0 {
		return page, nil
	}
	openings, err := s.openings(ctx, stories)
	page.addOpenings(openings)
	return page, err
}

// readRecords reads the records of the first rows that fit into a page, in their order. A
// row that is no longer stored is empty.
func readRecords(ctx context.Context, s searcher, rows []listedRow) ([]hitRow, error) {
	var all []hitRow
	size := 0
	for part := range slices.Chunk(rows, readAtOnce) {
		ids := make([]string, len(part))
		for i, row := range part {
			ids[i] = row.id
		}
		read, err := s.read(ctx, ids)
		if err != nil {
			return nil, err
		}
		ordered := make([]hitRow, len(part))
		for _, one := range read {
			ordered[slices.Index(ids, one.article.id)] = one
		}
		for _, one := range ordered {
			if size += messageSize(one.record); size > maxPageBytes && len(all) > 0 {
				return all, nil
			}
			all = append(all, one)
		}
	}
	return all, nil
}
