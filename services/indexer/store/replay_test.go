package store_test

import (
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// again returns the record of an article that a run has extracted again an hour later, with
// another title.
func again(a *datelinev1.Article, run, title string) *datelinev1.Article {
	b := proto.CloneOf(a)
	b.Title, b.ContentHash, b.ExtractorVersion = title, "hash of "+title, "2.0.0"
	b.ExtractTime = timestamppb.New(a.GetExtractTime().AsTime().Add(time.Hour))
	b.Replay = &datelinev1.Replay{Run: run}
	return b
}

// undo returns the message that restores a record which a run has replaced.
func undo(a *datelinev1.Article, run string) *datelinev1.Article {
	b := proto.CloneOf(a)
	b.Replay = &datelinev1.Replay{Run: run, Undo: true, Restored: a.GetReplay()}
	return b
}

// testReplay extracts an article again, twice, and undoes both runs.
func testReplay(t *testing.T, b backend) {
	s := b.open(t)
	first := article("a", "Ferry strike", joined(prose(1, 6)...), after(1))
	second := article("a", "Ferry strike ends", joined(prose(1, 6)...), after(2))
	put(t, s, first)
	put(t, s, second)
	one, two := again(second, "one", "Harbour strike ends"), again(second, "two", "Quay strike ends")
	two.ExtractTime = timestamppb.New(one.GetExtractTime().AsTime().Add(time.Hour))

	wantStatuses(t, put(t, s, one), store.ExtractedAgain)
	wantStatuses(t, put(t, s, one), store.ExtractedAgain) // delivered again
	wantStats(t, s, 1, 2)
	wantArticle(t, s, "id-a", one)
	wantRevisions(t, s, "id-a", "1 Ferry strike 1-1", "2 Harbour strike ends 2-2")
	wantNames(t, "harbour", find(t, s, "harbour"), "a")
	wantNames(t, "ferry", find(t, s, "ferry"))
	wantStatuses(t, put(t, s, second), store.Unchanged) // the earlier record is delivered again
	wantArticle(t, s, "id-a", one)

	wantStatuses(t, put(t, s, two), store.ExtractedAgain)
	wantStatuses(t, put(t, s, undo(second, "one")), store.Superseded) // the second run came after it
	wantArticle(t, s, "id-a", two)
	wantStatuses(t, put(t, s, undo(one, "two")), store.Restored)
	wantStatuses(t, put(t, s, undo(one, "two")), store.Restored) // delivered again
	wantArticle(t, s, "id-a", one)
	wantStatuses(t, put(t, s, two), store.Superseded) // delivered again, after the run was undone
	wantStatuses(t, put(t, s, undo(second, "one")), store.Restored)
	wantArticle(t, s, "id-a", second)
	wantNames(t, "harbour", find(t, s, "harbour"))
	wantNames(t, "ferry", find(t, s, "ferry"), "a")
	wantStats(t, s, 1, 2)
	wantStatuses(t, put(t, s, undo(second, "unknown")), store.Superseded)
}

// testReplayOfEarlierFetch replays pages of articles that have changed or are gone.
func testReplayOfEarlierFetch(t *testing.T, b backend) {
	s := b.open(t)
	a := article("a", "Ferry strike", joined(prose(1, 6)...), after(1))
	put(t, s, a)
	put(t, s, article("a", "Ferry strike ends", joined(prose(1, 6)...), after(2)))
	wantStatuses(t, put(t, s, again(a, "one", "Harbour strike")), store.Superseded)
	wantRevisions(t, s, "id-a", "1 Ferry strike 1-1", "2 Ferry strike ends 2-2")

	c := article("c", "Night train", joined(prose(3, 6)...), after(1))
	put(t, s, c)
	wantStatuses(t, put(t, s, again(c, "one", "Night trains")), store.ExtractedAgain)
	later := article("c", "Night trains", joined(prose(3, 6)...), after(3))
	later.ContentHash = "hash of Night trains"
	wantStatuses(t, put(t, s, later), store.Unchanged) // the same content, fetched later
	wantStatuses(t, put(t, s, undo(c, "one")), store.Superseded)
	wantArticle(t, s, "id-c", later)

	d := article("d", "Secret", joined(prose(4, 6)...), after(1))
	put(t, s, d)
	wantStatuses(t, put(t, s, again(d, "one", "Secret headline")), store.ExtractedAgain)
	if _, err := s.Erase(t.Context(), "id-d"); err != nil {
		t.Fatal(err)
	}
	var kept int
	err := s.SQL().Reader.QueryRowContext(t.Context(), `SELECT count(*) FROM replaced_records WHERE article_id = 'id-d'`).
		Scan(&kept)
	if err != nil || kept != 0 {
		t.Errorf("%d replaced records of an erased article are kept, %v", kept, err)
	}
	wantStatuses(t, put(t, s, undo(d, "one"), again(d, "two", "Secret again")), store.Erased, store.Erased)

	e := article("e", "Unknown before", joined(prose(5, 6)...), after(1))
	e.Replay = &datelinev1.Replay{Run: "one"}
	wantStatuses(t, put(t, s, e), store.New)
	wantStatuses(t, put(t, s, e), store.New) // delivered again
	wantRevisions(t, s, "id-e", "1 Unknown before 1-1")
}

// testReplayMovesArticle extracts the date of an article again. The order of the articles
// follows.
func testReplayMovesArticle(t *testing.T, b backend) {
	s := b.open(t)
	dated := func(name string, at time.Time) *datelinev1.Article {
		a := article(name, "Ferry "+name, joined(prose(uint64(name[0]), 6)...), after(10))
		a.Published = &datelinev1.PublicationTime{Value: timestamppb.New(at)}
		return a
	}
	a := dated("a", after(1))
	put(t, s, a, dated("b", after(2)))
	wantNames(t, "ferry", find(t, s, "ferry"), "b", "a")
	moved := again(a, "one", "Ferry a")
	moved.ContentHash = a.GetContentHash()
	moved.Published = &datelinev1.PublicationTime{Value: timestamppb.New(after(3))}
	wantStatuses(t, put(t, s, moved), store.ExtractedAgain)
	wantNames(t, "ferry", find(t, s, "ferry"), "a", "b")
	wantStatuses(t, put(t, s, undo(a, "one")), store.Restored)
	wantNames(t, "ferry", find(t, s, "ferry"), "b", "a")
	undated := again(a, "two", "Ferry a")
	undated.ContentHash, undated.Published = a.GetContentHash(), nil
	wantStatuses(t, put(t, s, undated), store.ExtractedAgain)
	wantNames(t, "ferry", find(t, s, "ferry"), "a", "b") // by its first fetch
}
