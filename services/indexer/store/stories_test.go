package store_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/types/known/timestamppb"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// wantStory checks the names of the articles in the story of an article.
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

// putCopies stores articles and returns which of them joined a story.
func putCopies(t *testing.T, s store.Store, articles ...*datelinev1.Article) []bool {
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
	copied := joined(append([]string{"From our agency."}, text...)...)
	put(t, s, article("copy", "Another headline", copied, after(2)))
	wantStory(t, s, "id-copy")
	original := article("original", "Headline", joined(text...), after(3))
	original.Published = &datelinev1.PublicationTime{Value: timestamppb.New(after(1))}
	for i, joins := range []bool{true, false} { // the second time, it has already joined
		if got := putCopies(t, s, original); got[0] != joins {
			t.Errorf("delivery %d of the original: joins a story: %t, want %t", i+1, got[0], joins)
		}
	}
	wantStory(t, s, "id-copy", "original", "copy")
	// One batch has two copies, two members of another story, and a unique text.
	joins := putCopies(t, s,
		article("trimmed", "Short", joined(text[:6]...), after(4)),
		article("x1", "X", joined(prose(2, 8)...), after(5)),
		article("x2", "X again", joined(prose(2, 8)...), after(6)),
		article("reordered", "Headline", joined(append(slices.Clone(text[5:]), text[:5]...)...), after(7)),
		article("alone", "Headline", joined(prose(3, 8)...), after(8)),
	)
	if want := []bool{true, false, true, true, false}; !slices.Equal(joins, want) { // the story of x1 has its id
		t.Errorf("articles that join a story: %v, want %v", joins, want)
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
	// An article that becomes a copy joins the story. Redeliveries change nothing.
	put(t, s, article("alone", "Headline", joined(prose(2, 8)...), after(9)))
	put(t, s, article("x2", "X again", joined(prose(2, 8)...), after(6)))
	wantStory(t, s, "id-alone", "x1", "x2", "alone")
	// Copies of its old text no longer join its story.
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

// testStoriesMergeInABatch stores a batch whose articles connect several stories, and articles without one, to each
// other. All of them are then one story.
func testStoriesMergeInABatch(t *testing.T, b backend) {
	one, two, three := prose(21, 3), prose(22, 8), prose(23, 3)
	bridge := func(name string, halves ...[]string) *datelinev1.Article {
		return article(name, name, joined(slices.Concat(halves...)...), after(5))
	}
	for name, c := range map[string]struct{ stored, batch []*datelinev1.Article }{
		"stories of two articles": {
			[]*datelinev1.Article{
				bridge("a1", one), bridge("a2", one), bridge("b1", two), bridge("b2", two), bridge("c1", three),
				bridge("c2", three),
			},
			[]*datelinev1.Article{bridge("ab", one, two[:4]), bridge("bc", two[4:], three)},
		},
		"the second story twice": {
			[]*datelinev1.Article{bridge("a1", two), bridge("a2", two), bridge("b1", one), bridge("b2", one)},
			[]*datelinev1.Article{bridge("ab", one, two[:4]), bridge("b3", one), bridge("a3", two)},
		},
		"single articles": {
			[]*datelinev1.Article{bridge("a1", one), bridge("b1", two), bridge("c1", three)},
			[]*datelinev1.Article{bridge("ab", one, two[:4]), bridge("bc", two[4:], three)},
		},
		"a single article between two stories": {
			[]*datelinev1.Article{
				bridge("a1", one), bridge("a2", one), bridge("b1", two), bridge("c1", three), bridge("c2", three),
			},
			[]*datelinev1.Article{bridge("ab", one, two[:4]), bridge("bc", two[4:], three)},
		},
	} {
		s := b.open(t)
		for _, stored := range c.stored {
			put(t, s, stored)
		}
		put(t, s, c.batch...)
		for _, first := range []string{"id-a1", "id-b1"} {
			members, err := s.Story(t.Context(), first)
			if want := len(c.stored) + len(c.batch); err != nil || len(members) != want {
				t.Errorf("%s: the story of %s has %d members, %v; want all %d", name, first, len(members), err, want)
			}
		}
	}
}

// testJoinsByMerging stores a batch in which two copies form a story, which then becomes part of an older one. Both
// have joined that story.
func testJoinsByMerging(t *testing.T, b backend) {
	s := b.open(t)
	one, two := prose(1, 4), prose(2, 8)
	put(t, s, article("a1", "A", joined(one...), after(1)), article("a2", "A", joined(one...), after(1)))
	joins := putCopies(t, s, article("b1", "B", joined(two...), after(2)), article("b2", "B", joined(two...), after(2)),
		article("both", "Both", joined(slices.Concat(one, two[:6])...), after(3)))
	if !slices.Equal(joins, []bool{true, true, true}) {
		t.Errorf("articles that join a story: %v, want all three", joins)
	}
	wantStory(t, s, "id-b1", "a1", "a2", "b1", "b2", "both")
}

// testFurniture stores many articles that share paragraphs of the site: more
// articles than a new one is compared with.
func testFurniture(t *testing.T, b backend) {
	s := b.open(t)
	standing := prose(1000, 2)
	var all []*datelinev1.Article
	for i := range uint64(150) {
		all = append(all, article(numbered("n", int(i)), "N", joined(append(prose(i, 8), standing...)...), noon))
	}
	put(t, s, all[:75]...)
	put(t, s, all[75:]...)
	page, err := s.Search(t.Context(), store.Query{Limit: 1000, WithoutSnippets: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range page.Hits {
		if h.Story != "" {
			t.Fatalf("%s is in the story %s, want none", h.ID, h.Story)
		}
	}
	copied := article("copied", "N", all[100].GetText(), after(1))
	put(t, s, copied)
	wantStory(t, s, "id-copied", "n-0100", "copied")
}
