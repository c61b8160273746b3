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
		"half of it":                    {text(100, 300), true},
		"a fifth of it":                 {text(0, 80), true},
		"in another order":              {text(200, 400) + text(0, 200), true},
		"among other text":              {text(1000, 1200) + text(0, 400) + text(2000, 2200), true},
		"in capitals and with accents":  {strings.ToUpper(strings.ReplaceAll(text(0, 400), "o", "ö")), true},
		"another text":                  {text(1000, 1400), false},
		"a tenth in common":             {text(360, 760), false},
		"too short to be told":          {text(0, 20), false},
		"nothing":                       {"", false},
		"the same words, other phrases": {strings.Join(backwards(text(0, 400)), " "), false},
	} {
		other := Of(fold(c.text))
		if got := original.Copies(other); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
		if original.Copies(other) != other.Copies(original) {
			t.Errorf("%s: it depends on which comes first", name)
		}
		if shares := slices.ContainsFunc(other.Keys(), func(k uint64) bool { return slices.Contains(original.Keys(), k) }); c.want && !shares {
			t.Errorf("%s: no key in common, so it would not be looked up", name)
		}
	}
}

func backwards(text string) []string {
	f := strings.Fields(text)
	slices.Reverse(f)
	return f
}

func TestStoredForm(t *testing.T) {
	for _, s := range []Sketch{{}, Of(fold(text(0, 40))), Of(fold(text(0, 4000)))} {
		got, err := Parse(s.Bytes())
		if err != nil || got.Shingles != s.Shingles || !slices.Equal(got.Hashes, s.Hashes) {
			t.Errorf("%v came back as %v, %v", s, got, err)
		}
	}
	for _, damaged := range [][]byte{{1}, make([]byte, 8), make([]byte, 4+8*65)} {
		if s, err := Parse(damaged); err == nil {
			t.Errorf("%d bytes are read as %v", len(damaged), s)
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
