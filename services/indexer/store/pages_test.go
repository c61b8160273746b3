package store_test

import (
	"testing"

	"google.golang.org/protobuf/proto"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// joinedWith returns the record of an article after a second page was added.
func joinedWith(first *datelinev1.Article, text string) *datelinev1.Article {
	all := proto.CloneOf(first)
	all.Text += "\n\n" + text
	all.ContentHash, all.FirstPageHash = "joined "+all.GetText(), first.GetContentHash()
	all.PageUrls = []string{first.GetRequestedUrl(), "https://example.com/a/2"}
	return all
}

// withThird returns a joined record after a third page was added.
func withThird(joined *datelinev1.Article, text string) *datelinev1.Article {
	all := proto.CloneOf(joined)
	all.Text += "\n\n" + text
	all.ContentHash, all.Complete = "joined "+all.GetText(), proto.Bool(true)
	all.PageUrls = append(all.PageUrls, "https://example.com/a/3")
	return all
}

// putOne stores an article and returns the result.
func putOne(t *testing.T, s store.Store, a *datelinev1.Article) store.PutResult {
	t.Helper()
	results, err := s.Put(t.Context(), []*datelinev1.Article{a})
	if err != nil || results[0].Err != nil {
		t.Fatal(err, results)
	}
	return results[0]
}

func testPages(t *testing.T, b backend) {
	s := b.open(t)
	first := article("a", "Story", "One.", after(0))
	all := joinedWith(first, "Two.")
	wantStatuses(t, put(t, s, first), store.New)
	for range 2 { // the second time is a redelivery
		result := putOne(t, s, all)
		if result.Revision != 2 || !result.Completes {
			t.Errorf("adding the second page: %+v, want that it completes the article as revision 2", result)
		}
	}
	wantArticle(t, s, "id-a", all)
	if found, err := s.Article(t.Context(), "https://example.com/a/2"); err != nil || found.ID != "id-a" {
		t.Errorf("the URL of the second page leads to %q (%v), want the article", found.ID, err)
	}

	// The first page is delivered or fetched again: the publisher has changed nothing.
	again := article("a", "Story", "One.", after(1))
	wantStatuses(t, put(t, s, first, again), store.Unchanged, store.Unchanged)
	wantStatuses(t, put(t, s, joinedWith(again, "Two.")), store.Unchanged)
	wantArticle(t, s, "id-a", joinedWith(again, "Two."))

	// The publisher changes the second page, and then the first one.
	if result := putOne(t, s, joinedWith(article("a", "Story", "One.", after(2)), "Three.")); result.Status !=
		store.Changed || result.Completes {
		t.Errorf("a change of the second page: %+v, want a change", result)
	}
	changed := article("a", "Story", "Four.", after(3))
	if result := putOne(t, s, changed); result.Status != store.Changed || result.Completes {
		t.Errorf("a change of the first page: %+v, want a change", result)
	}
	if result := putOne(t, s, joinedWith(changed, "Three.")); !result.Completes {
		t.Errorf("adding the second page after a change: %+v, want that it completes the article", result)
	}

	// The third page is found, is missing the next time, and is found again.
	story := func(hours int) *datelinev1.Article { return article("c", "Series", "One.", after(hours)) }
	two, three := joinedWith(story(0), "Two."), withThird(joinedWith(story(0), "Two."), "Three.")
	wantStatuses(t, put(t, s, story(0), two), store.New, store.Changed)
	wantStatuses(t, put(t, s, three), store.Changed)
	wantStatuses(t, put(t, s, joinedWith(story(1), "Two.")), store.Unchanged)
	wantArticle(t, s, "id-c", three)
	shorter := joinedWith(story(2), "Two.") // the publisher has removed the third page
	shorter.Complete = proto.Bool(true)
	wantStatuses(t, put(t, s, shorter), store.Changed)

	// The joined record overtakes that of the first page.
	late := article("b", "Other", "One.", after(0))
	wantStatuses(t, put(t, s, joinedWith(late, "Two."), late), store.New, store.Unchanged)
}
