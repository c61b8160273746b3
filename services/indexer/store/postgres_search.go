package store

import (
	"context"
	"fmt"
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
	page, err := searchPage(ctx, postgresSearch{s, query, parsed}, query, parsed, after)
	if err != nil {
		return Page{}, fmt.Errorf("searching %s: %w", s.name, s.explain(err))
	}
	return page, nil
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

// postgresMatches returns the query, with its arguments, for the matching articles after
// the cursor, newest first.
func (q Query) postgresMatches(parsed parsedQuery, after *cursor) (query string, arguments []any) {
	where, arguments := q.where(parsed)
	query = `SELECT row, id, story, sort_time FROM articles WHERE ` + where
	if after != nil {
		n := len(arguments)
		query += fmt.Sprintf(` AND (sort_time, row) < ($%d, $%d)`, n+1, n+2)
		arguments = append(arguments, time.Unix(after.Time, 0), after.Row)
	}
	return query + ` ORDER BY sort_time DESC, row DESC`, arguments
}

// where returns the condition on articles, with its arguments.
func (q Query) where(parsed parsedQuery) (string, []any) {
	where, arguments := "true", []any(nil)
	add := func(format string, value any) {
		arguments = append(arguments, value)
		where += fmt.Sprintf(" AND "+format, len(arguments))
	}
	if parsed.usesIndex() {
		add("words @@ $%d::tsquery", parsed.tsquery())
	}
	if !q.Filter.From.IsZero() {
		add("sort_time >= $%d", q.Filter.From)
	}
	if !q.Filter.Before.IsZero() {
		add("sort_time < $%d", q.Filter.Before)
	}
	return where, arguments
}

// tsquery returns the query in the syntax of a tsquery. Nothing needs escaping: folded
// words have only letters and digits, and filter words and stems additionally have a
// prefix of one sign.
func (p parsedQuery) tsquery() string {
	var terms []string
	for _, group := range p.groups {
		terms = append(terms, "('"+strings.Join(group, "' | '")+"')")
	}
	for _, one := range p.clauses {
		var alternatives []string
		for _, phrase := range one.any {
			alternatives = append(alternatives, phrase.tsquery())
		}
		expression := "(" + strings.Join(alternatives, " | ") + ")"
		if one.omit {
			expression = "!" + expression
		}
		terms = append(terms, expression)
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
