package store

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/words"
)

// missesBeforeMove is the number of articles that a query is tested against without a match
// before its terms are chosen again.
const missesBeforeMove = 64

// StandingQueries finds the queries that match an article: the reverse of a search. A query
// matches the same articles as in a search of a store that has articles of every language.
//
// Each query is filed under the rarest terms that every match must have. For an article, only
// the queries that are filed under its terms are tested. What is rare is learnt from the
// articles.
//
// There are two differences from a search. PostgreSQL finds no phrase after word 16,383 of an
// article, but StandingQueries does. An order, limit or cursor of a query is ignored.
//
// StandingQueries is safe for concurrent use.
type StandingQueries struct {
	mu      sync.Mutex
	queries map[string]*standingQuery // by key
	// terms and prefixes are those that any query can be filed under.
	terms, prefixes map[string]*standingTerm
	prefixLengths   map[int]int // number of prefixes by their length in bytes
	// unfiled are the queries without a required term.
	unfiled map[string]*standingQuery
	matched int64 // number of articles so far
}

// standingQuery is one query with the terms that it is filed under.
type standingQuery struct {
	key       string
	groups    [][]string // of filter words
	clauses   []standingClause
	bounds    timeRange
	conjuncts []conjunct
	filed     []*standingTerm
	misses    int
	tested    int64 // the last article that the query was tested against
}

// standingClause is a clause whose phrases have their alternatives, so that they are not put
// together again for each article.
type standingClause struct {
	any  []standingPhrase
	omit bool
}

type standingPhrase struct {
	phrase
	// forms are the alternatives of a word with stems.
	forms []string
}

func standingClauses(clauses []clause) []standingClause {
	all := make([]standingClause, len(clauses))
	for i, one := range clauses {
		all[i].omit = one.omit
		for _, p := range one.any {
			added := standingPhrase{phrase: p}
			if p.stems != nil {
				added.forms = p.alternatives()
			}
			all[i].any = append(all[i].any, added)
		}
	}
	return all
}

// NewStandingQueries returns an empty set of queries.
func NewStandingQueries() *StandingQueries {
	return &StandingQueries{
		queries: map[string]*standingQuery{}, unfiled: map[string]*standingQuery{},
		terms: map[string]*standingTerm{}, prefixes: map[string]*standingTerm{}, prefixLengths: map[int]int{},
	}
}

// CheckStanding returns an error if no article can match the query, or if it is invalid. The
// error is ErrQuery.
func CheckStanding(query Query) error {
	_, err := newStandingQuery("", query)
	return err
}

func newStandingQuery(key string, query Query) (*standingQuery, error) {
	languages := query.Filter.Languages
	if len(languages) == 0 {
		languages = words.StemmedLanguages()
	}
	parsed, err := query.parse(languages)
	if err != nil {
		return nil, err
	}
	if parsed.matchesNothing {
		return nil, fmt.Errorf("%w: %.40q has no words, so that no article can match", ErrQuery, query.Text)
	}
	bounds := query.Filter.seconds()
	if bounds.first >= bounds.before {
		return nil, fmt.Errorf("%w: its range of time is empty, so that no article can match", ErrQuery)
	}
	return &standingQuery{
		key: key, groups: parsed.groups, clauses: standingClauses(parsed.clauses), bounds: bounds,
		conjuncts: conjunctsOf(parsed),
	}, nil
}

// Add adds a query, or replaces the one with the same key. If the query is invalid, the error is
// ErrQuery and nothing changes.
func (s *StandingQueries) Add(key string, query Query) error {
	added, err := newStandingQuery(key, query)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.remove(key)
	s.queries[key] = added
	for _, one := range added.conjuncts {
		for _, k := range one.keys() {
			s.hold(k)
		}
	}
	s.file(added)
	return nil
}

// Remove removes the query with a key, if there is one.
func (s *StandingQueries) Remove(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.remove(key)
}

func (s *StandingQueries) remove(key string) {
	q := s.queries[key]
	if q == nil {
		return
	}
	s.unfile(q)
	for _, one := range q.conjuncts {
		for _, k := range one.keys() {
			s.release(k)
		}
	}
	delete(s.queries, key)
}

// Len returns the number of queries.
func (s *StandingQueries) Len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.queries)
}

// Match returns the keys of the queries that match an article, sorted. orderTime is the time by
// which the store orders the article; zero means the time that the record states.
func (s *StandingQueries) Match(article *datelinev1.Article, orderTime time.Time) ([]string, error) {
	if article == nil {
		return nil, errors.New("matching: there is no article")
	}
	_, article = replayOf(WithOwnIdentity(scrubbed(article)))
	if orderTime.IsZero() {
		orderTime = newArticleRow(article).sortTime
	}
	doc := newMatchedArticle(wordsOf(article), orderTime.Unix())
	s.mu.Lock()
	defer s.mu.Unlock()
	s.matched++
	var keys []string
	var moving []*standingQuery
	test := func(q *standingQuery) {
		if q.tested == s.matched {
			return
		}
		q.tested = s.matched
		if doc.satisfies(q) {
			keys = append(keys, q.key)
			return
		}
		if q.misses++; q.misses == missesBeforeMove {
			q.misses = 0
			moving = append(moving, q)
		}
	}
	for _, q := range s.unfiled {
		test(q)
	}
	var found []*standingTerm
	for term := range doc.terms {
		found = s.terms[term].appendTo(found, s.matched)
		for length := range s.prefixLengths {
			if length <= len(term) {
				found = s.prefixes[term[:length]].appendTo(found, s.matched)
			}
		}
	}
	for _, term := range found {
		for q := range term.queries {
			test(q)
		}
	}
	for _, q := range moving {
		s.unfile(q)
		s.file(q)
	}
	slices.Sort(keys)
	return keys, nil
}
