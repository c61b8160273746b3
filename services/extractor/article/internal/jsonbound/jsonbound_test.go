package jsonbound_test

import (
	"strings"
	"testing"

	"github.com/dateline-news/dateline/services/extractor/article/internal/jsonbound"
)

func TestCount(t *testing.T) {
	limits := jsonbound.Limits{Bytes: 1000, Items: 100, Depth: 10}
	for name, c := range map[string]struct {
		text string
		want bool
	}{
		"empty":            {"", true},
		"an object":        {`{"a":[1,2,{"b":"c"}]}`, true},
		"a long string":    {`"` + strings.Repeat(`[{,:\"`, 150) + `"`, true},
		"the largest list": {"[" + strings.Repeat("0,", 98) + "0]", true},
		"a longer list":    {"[" + strings.Repeat("0,", 99) + "0]", false},
		"many objects":     {"[" + strings.Repeat("{},", 60) + "{}]", false},
		"many keys":        {"{" + strings.Repeat(`"a":0,`, 60) + `"a":0}`, false},
		"the deepest":      {strings.Repeat("[", 10) + strings.Repeat("]", 10), true},
		"a deeper one":     {strings.Repeat("[", 11) + strings.Repeat("]", 11), false},
		"side by side":     {"[" + strings.Repeat("[],", 20) + "[]]", true},
		"too long":         {strings.Repeat(" ", 1001), false},
	} {
		if _, got := limits.Count([]byte(c.text)); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// Items are values and keys. What is in strings does not count.
func TestItems(t *testing.T) {
	limits := jsonbound.Limits{Bytes: 14, Items: 10, Depth: 10}
	for text, want := range map[string]int{
		"": 1, "1": 1, "[]": 2, "[1]": 2, "[1,2]": 3, `{"a":1}`: 3, `{"a":[1,2]}`: 5, `"[{,:"`: 1,
		`"a\",[","b"`: 2, "[[],[]]": 5,
	} {
		if got, ok := limits.Count([]byte(text)); got != want || !ok {
			t.Errorf("%s has %d items, %v, want %d", text, got, ok, want)
		}
	}
	for length, want := range map[int]bool{14: true, 15: false} {
		if _, got := limits.Count(make([]byte, length)); got != want {
			t.Errorf("a text of %d bytes is within the limits: %v", length, got)
		}
	}
}
