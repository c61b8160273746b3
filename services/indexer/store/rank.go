package store

import (
	"cmp"
	"context"
	"slices"

	"github.com/dateline-news/dateline/services/indexer/words"
)

const (
	// maxRanked is the number of the newest matches that are ranked. It bounds the cost
	// of a search, whatever the number of matches.
	maxRanked = 2000
	// maxExamined bounds the cost of phrases when matches are ranked or counted. It is the number
	// of the newest articles with the words of the phrases that are examined.
	maxExamined = 2000
	// A match of the query adds one of these to the score of an article.
	titleScore, aboutScore = 2, 1
)

// headingRow is a match with its rankColumns.
type headingRow struct {
	article articleRow
	at      cursor
}

// searchByRank returns a page of the newest matches, best first. It ranks all of them for
// each page.
func searchByRank(ctx context.Context, s searcher, query Query, parsed parsedQuery, after *cursor) (Page, error) {
	found, err := s.headings(ctx, maxRanked)
	if err != nil {
		return Page{}, err
	}
	rows := ranked(found, parsed.clauses)
	if query.OnePerStory {
		rows = firstOfStories(rows)
	}
	if after != nil {
		rows = slices.DeleteFunc(rows, func(row listedRow) bool { return compareRank(row.at, *after) <= 0 })
	}
	return readFirst(ctx, s, query, parsed, rows)
}

// ranked returns the rows with the best matches first.
func ranked(found []headingRow, clauses []clause) []listedRow {
	rows := make([]listedRow, len(found))
	for i, one := range found {
		rows[i] = listedRow{at: one.at, id: one.article.id, story: one.article.story}
		rows[i].at.ByRank, rows[i].at.Rank = true, -score(&one.article, clauses)
	}
	slices.SortFunc(rows, func(a, b listedRow) int { return compareRank(a.at, b.at) })
	return rows
}

// compareRank orders positions by rank, then newest first.
func compareRank(a, b cursor) int {
	return cmp.Or(cmp.Compare(a.Rank, b.Rank), -cmp.Compare(a.Time, b.Time), -cmp.Compare(a.Row, b.Row))
}

// score returns how well an article matches, given its rankColumns.
func score(row *articleRow, clauses []clause) float64 {
	sum := 0.0
	stemmer := words.StemmerOf(row.language)
	for _, one := range clauses {
		if one.omit {
			continue
		}
		m := matcher{one.any, stemmer}
		if m.isIn(row.title) {
			sum += titleScore
		}
		if m.isIn(row.section + "\n" + row.authors + "\n" + row.tags) {
			sum += aboutScore
		}
	}
	return sum
}

// firstOfStories returns the first row of each story.
func firstOfStories(rows []listedRow) []listedRow {
	seen := make(map[string]bool)
	return slices.DeleteFunc(rows, func(row listedRow) bool {
		if row.story == "" {
			return false
		}
		again := seen[row.story]
		seen[row.story] = true
		return again
	})
}
