package store_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/store"
)

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

	// A return to an earlier text is another change.
	back := article("a", "First", "One.", after(3))
	wantStatuses(t, put(t, s, back), store.Changed)
	wantRevisions(t, s, "id-a", "1 First 0-1", "2 Second 2-2", "3 First 3-3")
	wantStats(t, s, 2, 4)

	if _, err := s.Article(t.Context(), "id-unknown"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("reading an unknown article: error %v, want ErrNotFound", err)
	}
	wantRevisions(t, s, "id-unknown")
	if results, err := s.Put(t.Context(), nil); err != nil || len(results) != 0 {
		t.Errorf("storing an empty batch: %v, %v; want no results", results, err)
	}
}

func testRedelivery(t *testing.T, b backend) {
	s := b.open(t)
	history := []*datelinev1.Article{
		article("a", "First", "x", after(0)),
		article("a", "Second", "x", after(1)),
		article("a", "First", "x", after(2)),
	}
	for i, a := range history {
		// The store makes no assumption about the form of a hash.
		a.ContentHash = "a hash of \"any\" form\n" + a.GetTitle() + fmt.Sprint(i%2)
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

	// A page is extracted again, which makes a later record of the same fetch.
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
	wantDelivery := func(status store.Status) {
		t.Helper()
		results, err := s.Put(t.Context(), []*datelinev1.Article{late})
		want := store.PutResult{Status: status, ID: "id-a", Revision: 2, WasOutdated: true}
		if err != nil || results[0] != want {
			t.Errorf("an outdated record: %+v, %v; want %+v", results, err, want)
		}
	}
	wantDelivery(store.Outdated)
	wantArticle(t, s, "id-a", newest)
	wantNames(t, "late", find(t, s, "late"))
	wantNames(t, "newest", find(t, s, "newest"), "a")
	wantDelivery(store.Unchanged)
	wantRevisions(t, s, "id-a", "2 Late 2-2", "1 Newest 5-5")

	// An older fetch of the same content does not replace newer metadata.
	older := article("a", "Newest", "x", after(4))
	older.Section = "Old section"
	wantStatuses(t, put(t, s, older), store.Unchanged)
	wantArticle(t, s, "id-a", newest)

	// A newer extraction of the same page replaces the record. The older one, if
	// delivered again, does not.
	better := article("a", "Better extracted", "x", after(5))
	better.ExtractTime = timestamppb.New(after(6))
	wantStatuses(t, put(t, s, better), store.Changed)
	wantStatuses(t, put(t, s, newest), store.Unchanged)
	wantArticle(t, s, "id-a", better)
	wantDelivery(store.Unchanged)
}

func testSameArticleInBatch(t *testing.T, b backend) {
	s := b.open(t)
	first, second := article("a", "First", "x", after(0)), article("a", "Second", "x", after(1))
	other := article("b", "Other", "x", after(0))
	// Two articles of one batch have the same requested URL.
	other.RequestedUrl = "https://example.com/shared"
	second.RequestedUrl = "https://example.com/shared"
	wantStatuses(t, put(t, s, second, first, other, second, first),
		store.New, store.Outdated, store.New, store.Unchanged, store.Unchanged)
	wantArticle(t, s, "id-a", second)
	wantArticle(t, s, "https://example.com/shared", second)
	wantRevisions(t, s, "id-a", "2 First 0-0", "1 Second 1-1")
	wantStats(t, s, 2, 3)
}

func testResults(t *testing.T, b backend) {
	s := b.open(t)
	first, second := article("a", "First", "x", after(1)), article("a", "Second", "x", after(2))
	old := article("a", "Old", "x", after(0))
	seen := article("a", "Second", "x", after(3))
	for _, delivery := range []string{"first", "again"} {
		results, err := s.Put(t.Context(), []*datelinev1.Article{first, second, old, seen})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, r := range results {
			got = append(got, fmt.Sprintf("%s %d", r.ID, r.Revision))
		}
		if want := "[id-a 1 id-a 2 id-a 3 id-a 0]"; fmt.Sprint(got) != want {
			t.Errorf("%s delivery: ids and revisions are %v, want %s", delivery, got, want)
		}
	}
}

// testResultsOfJoin extracts a page of an article again as one of another article, which joins the two.
func testResultsOfJoin(t *testing.T, b backend) {
	s := b.open(t)
	text := joined(prose(3, 6)...)
	put(t, s, article("c", "C", text, after(1)), article("d", "D", text, after(2)))
	again := article("c", "D", text, after(2))
	again.RequestedUrl, again.FinalUrl = "https://example.com/d", "https://example.com/d"
	for _, delivery := range []string{"first", "second"} {
		results, err := s.Put(t.Context(), []*datelinev1.Article{again})
		if err != nil || results[0].Err != nil {
			t.Fatal(err, results[0].Err)
		}
		if results[0].ID != "id-c" || results[0].Revision != 2 {
			t.Errorf("%s delivery: revision %d of %s, want 2 of id-c", delivery, results[0].Revision, results[0].ID)
		}
		wantRevisions(t, s, "id-c", "1 C 1-1", "2 D 2-2")
	}
}

func testAliases(t *testing.T, b backend) {
	s := b.open(t)
	a := article("a", "A", "x", after(1))
	a.RequestedUrl, a.FinalUrl = "https://sho.rt/1", "https://example.com/a?page=all"
	put(t, s, a)
	for _, name := range []string{"id-a", a.GetCanonicalUrl(), a.GetRequestedUrl(), a.GetFinalUrl()} {
		wantArticle(t, s, name, a)
	}
	// A short link now leads elsewhere. An older fetch does not change it back.
	moved := article("b", "B", "x", after(2))
	moved.RequestedUrl = "https://sho.rt/1"
	put(t, s, moved)
	wantArticle(t, s, "https://sho.rt/1", moved)
	put(t, s, a)
	wantArticle(t, s, "https://sho.rt/1", moved)
	// A canonical URL leads to its article, even if it later redirects elsewhere.
	astray := article("c", "C", "x", after(3))
	astray.RequestedUrl = a.GetCanonicalUrl()
	put(t, s, astray)
	wantArticle(t, s, a.GetCanonicalUrl(), a)
}

func testLongURLs(t *testing.T, b backend) {
	s := b.open(t)
	// The URL is random, so that no index can compress it below its limit.
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
		t.Errorf("the long URL has %d outcomes, want 1", len(got))
	}
}
