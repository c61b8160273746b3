package store

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/dateline-news/dateline/services/indexer/words"
)

const (
	defaultHits = 20
	maxHits     = 1000
	// maxQueryWords bounds what one search may cost. FTS5 refuses
	// expressions deeper than 256.
	maxQueryWords = 64
	// minPrefixBytes is the shortest beginning of a word that can be searched
	// for: a shorter one would stand for too many words.
	minPrefixBytes = 3
)

// phrase is a row of folded words that have to follow one another. With prefix
// the last one is a beginning of a word. With stems, which a single word alone
// has, whatever has one of them meets it too.
type phrase struct {
	words  []string
	stems  []string
	prefix bool
}

// inIndex returns the words of the index of which one has to be there, where the
// phrase has stems: the word itself, and each stem as a word and as that of others.
func (p phrase) inIndex() []string {
	all := p.words[:1:1]
	for _, stem := range p.stems {
		if stem != p.words[0] {
			all = append(all, stem)
		}
		all = append(all, words.StemSign+stem)
	}
	return all
}

// clause is met by one of its phrases, or, to be left out, by none.
type clause struct {
	any  []phrase
	omit bool
}

// parseQuery reads a search text. All clauses have to be met:
//
//	ferry strike     both words or other forms of them, anywhere
//	"night train"    the words in this order, as they are written
//	elect*           words that begin so
//	ferry OR boat    one of both
//	-football        not this word, or with quotes, not this phrase
//
// A word that is more than one to the index, such as "don't" or 東京, is a
// phrase. Everything else is no syntax, and no word either. A text that is not
// blank and yet has no words yields no clauses. A word's other forms are those in the
// given languages. The error is ErrQuery.
func parseQuery(text string, languages []string) ([]clause, error) {
	var clauses []clause
	total, or := 0, false
	for rest := strings.TrimSpace(normaliseQuotes(text)); rest != ""; rest = strings.TrimSpace(rest) {
		word, quoted, omit := "", false, false
		if after, found := strings.CutPrefix(rest, "-"); found && after != "" && after[0] != ' ' {
			rest, omit = after, true
		}
		if after, found := strings.CutPrefix(rest, `"`); found {
			quoted = true
			word, rest, found = strings.Cut(after, `"`)
			if !found {
				return nil, fmt.Errorf("%w: the quote before %.40q is not closed", ErrQuery, word)
			}
		} else {
			end := strings.IndexFunc(rest, func(r rune) bool {
				return r == '"' || r == ' ' || r == '\t' || r == '\n' || r == '\r' || r == '\u3000' || r == '\u00a0'
			})
			if end < 0 {
				end = len(rest)
			}
			word, rest = rest[:end], rest[end:]
		}
		if word == "OR" && !quoted && !omit {
			if len(clauses) == 0 || or || clauses[len(clauses)-1].omit || strings.TrimSpace(rest) == "" {
				return nil, fmt.Errorf(`%w: OR needs a word on either side; write "or" in small letters to search for it`, ErrQuery)
			}
			or = true
			continue
		}
		p, err := parsePhrase(word, quoted, languages, &total)
		if err != nil {
			return nil, err
		}
		switch {
		case p.words == nil:
		case or && omit:
			return nil, fmt.Errorf("%w: what is left out (-%.40s) cannot follow OR", ErrQuery, word)
		case or:
			last := &clauses[len(clauses)-1]
			last.any = append(last.any, p)
		default:
			clauses = append(clauses, clause{any: []phrase{p}, omit: omit})
		}
		if p.words != nil {
			or = false
		}
	}
	return clauses, nil
}

func parsePhrase(text string, quoted bool, languages []string, total *int) (phrase, error) {
	var p phrase
	word := "" // the last one, as it is written
	for w := range words.In(text) {
		if *total++; *total > maxQueryWords {
			return phrase{}, fmt.Errorf("%w: it has more than %d words; leave some out", ErrQuery, maxQueryWords)
		}
		p.words = append(p.words, w.Folded)
		word = text[w.Start:w.End]
	}
	if p.prefix = !quoted && p.words != nil && strings.HasSuffix(text, "*"); p.prefix {
		if last := p.words[len(p.words)-1]; len(last) < minPrefixBytes {
			return phrase{}, fmt.Errorf("%w: %.40q stands for too many words; write at least %d letters before the *", ErrQuery, text, minPrefixBytes)
		}
	}
	if !quoted && !p.prefix && len(p.words) == 1 {
		p.stems = words.StemsOf(word, languages)
	}
	return p, nil
}

// shown returns the phrases that a passage of the text is to show.
func shown(clauses []clause) []phrase {
	var all []phrase
	for _, c := range clauses {
		if !c.omit {
			all = append(all, c.any...)
		}
	}
	return all
}

// normaliseQuotes lets the quotes that keyboards and word processors put in
// count as plain ones.
func normaliseQuotes(text string) string {
	return strings.NewReplacer("“", `"`, "”", `"`, "„", `"`, "«", `"`, "»", `"`).Replace(text)
}

func isBlank(text string) bool { return strings.TrimSpace(text) == "" }

// condition is a query made ready for either database.
type condition struct {
	clauses []clause
	groups  [][]string // of filter words
	nothing bool       // no article can meet it
}

func (q Query) condition(languages []string) (condition, error) {
	clauses, err := parseQuery(cleanText(q.Text), languages)
	if err != nil {
		return condition{}, err
	}
	c := condition{clauses: clauses, groups: q.Filter.groups(), nothing: clauses == nil && !isBlank(q.Text)}
	omits := 0
	for _, one := range clauses {
		if one.omit {
			omits++
		}
	}
	if omits > 0 && omits == len(clauses) && len(c.groups) == 0 {
		return condition{}, fmt.Errorf("%w: it only says what to leave out; add a word or a filter that has to be met", ErrQuery)
	}
	return c, nil
}

// ranks says whether the best matches come first.
func (c condition) ranks(q Query) bool { return q.ByRank && len(c.clauses) > 0 }

// hasWords says whether the index of words has to be asked.
func (c condition) hasWords() bool { return len(c.clauses)+len(c.groups) > 0 }

func (q Query) limit() int {
	if q.Limit <= 0 {
		return defaultHits
	}
	return min(q.Limit, maxHits)
}

// cursor is the last article of a page of hits; the next page begins after it.
type cursor struct {
	ByRank bool    `json:"r,omitempty"`
	Rank   float64 `json:"k,omitempty"`
	Time   int64   `json:"t,omitempty"` // seconds since 1970, in PostgreSQL
	Row    int64   `json:"n"`
}

func (c cursor) String() string {
	data, err := json.Marshal(c)
	if err != nil {
		panic(err) // numbers alone
	}
	return base64.RawURLEncoding.EncodeToString(data)
}

// cursor reads the query's cursor; nil is the beginning. Without words there
// is nothing to rank by.
func (q Query) cursor(from condition) (*cursor, error) {
	if q.After == "" {
		return nil, nil
	}
	var c cursor
	data, err := base64.RawURLEncoding.DecodeString(q.After)
	if err == nil {
		err = json.Unmarshal(data, &c)
	}
	if err != nil || c.ByRank != from.ranks(q) {
		return nil, fmt.Errorf("%w: the cursor %.40q is of another query; begin without one", ErrQuery, q.After)
	}
	return &c, nil
}
