package store_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/store"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// prose makes a text of its own from a seed, in paragraphs.
func prose(seed uint64, paragraphs int) []string {
	random := rand.New(rand.NewPCG(seed, 99))
	var all []string
	for range paragraphs {
		var words []string
		for range 40 {
			words = append(words, fmt.Sprintf("s%dw%d", seed, random.IntN(5000)))
		}
		all = append(all, strings.Join(words, " "))
	}
	return all
}

func joined(paragraphs ...string) string { return strings.Join(paragraphs, "\n\n") }

// wantStory checks the names of the articles of a story.
func wantStory(t *testing.T, s store.Store, id string, want ...string) {
	t.Helper()
	members, err := s.Story(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, m := range members {
		got = append(got, strings.TrimPrefix(m.ID, "id-"))
	}
	if !slices.Equal(got, want) {
		t.Errorf("the story of %s is %q, want %q", id, got, want)
	}
}

// copies stores articles and returns which of them joined a story.
func copies(t *testing.T, s store.Store, articles ...*datelinev1.Article) []bool {
	t.Helper()
	results, err := s.Put(t.Context(), articles)
	if err != nil {
		t.Fatal(err)
	}
	joins := make([]bool, len(results))
	for i, r := range results {
		joins[i] = r.Copy
	}
	return joins
}

func testStories(t *testing.T, b backend) {
	s := b.open(t)
	text := prose(1, 10)
	// The first publisher is fetched second.
	put(t, s, article("copy", "Another headline", joined(append([]string{"From our agency."}, text...)...), after(2)))
	wantStory(t, s, "id-copy")
	original := article("original", "Headline", joined(text...), after(3))
	original.Published = &datelinev1.PublicationTime{Value: timestamppb.New(after(1))}
	for i, joins := range []bool{true, false} { // the second time it has joined already
		if got := copies(t, s, original); got[0] != joins {
			t.Errorf("stored for the %d. time, whether the original joins a story is %t", i+1, got[0])
		}
	}
	wantStory(t, s, "id-copy", "original", "copy")
	// In one batch: two copies, and three of another story.
	joins := copies(t, s,
		article("trimmed", "Short", joined(text[:6]...), after(4)),
		article("x1", "X", joined(prose(2, 8)...), after(5)), article("x2", "X again", joined(prose(2, 8)...), after(6)),
		article("reordered", "Headline", joined(append(slices.Clone(text[5:]), text[:5]...)...), after(7)),
		article("alone", "Headline", joined(prose(3, 8)...), after(8)),
	)
	if want := []bool{true, false, true, true, false}; !slices.Equal(joins, want) { // x1 gives its story the name
		t.Errorf("who joins a story is %v, want %v", joins, want)
	}
	for _, name := range []string{"copy", "original", "trimmed", "reordered"} {
		wantStory(t, s, "id-"+name, "original", "copy", "trimmed", "reordered")
	}
	wantStory(t, s, "id-x1", "x1", "x2")
	wantStory(t, s, "id-alone")
	page, err := s.Search(t.Context(), store.Query{Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	stories := map[string]int{}
	for _, h := range page.Hits {
		stories[h.Story]++
	}
	if fmt.Sprint(stories) != "map[:1 id-copy:4 id-x1:2]" {
		t.Errorf("stories %v", stories)
	}
	// A text that changes into a copy joins the story; redeliveries change nothing.
	put(t, s, article("alone", "Headline", joined(prose(2, 8)...), after(9)))
	put(t, s, article("x2", "X again", joined(prose(2, 8)...), after(6)))
	wantStory(t, s, "id-alone", "x1", "x2", "alone")
	// One that was found by its old text is not found by it any more.
	put(t, s, article("late", "Late", joined(prose(3, 8)...), after(10)))
	wantStory(t, s, "id-late")
}

func testStoriesMerge(t *testing.T, b backend) {
	s := b.open(t)
	one, two := prose(1, 6), prose(2, 6)
	put(t, s, article("a1", "A", joined(one...), after(1)), article("b1", "B", joined(two...), after(1)))
	put(t, s, article("a2", "A", joined(one...), after(2)), article("b2", "B", joined(two...), after(2)))
	wantStory(t, s, "id-a1", "a1", "a2")
	wantStory(t, s, "id-b1", "b1", "b2")
	put(t, s, article("both", "Both", joined(append(one, two...)...), after(3)))
	wantStory(t, s, "id-b2", "a1", "b1", "a2", "b2", "both")
}

// testFurniture stores many articles that have a paragraph of the site in
// common, more than are compared with each new one.
func testFurniture(t *testing.T, b backend) {
	s := b.open(t)
	standing := prose(1000, 2)
	var all []*datelinev1.Article
	for i := range uint64(150) {
		all = append(all, article(fmtName("n", int(i)), "N", joined(append(prose(i, 8), standing...)...), noon))
	}
	put(t, s, all[:75]...)
	put(t, s, all[75:]...)
	page, err := s.Search(t.Context(), store.Query{Limit: 1000, WithoutSnippets: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range page.Hits {
		if h.Story != "" {
			t.Fatalf("%s is in the story %s", h.ID, h.Story)
		}
	}
	copied := article("copied", "N", all[100].GetText(), after(1))
	put(t, s, copied)
	wantStory(t, s, "id-copied", "n-0100", "copied")
}

// testCopiesWindow copies an article after half a million others.
func testCopiesWindow(t *testing.T, b backend) {
	dsn := b.fresh(t)
	s := reopen(t, dsn)
	text := joined(prose(1, 8)...)
	put(t, s, article("original", "Headline", text, after(1)))
	b.execute(t, dsn, b.passWindow)
	s = reopen(t, dsn)
	put(t, s, article("other", "Headline", joined(prose(2, 8)...), after(2)))
	put(t, s, article("late", "Headline", text, after(3)))
	wantStory(t, s, "id-late")
	put(t, s, article("later", "Headline", text, after(4)))
	wantStory(t, s, "id-later", "late", "later")
	wantStory(t, s, "id-original")
}

func testJoin(t *testing.T, b backend) {
	s := b.open(t)
	text := joined(prose(1, 6)...)
	// The old URL was an article of its own, with two revisions.
	put(t, s, article("old", "Headline", text, after(1)))
	put(t, s, article("old", "Headline, corrected", text, after(2)))
	put(t, s, article("neighbour", "Neighbour", joined(prose(2, 6)...), after(2)))
	// Then the site moved it: the old URL leads to the new one.
	moved := article("new", "Headline, corrected", text, after(3))
	moved.RequestedUrl, moved.ContentHash = "https://example.com/old", article("old", "Headline, corrected", text, noon).GetContentHash()
	wantStatuses(t, put(t, s, moved), store.Unchanged)
	wantStats(t, s, 2, 3)
	for _, name := range []string{"id-new", "id-old", "https://example.com/old", "https://example.com/new"} {
		wantArticle(t, s, name, moved)
	}
	wantRevisions(t, s, "id-new", "1 Headline 1-1", "2 Headline, corrected 2-3")
	wantNames(t, "headline", find(t, s, "headline"), "new")
	// What still comes under the old id belongs to the same article.
	late := article("old", "Headline, once more", text, after(4))
	wantStatuses(t, put(t, s, late), store.Unchanged)
	wantStats(t, s, 2, 3)

	// Both are stored already when they turn out to be one.
	put(t, s, article("c", "C", joined(prose(3, 6)...), after(1)), article("d", "D", joined(prose(3, 6)...), after(2)))
	declared := article("c", "C", joined(prose(3, 6)...), after(5))
	declared.RequestedUrl, declared.FinalUrl = "https://example.com/d", "https://example.com/d"
	put(t, s, declared)
	wantStats(t, s, 3, 5)
	wantRevisions(t, s, "id-d")
	wantRevisions(t, s, "id-c", "1 C 1-1", "2 D 2-2")
	got, err := s.Article(t.Context(), "https://example.com/d")
	if err != nil || got.ID != "id-c" || got.Article.GetTitle() != "C" {
		t.Errorf("the joined URL leads to %+v, %v", got, err)
	}
	wantNames(t, "d", find(t, s, "d"))
	put(t, s, declared)
	wantStats(t, s, 3, 5)
}

func testSloppyCanonical(t *testing.T, b backend) {
	s := b.open(t)
	front := article("", "The Example", joined(prose(1, 6)...), after(1))
	one := article("one", "One", joined(prose(2, 6)...), after(1))
	put(t, s, front, one)
	// A removed article is sent to the front page, and another page declares it.
	astray := article("", "The Example", joined(prose(3, 6)...), after(2))
	astray.RequestedUrl = "https://example.com/one"
	other := article("", "The Example", joined(prose(4, 6)...), after(3))
	other.RequestedUrl, other.FinalUrl = "https://example.com/two", "https://example.com/two"
	put(t, s, astray, other)
	wantArticle(t, s, "id-one", one)
	wantArticle(t, s, "https://example.com/one", one)
	wantRevisions(t, s, "id-one", "1 One 1-1")
}

func testVariants(t *testing.T, b backend) {
	s := b.open(t)
	own := article("a", "Headline", joined(prose(1, 6)...), after(1))
	print := article("a", "Headline – to print", joined(append(prose(1, 6), "Printed from example.com.")...), after(2))
	print.FinalUrl = "https://example.com/a?print"
	wantStatuses(t, put(t, s, own), store.New)
	for range 3 {
		wantStatuses(t, put(t, s, print), store.Unchanged)
	}
	wantArticle(t, s, "id-a", own)
	wantArticle(t, s, "https://example.com/a?print", own)
	wantRevisions(t, s, "id-a", "1 Headline 1-1")
	older := article("a", "An older print", "x", after(0))
	older.FinalUrl = "https://example.com/a?print"
	wantStatuses(t, put(t, s, older), store.Unchanged)
	changed := article("a", "Headline, corrected", joined(prose(1, 6)...), after(3))
	wantStatuses(t, put(t, s, changed), store.Changed)
	// Where only such a page is known, it is the article.
	lone := article("b", "B", "x", after(1))
	lone.FinalUrl = "https://example.com/b?amp"
	again := article("b", "B changed", "x", after(2))
	again.FinalUrl = "https://example.com/b?amp"
	wantStatuses(t, put(t, s, lone), store.New)
	wantStatuses(t, put(t, s, again), store.Changed)
}
