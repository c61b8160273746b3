package store

import (
	"maps"
	"math"
	"slices"
)

const (
	// priorWeight is the number of articles that the assumed share of a term counts as.
	priorWeight = 20
	// commonShare is the assumed share of articles that have a filter word of a language or an
	// access, or a short word, rareShare that of other terms, and prefixFactor how many times as
	// many have a word with a prefix.
	commonShare, rareShare, prefixFactor = 0.3, 0.005, 4
	// shortWord is the length in bytes up to which a word is assumed to be common.
	shortWord = 4
)

// standingTerm is a term that queries can be filed under.
type standingTerm struct {
	prior    float64 // assumed share of articles that have it
	since    int64   // number of articles before it was added
	articles int64   // number of articles that had it since
	last     int64   // the last of them
	holders  int     // number of times that a query has it
	queries  map[*standingQuery]bool
}

// appendTo appends the term to the terms of an article, once, and counts it. The term may be nil.
func (t *standingTerm) appendTo(found []*standingTerm, article int64) []*standingTerm {
	if t == nil || t.last == article {
		return found
	}
	t.last = article
	t.articles++
	return append(found, t)
}

// share returns the estimated share of articles that have the term.
func (t *standingTerm) share(matched int64) float64 {
	return (float64(t.articles) + priorWeight*t.prior) / (float64(matched-t.since) + priorWeight)
}

// termKey names a term.
type termKey struct {
	text   string
	prefix bool
}

func (k termKey) prior() float64 {
	share := rareShare
	switch kind, isFilter := filterKind(k.text); {
	case isFilter && (kind == byLanguage || kind == byAccess), !isFilter && len(k.text) <= shortWord:
		share = commonShare
	}
	if k.prefix {
		share *= prefixFactor
	}
	return min(share, 1)
}

// conjunct is a condition that every match meets: it has, for at least one branch, all of its
// terms.
type conjunct [][]termKey

// keys returns the terms of all branches.
func (c conjunct) keys() []termKey { return slices.Concat(c...) }

// conjunctsOf returns the conditions of a query that require terms.
func conjunctsOf(parsed parsedQuery) []conjunct {
	var all []conjunct
	for _, group := range parsed.groups {
		var branches conjunct
		for _, word := range group {
			branches = append(branches, []termKey{{text: word}})
		}
		all = append(all, branches)
	}
	for _, one := range parsed.clauses {
		if one.omit {
			continue
		}
		var branches conjunct
		for _, p := range one.any {
			branches = append(branches, p.branches()...)
		}
		all = append(all, branches)
	}
	return all
}

// branches returns the ways in which an article can have the phrase.
func (p phrase) branches() conjunct {
	if p.stems != nil {
		var branches conjunct
		for _, word := range p.alternatives() {
			branches = append(branches, []termKey{{text: word}})
		}
		return branches
	}
	var all []termKey
	for i, word := range p.words {
		all = append(all, termKey{word, p.prefix && i == len(p.words)-1})
	}
	return conjunct{all}
}

func (s *StandingQueries) term(k termKey) *standingTerm {
	if k.prefix {
		return s.prefixes[k.text]
	}
	return s.terms[k.text]
}

// hold adds the term if it is new.
func (s *StandingQueries) hold(k termKey) {
	t := s.term(k)
	if t == nil {
		t = &standingTerm{prior: k.prior(), since: s.matched, queries: map[*standingQuery]bool{}}
		if k.prefix {
			s.prefixes[k.text] = t
			s.prefixLengths[len(k.text)]++
		} else {
			s.terms[k.text] = t
		}
	}
	t.holders++
}

// release removes the term if no query has it any more.
func (s *StandingQueries) release(k termKey) {
	t := s.term(k)
	if t.holders--; t.holders > 0 {
		return
	}
	if !k.prefix {
		delete(s.terms, k.text)
		return
	}
	delete(s.prefixes, k.text)
	if s.prefixLengths[len(k.text)]--; s.prefixLengths[len(k.text)] == 0 {
		delete(s.prefixLengths, len(k.text))
	}
}

// file files a query under the rarest terms of which every match has one.
func (s *StandingQueries) file(q *standingQuery) {
	least := math.Inf(1)
	for _, one := range q.conjuncts {
		chosen, sum := map[*standingTerm]bool{}, 0.0
		for _, branch := range one {
			rarest := s.rarest(branch)
			if !chosen[rarest] {
				sum += rarest.share(s.matched)
			}
			chosen[rarest] = true
		}
		if sum < least {
			least = sum
			q.filed = slices.Collect(maps.Keys(chosen))
		}
	}
	if q.filed == nil {
		s.unfiled[q.key] = q
	}
	for _, t := range q.filed {
		t.queries[q] = true
	}
}

func (s *StandingQueries) rarest(branch []termKey) *standingTerm {
	rarest := s.term(branch[0])
	for _, k := range branch[1:] {
		if t := s.term(k); t.share(s.matched) < rarest.share(s.matched) {
			rarest = t
		}
	}
	return rarest
}

func (s *StandingQueries) unfile(q *standingQuery) {
	delete(s.unfiled, q.key)
	for _, t := range q.filed {
		delete(t.queries, q)
	}
	q.filed = nil
}
