package progress

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/dateline-news/dateline/services/indexer/store"
)

// spansOf returns the spans of a text such as "1-3 5-5".
func spansOf(t *testing.T, text string) (spans []store.Span) {
	t.Helper()
	for field := range strings.FieldsSeq(text) {
		var s store.Span
		if _, err := fmt.Sscanf(field, "%d-%d", &s.First, &s.Last); err != nil {
			t.Fatal(err)
		}
		spans = append(spans, s)
	}
	return spans
}

func textOf(spans []store.Span) string {
	var all []string
	for _, s := range spans {
		all = append(all, fmt.Sprintf("%d-%d", s.First, s.Last))
	}
	return strings.Join(all, " ")
}

// TestGaps has spans that touch the first and the last message, or do not.
func TestGaps(t *testing.T) {
	for _, c := range []struct {
		joined  string
		last    uint64
		gaps    string
		clipped string
		count   uint64 // of messages in the clipped spans
	}{
		{"", 0, "", "", 0},
		{"", 3, "1-3", "", 0},
		{"1-3", 3, "", "1-3", 3},
		{"1-3", 4, "4-4", "1-3", 3},
		{"1-3", 2, "", "1-2", 2},
		{"2-3", 5, "1-1 4-5", "2-3", 2},
		{"2-3 5-5 7-9", 8, "1-1 4-4 6-6", "2-3 5-5 7-8", 5},
		{"2-3 7-9", 6, "1-1 4-6", "2-3", 2},
		{"2-3 7-9", 7, "1-1 4-6", "2-3 7-7", 3},
		{"5-9", 3, "1-3", "", 0},
		{"5-9", 4, "1-4", "", 0},
	} {
		created := time.Unix(5, 0)
		found := gaps(spansOf(t, c.joined), "S", created, c.last)
		for _, gap := range found {
			if gap.Stream != "S" || !gap.Created.Equal(created) {
				t.Errorf("the gap %+v has another stream", gap)
			}
		}
		clipped := clip(spansOf(t, c.joined), c.last)
		if textOf(found) != c.gaps || textOf(clipped) != c.clipped || count(clipped) != c.count {
			t.Errorf("%q until %d: gaps %q, clipped %q with %d messages; want %q, %q and %d", c.joined, c.last, textOf(found),
				textOf(clipped), count(clipped), c.gaps, c.clipped, c.count)
		}
	}
	state := State{Missing: spansOf(t, "2-3 7-9"), First: 8}
	if state.Messages() != 5 || state.Removed() != 3 {
		t.Errorf("%d messages are missing, %d of them removed; want 5 and 3", state.Messages(), state.Removed())
	}
}
