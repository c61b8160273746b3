package fields

import (
	"bytes"
	"strings"

	"github.com/dateline-news/dateline/services/extractor/article/internal/norm"
	"github.com/dateline-news/dateline/services/extractor/article/internal/page"
	"github.com/dateline-news/dateline/services/extractor/article/internal/record"
)

const (
	maxSelfRuns      = 150 // runs that are searched for words such as "I" and "my"
	minSelfWords     = 4   // words such as "I" and "my" in a personal text
	maxSiteNameWords = 3   // words in the name of a site that is the name of a person
)

// siteAuthor returns the person that a site is named after, if its text says "I"
// more often than "we".
func siteAuthor(v *View) []record.Author {
	name := v.site.Name.Value
	for _, of := range []string{"'s ", "’s "} {
		name, _, _ = strings.Cut(name, of)
	}
	if !plainName(name) || organisationLike(name) || len(strings.Fields(name)) > maxSiteNameWords ||
		strings.HasPrefix(name, "The ") {
		return nil
	}
	own, ours := 0, 0
	for i := range v.Runs[:min(len(v.Runs), maxSelfRuns)] {
		r := &v.Runs[i]
		if r.Kind != page.TextRun || !r.Prose() || v.hintsAt(r)&page.HintsAgainst != 0 {
			continue
		}
		for word := range bytes.FieldsSeq(v.Text[r.From:r.To]) {
			word, _, _ = bytes.Cut(bytes.Trim(word, ".,;:!?()\""), []byte("'"))
			word, _, _ = bytes.Cut(word, []byte("’"))
			if selfWords[string(word)] {
				own++
			} else if groupWords[string(word)] {
				ours++
			}
		}
	}
	least := minSelfWords
	if v.Base != nil && norm.Fold(name) == norm.Fold(v.site.hostLabel()) {
		least = 1 // the address of the site is the name of the person
	}
	if own < least || own < 2*ours {
		return nil
	}
	return v.addNames(nil, name, "")
}
