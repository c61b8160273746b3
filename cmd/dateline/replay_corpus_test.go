package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/dateline-news/dateline/cmd/dateline/internal/replay"
	"github.com/dateline-news/dateline/internal/corpus"
	"github.com/dateline-news/dateline/internal/warctest"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// TestReplayOfCorpus ingests real pages, alters every seventh record, and compares all of
// them with their pages. Exactly the altered ones may differ.
func TestReplayOfCorpus(t *testing.T) {
	dir := os.Getenv("DATELINE_CORPUS")
	if dir == "" {
		t.Skip("DATELINE_CORPUS is not set: \"make corpus\" runs this test on the folder of its sets")
	}
	t.Parallel()
	const step, altered = 10, 7
	c, err := corpus.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	var records []warctest.Record
	for i, page := range c.Pages() {
		if i%step != 0 {
			continue
		}
		body, err := page.HTML()
		if err != nil {
			t.Fatal(err)
		}
		url := fmt.Sprintf("https://www.harbour.example/%d", i)
		records = append(records, warctest.Page(fmt.Sprint(i), url, captured, body))
	}
	file := archiveOf(t, records...)
	s := &archivedSite{url: "https://www.harbour.example", dir: t.TempDir()}
	s.flags = []string{"--data", s.dir, "--data-min-free=0"}
	code, out, errText := dateline(t, slices.Concat([]string{"ingest"}, s.flags, []string{file})...)
	if code != 0 {
		t.Fatal(out, errText)
	}
	st := openStore(t, s.dir)
	var want []string
	articles := 0
	for i, r := range records {
		name := r.URI[strings.LastIndexByte(r.URI, '/')+1:]
		hit, err := st.Article(t.Context(), r.URI)
		if err != nil || hit.Article.GetFinalUrl() != r.URI {
			continue // refused, or a copy under another URL
		}
		if articles++; i%altered == 0 {
			s.alterIn(t, st, name, func(a *datelinev1.Article) { a.Title += " before" })
			want = append(want, name)
		}
	}
	lines, summary, _ := s.replay(t, file)
	var got []string
	for name, line := range lines {
		switch line.Status {
		case replay.Differs:
			got = append(got, line.URL[strings.LastIndexByte(line.URL, '/')+1:])
			if fieldsOf(line) != "title" && !slices.Contains(want, name) {
				t.Errorf("%s differs in %s: %+v", name, fieldsOf(line), line.Differences)
			}
		case replay.StillRefused, replay.Superseded:
		default:
			t.Errorf("%s: %+v", name, line)
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	t.Logf("%d pages, %d articles, %d altered, results %v", len(records), articles, len(want), summary.Statuses)
	if !slices.Equal(got, want) {
		t.Errorf("%d records differ, want the %d altered ones", len(got), len(want))
	}
}
