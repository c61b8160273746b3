package progress_test

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/dateline-news/dateline/internal/ledger"
	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/stage"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/topology"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer"
	"github.com/dateline-news/dateline/services/indexer/library"
	"github.com/dateline-news/dateline/services/indexer/progress"
	"github.com/dateline-news/dateline/services/indexer/store"
	"github.com/dateline-news/dateline/services/indexer/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// harness is a store and the streams that fill it.
type harness struct {
	t     *testing.T
	js    jetstream.JetStream
	store store.Store
	made  int // the number of the last article
	sent  int // messages sent
}

func newHarness(t *testing.T) *harness {
	_, js := natstest.Start(t)
	h := &harness{t: t, js: js}
	h.store = h.newStore()
	return h
}

func (h *harness) newStore() store.Store {
	h.t.Helper()
	s, err := store.Open(h.t.Context(), storetest.SQLite(h.t))
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { s.Close() })
	return s
}

// publish publishes n articles, and data that is not an article if n is 0.
func (h *harness) publish(n int) {
	h.t.Helper()
	if n == 0 {
		if _, err := h.js.Publish(h.t.Context(), subject.Articles("en", "com.example"), []byte{0xff}); err != nil {
			h.t.Fatal(err)
		}
	}
	for range n {
		h.made++
		url := fmt.Sprintf("https://example.com/%d", h.made)
		fetched := timestamppb.New(time.Date(2026, 3, 4, 12, 0, h.made, 0, time.UTC))
		h.sent++
		msg, err := ledger.Message(subject.Articles("en", "com.example"), fmt.Sprint(h.sent), &datelinev1.Article{
			Id: "id" + url, CanonicalUrl: url, FinalUrl: url, RequestedUrl: url, Host: "example.com", Title: url,
			ContentHash: url, FetchTime: fetched, ExtractTime: fetched, RequestId: url,
		})
		if err == nil {
			_, err = h.js.PublishMsg(h.t.Context(), msg)
		}
		if err != nil {
			h.t.Fatal(err)
		}
	}
}

// index runs the indexer until it has acked everything.
func (h *harness) index() {
	h.t.Helper()
	ix, err := indexer.New(h.t.Context(), indexer.DefaultConfig(), indexer.Dependencies{
		JS: h.js, Store: h.store, Registry: prometheus.NewRegistry(), Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		h.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(h.t.Context())
	ended := make(chan error, 1)
	go func() { ended <- ix.Run(ctx) }()
	for _, input := range []struct{ stream, consumer string }{
		{subject.StreamArticles, subject.ConsumerIndex}, {subject.StreamOutcomes, subject.ConsumerLedger},
	} {
		c, err := h.js.Consumer(h.t.Context(), input.stream, input.consumer)
		if err != nil {
			h.t.Fatal(err)
		}
		natstest.Eventually(h.t, input.consumer+" has acked everything", func() bool {
			info, err := c.Info(h.t.Context())
			return err == nil && info.AckFloor.Stream == h.stream(input.stream).CachedInfo().State.LastSeq
		})
	}
	cancel()
	if err := <-ended; err != nil {
		h.t.Error(err)
	}
}

// expect compares the store with ARTICLES.
func (h *harness) expect(when, want string) progress.State {
	h.t.Helper()
	states, err := progress.Compare(h.t.Context(), h.js, h.store)
	if err != nil {
		h.t.Fatal(err)
	}
	var got []string
	for _, span := range states[0].Missing {
		got = append(got, fmt.Sprintf("%d-%d", span.First, span.Last))
	}
	if strings.Join(got, " ") != want {
		h.t.Errorf("%s: the messages %v of %s are missing, want %q", when, got, states[0].Stream, want)
	}
	return states[0]
}

func (h *harness) stream(name string) jetstream.Stream {
	h.t.Helper()
	stream, err := h.js.Stream(h.t.Context(), name)
	if err != nil {
		h.t.Fatal(err)
	}
	return stream
}

// TestNothingIsMissing acks messages that are not stored: dead letters, and those of an
// article that is erased before it is indexed.
func TestNothingIsMissing(t *testing.T) {
	h := newHarness(t)
	h.expect("without messages", "")
	h.publish(2)
	h.publish(0)
	h.index()
	h.expect("after a message that is not an article", "")
	h.publish(1)
	lib := library.New(h.store, h.js)
	h.publish(3)
	h.index()
	first := "https://example.com/5"
	h.made = 4
	h.publish(1) // article 5 again
	if _, err := lib.Erase(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	h.publish(2)
	h.index()
	state := h.expect("after erasing a waiting article", "")
	if err := state.Tidy(t.Context(), h.store); err != nil {
		t.Fatal(err)
	}
	spans, err := h.store.Spans(t.Context(), subject.StreamArticles)
	if err != nil || len(spans) != 1 || spans[0].First != 1 || spans[0].Last != 10 {
		t.Errorf("the tidied spans are %v (%v), want 1-10", spans, err)
	}
}

// panicking panics instead of storing an article.
type panicking struct {
	store.Store
	title string
}

func (p panicking) Put(
	ctx context.Context, articles []*datelinev1.Article, from ...store.Span,
) ([]store.PutResult, error) {
	for _, a := range articles {
		if a.GetTitle() == p.title {
			panic("trial panic")
		}
	}
	return p.Store.Put(ctx, articles, from...)
}

// TestPanicIsNotMissing acks a message that becomes a dead letter because storing it
// panics.
func TestPanicIsNotMissing(t *testing.T) {
	h := newHarness(t)
	h.store = panicking{h.store, "https://example.com/2"}
	h.publish(3)
	h.index()
	h.expect("after a panic", "")
	stats, err := h.store.Stats(t.Context())
	if err != nil || stats.Articles != 2 {
		t.Errorf("%d articles are stored (%v), want 2", stats.Articles, err)
	}
}

// TestMissing loses parts of the store.
func TestMissing(t *testing.T) {
	h := newHarness(t)
	h.publish(10)
	h.index()
	h.expect("a complete store", "")
	full := h.store

	h.store = h.newStore()
	if state := h.expect("an empty store", "1-10"); state.Messages() != 10 || state.Removed() != 0 {
		t.Errorf("%d missing, %d removed", state.Messages(), state.Removed())
	}
	if err := h.stream(subject.StreamArticles).Purge(t.Context(), jetstream.WithPurgeSequence(5)); err != nil {
		t.Fatal(err)
	}
	if state := h.expect("an empty store and a trimmed stream", "1-10"); state.Removed() != 4 {
		t.Errorf("%d of %d missing messages are removed, want 4", state.Removed(), state.Messages())
	}
	h.publish(2)
	h.index()
	h.expect("after the next batch", "1-10")

	h.store = full
	h.expect("the store before these batches", "11-12")
	if err := h.stream(subject.StreamArticles).DeleteMsg(t.Context(), 12); err != nil {
		t.Fatal(err)
	}
	h.expect("with a message deleted by hand", "11-12") // 11 is still there
	if err := h.stream(subject.StreamArticles).DeleteMsg(t.Context(), 11); err != nil {
		t.Fatal(err)
	}
	h.publish(1) // so that the deleted messages are within the stream
	h.expect("with both deleted by hand", "")
}

// TestStreamIsDeclaredAgain gives the messages' numbers to other messages.
func TestStreamIsDeclaredAgain(t *testing.T) {
	h := newHarness(t)
	h.publish(10)
	h.index()
	if err := h.js.DeleteStream(t.Context(), subject.StreamArticles); err != nil {
		t.Fatal(err)
	}
	natstest.Reconcile(t, h.js, topology.Limits{})
	h.expect("a new stream", "")
	old := h.store
	h.store = h.newStore()
	h.publish(4)
	h.index()
	h.store = old
	h.expect("the spans of the old stream do not count", "1-4")
}

// TestReader delivers messages of two streams of the same name.
func TestReader(t *testing.T) {
	h := newHarness(t)
	r, err := progress.NewReader(t.Context(), h.js, subject.StreamArticles, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	at := time.Now()
	deliver := func(sequences ...uint64) string {
		t.Helper()
		var inputs []*stage.Input
		for _, s := range sequences {
			inputs = append(inputs, &stage.Input{Sequence: s, Stored: at.Add(time.Duration(s) * time.Millisecond)})
		}
		var got []string
		for _, s := range r.Spans(t.Context(), inputs) {
			got = append(got, fmt.Sprintf("%d-%d", s.First, s.Last))
			if now := h.stream(subject.StreamArticles).CachedInfo().Created; !s.Created.Equal(now) {
				got = append(got, "of another stream")
			}
		}
		return strings.Join(got, " ")
	}
	again := func() {
		t.Helper()
		if err := h.js.DeleteStream(t.Context(), subject.StreamArticles); err != nil {
			t.Fatal(err)
		}
		natstest.Reconcile(t, h.js, topology.Limits{})
		at = at.Add(time.Hour)
	}
	expect := func(want string, sequences ...uint64) {
		t.Helper()
		if got := deliver(sequences...); got != want {
			t.Errorf("%v: spans %s, want %s", sequences, got, want)
		}
	}
	again() // before the first message: only the time of creation differs
	natstest.Eventually(t, "a span of the new stream", func() bool { return deliver(1) == "1-1" })
	expect("1-3", 1, 2, 3)
	expect("2-2 5-6", 6, 2, 5) // 2 is delivered again
	again()
	expect("1-2", 1, 2)
	expect("3-9", 3, 4, 5, 6, 7, 8, 9)
	again()
	expect("9-9", 9) // the number of the last one in the earlier stream
}

// TestOlderVersion compares the streams with a store that has kept no spans.
func TestOlderVersion(t *testing.T) {
	h := newHarness(t)
	h.publish(3)
	h.index()
	old, err := h.store.Spans(t.Context(), subject.StreamArticles)
	if err == nil {
		err = h.store.ReplaceSpans(t.Context(), old, []store.Span{{Stream: subject.StreamArticles, First: 1, Last: 1}})
	}
	if err != nil {
		t.Fatal(err)
	}
	state := h.expect("after the upgrade", "")
	if err := state.Tidy(t.Context(), h.store); err != nil {
		t.Fatal(err)
	}
	backup, err := h.store.Spans(t.Context(), subject.StreamArticles)
	if err != nil {
		t.Fatal(err)
	}
	h.publish(2)
	h.index()
	h.expect("after more messages", "")
	now, err := h.store.Spans(t.Context(), subject.StreamArticles)
	if err == nil {
		err = h.store.ReplaceSpans(t.Context(), now, backup)
	}
	if err != nil {
		t.Fatal(err)
	}
	h.expect("a backup from after the upgrade", "4-5")
}
