package sketch

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func text(from, to int) string {
	var b strings.Builder
	for i := from; i < to; i++ {
		fmt.Fprintf(&b, "word%d ", i)
	}
	return b.String()
}

func TestCopies(t *testing.T) {
	original := Of(fold(text(0, 400)))
	for name, c := range map[string]struct {
		text string
		want bool
	}{
		"the same":                      {text(0, 400), true},
		"half of the text":              {text(100, 300), true},
		"a fifth of the text":           {text(0, 80), true},
		"in another order":              {text(200, 400) + text(0, 200), true},
		"embedded in other text":        {text(1000, 1200) + text(0, 400) + text(2000, 2200), true},
		"in capitals and with accents":  {strings.ToUpper(strings.ReplaceAll(text(0, 400), "o", "ö")), true},
		"another text":                  {text(1000, 1400), false},
		"a tenth in common":             {text(360, 760), false},
		"too short to compare":          {text(0, 20), false},
		"nothing":                       {"", false},
		"the same words, other phrases": {strings.Join(reversed(text(0, 400)), " "), false},
	} {
		other := Of(fold(c.text))
		if got := original.Copies(other); got != c.want {
			t.Errorf("%s: Copies = %v, want %v", name, got, c.want)
		}
		if original.Copies(other) != other.Copies(original) {
			t.Errorf("%s: Copies is not symmetric", name)
		}
		if shares := slices.ContainsFunc(other.Keys(),
			func(k uint64) bool { return slices.Contains(original.Keys(), k) }); c.want && !shares {
			t.Errorf("%s: no key in common, so a store would not find it", name)
		}
	}
}

func reversed(text string) []string {
	f := strings.Fields(text)
	slices.Reverse(f)
	return f
}

func TestEncoding(t *testing.T) {
	for _, s := range []Sketch{{}, Of(fold(text(0, 40))), Of(fold(text(0, 4000)))} {
		got, err := Parse(s.Bytes())
		if err != nil || got.Shingles != s.Shingles || !slices.Equal(got.Hashes, s.Hashes) {
			t.Errorf("Parse(Bytes()) of %v = %v, %v", s, got, err)
		}
	}
	for _, damaged := range [][]byte{{1}, make([]byte, 8), make([]byte, 4+8*65)} {
		if s, err := Parse(damaged); err == nil {
			t.Errorf("Parse of %d damaged bytes = %v, want an error", len(damaged), s)
		}
	}
}

func BenchmarkOf(b *testing.B) {
	text := text(0, 700)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		Of(fold(text))
	}
}
