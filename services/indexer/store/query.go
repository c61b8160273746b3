package store

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dateline-news/dateline/services/indexer/words"
)

const (
	// maxQueryWords bounds the cost of a search. FTS5 refuses expressions that
	// are deeper than 256.
	maxQueryWords = 64
	// minPrefixBytes is the minimum length of a prefix. A shorter one would match
	// too many words.
	minPrefixBytes = 3
)

// phrase is a sequence of folded words that must follow one another.
type phrase struct {
	words []string
	// stems are the stems of a single word, in any of the query's languages. The
	// phrase also matches every word that has one of them.
	stems []string
	// prefix reports whether the last word matches every word that starts with it.
	prefix bool
}

// alternatives returns the words of the index that match a phrase with stems:
// the word itself, and each stem both as a word and as the stem of other words.
func (p phrase) alternatives() []string {
	all := p.words[:1:1]
	for _, stem := range p.stems {
		if stem != p.words[0] {
			all = append(all, stem)
		}
		all = append(all, words.StemSign+stem)
	}
	return all
}

// variants returns the phrases that a query for p matches. The index has long words
// without the Arabic article, and short ones with it, so a prefix that is too short to
// tell stands for both.
func (p phrase) variants() []phrase {
	if p.prefix && len(p.words) == 1 {
		if rest, found := words.AfterArticle(p.words[0]); found && len(rest) >= minPrefixBytes {
			return []phrase{p, {words: []string{rest}, prefix: true}}
		}
	}
	return []phrase{p}
}

// clause matches an article that has any of its phrases or, if omit is set, none
// of them.
type clause struct {
	any  []phrase
	omit bool
}

// parsedQuery is the part of a query that both databases translate into their
// own syntax.
type parsedQuery struct {
	clauses []clause
	groups  [][]string // of filter words
	// anyOrder is set if the words of phrases may be in any order.
	anyOrder bool
	// matchesNothing is set if no article can match.
	matchesNothing bool
}

// parse parses the query's text and filter. Words match in all their forms in
// the given languages. The error is ErrQuery.
func (q Query) parse(languages []string) (parsedQuery, error) {
	text := CleanText(q.Text)
	clauses, err := parseText(text, languages)
	if err != nil {
		return parsedQuery{}, err
	}
	parsed := parsedQuery{
		clauses: clauses, groups: q.Filter.groups(),
		matchesNothing: clauses == nil && strings.TrimSpace(q.Text) != "",
	}
	omits := 0
	for _, one := range clauses {
		if one.omit {
			omits++
		}
	}
	if omits > 0 && omits == len(clauses) && len(parsed.groups) == 0 {
		return parsedQuery{}, fmt.Errorf("%w: it only says what to leave out; add a word or a filter", ErrQuery)
	}
	return parsed, nil
}

// isRanked reports whether the best matches come first. Without words there is
// nothing to rank by.
func (p parsedQuery) isRanked(q Query) bool { return q.ByRank && len(p.clauses) > 0 }

// usesIndex reports whether the query needs the index of words.
func (p parsedQuery) usesIndex() bool { return len(p.clauses)+len(p.groups) > 0 }

// hasPhrase reports whether any of the clause's phrases has several words.
func (c clause) hasPhrase() bool {
	return slices.ContainsFunc(c.any, func(p phrase) bool { return len(p.words) > 1 })
}

// hasPhrases reports whether an article that has the words of the query may not match it.
func (p parsedQuery) hasPhrases() bool { return slices.ContainsFunc(p.clauses, clause.hasPhrase) }

// hasPrefixes reports whether the query needs words that start with a prefix.
func (p parsedQuery) hasPrefixes() bool {
	return slices.ContainsFunc(p.clauses, func(c clause) bool {
		return slices.ContainsFunc(c.any, func(p phrase) bool { return p.prefix })
	})
}

// loose returns the query with only the words of its phrases required, in any order. It
// matches more articles, none of which needs to be read for that.
func (p parsedQuery) loose() parsedQuery {
	p.anyOrder = true
	p.clauses = slices.DeleteFunc(slices.Clone(p.clauses), func(c clause) bool { return c.omit && c.hasPhrase() })
	return p
}

// highlighted returns the phrases that are marked in titles and snippets.
func highlighted(clauses []clause) []phrase {
	var all []phrase
	for _, c := range clauses {
		if !c.omit {
			all = append(all, c.any...)
		}
	}
	return all
}

// parseText parses a search text. All clauses must match:
//
//	ferry strike     both words, or other forms of them, anywhere
//	"night train"    exactly these words in this order
//	elect*           words that start with this prefix
//	ferry OR boat    either word
//	-football        not this word; also not a phrase in double quotes
//
// A word that the index splits, such as "don't" or 東京, is a phrase. All other
// punctuation is ignored. A text that is not blank but has no words has no
// clauses. Words match in all their forms in the given languages. The error is
// ErrQuery.
func parseText(text string, languages []string) ([]clause, error) {
	p := parser{rest: strings.TrimSpace(plainQuotes.Replace(text)), languages: languages}
	for p.rest != "" {
		if err := p.parseTerm(); err != nil {
			return nil, err
		}
		p.rest = strings.TrimSpace(p.rest)
	}
	return p.clauses, nil
}

// plainQuotes replaces the quotes that keyboards and word processors insert.
var plainQuotes = strings.NewReplacer("“", `"`, "”", `"`, "„", `"`, "«", `"`, "»", `"`)

type parser struct {
	rest      string
	languages []string
	clauses   []clause
	words     int  // number of words so far
	afterOr   bool // whether the next phrase is an alternative of the last clause
}

// parseTerm parses a word, a phrase in quotes or an OR.
func (p *parser) parseTerm() error {
	text, quoted, omit, err := p.nextToken()
	if err != nil {
		return err
	}
	if text == "OR" && !quoted && !omit {
		if len(p.clauses) == 0 || p.afterOr || p.clauses[len(p.clauses)-1].omit || strings.TrimSpace(p.rest) == "" {
			return fmt.Errorf(`%w: OR needs a word on either side; write "or" in lower case to search for it`, ErrQuery)
		}
		p.afterOr = true
		return nil
	}
	parsed, err := p.parsePhrase(text, quoted)
	switch {
	case err != nil:
		return err
	case parsed.words == nil:
		return nil
	case p.afterOr && omit:
		return fmt.Errorf("%w: -%.40s cannot follow OR", ErrQuery, text)
	case p.afterOr:
		last := &p.clauses[len(p.clauses)-1]
		last.any = append(last.any, parsed.variants()...)
		p.afterOr = false
	default:
		p.clauses = append(p.clauses, clause{any: parsed.variants(), omit: omit})
	}
	return nil
}

// nextToken cuts the next token off the rest, which does not start with a space.
func (p *parser) nextToken() (text string, quoted, omit bool, err error) {
	if after, found := strings.CutPrefix(p.rest, "-"); found && after != "" && after[0] != ' ' {
		p.rest, omit = after, true
	}
	if after, found := strings.CutPrefix(p.rest, `"`); found {
		text, p.rest, found = strings.Cut(after, `"`)
		if !found {
			return "", true, omit, fmt.Errorf("%w: the quote before %.40q is not closed", ErrQuery, text)
		}
		return text, true, omit, nil
	}
	end := strings.IndexAny(p.rest, "\" \t\n\r\u3000\u00a0")
	if end < 0 {
		end = len(p.rest)
	}
	text, p.rest = p.rest[:end], p.rest[end:]
	return text, false, omit, nil
}

// parsePhrase splits a token into folded words.
func (p *parser) parsePhrase(text string, quoted bool) (phrase, error) {
	var parsed phrase
	last := "" // as it is written
	for w := range words.In(text) {
		if p.words++; p.words > maxQueryWords {
			return phrase{}, fmt.Errorf("%w: it has more than %d words; remove some", ErrQuery, maxQueryWords)
		}
		parsed.words = append(parsed.words, w.Folded)
		last = text[w.Start:w.End]
	}
	if parsed.words == nil || quoted {
		return parsed, nil
	}
	if parsed.prefix = strings.HasSuffix(text, "*"); parsed.prefix {
		if prefix := parsed.words[len(parsed.words)-1]; len(prefix) < minPrefixBytes {
			return phrase{}, fmt.Errorf("%w: %.40q matches too many words; write at least %d letters before the *",
				ErrQuery, text, minPrefixBytes)
		}
		return parsed, nil
	}
	if len(parsed.words) == 1 {
		parsed.stems = words.StemsOf(last, p.languages)
	}
	return parsed, nil
}
