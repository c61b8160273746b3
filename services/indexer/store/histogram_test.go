package store_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// barsOf returns the histogram of all articles as its step and the bars that are not
// empty.
func barsOf(t *testing.T, s store.Store) string {
	t.Helper()
	facets, err := s.Facets(t.Context(), store.Query{})
	if err != nil {
		t.Fatal(err)
	}
	all := []string{facets.Times.Step.String()}
	if n := len(facets.Times.Bars); n > 0 && (facets.Times.Bars[0].Count == 0 || facets.Times.Bars[n-1].Count == 0) {
		t.Errorf("the histogram begins or ends with an empty bar: %v", facets.Times.Bars)
	}
	for i, bar := range facets.Times.Bars {
		if i > 0 && !bar.From.Equal(facets.Times.Bars[i-1].Before) {
			t.Errorf("bar %d begins at %v and the one before ends at %v", i, bar.From, facets.Times.Bars[i-1].Before)
		}
		if bar.Count > 0 {
			from := "older"
			if !bar.From.IsZero() {
				from = bar.From.Format("2006-01-02T15:04")
			}
			all = append(all, fmt.Sprintf("%s=%d", from, bar.Count))
		}
	}
	return strings.Join(all, " ")
}

func testHistogram(t *testing.T, b backend) {
	at := func(text string) time.Time {
		parsed, err := time.Parse("2006-01-02T15:04:05", text)
		if err != nil {
			t.Fatal(err)
		}
		return parsed
	}
	for _, c := range []struct{ times, want string }{
		{"", "minute"},
		{"2026-03-04T12:00:59", "minute 2026-03-04T12:00=1"},
		{"2026-03-04T12:00:00 2026-03-04T12:00:59 2026-03-04T12:58:00", "minute 2026-03-04T12:00=2 2026-03-04T12:58=1"},
		{"2026-03-04T12:00:00 2026-03-04T15:01:00", "5 minutes 2026-03-04T12:00=1 2026-03-04T15:00=1"},
		{"2026-03-04T12:00:00 2026-03-05T12:00:00", "hour 2026-03-04T12:00=1 2026-03-05T12:00=1"},
		{"2026-01-04T12:00:00 2026-03-04T12:00:00", "day 2026-01-04T00:00=1 2026-03-04T00:00=1"},
		{"2026-01-04T12:00:00 2026-11-04T12:00:00", "week 2025-12-29T00:00=1 2026-11-02T00:00=1"},
		{"2024-02-29T12:00:00 2026-11-30T12:00:00", "month 2024-02-01T00:00=1 2026-11-01T00:00=1"},
		{"2015-05-29T12:00:00 2026-11-30T12:00:00", "quarter 2015-04-01T00:00=1 2026-10-01T00:00=1"},
		{"1969-05-29T12:00:00 2026-11-30T12:00:00", "year 1969-01-01T00:00=1 2026-01-01T00:00=1"},
		{"1843-05-29T12:00:00 2026-11-30T12:00:00", "decade 1840-01-01T00:00=1 2020-01-01T00:00=1"},
		{"0801-05-29T12:00:00 2026-11-30T12:00:00", "century 0800-01-01T00:00=1 2000-01-01T00:00=1"},
		{"1953-01-31T00:00:00 1953-02-01T00:00:00" + strings.Repeat(" 2026-03-04T12:00:00", 98) + " 2026-03-04T12:30:00",
			"minute older=2 2026-03-04T12:00=98 2026-03-04T12:30=1"},
	} {
		s := b.open(t)
		var all []*datelinev1.Article
		for i, text := range strings.Fields(c.times) {
			one := article(fmt.Sprint("at", i), "T", "t", after(24*365*10))
			one.Published = &datelinev1.PublicationTime{Value: timestamppb.New(at(text))}
			all = append(all, one)
		}
		put(t, s, all...)
		if got := barsOf(t, s); got != c.want {
			t.Errorf("histogram of %.60s:\n got %s\nwant %s", c.times, got, c.want)
		}
	}
}
