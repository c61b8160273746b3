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
