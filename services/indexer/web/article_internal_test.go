package web

import (
	"testing"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// TestRuns links parts of a text. A link that is not within the text, or that does not follow the one before it, is
// ignored, because any stage or program may have written the record.
func TestRuns(t *testing.T) {
	type places []*datelinev1.Link
	for name, c := range map[string]struct {
		links places
		want  string
	}{
		"no links":            {nil, "See the map and the list."},
		"within":              {places{{Start: 4, End: 11}, {Start: 16, End: 24}}, "See [the map] and [the list]."},
		"the whole text":      {places{{Start: 0, End: 25}}, "[See the map and the list.]"},
		"one after the other": {places{{Start: 0, End: 3}, {Start: 3, End: 11}}, "[See][ the map] and the list."},
		"past the end":        {places{{Start: 16, End: 26}}, "See the map and the list."},
		"far past the end":    {places{{Start: 0, End: 1 << 30}}, "See the map and the list."},
		"after the end":       {places{{Start: 26, End: 30}}, "See the map and the list."},
		"before the start":    {places{{Start: -5, End: 3}}, "See the map and the list."},
		"empty":               {places{{Start: 4, End: 4}}, "See the map and the list."},
		"backwards":           {places{{Start: 11, End: 4}}, "See the map and the list."},
		"overlapping":         {places{{Start: 4, End: 11}, {Start: 8, End: 24}}, "See [the map] and the list."},
		"out of order":        {places{{Start: 16, End: 24}, {Start: 4, End: 11}}, "See the map and [the list]."},
		"valid after invalid": {places{{Start: -1, End: 99}, {Start: 4, End: 11}}, "See [the map] and the list."},
	} {
		for _, link := range c.links {
			link.Url = "https://example.com/"
		}
		got := ""
		for _, run := range runs(&datelinev1.Block{Text: "See the map and the list.", Links: c.links}) {
			if run.URL != "" {
				run.Text = "[" + run.Text + "]"
			}
			got += run.Text
		}
		if got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}
