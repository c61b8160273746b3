package store_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// Times of the following tests are those of storing. passTime makes it appear as if everything
// had been stored earlier.
func (b backend) passTime(t *testing.T, dsn string, passed time.Duration) {
	t.Helper()
	b.execute(t, dsn, fmt.Sprintf(`UPDATE recent_keys SET time = time - %d`, passed.Microseconds()))
}

// testCopiesWindow stores copies of an article while it is in the window and after that. Fetch
// times do not matter.
func testCopiesWindow(t *testing.T, b backend) {
	dsn := b.newDSN(t)
	text := joined(prose(1, 8)...)
	s := reopen(t, dsn)
	put(t, s, article("original", "Headline", text, after(100)))
	b.passTime(t, dsn, 71*time.Hour)
	s = reopen(t, dsn)
	put(t, s, article("early", "Headline", text, after(-100)))
	wantStory(t, s, "id-early", "early", "original")

	other := joined(prose(2, 8)...)
	put(t, s, article("other", "Other", other, after(1)))
	b.passTime(t, dsn, 73*time.Hour)
	s = reopen(t, dsn)
	put(t, s, article("late", "Other", other, after(1)))
	wantStory(t, s, "id-late")
	put(t, s, article("later", "Other", other, after(2)))
	wantStory(t, s, "id-later", "late", "later")
	wantStory(t, s, "id-other")

	wide := reopen(t, dsn)
	wide.LimitCopies(store.CopyLimits{Window: 74 * time.Hour, Articles: 1000})
	put(t, wide, article("latest", "Other", other, after(3)))
	wantStory(t, wide, "id-latest", "late", "other", "later", "latest")
}

// testCopiesMemory bounds the window to two articles.
func testCopiesMemory(t *testing.T, b backend) {
	dsn := b.newDSN(t)
	limits := store.CopyLimits{Window: 72 * time.Hour, Articles: 2}
	text, other := joined(prose(1, 8)...), joined(prose(2, 8)...)
	s := reopen(t, dsn)
	s.LimitCopies(limits)
	put(t, s, article("first", "First", text, after(1)))
	put(t, s, article("second", "Second", other, after(2)), article("third", "Third", joined(prose(3, 8)...), after(2)))
	b.passTime(t, dsn, time.Hour)
	s = reopen(t, dsn)
	s.LimitCopies(limits)
	put(t, s, article("late", "Late", text, after(3)))
	wantStory(t, s, "id-late")
	put(t, s, article("fourth", "Fourth", joined(prose(4, 8)...), after(4)))
	put(t, s, article("fifth", "Fifth", joined(prose(5, 8)...), after(5)))
	if got := s.CopiesWindow(); got.Articles != 2 || got.Length >= time.Hour {
		t.Errorf("the window has %d articles of %s, want the last 2", got.Articles, got.Length)
	}
	_, stored, err := s.StoredCopies(t.Context())
	if err != nil || stored != limits {
		t.Errorf("limits in the store: %+v, %v; want %+v", stored, err, limits)
	}
}

// testCopiesClock sets the clock back and ahead between two articles.
func testCopiesClock(t *testing.T, b backend) {
	for _, hours := range []int{-10_000, 10_000} {
		dsn := b.newDSN(t)
		text := joined(prose(1, 8)...)
		put(t, reopen(t, dsn), article("original", "Headline", text, after(1)))
		b.execute(t, dsn, fmt.Sprintf(`UPDATE copies_window SET clock = clock - %d`,
			(time.Duration(hours)*time.Hour).Microseconds()))
		s := reopen(t, dsn)
		put(t, s, article("copy", "Headline", text, after(2)))
		wantStory(t, s, "id-copy", "original", "copy")
		if got := s.CopiesWindow(); got.Articles != 1 || got.Length > 18*time.Hour+time.Second {
			t.Errorf("after %d hours by the clock, the window has %d articles of %s", hours, got.Articles, got.Length)
		}
		// The clock is right again.
		b.execute(t, dsn, fmt.Sprintf(`UPDATE copies_window SET clock = clock + %d`,
			(time.Duration(hours)*time.Hour).Microseconds()))
		put(t, s, article("copy2", "Headline", text, after(3)))
		wantStory(t, s, "id-copy2", "original", "copy", "copy2")
	}
}

// testCopiesOfProcesses stores copies through different processes, first in turns and then at the
// same time.
func testCopiesOfProcesses(t *testing.T, b backend) {
	dsn := b.newDSN(t)
	const processes, articles = 3, 12
	open := make([]store.Store, processes)
	for p := range open {
		open[p] = reopen(t, dsn)
		put(t, open[p], article(fmt.Sprint("turn", p), "Turn", joined(prose(1000, 8)...), after(p)))
	}
	wantStory(t, open[0], "id-turn0", "turn0", "turn1", "turn2")

	var storing sync.WaitGroup
	for p, s := range open {
		storing.Go(func() {
			for i := range articles {
				n := (i + 5*p) % articles
				copied := article(fmt.Sprintf("p%d-%d", p, n), "Headline", joined(prose(uint64(n), 8)...), after(p))
				if _, err := s.Put(t.Context(), []*datelinev1.Article{copied}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	storing.Wait()
	for n := range articles {
		wantStory(t, open[0], fmt.Sprintf("id-p1-%d", n),
			fmt.Sprintf("p0-%d", n), fmt.Sprintf("p1-%d", n), fmt.Sprintf("p2-%d", n))
	}
}

// testKeysAreBounded stores articles after others have left the window, whose keys are deleted in
// steps of a bounded size.
func testKeysAreBounded(t *testing.T, b backend) {
	dsn := b.newDSN(t)
	s := reopen(t, dsn)
	generator := newGenerator()
	count := func() (n int) {
		b.query(t, dsn, `SELECT count(*) FROM recent_keys`, &n)
		return n
	}
	putMany := func(total int) {
		for ; total > 0; total -= benchBatch {
			put(t, s, generator.short()...)
		}
	}
	putMany(3000)
	if got := count(); got != 3000 {
		t.Fatalf("%d articles have keys, want 3000", got)
	}
	b.passTime(t, dsn, 73*time.Hour)
	s = reopen(t, dsn)
	putMany(200)
	if got := count(); got != 2200 {
		t.Errorf("after a batch, %d articles have keys, want 1,000 less than 3,200", got)
	}
	putMany(600)
	const window, chunk = 800, 2048
	if got := count(); got < window || got > window+chunk {
		t.Errorf("%d articles have keys, want the %d of the window and at most %d others", got, window, chunk)
	}
	put(t, s, article("copy", "Copy", generator.last, after(1)))
	wantStory(t, s, "id-copy", numbered("bench", generator.made), "copy")
}

// testWindowOfOlderStore opens a store of an older version. An article counts as stored when it,
// or one that was stored before it, was fetched.
func testWindowOfOlderStore(t *testing.T, b backend) {
	dsn := b.newDSN(t)
	s, err := store.Open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	texts := make([]string, 4)
	for i := range texts {
		texts[i] = joined(prose(uint64(i), 8)...)
	}
	ago := func(hours int) time.Time { return now.Add(-time.Duration(hours) * time.Hour) }
	put(t, s, article("old", "Old", texts[0], ago(80)))
	put(t, s, article("recent", "Recent", texts[1], ago(10)))
	put(t, s, article("archived", "Archived", texts[2], ago(9000))) // from an archive, after the recent one
	put(t, s, article("ahead", "Ahead", texts[3], ago(-9000)))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for _, statement := range append(b.downgradeTo38, `DELETE FROM goose_db_version WHERE version_id > 38`) {
		b.execute(t, dsn, statement)
	}
	s = reopen(t, dsn)
	put(t, s, article("copy0", "Copy", texts[0], now), article("copy1", "Copy", texts[1], now),
		article("copy2", "Copy", texts[2], now), article("copy3", "Copy", texts[3], now))
	wantStory(t, s, "id-copy0")
	wantStory(t, s, "id-copy1", "recent", "copy1")
	wantStory(t, s, "id-copy2", "archived", "copy2")
	wantStory(t, s, "id-copy3", "copy3", "ahead")
	if got := s.CopiesWindow(); got.Articles != 3 || got.Length.Round(time.Hour) != 10*time.Hour {
		t.Errorf("the window has %d articles of %s, want 3 of 10 hours", got.Articles, got.Length)
	}
	b.passTime(t, dsn, 72*time.Hour+time.Minute)
	s = reopen(t, dsn)
	put(t, s, article("late", "Late", texts[3], now))
	wantStory(t, s, "id-late")
}
