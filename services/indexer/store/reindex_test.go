package store_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// reindex calls Reindex for all articles and returns the sums.
func reindex(t *testing.T, s store.Store, write bool) (articles, wrong, extra, unreadable int) {
	t.Helper()
	for before := int64(store.NewestRow); ; {
		result, err := s.Reindex(t.Context(), before, write)
		if err != nil {
			t.Fatal(err)
		}
		articles, wrong, extra = articles+result.Articles, wrong+result.Wrong, extra+result.Extra
		unreadable += len(result.Unreadable)
		if !result.More {
			return articles, wrong, extra, unreadable
		}
		before = result.Before
	}
}

// wantIndexes checks that the index of words and the keys of sketches have what the articles say, and nothing else.
func (b backend) wantIndexes(t *testing.T, s store.Store, dsn string) {
	t.Helper()
	if _, wrong, extra, _ := reindex(t, s, false); wrong+extra > 0 {
		t.Errorf("the index of words is wrong about %d articles, and has entries of %d that are gone", wrong, extra)
	}
	var keys int
	b.query(t, dsn, `SELECT count(*) FROM recent_keys WHERE row NOT IN (SELECT row FROM articles)`, &keys)
	if keys > 0 {
		t.Errorf("there are %d keys of articles that are gone", keys)
	}
}

// testIndexesFollow changes, moves, joins and erases articles.
func testIndexesFollow(t *testing.T, b backend) {
	dsn := b.newDSN(t)
	s := reopen(t, dsn)
	text := func(n uint64) string { return joined(prose(n, 6)...) }
	dated := func(name string, n uint64, fetched, published int) *datelinev1.Article {
		a := article(name, "Ferry "+name, text(n), after(fetched))
		a.Published = &datelinev1.PublicationTime{Value: timestamppb.New(after(published))}
		return a
	}
	put(t, s, dated("a", 1, 1, 1), dated("b", 2, 1, 1), dated("c", 3, 1, 1), dated("d", 3, 1, 2), dated("e", 5, 1, 1))
	b.wantIndexes(t, s, dsn)
	put(t, s, dated("a", 4, 2, 1)) // other words and another sketch
	b.wantIndexes(t, s, dsn)
	put(t, s, dated("b", 2, 2, 5)) // another time
	b.wantIndexes(t, s, dsn)
	same := dated("c", 3, 3, 1) // the page of d declares the URL of c
	same.RequestedUrl, same.FinalUrl = "https://example.com/d", "https://example.com/d"
	put(t, s, same)
	wantStats(t, s, 4, 6)
	b.wantIndexes(t, s, dsn)
	for _, id := range []string{"id-a", "id-c"} {
		if _, err := s.Erase(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		b.wantIndexes(t, s, dsn)
	}
}

// numberedFerries returns articles that each have a word of their own.
func numberedFerries(n int) []*datelinev1.Article {
	var all []*datelinev1.Article
	for i := range n {
		text := fmt.Sprintf("The ferry number%d sails.", i)
		all = append(all, article(fmt.Sprint("a", i), fmt.Sprint("Ferry ", i), text, after(i)))
	}
	return all
}

// testReindex damages the index of words in ways that searches do not report, and corrects
// it.
func testReindex(t *testing.T, b backend) {
	const all = 230
	dsn := b.newDSN(t)
	s := reopen(t, dsn)
	articles := numberedFerries(all)
	articles[0].Published = &datelinev1.PublicationTime{ // before 1970, so that its row is negative
		Value: timestamppb.New(time.Date(1960, 1, 1, 0, 0, 0, 0, time.UTC)),
	}
	put(t, s, articles...)
	if compared, wrong, extra, _ := reindex(t, s, false); compared != all || wrong+extra != 0 {
		t.Fatalf("of %d articles, the index is wrong about %d and has %d too many, want %d, 0 and 0",
			compared, wrong, extra, all)
	}
	for _, statement := range b.damageIndex {
		b.execute(t, dsn, statement)
	}
	if got := find(t, s, "number0"); len(got) != 0 {
		t.Fatalf("%v are found although the index is damaged", got)
	}
	for _, write := range []bool{false, true} {
		if _, wrong, extra, _ := reindex(t, s, write); wrong != 2 || extra != b.extraEntries {
			t.Errorf("writing %v: the index is wrong about %d articles and has %d too many, want 2 and %d",
				write, wrong, extra, b.extraEntries)
		}
	}
	if _, wrong, extra, _ := reindex(t, s, false); wrong+extra != 0 {
		t.Errorf("after the correction, the index is wrong about %d articles and has %d too many", wrong, extra)
	}
	for _, name := range []string{"0", "7"} {
		if got := find(t, s, "number"+name); !slices.Equal(got, []string{"a" + name}) {
			t.Errorf("number%s finds %v after the correction", name, got)
		}
	}
	b.execute(t, dsn, `UPDATE revisions SET record = substr(record, 1, 10) WHERE article_id = 'id-a7'`)
	if compared, wrong, _, unreadable := reindex(t, s, true); compared != all || wrong != 0 || unreadable != 1 {
		t.Errorf("%d articles were compared, of which %d are wrong and %d unreadable; want %d, 0 and 1",
			compared, wrong, unreadable, all)
	}
}

// testIndexAgain empties the index, indexes a part, and continues with a store that was
// opened again, as after a kill. Articles are stored, changed and erased meanwhile.
func testIndexAgain(t *testing.T, b backend) {
	const all = 150
	dsn := b.newDSN(t)
	s := reopen(t, dsn)
	put(t, s, numberedFerries(all)...)
	if err := s.EmptyIndex(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Reindex(t.Context(), store.NewestRow, true); err != nil {
		t.Fatal(err)
	}
	changed := article("a3", "Ferry 3", "It is late.", after(all))
	put(t, s, changed, article("new", "Ferry new", "It calls here.", after(all+1)))
	if _, err := s.Erase(t.Context(), "id-a5"); err != nil {
		t.Fatal(err)
	}
	s = reopen(t, dsn)
	reindex(t, s, true)
	if err := s.FinishIndex(t.Context()); err != nil {
		t.Fatal(err)
	}
	for word, want := range map[string][]string{
		"number0": {"a0"}, "number149": {"a149"}, "late": {"a3"}, "number3": {}, "number5": {}, "calls": {"new"},
	} {
		if got := find(t, s, word); !slices.Equal(got, want) {
			t.Errorf("%s finds %v, want %v", word, got, want)
		}
	}
	if _, wrong, extra, _ := reindex(t, s, false); wrong+extra != 0 {
		t.Errorf("the index is wrong about %d articles and has %d too many", wrong, extra)
	}
}
