package sink

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"log/slog"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"go.uber.org/goleak"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/dateline-news/dateline/internal/loop"
	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/postgrestest"
	"github.com/dateline-news/dateline/internal/topology"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/library"
	"github.com/dateline-news/dateline/services/indexer/store"
	"github.com/dateline-news/dateline/services/indexer/storetest"
)

func TestMain(m *testing.M) {
	os.Exit(postgrestest.Main(m, func() error { return goleak.Find() }))
}

// inBothStores runs a test on SQLite and on PostgreSQL.
func inBothStores(t *testing.T, test func(*testing.T, *room)) {
	t.Helper()
	storetest.Each(t, func(t *testing.T, s store.Store) { test(t, newRoom(t, s)) })
}

// room is a NATS server, a store, and a search engine.
type room struct {
	*testing.T

	js     jetstream.JetStream
	store  store.Store
	engine *engine
	log    *syncBuffer
}

// syncBuffer is a log that can be read while it is written.
type syncBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *syncBuffer) Write(data []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(data)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

func newRoom(t *testing.T, articles store.Store) *room {
	t.Helper()
	_, js := natstest.Connect(t, natstest.Server(t, t.TempDir()))
	natstest.Reconcile(t, js, topology.Limits{})
	return &room{T: t, js: js, store: articles, engine: newEngine(t), log: &syncBuffer{}}
}

func newSQLiteRoom(t *testing.T) *room {
	t.Helper()
	return newRoom(t, storetest.Open(t, storetest.SQLite(t)))
}

// options are those of a run that ends when the index has everything.
func (r *room) options() Options {
	return Options{
		Target: r.engine.target(), Articles: r.store, JS: r.js, Log: slog.New(slog.NewTextHandler(r.log, nil)), Once: true,
		Backoff: loop.Backoff{First: time.Millisecond, Last: 5 * time.Millisecond},
	}
}

// once brings the index up to date.
func (r *room) once() Summary {
	r.Helper()
	summary, err := Run(r.Context(), r.options())
	if err != nil {
		r.Fatalf("the run ended with %v:\n%s", err, r.log)
	}
	return summary
}

// follow follows the stream until the returned function is called.
func (r *room) follow() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	options := r.options()
	options.Once = false
	go func() {
		_, err := Run(ctx, options)
		ended <- err
	}()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			r.Errorf("an interrupted run ended with %v", err)
		}
	})
	r.Cleanup(stop)
	return stop
}

// put stores a revision of an article and announces it as the indexer does.
func (r *room) put(name, title string) *datelinev1.Article {
	r.Helper()
	a := newArticle(name, title)
	r.storeOnly(a)
	r.announce(datelinev1.RevisionChange_REVISION_CHANGE_CHANGED, a)
	return a
}

func (r *room) storeOnly(articles ...*datelinev1.Article) {
	r.Helper()
	storetest.Put(r.T, r.store, articles...)
}

func (r *room) announce(change datelinev1.RevisionChange, a *datelinev1.Article) {
	r.Helper()
	msg, err := library.RevisionMessage(&datelinev1.RevisionEvent{
		Change: change, ArticleId: a.GetId(), Revision: 1, Article: a, Time: timestamppb.Now(),
	}, "en", "example.com")
	if err == nil {
		msg.Header.Del(jetstream.MsgIDHeader) // each is a message of its own
		_, err = r.js.PublishMsg(r.Context(), msg)
	}
	if err != nil {
		r.Fatal(err)
	}
}

func (r *room) erase(a *datelinev1.Article) {
	r.Helper()
	if _, err := library.New(r.store, r.js).Erase(r.Context(), a.GetId()); err != nil {
		r.Error(err)
	}
}

// shows waits until the index has exactly the articles with some titles.
func (r *room) shows(titles string) {
	r.Helper()
	natstest.Eventually(r.T, "the index has "+titles, func() bool { return r.engine.titles() == titles })
}

// has fails the test unless the index has exactly the articles with some titles.
func (r *room) has(titles string) {
	r.Helper()
	if got := r.engine.titles(); got != titles {
		r.Fatalf("the index has %q, want %q", got, titles)
	}
}

func newArticle(name, title string) *datelinev1.Article {
	sum, hash := sha256.Sum256([]byte(name)), sha256.Sum256([]byte(title))
	url, now := "https://example.com/"+name, timestamppb.New(time.Now().Truncate(time.Microsecond))
	return &datelinev1.Article{
		Id: hex.EncodeToString(sum[:]), CanonicalUrl: url, RequestedUrl: url, FinalUrl: url, Host: "example.com",
		Title: title, Text: "The text of " + name + " about " + title + ".", Language: "en",
		ContentHash: hex.EncodeToString(hash[:]), FetchTime: now, ExtractTime: now,
	}
}

var errKilled = errors.New("killed")
