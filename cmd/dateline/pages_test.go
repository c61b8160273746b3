package main

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/outcome"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// pagedStory is a story of the test site. Its pages have numbers in the query.
type pagedStory struct {
	pages int
	dead  int  // the page that does not exist, or 0
	soft  bool // announce that with the status of a success
	next  bool // link only the next page
}

var pagedStories = map[string]pagedStory{
	"/three":   {pages: 3},
	"/chain":   {pages: 4, next: true},
	"/dead":    {pages: 3, dead: 2},
	"/broken":  {pages: 4, dead: 3},
	"/soft":    {pages: 4, dead: 4, soft: true, next: true},
	"/endless": {pages: 1000, next: true},
	"/single":  {pages: 1},
}

// joined returns the number of pages that the stored article has in the end.
func (s pagedStory) joined() int {
	if s.dead > 0 {
		return s.dead - 1
	}
	return min(s.pages, 20)
}

// sentence returns a paragraph that only one page has.
func sentence(path string, number int) string {
	return fmt.Sprintf("Chapter %d of %s tells how the crew repaired mast %d before the storm reached the bay, "+
		"and what the harbour master wrote about it that evening.", number, path[1:], number)
}

// shared is a paragraph that all pages repeat.
const shared = "This report was made over two years by reporters in nine harbours, who read four thousand letters."

func (s pagedStory) page(path string, number int) string {
	links := fmt.Sprintf(`<a href="%s/print">Print</a> <a href="/other">Another story</a>`, path)
	if s.next && number < s.pages {
		links += fmt.Sprintf(`<a rel="next" href="%s?page=%d">Next page</a>`, path, number+1)
	}
	for n := 1; !s.next && n <= s.pages; n++ {
		links += fmt.Sprintf(` <a href="%s?page=%d">%d</a>`, path, n, n)
	}
	return "<!doctype html><html lang=en><head><title>The long voyage of " + path[1:] + "</title></head><body><article>" +
		"<h1>The long voyage of " + path[1:] + "</h1><p>" + shared + "</p><p>" + sentence(path, number) + "</p><p>" +
		strings.Replace(sentence(path, number), "Chapter", "The end of chapter", 1) + "</p></article><nav>" + links +
		"</nav></body></html>"
}

func servePages(w http.ResponseWriter, r *http.Request) {
	number, err := strconv.Atoi(r.FormValue("page"))
	if err != nil {
		number = 1
	}
	story, ok := pagedStories[r.URL.Path]
	if ok && story.soft && number == story.dead {
		fmt.Fprint(w, "<!doctype html><title>Not found</title><h1>Not found</h1><p>The page does not exist.")
		return
	}
	if !ok || number == story.dead {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	fmt.Fprint(w, story.page(r.URL.Path, number))
}

// checkPaged checks that the article of a story has the given number of pages, each once
// and in order, in the newest of a number of revisions.
func checkPaged(t *testing.T, s store.Store, url, path string, pages, revisions int, complete bool) {
	t.Helper()
	id := checkJoined(t, s, url, path, pages, complete)
	all, err := s.Revisions(t.Context(), id)
	if err != nil || len(all) != revisions {
		t.Errorf("%s has %d revisions (%v), want %d", path, len(all), err, revisions)
	}
}

// checkJoined is checkPaged without the revisions. It returns the id of the article.
func checkJoined(t *testing.T, s store.Store, url, path string, pages int, complete bool) (id string) {
	t.Helper()
	hit, err := s.Article(t.Context(), url)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	a := hit.Article
	at := 0
	for n := 1; n <= pages; n++ {
		i := strings.Index(a.GetText()[at:], sentence(path, n))
		if i < 0 {
			t.Fatalf("%s: page %d is missing or out of order in:\n%s", path, n, a.GetText())
		}
		at += i + 1
	}
	if strings.Contains(a.GetText(), fmt.Sprintf("Chapter %d of", pages+1)) || strings.Count(a.GetText(), shared) != 1 {
		t.Errorf("%s has a page too many, or a passage not once:\n%s", path, a.GetText())
	}
	if a.GetComplete() != complete || pages > 1 && len(a.GetPageUrls()) != pages {
		t.Errorf("%s: complete is %v, joined from %q, want %v and %d pages",
			path, a.GetComplete(), a.GetPageUrls(), complete, pages)
	}
	return a.GetId()
}

// checkStories checks what is stored of all stories, with their other pages. A joined story has two
// revisions. After a kill, the record of the first page can come after the joined one, and then
// adds no revision.
func checkStories(t *testing.T, dir, origin string, killed bool) {
	t.Helper()
	s := openStore(t, dir)
	for path, want := range map[string]struct {
		pages    int
		complete bool
	}{
		"/three": {3, true}, "/chain": {4, true}, "/dead": {1, false}, "/broken": {2, false}, "/soft": {3, false},
		"/endless": {20, false}, "/single": {1, true},
	} {
		id := checkJoined(t, s, origin+path, path, want.pages, want.complete)
		all, err := s.Revisions(t.Context(), id)
		if n := min(want.pages, 2); err != nil || len(all) > n || len(all) < n && !killed {
			t.Errorf("%s has %d revisions (%v), want %d", path, len(all), err, n)
		}
	}
	if stats, err := s.Stats(t.Context()); err != nil || int(stats.Articles) != len(pagedStories) {
		t.Errorf("%d articles are stored (%v), want %d: other pages are not articles",
			stats.Articles, err, len(pagedStories))
	}
}

func storyURLs(origin string) []string {
	var urls []string
	for path := range pagedStories {
		urls = append(urls, origin+path)
	}
	return urls
}

// finishPages runs a pipeline on a data folder until all pages are joined and each record has an
// outcome of the indexer. After a kill, the record of a first page can come after the joined one.
func finishPages(t *testing.T, dir, origin string) {
	t.Helper()
	cfg := testConfig(dir)
	allowLoopback(&cfg)
	p := runPipeline(t, cfg, slog.New(slog.DiscardHandler))
	defer p.stop()
	natstest.Eventually(t, "the joined records", func() bool {
		for path, story := range pagedStories {
			hit, err := p.Store.Article(t.Context(), origin+path)
			if err != nil && !errors.Is(err, store.ErrNotFound) {
				t.Fatal(err)
			}
			if pages := story.joined(); err != nil || pages > 1 && len(hit.Article.GetPageUrls()) != pages {
				return false
			}
		}
		return recordsToEnd(t, p.Store) == 0
	})
	if err := p.Settle(t.Context(), natstest.Patience(t)); err != nil {
		t.Error(err)
	}
}

// recordsToEnd returns the number of records that have no outcome of the indexer.
func recordsToEnd(t *testing.T, s store.Store) (open int64) {
	t.Helper()
	tally, err := s.Tally(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range tally {
		switch {
		case line.Stage == datelinev1.Stage_STAGE_INDEX:
			open -= line.Count
		case line.Stage == datelinev1.Stage_STAGE_EXTRACT && line.Verdict == datelinev1.Verdict_VERDICT_PRODUCED &&
			line.Reason != string(outcome.Continued):
			open += line.Count
		}
	}
	return open
}

func TestPagesAreFollowedAndJoined(t *testing.T) {
	t.Parallel()
	site := httptest.NewServer(http.HandlerFunc(servePages))
	t.Cleanup(site.Close)
	dir := t.TempDir()
	ingest(t, dir, "--extractor-follow", urlFile(t, storyURLs(site.URL)))
	finishPages(t, dir, site.URL)
	checkStories(t, dir, site.URL, false)
	// Besides the first pages: 2, 3, 1 (dead), 2 (broken), 3 (soft) and 19 others.
	got := checkLedger(t, dir, 0)
	if n := got[datelinev1.Stage_STAGE_FETCH].all; n != int64(len(pagedStories)+30) {
		t.Errorf("%d pages were requested, want %d", n, len(pagedStories)+30)
	}
	_, out, _ := dateline(t, "explain", "--data-dir", dir, site.URL+"/three?page=2")
	if !strings.Contains(out, "continued") || !strings.Contains(out, "/three?page=3") {
		t.Errorf("the explanation of the second page lacks the request for the third:\n%s", out)
	}
}

func TestPagesAreNotFollowedUnlessWanted(t *testing.T) {
	t.Parallel()
	site := httptest.NewServer(http.HandlerFunc(servePages))
	t.Cleanup(site.Close)
	dir := t.TempDir()
	ingest(t, dir, site.URL+"/three")
	finish(t, dir)
	checkPaged(t, openStore(t, dir), site.URL+"/three", "/three", 1, 1, false)
}

func TestExtractFollows(t *testing.T) {
	t.Parallel()
	site := httptest.NewServer(http.HandlerFunc(servePages))
	t.Cleanup(site.Close)
	extract := func(path string) (int, string, string) {
		args := append([]string{"extract", "--follow", "--format", "text"}, loopback...)
		return dateline(t, append(args, site.URL+path)...)
	}
	if code, out, errs := extract("/three"); code != 0 || !strings.Contains(out, sentence("/three", 3)) {
		t.Errorf("exit code %d, want the text of three pages: %s%s", code, out, errs)
	}
	code, out, errs := extract("/dead")
	if code == 0 || !strings.Contains(out, sentence("/dead", 1)) || !strings.Contains(errs, "page 2") {
		t.Errorf("exit code %d, want the first page, and that the second is missing: %s%s", code, out, errs)
	}
}

// TestKilledWhileFollowing kills the process again and again. No page may be lost, and
// no step that is repeated may add an article or a revision.
func TestKilledWhileFollowing(t *testing.T) {
	if testing.Short() {
		t.Skip("this test starts and kills a process again and again: run without -short")
	}
	t.Parallel()
	counted := &countedSite{
		handler: http.HandlerFunc(servePages), requests: map[string]int{}, requested: make(chan struct{}, 1),
	}
	site := httptest.NewServer(counted)
	t.Cleanup(site.Close)
	dir := t.TempDir()
	args := append([]string{"ingest", "--json", "--data", dir, "--extractor-follow"}, loopback...)
	args = append(args, "--fetcher-delay=50ms", urlFile(t, storyURLs(site.URL)))
	for i := range killsWanted(t) {
		killOnce(t, args, counted.requested, i%3 == 0)
	}
	var errText bytes.Buffer
	last := program(natstest.Context(t), t, args...)
	last.Stderr = &errText
	if err := last.Run(); err != nil && last.ProcessState.ExitCode() != 1 {
		t.Fatalf("last run: %v\n%s", err, errText.String())
	}
	finishPages(t, dir, site.URL)
	checkStories(t, dir, site.URL, true)
	checkLedger(t, dir, 0)
}
