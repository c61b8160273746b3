package store

import (
	"slices"
	"strings"

	"github.com/dateline-news/dateline/internal/weburl"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/sketch"
)

const (
	// minErasedWords is the minimum length of an erased text that is recognised by
	// its hash. Shorter texts, such as a caption or a teaser, can be those of
	// different articles.
	minErasedWords = 12
	// maxErasedMatches bounds the erased texts that an arrival is compared with.
	maxErasedMatches = 64
)

// erasedText identifies a text that must not be stored again, without containing it.
type erasedText struct {
	host        string // that the text was fetched from
	contentHash string
	sketch      sketch.Sketch
}

// addText adds the text of a revision to those that must not be stored again.
func (e *Erasure) addText(article *datelinev1.Article) {
	body := wordsOf(article).body
	count := 0
	for range strings.FieldsSeq(body) {
		count++
	}
	known := func(t erasedText) bool { return t.contentHash == article.GetContentHash() }
	if count < minErasedWords || slices.ContainsFunc(e.texts, known) {
		return
	}
	e.texts = append(e.texts, erasedText{
		contentHash: article.GetContentHash(), sketch: sketch.Of(strings.FieldsSeq(body)),
	})
}

// repeats reports whether the arrival would store an erased text of its site again,
// under whatever URL. A revision that is already stored is not refused, and an article
// that is already stored only if its text has the hash of an erased one: a follow-up
// may resemble it. See docs/decisions/0012.
func (a arrival) repeats(erased []erasedText, known map[string]stored) bool {
	before, isKnown := known[a.row.id]
	return slices.ContainsFunc(erased, func(t erasedText) bool {
		if !weburl.SameSite("https://"+t.host, a.row.canonicalURL) {
			return false
		}
		if t.contentHash == a.row.contentHash {
			return !before.hasRevision(t.contentHash)
		}
		return !isKnown && a.sketch.Repeats(t.sketch)
	})
}

func (s stored) hasRevision(contentHash string) bool {
	return slices.ContainsFunc(s.revisions, func(r revisionBrief) bool { return r.contentHash == contentHash })
}
