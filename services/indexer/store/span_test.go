package store_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// spansOf returns the spans of a stream, joined, as text.
func spansOf(t *testing.T, s store.Store, stream string) string {
	t.Helper()
	spans, err := s.Spans(t.Context(), stream)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, span := range store.Union(spans) {
		if span.Stream != stream {
			t.Errorf("a span of %s is of %q", stream, span.Stream)
		}
		lines = append(lines, fmt.Sprintf("%d-%d", span.First, span.Last))
	}
	return strings.Join(lines, " ")
}

// testSpans commits spans with articles and outcomes, and replaces them.
func testSpans(t *testing.T, b backend) {
	dsn := b.newDSN(t)
	s := reopen(t, dsn)
	if got := spansOf(t, s, "ARTICLES"); got != "" {
		t.Errorf("a new store has the spans %q", got)
	}
	for _, statement := range b.refusePoison {
		b.execute(t, dsn, statement)
	}
	created := time.Date(2026, 3, 1, 2, 3, 4, 567_891_234, time.UTC)
	span := func(first, last uint64) store.Span {
		return store.Span{Stream: "ARTICLES", Created: created, First: first, Last: last}
	}
	poison := article("refused", "poison", "text", noon)
	for i, articles := range [][]*datelinev1.Article{
		{article("a", "A", "text of a", noon)}, // 1 to 3
		{poison},                               // 11 to 13: nothing is stored
		{{Id: "invalid"}},                      // 21 to 23: nor here
		{article("b", "B", "text of b", noon), poison},
	} {
		first := uint64(10*i + 1)
		if _, err := s.Put(t.Context(), articles, span(first, first+2), span(first+1, first+4)); err != nil {
			t.Fatal(err)
		}
	}
	if got := spansOf(t, s, "ARTICLES"); got != "1-5 11-15 21-25 31-35" {
		t.Errorf("spans of articles: %s", got)
	}
	o := &datelinev1.Outcome{Stage: datelinev1.Stage_STAGE_FETCH, InputId: "1"}
	if err := s.Record(t.Context(), []*datelinev1.Outcome{o},
		store.Span{Stream: "OUTCOMES", Created: created, First: 7, Last: 7}); err != nil {
		t.Fatal(err)
	}
	if got := spansOf(t, s, "OUTCOMES"); got != "7-7" {
		t.Errorf("spans of outcomes: %s", got)
	}
	old, err := s.Spans(t.Context(), "ARTICLES")
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(old, func(s store.Span) bool { return s.Created.Equal(created) }) {
		t.Errorf("the spans have lost when the stream was created: %v", old)
	}
	if _, err := s.Put(t.Context(), nil, span(40, 40)); err != nil { // meanwhile
		t.Fatal(err)
	}
	for range 2 { // as two programs at the same time
		if err := s.ReplaceSpans(t.Context(), old, []store.Span{span(1, 35)}); err != nil {
			t.Fatal(err)
		}
	}
	s = reopen(t, dsn)
	if got := spansOf(t, s, "ARTICLES") + " " + spansOf(t, s, "OUTCOMES"); got != "1-35 40-40 7-7" {
		t.Errorf("after replacing the spans: %s", got)
	}
}

// testSpansOfOlderStore verifies that the migration marks what an older version has
// committed.
func testSpansOfOlderStore(t *testing.T, b backend) {
	for _, used := range []bool{false, true} {
		dsn := b.newDSN(t)
		s := reopen(t, dsn)
		if used {
			put(t, s, article("a", "A", "text of a", noon))
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		for _, statement := range b.downgradeTo8 {
			b.execute(t, dsn, statement)
		}
		b.execute(t, dsn, `DELETE FROM goose_db_version WHERE version_id > 8`)
		spans, err := reopen(t, dsn).Spans(t.Context(), "OUTCOMES")
		if err != nil {
			t.Fatal(err)
		}
		if isMarked := len(spans) == 1 && spans[0].Created.IsZero(); isMarked != used {
			t.Errorf("used: %t; the migrated store has the spans %v", used, spans)
		}
	}
}

func TestUnion(t *testing.T) {
	for _, test := range []struct{ spans, want string }{
		{"", ""},
		{"5-7", "5-7"},
		{"5-7 1-2", "1-2 5-7"},
		{"5-7 1-4", "1-7"},
		{"1-9 2-3 4-12", "1-12"},
		{"3-3 1-1 2-2 2-2", "1-3"},
	} {
		var spans []store.Span
		for _, field := range strings.Fields(test.spans) {
			var s store.Span
			if _, err := fmt.Sscanf(field, "%d-%d", &s.First, &s.Last); err != nil {
				t.Fatal(err)
			}
			spans = append(spans, s)
		}
		var got []string
		for _, s := range store.Union(spans) {
			got = append(got, fmt.Sprintf("%d-%d", s.First, s.Last))
		}
		if strings.Join(got, " ") != test.want {
			t.Errorf("%s: %v, want %s", test.spans, got, test.want)
		}
	}
}
