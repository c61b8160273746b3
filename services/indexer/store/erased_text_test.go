package store_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// onSite returns the article as if it had been fetched from another host.
func onSite(a *datelinev1.Article, host string) *datelinev1.Article {
	for _, url := range []*string{&a.CanonicalUrl, &a.RequestedUrl, &a.FinalUrl} {
		*url = strings.Replace(*url, "example.com", host, 1)
	}
	a.Host = host
	return a
}

// edited returns the text with one of n words changed.
func edited(text string, n int) string {
	words := strings.Fields(text)
	for i := n / 2; i < len(words); i += n {
		words[i] = fmt.Sprintf("edit%d", i)
	}
	return strings.Join(words, " ")
}

func testErasedText(t *testing.T, b backend) {
	dsn := b.newDSN(t)
	s := reopen(t, dsn)
	before, now := joined(prose(1, 6)...), joined(prose(2, 6)...)
	const short = "The council of the lower town decided on Monday to close the old ferry for good."
	put(t, s, article("a", "Headline", before, after(1)), article("short", "Ferry", short, after(1)),
		article("caption", "Video", "Watch it here.", after(1)),
		article("follow-up", "Follow-up", joined(prose(3, 6)...), after(1)))
	put(t, s, article("a", "Headline, changed", now, after(2)))
	for _, id := range []string{"id-a", "id-short", "id-caption"} {
		if _, err := s.Erase(t.Context(), id); err != nil {
			t.Fatal(err)
		}
	}
	words := strings.Fields(now)
	half := strings.Join(words[:len(words)/2], " ")
	for range 2 { // also after reopening
		for name, c := range map[string]struct {
			article *datelinev1.Article
			want    store.Status
		}{
			"the same under another URL":   {article("b?from=feed", "Headline, changed", now, after(9)), store.ErasedCopy},
			"its older revision":           {article("c", "Headline", before, after(9)), store.ErasedCopy},
			"with another headline":        {article("d", "Something else", now, after(9)), store.ErasedCopy},
			"with one word in 20 changed":  {article("e", "Headline", edited(now, 20), after(9)), store.ErasedCopy},
			"on a subdomain":               {onSite(article("f", "x", now, after(9)), "m.example.com"), store.ErasedCopy},
			"a short text, the same":       {article("g", "Ferry", short, after(9)), store.ErasedCopy},
			"as a revision of another one": {article("follow-up", "Headline", before, after(9)), store.ErasedCopy},
		} {
			if got := put(t, s, c.article); got[0] != c.want {
				t.Errorf("%s: status %v, want %v", name, got[0], c.want)
			}
		}
		wantStats(t, s, 1, 1)
		s = reopen(t, dsn)
	}
	for name, a := range map[string]*datelinev1.Article{
		"a caption that many pages have": article("h", "Video", "Watch it here.", after(9)),
		"a short text, changed":          article("i", "Ferry", edited(short, 5), after(9)),
		"half of it in another text":     article("j", "x", joined(half, joined(prose(4, 6)...)), after(9)),
		"with one word in five changed":  article("k", "x", edited(now, 5), after(9)),
		"on another site":                onSite(article("l", "x", now, after(9)), "example.org"),
		"another text":                   article("m", "x", joined(prose(5, 6)...), after(9)),
	} {
		if got := put(t, s, a); got[0] != store.New {
			t.Errorf("%s: status %v, want new", name, got[0])
		}
	}
	// A stored article may come to resemble the erased one.
	similar := article("follow-up", "Follow-up", edited(now, 20), after(10))
	wantStatuses(t, put(t, s, similar), store.Changed)
}

func testOverwrite(t *testing.T, b backend) {
	s := b.open(t)
	if _, err := s.Overwrite(t.Context()); err != nil {
		t.Fatalf("overwriting a store without erasures: %v", err)
	}
	for n := range 30 {
		name := numbered("n", n)
		put(t, s, article(name, "Headline "+name, joined(prose(uint64(n), 2)...), after(n)))
	}
	record(t, s, &datelinev1.Outcome{Stage: datelinev1.Stage_STAGE_FETCH, InputId: "1", Url: "https://example.com/n-0001"})
	if _, err := s.Erase(t.Context(), "id-n-0003"); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := s.Overwrite(t.Context()); err != nil {
			t.Fatal(err)
		}
		wantStats(t, s, 29, 29)
		wantNames(t, "headline", slices.Compact(find(t, s, "0003")))
		wantNames(t, "0004", find(t, s, "0004"), "n-0004")
		if got := outcomesOf(t, s, "https://example.com/n-0001"); len(got) != 1 {
			t.Errorf("%d outcomes, want 1", len(got))
		}
	}
	put(t, s, article("new", "A new one", joined(prose(99, 2)...), after(40)))
	wantNames(t, "new", find(t, s, "new"), "new")
	copied := onSite(article("copy", "A copy", joined(prose(99, 2)...), after(41)), "example.org")
	put(t, s, copied)
	wantStory(t, s, "id-new", "new", "copy")
}

// testOverwriteOfOlderStore checks that a store in which an older version has erased
// an article is overwritten.
func testOverwriteOfOlderStore(t *testing.T, b backend) {
	dsn := b.newDSN(t)
	s, err := store.Open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	put(t, s, article("a", "A", joined(prose(1, 6)...), after(1)))
	if _, err := s.Erase(t.Context(), "id-a"); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for _, statement := range b.downgrade {
		b.execute(t, dsn, statement)
	}
	s = reopen(t, dsn)
	if got := b.pendingOverwrites(t, dsn); got != 1 {
		t.Fatalf("%d pending overwrites after the migration, want 1", got)
	}
	if _, err := s.Overwrite(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := b.pendingOverwrites(t, dsn); got != 0 {
		t.Errorf("%d pending overwrites after overwriting, want none", got)
	}
}
