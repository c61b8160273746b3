package library_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/library"
	"github.com/dateline-news/dateline/services/indexer/store"
	"github.com/dateline-news/dateline/services/indexer/storetest"
)

// The history of a URL begins with the polls of the listings that named it, each of which is there once.
func TestHistory(t *testing.T) {
	s, err := store.Open(t.Context(), storetest.SQLite(t))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	noon := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	var all []*datelinev1.Outcome
	for i, o := range []*datelinev1.Outcome{
		{InputId: "poll", Url: "https://a.example/feed", RequestId: "p1"},
		{InputId: "other poll", Url: "https://a.example/feed", RequestId: "p2"},
		{InputId: "intake", Url: "https://a.example/1", RequestId: "r1", OriginRequestId: "p1"},
		{InputId: "fetch", Url: "https://a.example/1", RequestId: "r1", OriginRequestId: "p1"},
		{InputId: "by hand", Url: "https://a.example/2", RequestId: "r2"},
	} {
		o.Stage, o.Verdict = datelinev1.Stage_STAGE_FETCH, datelinev1.Verdict_VERDICT_PRODUCED
		o.Host, o.Time = "a.example", timestamppb.New(noon.Add(time.Duration(i)*time.Second))
		all = append(all, o)
	}
	if err := s.Record(t.Context(), all); err != nil {
		t.Fatal(err)
	}
	for url, want := range map[string][]string{
		"https://a.example/1": {"poll", "intake", "fetch"}, "https://a.example/2": {"by hand"}, "https://a.example/3": nil,
	} {
		found, err := library.History(t.Context(), s, url)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, o := range found {
			got = append(got, o.GetInputId())
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: the history is %q, want %q", url, got, want)
		}
	}
}

func TestExpiredNote(t *testing.T) {
	since := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	before, after := &store.Hit{FirstSeen: since.Add(-1)}, &store.Hit{FirstSeen: since}
	for name, c := range map[string]struct {
		since   time.Time
		article *store.Hit
		known   bool
		want    string
	}{
		"nothing has expired":   {time.Time{}, before, false, ""},
		"an older article":      {since, before, true, "the article was first stored on 2026-02-28"},
		"a newer article":       {since, after, true, ""},
		"only outcomes":         {since, nil, true, ""},
		"nothing is known":      {since, nil, false, "Outcomes from before 2026-03-01 have expired"},
		"a newer article alone": {since, after, false, ""},
	} {
		got := library.ExpiredNote(c.since, c.article, c.known)
		if (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
