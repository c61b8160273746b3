package api

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// TestLimitsOfFilters has as many and as long filters as allowed, and one more.
func TestLimitsOfFilters(t *testing.T) {
	values := func(n int) (all []string) {
		for i := range n {
			all = append(all, fmt.Sprint("tag", i))
		}
		return all
	}
	for name, c := range map[string]struct {
		filters Filters
		valid   bool
	}{
		"nothing":           {Filters{}, true},
		"most values":       {Filters{Q: "ferry", Tag: values(48), Host: []string{"a.test", ""}}, true},
		"too many values":   {Filters{Q: "ferry", Tag: values(48), Host: []string{"a.test", "b.test"}}, false},
		"most bytes":        {Filters{Q: strings.Repeat("x", 7999), Host: []string{"a"}}, true},
		"too many bytes":    {Filters{Q: strings.Repeat("x", 7999), Host: []string{"ab"}}, false},
		"access":            {Filters{Access: []string{"free", "paywalled"}}, true},
		"unknown access":    {Filters{Access: []string{"cheap"}}, false},
		"label":             {Filters{Label: []string{"desk=a"}}, true},
		"label without a =": {Filters{Label: []string{"desk"}}, false},
		"times":             {Filters{Since: "2026-11-25", Before: "2026-11-26T08:00:00Z"}, true},
		"invalid since":     {Filters{Since: "today"}, false},
		"invalid from":      {Filters{From: "today"}, false},
		"invalid before":    {Filters{Before: "today"}, false},
	} {
		if _, err := c.filters.Query(); (err == nil) != c.valid {
			t.Errorf("%s: %v, want valid: %t", name, err, c.valid)
		}
		if _, err := c.filters.query(); (err == nil) != c.valid {
			t.Errorf("%s: the response is %v, want valid: %t", name, err, c.valid)
		}
	}
	got, err := Filters{Since: "2026-11-25", From: "2026-11-01", Before: "2026-11-26", Order: "rank"}.Query()
	day := time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC)
	if err != nil || !got.Filter.From.Equal(day) || !got.Filter.Before.Equal(day.AddDate(0, 0, 1)) || !got.ByRank {
		t.Errorf("the query is %+v, %v", got, err)
	}
}

// TestChooseRevisions chooses among the revisions 3, 1, 2 and 4, which were fetched in this order. The text of revision
// 2 is deleted.
func TestChooseRevisions(t *testing.T) {
	revision := func(number int) store.Revision {
		return store.Revision{Number: number, Article: &datelinev1.Article{Title: fmt.Sprint(number)}}
	}
	all := []store.Revision{revision(3), revision(1), revision(2), revision(4)}
	all[2].TextRemoved = time.Unix(1, 0)
	for _, c := range []struct {
		revisions []store.Revision
		from, to  int
		want      string // the numbers, or the error
	}{
		{all, 3, 4, "3 4"},
		{all, 4, 3, "4 3"},
		{all, 0, 1, "3 1"},
		{all, 1, 0, "1 4"},
		{all, 0, 0, "nothing to compare"}, // its text is deleted
		{all, 3, 2, "nothing to compare"},
		{all, 0, 3, "revision 3 is the first"},
		{all, 5, 4, "no revision 5"},
		{all, 3, 5, "no revision 5"},
		{all[:2], 0, 0, "3 1"},
		{all[:1], 0, 0, "only one revision"},
		{nil, 0, 0, "only one revision"},
	} {
		before, after, err := ChooseRevisions(c.revisions, c.from, c.to)
		got := fmt.Sprint(before.Number, " ", after.Number)
		if err != nil {
			got = err.Error()
		}
		if !strings.Contains(got, c.want) || (err == nil) != (got == c.want) {
			t.Errorf("%d revisions, from %d to %d: %s, want %s", len(c.revisions), c.from, c.to, got, c.want)
		}
	}
}

// TestTextsOfFeeds has texts that are as long as in a feed, or longer, and articles without a time or a summary.
func TestTextsOfFeeds(t *testing.T) {
	for text, want := range map[string]string{
		strings.Repeat("x", 1000):            strings.Repeat("x", 1000),
		strings.Repeat("x", 1001):            strings.Repeat("x", 1000) + " …",
		"a " + strings.Repeat("x", 1000):     "a …",
		"a\n" + strings.Repeat("x", 1000):    "a …",
		" " + strings.Repeat("x", 1000):      " " + strings.Repeat("x", 999) + " …",
		"x" + strings.Repeat("é", 500):       "x" + strings.Repeat("é", 499) + " …",
		strings.Repeat("xyz ", 249) + "xyz1": strings.Repeat("xyz ", 249) + "xyz1",
	} {
		if got := cutText(text); got != want {
			t.Errorf("%d bytes are cut to %q", len(text), got)
		}
	}
	at := func(hours int) time.Time { return time.Date(2026, 3, 4, hours, 0, 0, 0, time.UTC) }
	hit := func(seen int) store.Hit { return store.Hit{FirstSeen: at(seen), Article: &datelinev1.Article{}} }
	dated := hit(5)
	dated.Article.Published = &datelinev1.PublicationTime{Value: timestamppb.New(at(2))}
	dated.Article.Summary, dated.Article.Language = "A summary.", "und"
	dated.Snippet.Text = "A snippet."
	if got := newest([]store.Hit{hit(3), dated, hit(4)}); !got.Equal(at(5)) {
		t.Errorf("the newest article was seen at %v, want %v", got, at(5))
	}
	if got := newest(nil); got.Unix() != 0 {
		t.Errorf("without articles, the newest was seen at %v", got)
	}
	if got := []time.Time{published(dated), published(hit(3))}; !slices.EqualFunc(got, []time.Time{at(2), at(3)},
		time.Time.Equal) {
		t.Errorf("published at %v", got)
	}
	if got := summaryOf(dated) + languageOf(dated.Article); got != "A summary." {
		t.Errorf("the summary and the language are %q", got)
	}
	dated.Article.Summary, dated.Article.Language = "", "en"
	if got := summaryOf(dated) + languageOf(dated.Article); got != "A snippet.en" {
		t.Errorf("the summary and the language are %q", got)
	}
	for want, in := range map[string]feedInput{
		"Dateline": {}, "Dateline: ferry": {Filters: Filters{Q: "ferry"}},
		"News": {Title: "News", Filters: Filters{Q: "ferry"}},
	} {
		if got := in.title(); got != want {
			t.Errorf("the title is %q, want %q", got, want)
		}
	}
}
