package store_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/store"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// wantRevisions checks the titles of an article's revisions and when each was
// first and last seen, in hours after noon.
func wantRevisions(t *testing.T, s store.Store, id string, want ...string) {
	t.Helper()
	revisions, err := s.Revisions(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range revisions {
		got = append(got, fmt.Sprintf("%d %s %v-%v", r.Number, r.Article.GetTitle(),
			r.FirstSeen.Sub(noon).Hours(), r.LastSeen.Sub(noon).Hours()))
	}
	if strings.Join(got, "; ") != strings.Join(want, "; ") {
		t.Errorf("revisions %q, want %q", got, want)
	}
}

func after(hours int) time.Time { return noon.Add(time.Duration(hours) * time.Hour) }

func testStatuses(t *testing.T, b backend) {
	s := b.open(t)
	first, other := article("a", "First", "One.", after(0)), article("b", "Other", "Two.", after(0))
	wantStatuses(t, put(t, s, first, other), store.New, store.New)

	again := article("a", "First", "One.", after(1))
	again.Summary = "Now with a summary."
	wantStatuses(t, put(t, s, again), store.Unchanged)
	wantArticle(t, s, "id-a", again)
	wantRevisions(t, s, "id-a", "1 First 0-1")

	changed := article("a", "Second", "One.", after(2))
	wantStatuses(t, put(t, s, changed), store.Changed)
	wantArticle(t, s, "id-a", changed)
	wantArticle(t, s, "id-b", other)

	// What goes back to an earlier text has changed once more.
	back := article("a", "First", "One.", after(3))
	wantStatuses(t, put(t, s, back), store.Changed)
	wantRevisions(t, s, "id-a", "1 First 0-1", "2 Second 2-2", "3 First 3-3")
	wantStats(t, s, 2, 4)

	if _, err := s.Article(t.Context(), "id-unknown"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("an unknown article gives %v", err)
	}
	wantRevisions(t, s, "id-unknown")
	if results, err := s.Put(t.Context(), nil); err != nil || len(results) != 0 {
		t.Errorf("an empty batch gives %v, %v", results, err)
	}
}

func testRedelivery(t *testing.T, b backend) {
	s := b.open(t)
	history := []*datelinev1.Article{
		article("a", "First", "x", after(0)), article("a", "Second", "x", after(1)), article("a", "First", "x", after(2)),
	}
	for i, a := range history {
		a.ContentHash = "a hash of \"any\" form\n" + a.GetTitle() + fmt.Sprint(i%2) // the store does not know how extractors make them
	}
	put(t, s, history...)
	want := []string{"1 First 0-0", "2 Second 1-1", "3 First 2-2"}
	wantRevisions(t, s, "id-a", want...)
	for _, a := range history {
		wantStatuses(t, put(t, s, a), store.Unchanged)
	}
	wantStatuses(t, put(t, s, history...), store.Unchanged, store.Unchanged, store.Unchanged)
	wantRevisions(t, s, "id-a", want...)
	wantArticle(t, s, "id-a", history[2])

	// The extractor got a page again: a later record of the same fetch.
	extracted := proto.CloneOf(history[1])
	extracted.ExtractTime = timestamppb.New(after(9))
	wantStatuses(t, put(t, s, extracted), store.Unchanged)
	wantRevisions(t, s, "id-a", want...)
}

func testOutOfOrder(t *testing.T, b backend) {
	s := b.open(t)
	newest := article("a", "Newest", "x", after(5))
	put(t, s, newest)
	late := article("a", "Late", "x", after(2))
	wantStatuses(t, put(t, s, late), store.Outdated)
	wantArticle(t, s, "id-a", newest)
	wantNames(t, "late", find(t, s, "late"))
	wantNames(t, "newest", find(t, s, "newest"), "a")
	wantStatuses(t, put(t, s, late), store.Unchanged)
	wantRevisions(t, s, "id-a", "2 Late 2-2", "1 Newest 5-5")

	// An older fetch of the same content leaves the newer metadata.
	older := article("a", "Newest", "x", after(4))
	older.Section = "Old section"
	wantStatuses(t, put(t, s, older), store.Unchanged)
	wantArticle(t, s, "id-a", newest)

	// The same page extracted by a newer extractor replaces the record, and
	// the older extraction does not come back.
	better := article("a", "Better extracted", "x", after(5))
	better.ExtractTime = timestamppb.New(after(6))
	wantStatuses(t, put(t, s, better), store.Changed)
	wantStatuses(t, put(t, s, newest), store.Unchanged)
	wantArticle(t, s, "id-a", better)
}

func testSameArticleInBatch(t *testing.T, b backend) {
	s := b.open(t)
	first, second := article("a", "First", "x", after(0)), article("a", "Second", "x", after(1))
	other := article("b", "Other", "x", after(0))
	// Two articles claim one URL in one statement.
	other.RequestedUrl = "https://example.com/shared"
	second.RequestedUrl = "https://example.com/shared"
	wantStatuses(t, put(t, s, second, first, other, second, first),
		store.New, store.Outdated, store.New, store.Unchanged, store.Unchanged)
	wantArticle(t, s, "id-a", second)
	wantArticle(t, s, "https://example.com/shared", second)
	wantRevisions(t, s, "id-a", "2 First 0-0", "1 Second 1-1")
	wantStats(t, s, 2, 3)
}

func testAliases(t *testing.T, b backend) {
	s := b.open(t)
	a := article("a", "A", "x", after(1))
	a.RequestedUrl, a.FinalUrl = "https://sho.rt/1", "https://example.com/a?page=all"
	put(t, s, a)
	for _, name := range []string{"id-a", "https://example.com/a", "https://sho.rt/1", "https://example.com/a?page=all"} {
		wantArticle(t, s, name, a)
	}
	// A short link leads elsewhere now; an older fetch does not turn it back.
	moved := article("b", "B", "x", after(2))
	moved.RequestedUrl = "https://sho.rt/1"
	put(t, s, moved)
	wantArticle(t, s, "https://sho.rt/1", moved)
	put(t, s, a)
	wantArticle(t, s, "https://sho.rt/1", moved)
	// An article's own URL leads to it, whoever was reached through it later.
	astray := article("c", "C", "x", after(3))
	astray.RequestedUrl = a.GetCanonicalUrl()
	put(t, s, astray)
	wantArticle(t, s, a.GetCanonicalUrl(), a)
}

func testLongURLs(t *testing.T, b backend) {
	s := b.open(t)
	// Random enough that no index can compress it below its limits.
	var long strings.Builder
	for i := range uint64(900) {
		fmt.Fprintf(&long, "%08x", (i+1)*2654435761%4294967291)
	}
	a := article("a", "A", "x", noon)
	a.RequestedUrl = "https://example.com/" + long.String()
	put(t, s, a)
	wantArticle(t, s, a.GetRequestedUrl(), a)
	o := outcome(datelinev1.Stage_STAGE_FETCH, long.String(), noon)
	o.Url, o.RequestId = a.GetRequestedUrl(), long.String()
	if err := s.Record(t.Context(), []*datelinev1.Outcome{o, o}); err != nil {
		t.Fatal(err)
	}
	if got := outcomesOf(t, s, a.GetRequestedUrl()); len(got) != 1 {
		t.Errorf("%d outcomes, want 1", len(got))
	}
}

func testPoison(t *testing.T, b backend) {
	s := b.open(t)
	good := article("good", "Good", "x", noon)
	noID, noURL, noHash := proto.CloneOf(good), proto.CloneOf(good), proto.CloneOf(good)
	noID.Id, noURL.CanonicalUrl, noHash.ContentHash = "", "", ""
	longID := proto.CloneOf(good)
	longID.Id = strings.Repeat("i", 300)
	results, err := s.Put(t.Context(), []*datelinev1.Article{nil, noID, good, noURL, noHash, longID})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"no article", "no id", "", "no canonical URL", "no content hash", "300 bytes"} {
		switch err := results[i].Err; {
		case want == "" && (err != nil || results[i].Status != store.New):
			t.Errorf("record %d: %v, %v; want it stored", i, results[i].Status, err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("record %d: error %v, want %q", i, err, want)
		}
	}
	wantStats(t, s, 1, 1)
}

func testRefusal(t *testing.T, b backend) {
	dsn := b.fresh(t)
	s := reopen(t, dsn)
	for _, statement := range b.refusePoison {
		b.execute(t, dsn, statement)
	}
	before, poison, behind := article("a", "A", "x", noon), article("p", "poison", "x", noon), article("z", "Z", "x", noon)
	results, err := s.Put(t.Context(), []*datelinev1.Article{before, poison, behind})
	if err != nil {
		t.Fatal(err)
	}
	if results[0].Status != store.New || results[2].Status != store.New || results[1].Status != 0 {
		t.Errorf("results %v", results)
	}
	if err := results[1].Err; err == nil || !strings.Contains(err.Error(), "id-p") || !strings.Contains(err.Error(), "poison") {
		t.Errorf("the refused record has the error %v", err)
	}
	wantStats(t, s, 2, 2)
}

func testBrokenText(t *testing.T, b backend) {
	s := b.open(t)
	a := article("broken", "Nul\x00l and broken\xff title", "Body with \x00 and \xc3( in it.", noon)
	a.Host, a.Tags = "exa\x00mple.com", []string{"t\x00ag", "\xfe"}
	a.Authors = []*datelinev1.Author{{Name: "Jo\x00e"}}
	a.Labels = map[string]string{"k\x00ey": "val\xffue"}
	a.Body = []*datelinev1.Block{{Text: "Block\x00"}}
	a.RequestedUrl = "https://example.com/\x00broken"
	want := proto.CloneOf(a)
	wantStatuses(t, put(t, s, a), store.New)
	if !proto.Equal(a, want) {
		t.Error("Put changed the caller's record")
	}
	want.Title, want.Text, want.Host = "Null and broken\uFFFD title", "Body with  and \uFFFD( in it.", "example.com"
	want.Tags, want.Authors[0].Name = []string{"tag", "\uFFFD"}, "Joe"
	want.Labels = map[string]string{"key": "val\uFFFDue"}
	want.Body[0].Text, want.RequestedUrl = "Block", "https://example.com/broken"
	wantArticle(t, s, "id-broken", want)
	wantArticle(t, s, "https://example.com/\x00broken", want)
	wantNames(t, "null", find(t, s, "null"), "broken")
	wantNames(t, "nul\x00l \xff", find(t, s, "nul\x00l \xff"), "broken")
	if _, err := s.Article(t.Context(), "\xff\x00"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a broken name gives %v", err)
	}
}

func testLargeText(t *testing.T, b backend) {
	s := b.open(t)
	var text strings.Builder
	text.WriteString("beginning ")
	for i := 0; text.Len() < 5<<20; i++ {
		fmt.Fprintf(&text, "word%d 東京 ", i%200000)
	}
	large := article("large", strings.Repeat("headline ", 100000), text.String(), noon)
	oneWord := article("one-word", "One word", strings.Repeat("x", 5<<20), noon)
	wantStatuses(t, put(t, s, large, oneWord), store.New, store.New)
	wantArticle(t, s, "id-large", large)
	wantNames(t, "beginning word7", find(t, s, "beginning word7"), "large")
	wantNames(t, "the word itself", find(t, s, strings.Repeat("x", 5<<20)), "one-word")
}

func testConcurrency(t *testing.T, b backend) {
	dsn := b.fresh(t)
	const writers, batches, size = 4, 5, 10
	done := make(chan struct{})
	var writing, reading sync.WaitGroup
	for w := range writers {
		s := reopen(t, dsn) // as another process would
		writing.Go(func() {
			for batch := range batches {
				var articles []*datelinev1.Article
				var outcomes []*datelinev1.Outcome
				for i := range size {
					name := fmtName(fmt.Sprint("w", w), batch*size+i)
					articles = append(articles, article(name, "Common headline", name, noon))
					outcomes = append(outcomes, outcome(datelinev1.Stage_STAGE_INDEX, name, noon))
				}
				results, err := s.Put(t.Context(), articles)
				if err != nil {
					t.Error(err)
				}
				for _, r := range results {
					if r.Err != nil || r.Status != store.New {
						t.Errorf("result %v", r)
					}
				}
				if err := s.Record(t.Context(), outcomes); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for range 2 {
		s := reopen(t, dsn)
		reading.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				page, err := s.Search(t.Context(), store.Query{Text: "common headline", Limit: 1000})
				if err != nil {
					t.Error(err)
				}
				if hits := page.Hits; len(hits)%size != 0 {
					t.Errorf("%d hits: a reader saw a part of a batch", len(hits))
				}
				if _, err := s.Tally(t.Context()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	writing.Wait()
	close(done)
	reading.Wait()
	s := reopen(t, dsn)
	wantStats(t, s, writers*batches*size, writers*batches*size)
	if got := len(find(t, s, "common")); got != 100 {
		t.Errorf("%d hits, want the limit of 100", got)
	}
}

func testSameArticleConcurrently(t *testing.T, b backend) {
	dsn := b.fresh(t)
	const writers, articles = 4, 20
	var writing sync.WaitGroup
	for w := range writers {
		s := reopen(t, dsn)
		writing.Go(func() {
			var batch []*datelinev1.Article
			for i := range articles {
				// Each writer has its own order and its own time, and two texts are about.
				n := (i*7 + w*5) % articles
				batch = append(batch, article(fmtName("same", n), fmt.Sprint("Version ", w%2), "x", after(w)))
			}
			results, err := s.Put(t.Context(), batch)
			if err != nil {
				t.Error(err)
			}
			for _, r := range results {
				if r.Err != nil {
					t.Error(r.Err)
				}
			}
		})
	}
	writing.Wait()
	s := reopen(t, dsn)
	for i := range articles {
		wantArticle(t, s, "id-"+fmtName("same", i), article(fmtName("same", i), "Version 1", "x", after(3)))
	}
	stats, err := s.Stats(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if stats.Articles != articles {
		t.Errorf("%d articles, want %d", stats.Articles, articles)
	}
	wantNames(t, "version 0", find(t, s, `"version 0"`))
}
