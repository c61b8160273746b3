package words

import (
	"fmt"
	"strings"
	"testing"
)

// The number of cached stems is bounded. Words that are too short or too long to have a stem are not cached.
func TestKnownStemsAreBounded(t *testing.T) {
	s := stemmer(stemmers["en"].script, stemmers["en"].run)
	for _, c := range []struct {
		word string
		want string
		kept bool
	}{
		{"was", "", false},
		{"runs", "run", true},
		{strings.Repeat("a", maxBytes-4) + "runs", "", true},
		{strings.Repeat("a", maxBytes-3) + "runs", "", false},
	} {
		got := s.stem(c.word, c.word)
		_, kept := s.known[c.word]
		if c.want != "" && got != c.want || kept != c.kept {
			t.Errorf("the stem of %.10q, %d bytes, is %q, in the cache: %t; want %q, %t", c.word, len(c.word), got, kept,
				c.want, c.kept)
		}
	}
	for i := range maxKnownStems + 10 {
		word := fmt.Sprintf("word%d", i)
		s.stem(word, word)
		if len(s.known) > maxKnownStems {
			t.Fatalf("the cache has %d words, want at most %d", len(s.known), maxKnownStems)
		}
	}
}
