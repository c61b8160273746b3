package norm_test

import (
	"testing"

	"github.com/dateline-news/dateline/services/extractor/article/internal/norm"
)

func TestSqueeze(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                      "",
		" ":                     "",
		"one two":               "one two",
		" one  two ":            "one two",
		"one\n\ttwo":            "one two",
		"zero\u200bwidth\u00ad": "zerowidth",
		"\u00a0Ärger\u00a0 da":  "Ärger da",
	} {
		if got := norm.Squeeze(text); got != want {
			t.Errorf("Squeeze(%q) = %q, want %q", text, got, want)
		}
	}
}

func TestFold(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                 "",
		"It's 5 o'clock!":  "its5oclock",
		"ÄRGER – im Haus.": "ärgerimhaus",
		"北京 2025":          "北京2025",
	} {
		if got := norm.Fold(text); got != want {
			t.Errorf("Fold(%q) = %q, want %q", text, got, want)
		}
	}
}

func TestWordEnds(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		text string
		at   int
		want bool
	}{{"photo: Roe", 5, true}, {"photograph", 5, false}, {"photo", 5, true}, {"photo", 9, true}} {
		if got := norm.WordEnds(test.text, test.at); got != test.want {
			t.Errorf("WordEnds(%q, %d) = %v", test.text, test.at, got)
		}
	}
}
