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

// The thresholds are inclusive, as are the shares that docs/decisions/0010 states.
func TestThresholds(t *testing.T) {
	numbered := func(shingles int, from, to uint64) Sketch {
		s := Sketch{Shingles: shingles}
		for h := from; h <= to; h++ {
			s.Hashes = append(s.Hashes, h)
		}
		return s
	}
	for _, c := range []struct {
		a, b                   Sketch
		resemblance, contained float64
		copies, repeats        bool
	}{
		{numbered(100, 1, 64), numbered(100, 1, 64), 1, 1, true, true},
		{numbered(100, 1, 64), numbered(100, 2, 65), 63.0 / 64, 126.0 / 127, true, true}, // only the 64 smallest are a sample
		{numbered(1, 1, 1), numbered(2, 1, 2), 1.0 / 2, 1, true, true},
		{numbered(100, 1, 15), numbered(100, 6, 20), 10.0 / 20, 2.0 / 3, true, true},
		{numbered(100, 1, 15), numbered(100, 7, 21), 9.0 / 21, 0.6, true, false},
		{numbered(100, 1, 6), numbered(100, 4, 10), 3.0 / 10, 6.0 / 13, true, false},
		{numbered(100, 1, 6), numbered(100, 5, 11), 2.0 / 11, 4.0 / 13, false, false},
		{numbered(100, 1, 6), numbered(300, 5, 8), 2.0 / 8, 0.8, true, false},
		{numbered(100, 1, 6), numbered(299, 5, 8), 2.0 / 8, 0.798, false, false},
		{numbered(30, 1, 10), numbered(300, 8, 20), 3.0 / 20, 1, true, false},
		{numbered(30, 1, 10), numbered(300, 8, 21), 3.0 / 21, 1, false, false},
	} {
		resemblance, contained := c.a.Compare(c.b)
		if resemblance != c.resemblance || contained < c.contained-1e-9 || contained > c.contained+1e-9 ||
			c.a.Copies(c.b) != c.copies || c.a.Repeats(c.b) != c.repeats {
			t.Errorf("%v and %v resemble each other by %v and contain each other by %v, copies %v, repeats %v",
				c.a, c.b, resemblance, contained, c.a.Copies(c.b), c.a.Repeats(c.b))
		}
	}
	// 24 shingles of five words can be compared, 23 cannot.
	if s := Of(fold(text(0, 28))); s.IsZero() || s.Shingles != 24 {
		t.Errorf("a text of 24 shingles has the sketch %v", s)
	}
	if s := Of(fold(text(0, 27))); !s.IsZero() {
		t.Errorf("a text of 23 shingles has the sketch %v", s)
	}
}
