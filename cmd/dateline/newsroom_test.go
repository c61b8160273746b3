package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/dateline-news/dateline/cmd/dateline/internal/newsroom"
	"github.com/dateline-news/dateline/internal/outcome"
)

// reasonsOf returns the reasons with which a URL of the newsroom may end. It is empty
// for URLs that lead to an article.
func reasonsOf(v newsroom.Verdict) []outcome.Reason {
	return map[newsroom.Verdict][]outcome.Reason{
		newsroom.IsMissing: {outcome.NotFound},
		newsroom.IsDenied:  {outcome.RobotsDenied},
		newsroom.IsOther:   {outcome.NotHTML},
		newsroom.IsCut:     {outcome.Reset},
		newsroom.IsEndless: {outcome.TooManyRedirects},
		newsroom.IsList:    {outcome.NoArticle},
		newsroom.IsTorn:    {outcome.Empty, outcome.BrokenEncoding, outcome.NoArticle},
	}[v]
}

// TestNewsroom ingests the made-up newsroom. Every URL must end as the newsroom expects.
func TestNewsroom(t *testing.T) {
	t.Parallel()
	room, err := newsroom.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer room.Close()
	dir := t.TempDir()
	code, ends := ingest(t, dir, urlFile(t, room.URLs()))
	if code != 1 {
		t.Errorf("exit code %d, want 1 because some URLs lead to no article", code)
	}
	articles := map[string]bool{}
	for _, want := range room.Expectations() {
		if got := ends[want.URL]; len(got) != 1 {
			t.Errorf("%s ended %d times, want once", want.URL, len(got))
		} else {
			checkEnd(t, want, got[0])
		}
		if want.Article != nil {
			articles[want.Canonical] = true
		}
	}
	stats, err := openStore(t, dir).Stats(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if int(stats.Articles) != len(articles) {
		t.Errorf("%d articles are stored, want %d", stats.Articles, len(articles))
	}
	checkLedger(t, dir, 0)
}

// checkEnd checks how a URL of the newsroom ended.
func checkEnd(t *testing.T, want newsroom.Expectation, got end) {
	t.Helper()
	if want.Article == nil {
		if !slices.Contains(reasonsOf(want.Want), got.Reason) {
			t.Errorf("%s (%s) ended with %s/%s", want.URL, want.Want, got.Verdict, got.Reason)
		}
		return
	}
	if got.Article == nil {
		t.Errorf("%s (%s) led to no article: %s %s", want.URL, want.Want, got.Reason, got.Detail)
		return
	}
	for _, paragraph := range want.Article.Paragraphs() {
		if !strings.Contains(got.Article.Text, paragraph) {
			t.Errorf("%s: the text lacks %.60q", want.URL, paragraph)
		}
	}
}
