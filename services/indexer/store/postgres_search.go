package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/dateline-news/dateline/services/indexer/words"
)

func (s *postgresStore) Search(ctx context.Context, query Query) (Page, error) {
	parsed, err := query.parse(query.stemLanguages())
	if err != nil {
		return Page{}, err
	}
	after, err := query.cursor(parsed)
	if err != nil || parsed.matchesNothing {
		return Page{}, err
	}
	if query.OnePerStory {
		page, err := searchStories(ctx, postgresStories{s, query, parsed}, query, parsed, after)
		if err != nil {
			return Page{}, fmt.Errorf("searching %s: %w", s.name, s.explain(err))
		}
		return page, nil
	}
	ranked := parsed.isRanked(query)
	matches, arguments := query.postgresMatches(parsed, after)
	// One row more than the limit shows whether there is another page. The
	// records are read after the limit is applied, only for the hits.
	rows, err := collect(ctx, s, func(row pgx.CollectableRow) (hitRow, error) {
		h := hitRow{at: cursor{ByRank: ranked}}
		var sortTime time.Time
		targets := append([]any{&h.at.Row, &h.at.Rank, &sortTime}, hitColumns.fields(&h.article)...)
		err := row.Scan(append(targets, &h.record)...)
		h.at.Time = sortTime.Unix()
		return h, err
	}, fmt.Sprintf(`SELECT f.row, f.rank, f.sort_time, %s, r.record FROM (%s LIMIT %d) f
		JOIN articles a USING (id)
		JOIN revisions r ON r.article_id = f.id AND r.number = f.revision
		ORDER BY f.rank, f.sort_time DESC, f.row DESC`,
		hitColumns.selected("a."), matches, query.limit()+1), arguments...)
	if err != nil {
		return Page{}, fmt.Errorf("searching %s: %w", s.name, s.explain(err))
	}
	if ranked {
		sortByRank(rows, func(h hitRow) cursor { return h.at })
	}
	return newPage(query, parsed, rows)
}

// sortByRank sorts rows of equal rank in the order of their numbers, as the cursor
// expects.
func sortByRank[R any](rows []R, at func(R) cursor) {
	slices.SortStableFunc(rows, func(a, b R) int {
		return cmp.Or(cmp.Compare(at(a).Rank, at(b).Rank), -cmp.Compare(at(a).Row, at(b).Row))
	})
}

func (s *postgresStore) Facets(ctx context.Context, query Query) (Facets, error) {
	var counts facetCounts
	parsed, err := query.parse(query.stemLanguages())
	if err != nil || parsed.matchesNothing {
		return counts.facets(query), err
	}
	where, arguments := query.where(parsed)
	_, err = collect(ctx, s, func(row pgx.CollectableRow) (struct{}, error) {
		var article articleRow
		err := row.Scan(facetColumns.fields(&article)...)
		counts.add(article)
		return struct{}{}, err
	}, fmt.Sprintf(`SELECT %s FROM articles WHERE %s ORDER BY sort_time DESC, row DESC LIMIT %d`,
		facetColumns.selected(""), where, maxFacetArticles+1), arguments...)
	if err != nil {
		return Facets{}, fmt.Errorf("counting in %s: %w", s.name, s.explain(err))
	}
	return counts.facets(query), nil
}

// stemLanguages returns the languages in which the query's words have other
// forms: those of the filter or, if it has none, all languages, which costs
// PostgreSQL little.
func (q Query) stemLanguages() []string {
	if len(q.Filter.Languages) > 0 {
		return q.Filter.Languages
	}
	return words.StemmedLanguages()
}

// postgresMatches returns the query, with its arguments, for the matching
// articles after the cursor, in order.
func (q Query) postgresMatches(parsed parsedQuery, after *cursor) (query string, arguments []any) {
	where, arguments := q.where(parsed)
	argument := func(value any) string {
		arguments = append(arguments, value)
		return fmt.Sprintf("$%d", len(arguments))
	}
	selectRanked := func(rank string) string {
		return `SELECT row, id, revision, sort_time, ` + rank + `::float8 AS rank FROM articles WHERE ` + where
	}
	if !parsed.isRanked(q) {
		query = selectRanked(`0`)
		if after != nil {
			query += ` AND (sort_time, row) < (` + argument(time.Unix(after.Time, 0)) + `, ` + argument(after.Row) + `)`
		}
		return query + ` ORDER BY sort_time DESC, row DESC`, arguments
	}
	// Normalization 1: the matches of a long text have less weight.
	rank := `-ts_rank(words, ` + argument(parsed.tsquery(true)) + `::tsquery, 1)`
	query = `SELECT * FROM (` + selectRanked(rank) + `) m`
	if after != nil {
		query += ` WHERE (rank, -row) > (` + argument(after.Rank) + `, -` + argument(after.Row) + `::bigint)`
	}
	return query + ` ORDER BY rank, row DESC`, arguments
}

// where returns the condition on articles, with its arguments.
func (q Query) where(parsed parsedQuery) (string, []any) {
	where, arguments := "true", []any(nil)
	add := func(format string, value any) {
		arguments = append(arguments, value)
		where += fmt.Sprintf(" AND "+format, len(arguments))
	}
	if parsed.usesIndex() {
		add("words @@ $%d::tsquery", parsed.tsquery(false))
	}
	if !q.Filter.From.IsZero() {
		add("sort_time >= $%d", q.Filter.From)
	}
	if !q.Filter.Before.IsZero() {
		add("sort_time < $%d", q.Filter.Before)
	}
	return where, arguments
}

// tsquery returns the query in the syntax of a tsquery. For ranking, it contains only
// the words to be found. Nothing needs escaping: folded words have only letters and
// digits, and filter words and stems additionally have a prefix of one sign.
func (p parsedQuery) tsquery(toRank bool) string {
	var terms []string
	if !toRank {
		for _, group := range p.groups {
			terms = append(terms, "('"+strings.Join(group, "' | '")+"')")
		}
	}
	for _, one := range p.clauses {
		var alternatives []string
		for _, phrase := range one.any {
			alternatives = append(alternatives, phrase.tsquery())
		}
		expression := "(" + strings.Join(alternatives, " | ") + ")"
		switch {
		case !one.omit:
			terms = append(terms, expression)
		case !toRank:
			terms = append(terms, "!"+expression)
		}
	}
	return strings.Join(terms, " & ")
}

func (p phrase) tsquery() string {
	if p.stems != nil {
		return "'" + strings.Join(p.alternatives(), "' | '") + "'"
	}
	term := "'" + strings.Join(p.words, "' <-> '") + "'"
	if p.prefix {
		term += ":*"
	}
	return "(" + term + ")"
}
