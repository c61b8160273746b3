package store

import (
	"slices"
	"strings"
)

// matchedArticle is what an article has in the index of words.
type matchedArticle struct {
	terms   map[string]bool // words, stems and filter words
	fields  [3]string       // the words of the title, of what is about the article, and of its body
	seconds int64           // its place in the order of time
	// sequence and positions are only set after a phrase was looked up, and sorted after a prefix was.
	sequence  []string
	positions map[string][]int
	sorted    []string
}

func newMatchedArticle(indexed indexedWords, seconds int64) *matchedArticle {
	doc := &matchedArticle{
		terms: make(map[string]bool, 512), seconds: seconds,
		fields: [3]string{indexed.title, indexed.about, indexed.body},
	}
	for _, field := range append(doc.fields[:], indexed.stems, indexed.filters) {
		for term := range strings.FieldsSeq(field) {
			doc.terms[term] = true
		}
	}
	return doc
}

func (d *matchedArticle) satisfies(q *standingQuery) bool {
	if d.seconds < q.bounds.first || d.seconds >= q.bounds.before {
		return false
	}
	for _, group := range q.groups {
		if !slices.ContainsFunc(group, d.has) {
			return false
		}
	}
	for _, one := range q.clauses {
		if slices.ContainsFunc(one.any, d.hasPhrase) == one.omit {
			return false
		}
	}
	return true
}

func (d *matchedArticle) has(term string) bool { return d.terms[term] }

func (d *matchedArticle) hasPhrase(p standingPhrase) bool {
	switch {
	case p.forms != nil:
		return slices.ContainsFunc(p.forms, d.has)
	case len(p.words) > 1:
		return d.hasSequence(p.phrase)
	case p.prefix:
		return d.hasPrefix(p.words[0])
	}
	return d.has(p.words[0])
}

// hasPrefix reports whether any word starts with a prefix.
func (d *matchedArticle) hasPrefix(prefix string) bool {
	if d.sorted == nil {
		d.sorted = make([]string, 0, len(d.terms))
		for term := range d.terms {
			d.sorted = append(d.sorted, term)
		}
		slices.Sort(d.sorted)
	}
	at, _ := slices.BinarySearch(d.sorted, prefix)
	return at < len(d.sorted) && strings.HasPrefix(d.sorted[at], prefix)
}

// hasSequence reports whether the words of a phrase follow one another in a field.
func (d *matchedArticle) hasSequence(p phrase) bool {
	if !d.has(p.words[0]) {
		return false
	}
	if d.positions == nil {
		d.positions = make(map[string][]int, len(d.terms))
		for _, field := range d.fields {
			for word := range strings.FieldsSeq(field) {
				d.positions[word] = append(d.positions[word], len(d.sequence))
				d.sequence = append(d.sequence, word)
			}
			d.sequence = append(d.sequence, "") // so that no phrase matches across fields
		}
	}
	return slices.ContainsFunc(d.positions[p.words[0]], func(at int) bool {
		return at+len(p.words) <= len(d.sequence) && p.matchesFolded(d.sequence[at:])
	})
}

// matchesFolded is like matches, given folded words.
func (p phrase) matchesFolded(found []string) bool {
	for i, word := range p.words {
		isPrefix := p.prefix && i == len(p.words)-1
		if found[i] != word && (!isPrefix || !strings.HasPrefix(found[i], word)) {
			return false
		}
	}
	return true
}
