package store

import (
	"fmt"
	"strings"
)

const (
	defaultHits = 20
	maxHits     = 1000
	// maxQueryWords bounds what one search may cost. FTS5 refuses
	// expressions deeper than 256.
	maxQueryWords = 64
)

// phrase is a row of folded words that have to follow one another.
type phrase []string

// phrases reads a search text: what stands between double quotes is a phrase,
// and so is a word that is more than one to the index, such as "don't" or
// 東京. A quote that is never closed reaches to the end. A text that is not
// blank and yet has no words yields no phrases.
func phrases(text string) ([]phrase, error) {
	var found []phrase
	total := 0
	for i, part := range strings.Split(normaliseQuotes(text), `"`) {
		terms := []string{part}
		if quoted := i%2 == 1; !quoted {
			terms = strings.Fields(part)
		}
		for _, term := range terms {
			var p phrase
			for w := range words.In(term) {
				if total++; total > maxQueryWords {
					return nil, fmt.Errorf("%w: it has more than %d words; leave some out", ErrQuery, maxQueryWords)
				}
				p = append(p, w.Folded)
			}
			if p != nil {
				found = append(found, p)
			}
		}
	}
	return found, nil
}

// normaliseQuotes lets the quotes that keyboards and word processors put in
// count as plain ones.
func normaliseQuotes(text string) string {
	return strings.NewReplacer("“", `"`, "”", `"`, "„", `"`, "«", `"`, "»", `"`).Replace(text)
}

func isBlank(text string) bool { return strings.TrimSpace(text) == "" }

func (q Query) limit() int {
	if q.Limit <= 0 {
		return defaultHits
	}
	return min(q.Limit, maxHits)
}
