package repair

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/dateline-news/dateline/internal/ledger"
	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/postgrestest"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/topology"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/progress"
	"github.com/dateline-news/dateline/services/indexer/store"
	"github.com/dateline-news/dateline/services/indexer/storetest"
)

// TestEachMissing reads the spans of a stream whose first message is gone, and stops at the first error.
func TestEachMissing(t *testing.T) {
	_, js := natstest.Start(t)
	stream, err := js.CreateStream(t.Context(), jetstream.StreamConfig{Name: "NEWS", Subjects: []string{"news"}})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 6 {
		if _, err := js.Publish(t.Context(), "news", fmt.Append(nil, i+1)); err != nil {
			t.Fatal(err)
		}
	}
	if err := stream.DeleteMsg(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	state := progress.State{Stream: "NEWS", First: 2, Missing: []store.Span{{First: 1, Last: 3}, {First: 5, Last: 5}}}
	errFull := errors.New("no space left on device")
	for _, c := range []struct {
		name         string
		failing      uint64 // the message, or 0
		failingSpan  bool
		read         []uint64
		spans        int
		gone, missed uint64
	}{
		{"all", 0, false, []uint64{2, 3, 5}, 2, 1, 4},
		{"first message fails", 2, false, []uint64{2}, 0, 0, 4},
		{"last message fails", 5, false, []uint64{2, 3, 5}, 1, 0, 4},
		{"span fails", 0, true, []uint64{2, 3}, 1, 0, 4},
	} {
		var read []uint64
		spans := 0
		found, err := eachMissing(t.Context(), js, state, false, func(msg jetstream.Msg, sequence uint64) error {
			if string(msg.Data()) != fmt.Sprint(sequence) {
				t.Errorf("%s: message %d is %q", c.name, sequence, msg.Data())
			}
			read = append(read, sequence)
			if sequence == c.failing {
				return errFull
			}
			return nil
		}, func(store.Span) error {
			spans++
			if c.failingSpan {
				return errFull
			}
			return nil
		})
		if fails := c.failing != 0 || c.failingSpan; errors.Is(err, errFull) != fails || !fails && err != nil {
			t.Errorf("%s: error %v", c.name, err)
		}
		if !slices.Equal(read, c.read) || spans != c.spans || found.Gone != c.gone || found.Messages != c.missed {
			t.Errorf("%s: read %v and %d spans, %+v; want %v and %d spans, %d gone of %d", c.name, read, spans, found,
				c.read, c.spans, c.gone, c.missed)
		}
	}
}

// TestFailingReread has each statement of the database fail in turn. Messages that are not stored still count as
// missing, so that the next call reads them.
func TestFailingReread(t *testing.T) {
	_, js := natstest.Start(t)
	const articles = 3
	for i := range articles {
		url := fmt.Sprint("https://example.com/", i)
		msg, err := ledger.Message(subject.Articles("en", "com.example"), url, &datelinev1.Article{
			Id: url, CanonicalUrl: url, FinalUrl: url, RequestedUrl: url, Host: "example.com", ContentHash: url,
		})
		if err == nil {
			_, err = js.PublishMsg(t.Context(), msg)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	stream, err := js.Stream(t.Context(), subject.StreamArticles)
	if err != nil {
		t.Fatal(err)
	}
	created := topology.Created(stream.CachedInfo())
	state := progress.State{Stream: subject.StreamArticles, Created: created, First: 1, Missing: []store.Span{{
		Stream: subject.StreamArticles, Created: created, First: 1, Last: articles,
	}}}
	dsn := storetest.Postgres(t)
	proxy := postgrestest.Fail(t, dsn)
	sound, failing := storetest.Open(t, dsn), storetest.Open(t, proxy.URL)
	var stored store.Stats
	check := func() {
		t.Helper()
		spans, err := sound.Spans(t.Context(), subject.StreamArticles)
		if err == nil {
			stored, err = sound.Stats(t.Context())
		}
		if err != nil {
			t.Fatal(err)
		}
		if len(spans) > 0 && stored.Articles != articles {
			t.Errorf("%d articles are stored, but %+v no longer count as missing", stored.Articles, spans)
		}
	}
	proxy.Each(t, func(ctx context.Context) error {
		for _, table := range []string{"articles", "revisions", "aliases", "recent_keys", "stream_spans"} {
			if _, err := sound.SQL().Writer.ExecContext(t.Context(), "DELETE FROM "+table); err != nil {
				t.Fatal(err)
			}
		}
		_, err := Reread(ctx, js, failing, state)
		check()
		return err
	}, check)
	if stored.Articles != articles {
		t.Errorf("%d articles are stored at last, want %d", stored.Articles, articles)
	}
}
