package body

import (
	"testing"

	"github.com/dateline-news/dateline/services/extractor/article/internal/page"
)

// TestBoilerplateLine gives lines of 60 characters and more that start like a phrase of publishers, and what makes them
// such a phrase nevertheless.
func TestBoilerplateLine(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		run  page.Run
		want bool
	}{
		"a sentence":            {"Read more into this than", page.Run{Chars: 60, SentenceEnds: 1}, false},
		"a short line":          {"Read more into this than", page.Run{Chars: 59, SentenceEnds: 1}, true},
		"not a sentence":        {"Read more into this than", page.Run{Chars: 60}, true},
		"with a link":           {"Read more into this than", page.Run{Chars: 60, SentenceEnds: 1, LinkedChars: 1}, true},
		"a label":               {"Read more about ferries:", page.Run{Chars: 60, SentenceEnds: 1}, true},
		"a colon that is late":  {"Read more about ferries : all", page.Run{Chars: 60, SentenceEnds: 1}, false},
		"a copyright notice":    {"© Harrow Bay Ledger.", page.Run{Chars: 60, SentenceEnds: 1}, true},
		"the phrase alone":      {"Read more", page.Run{Chars: 9}, true},
		"a longer word":         {"Read moreover", page.Run{Chars: 13}, false},
		"before the first":      {" ", page.Run{Chars: 1}, false},
		"the end of a page":     {"Related articles:", page.Run{Chars: 17}, true},
		"a number of comments":  {"12 Comments", page.Run{Chars: 11}, true},
		"comments in a text":    {"Comments came in", page.Run{Chars: 60, SentenceEnds: 1}, false},
		"only a number":         {"(12)", page.Run{Chars: 4}, false},
		"replies with a number": {"3 replies", page.Run{Chars: 9}, true},
		"an ordinary line":      {"The ferry returns", page.Run{Chars: 17}, false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := boilerplateLine(c.text, &c.run); got != c.want {
				t.Errorf("%q is a phrase of publishers: %t, want %t", c.text, got, c.want)
			}
		})
	}
}
