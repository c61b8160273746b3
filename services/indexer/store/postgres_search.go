package store

import (
	"context"
	"fmt"
	"strings"

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
	found, exhausted, err := postgresSearch{s, query, parsed}.newest(
		ctx, facetColumns, nil, maxFacetArticles+1, maxExamined)
	if err != nil {
		return Facets{}, fmt.Errorf("counting in %s: %w", s.name, s.explain(err))
	}
	for _, one := range found {
		counts.add(one.article)
	}
	counts.partial = exhausted
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
	following := " <-> "
	if p.anyOrder {
		following = " & "
	}
	var terms []string
	for _, group := range p.groups {
		terms = append(terms, "('"+strings.Join(group, "' | '")+"')")
	}
	for _, one := range p.clauses {
		var alternatives []string
		for _, phrase := range one.any {
			alternatives = append(alternatives, phrase.tsquery(following))
		}
		expression := "(" + strings.Join(alternatives, " | ") + ")"
		if one.omit {
			expression = "!" + expression
		}
		terms = append(terms, expression)
	}
	return strings.Join(terms, " & ")
}

func (p phrase) tsquery(following string) string {
	if p.stems != nil {
		return "'" + strings.Join(p.alternatives(), "' | '") + "'"
	}
	term := "'" + strings.Join(p.words, "'"+following+"'") + "'"
	if p.prefix {
		term += ":*"
	}
	return "(" + term + ")"
}
