package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"
)

func (s *sqliteStore) Search(ctx context.Context, query Query) (Page, error) {
	languages, err := s.stemLanguages(ctx, query.Filter)
	if err != nil {
		return Page{}, err
	}
	parsed, err := query.parse(languages)
	if err != nil {
		return Page{}, err
	}
	after, err := query.cursor(parsed)
	if err != nil || parsed.matchesNothing {
		return Page{}, err
	}
	page, err := searchPage(ctx, sqliteSearch{s, query, parsed}, query, parsed, after)
	if err != nil {
		return Page{}, fmt.Errorf("searching %s: %w", s.path, s.explain(err))
	}
	return page, nil
}

func (s *sqliteStore) Facets(ctx context.Context, query Query) (Facets, error) {
	var counts facetCounts
	languages, err := s.stemLanguages(ctx, query.Filter)
	if err != nil {
		return Facets{}, err
	}
	parsed, err := query.parse(languages)
	if err != nil || parsed.matchesNothing {
		return counts.facets(query), err
	}
	oldest, exhausted, err := s.oldestExamined(ctx, query, parsed)
	if err != nil {
		return Facets{}, fmt.Errorf("counting in %s: %w", s.path, s.explain(err))
	}
	counts.partial = exhausted
	matches, arguments := query.sqliteMatches(parsed, nil, oldest)
	_, err = queryRows(ctx, s.readers, func(rows *sql.Rows) (struct{}, error) {
		var row articleRow
		err := rows.Scan(facetColumns.sqliteTargets(&row)...)
		counts.add(row)
		return struct{}{}, err
	}, fmt.Sprintf(`SELECT %s FROM (%s LIMIT %d) f JOIN articles a ON a.row = f.row`,
		facetColumns.selected("a."), matches, maxFacetArticles+1), arguments...)
	if err != nil {
		return Facets{}, fmt.Errorf("counting in %s: %w", s.path, s.explain(err))
	}
	return counts.facets(query), nil
}

// oldestExamined returns the oldest row that is examined when matches are ranked or counted. It
// reports whether there are older ones that may match.
func (s *sqliteStore) oldestExamined(ctx context.Context, query Query, parsed parsedQuery) (int64, bool, error) {
	if !parsed.hasPhrases() {
		return math.MinInt64, false, nil
	}
	matches, arguments := query.sqliteMatches(parsed.loose(), nil, math.MinInt64)
	var next int64
	matches += fmt.Sprintf(` LIMIT 1 OFFSET %d`, maxExamined)
	err := s.readers.QueryRowContext(ctx, matches, arguments...).Scan(&next)
	if errors.Is(err, sql.ErrNoRows) {
		return math.MinInt64, false, nil
	}
	return next + 1, true, err
}

// sqliteMatches returns the query, with its arguments, for the rows of the matching
// articles after the cursor, newest first, down to the oldest row.
func (q Query) sqliteMatches(parsed parsedQuery, after *cursor, oldest int64) (query string, arguments []any) {
	first, last := q.Filter.rows()
	first = max(first, oldest)
	if after != nil {
		last = min(last, after.Row-1)
	}
	arguments = []any{first, last}
	if !parsed.usesIndex() {
		return `SELECT row FROM articles WHERE row BETWEEN ?1 AND ?2 ORDER BY row DESC`, arguments
	}
	return `SELECT rowid AS row FROM article_words WHERE article_words MATCH ?3 AND rowid BETWEEN ?1 AND ?2
		ORDER BY rowid DESC`, append(arguments, parsed.match())
}

// rows returns the first and the last row of the articles table within the
// filter's bounds of time.
func (f Filter) rows() (first, last int64) {
	first, last = math.MinInt64, math.MaxInt64
	// Sort times are whole seconds, so that both bounds are rounded up.
	if !f.From.IsZero() {
		first, _ = rowsOfSecond(f.From.Add(time.Second - 1))
	}
	if !f.Before.IsZero() {
		begin, _ := rowsOfSecond(f.Before.Add(time.Second - 1))
		last = begin - 1
	}
	return first, last
}

// match returns the query in the syntax of FTS5. Nothing needs escaping: folded words
// have only letters and digits, and filter words and stems additionally have a prefix
// of one sign.
func (p parsedQuery) match() string {
	following := " "
	if p.anyOrder {
		following = `" AND "`
	}
	var required, omitted []string
	for _, group := range p.groups {
		required = append(required, `("`+strings.Join(group, `" OR "`)+`")`)
	}
	for _, one := range p.clauses {
		var terms []string
		for _, phrase := range one.any {
			terms = append(terms, phrase.match(following))
		}
		if expression := "(" + strings.Join(terms, " OR ") + ")"; one.omit {
			omitted = append(omitted, expression)
		} else {
			required = append(required, expression)
		}
	}
	expression := strings.Join(required, " AND ")
	if len(omitted) > 0 {
		expression = "(" + expression + ") NOT (" + strings.Join(omitted, " OR ") + ")"
	}
	return expression
}

// match returns the phrase, given the text between its words.
func (p phrase) match(following string) string {
	if p.stems != nil {
		return `"` + strings.Join(p.alternatives(), `" OR "`) + `"`
	}
	term := `"` + strings.Join(p.words, following) + `"`
	if p.prefix {
		term += "*"
	}
	return "(" + term + ")"
}
