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

func TestPiecesOfTexts(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{"": "", "abc": "abc", "abcd": "abc", "abé": "ab", "aéb": "aé", "ab": "ab"} {
		if got := norm.Prefix(text, 3); got != want {
			t.Errorf("Prefix(%q, 3) = %q, want %q", text, got, want)
		}
	}
	for text, want := range map[string]bool{"a b": true, "b": true, "a\tb": true, "ab": false, "": false, "B": false} {
		if got := norm.HasWord(text, "b"); got != want {
			t.Errorf("HasWord(%q, b) = %v", text, got)
		}
	}
	for text, want := range map[string]string{
		"azAZ09@[`{/:": "azaz09", "a\x00b": "ab", "é½": "é",
	} {
		if got := norm.Fold(text); got != want {
			t.Errorf("Fold(%q) = %q, want %q", text, got, want)
		}
	}
	for text, want := range map[string]string{
		"a\u200eb": "ab", "a\u2060 b": "a b", "a \u200b b": "a b", "a\x7fb": "a b", "~": "~",
		"a ": "a", "  a": "a", "a  b": "a b",
	} {
		if got := norm.Squeeze(text); got != want {
			t.Errorf("Squeeze(%q) = %q, want %q", text, got, want)
		}
	}
	if norm.Len("aé中") != 3 {
		t.Error("characters are counted as bytes")
	}
	for at, want := range map[int]bool{3: true, 4: true, 2: false, 0: true} {
		if got := norm.WordEnds("abc def", at); got != want {
			t.Errorf("WordEnds(abc def, %d) = %v", at, got)
		}
	}
}
