package notifier

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/postgrestest"
	"github.com/dateline-news/dateline/internal/topology"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/library"
	"github.com/dateline-news/dateline/services/indexer/store"
	"github.com/dateline-news/dateline/services/indexer/storetest"
	"github.com/dateline-news/dateline/services/indexer/textdiff"
	"github.com/dateline-news/dateline/services/notifier/forms/formstest"
	"github.com/dateline-news/dateline/services/notifier/subscriptions"
)

func TestMain(m *testing.M) {
	os.Exit(postgrestest.Main(m, func() error { return goleak.Find() }))
}

// inBothStores runs a test on SQLite and on PostgreSQL.
func inBothStores(t *testing.T, test func(*testing.T, *room)) {
	t.Helper()
	storetest.Each(t, func(t *testing.T, s store.Store) { test(t, newRoom(t, s)) })
}

// room is a NATS server and a store.
type room struct {
	testing.TB

	js     jetstream.JetStream
	store  store.Store
	subs   *subscriptions.Subscriptions
	config Config
	// notifier is the one that was started last.
	notifier *Notifier
	// age is how long ago revisions are stored.
	age time.Duration
}

func newRoom(tb testing.TB, articles store.Store) *room {
	tb.Helper()
	_, js := natstest.Connect(tb, natstest.Server(tb, tb.TempDir()))
	natstest.Reconcile(tb, js, topology.Limits{})
	return newRoomOn(tb, js, articles)
}

// newRoomOn returns a room with a connection to a server that has the streams.
func newRoomOn(tb testing.TB, js jetstream.JetStream, articles store.Store) *room {
	tb.Helper()
	config := DefaultConfig()
	config.AllowHosts, config.RetryDelay = []string{"127.0.0.1"}, 20*time.Millisecond
	config.MaxDelay = 100 * time.Millisecond
	return &room{TB: tb, js: js, store: articles, subs: subscriptions.Of(articles), config: config}
}

// run starts a notifier, waits until it follows the stream, and returns a function that stops it.
func (r *room) run() (stop func()) {
	r.Helper()
	n, err := New(r.Context(), r.config, Dependencies{
		JS: r.js, Store: r.store, Registry: prometheus.NewRegistry(), Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		r.Fatal(err)
	}
	r.notifier = n
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- n.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			r.Errorf("the notifier ended with %v", err)
		}
	})
	r.Cleanup(stop)
	natstest.Eventually(r, "the notifier follows the stream", func() bool {
		p, err := r.subs.Progress(r.Context())
		return err == nil && !p.Created.IsZero()
	})
	return stop
}

// secret returns a secret of Standard Webhooks.
func secret(seed string) string {
	sum := sha256.Sum256([]byte(seed))
	return "whsec_" + base64.StdEncoding.EncodeToString(sum[:])
}

func (r *room) subscribe(name, text, to string, secrets ...string) {
	r.Helper()
	spec := subscriptions.Spec{Name: name, Query: subscriptions.Query{Text: text}, To: to}
	if err := r.subs.Put(r.Context(), spec, secrets, time.Now()); err != nil {
		r.Fatal(err)
	}
}

// put stores a revision of an article and announces it as the indexer does.
func (r *room) put(name, title string) *datelinev1.Article {
	r.Helper()
	a := newArticle(name, title, "The text of "+name+" about "+title+".")
	r.putAll(a)
	return a
}

func newArticle(name, title, text string) *datelinev1.Article {
	now := time.Now().Truncate(time.Microsecond)
	sum := sha256.Sum256([]byte(name))
	hash := sha256.Sum256([]byte(title))
	return &datelinev1.Article{
		Id: hex.EncodeToString(sum[:]), CanonicalUrl: "https://example.com/" + name,
		RequestedUrl: "https://example.com/" + name, FinalUrl: "https://example.com/" + name, Host: "example.com",
		Title: title, Text: text, Language: "en",
		ContentHash: hex.EncodeToString(hash[:]), FetchTime: timestamppb.New(now), ExtractTime: timestamppb.New(now),
	}
}

// putAll stores revisions of articles together and announces them as the indexer does.
func (r *room) putAll(articles ...*datelinev1.Article) {
	r.Helper()
	results, err := r.store.Put(r.Context(), articles)
	if err != nil {
		r.Fatal(err)
	}
	for i, result := range results {
		if result.Err != nil || result.Revision == 0 {
			r.Fatalf("storing %s: %+v", articles[i].GetCanonicalUrl(), result)
		}
		change := datelinev1.RevisionChange_REVISION_CHANGE_CHANGED
		if result.Revision == 1 {
			change = datelinev1.RevisionChange_REVISION_CHANGE_NEW
		}
		msg, err := library.RevisionMessage(&datelinev1.RevisionEvent{
			Change: change, ArticleId: result.ID, Revision: int32(result.Revision), Article: articles[i],
			Time: timestamppb.New(time.Now().Add(-r.age)),
		}, "en", "example.com")
		if err == nil {
			_, err = r.js.PublishMsg(r.Context(), msg)
		}
		if err != nil {
			r.Fatal(err)
		}
	}
}

func (r *room) get(name string) subscriptions.Subscription {
	r.Helper()
	one, err := r.subs.Get(r.Context(), name)
	if err != nil {
		r.Fatal(err)
	}
	return one
}

func (r *room) log(name string) []subscriptions.Delivery {
	r.Helper()
	all, err := r.subs.Log(r.Context(), name, 0, 1000)
	if err != nil {
		r.Fatal(err)
	}
	return all
}

// until waits until a subscription is as expected.
func (r *room) until(what, name string, holds func(subscriptions.Subscription) bool) {
	r.Helper()
	natstest.Eventually(r, what, func() bool { return holds(r.get(name)) })
}

func delivered(n int64) func(subscriptions.Subscription) bool {
	return func(s subscriptions.Subscription) bool { return s.Delivered >= n && s.Pending == 0 }
}

func isSuspended(s subscriptions.Subscription) bool { return s.State == subscriptions.Suspended }

// received is a request that a target has got.
type received struct {
	header  http.Header
	body    []byte
	payload struct {
		Type string
		Data struct {
			Subscription string
			ArticleID    string `json:"article_id"`
			Revision     int
			Article      struct{ Title, Text string }
			Story        string
			Changes      textdiff.Difference
		}
	}
}

func (r received) String() string {
	return fmt.Sprintf("%s %s", strings.TrimPrefix(r.payload.Type, "article."), r.payload.Data.Article.Title)
}

// target is a web hook that records its requests, in the order of their arrival.
type target struct {
	*httptest.Server

	mu  sync.Mutex
	got []received
}

// newTarget returns a target that answers as a function tells, or 204 if the function is nil. What it gets must follow
// the schema of messages.
func newTarget(t *testing.T, answer func(w http.ResponseWriter, r received)) *target {
	one := &target{}
	schema := formstest.Resolve(t, formstest.Schema(t))
	one.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		body, err := io.ReadAll(request.Body)
		if err != nil {
			return // the notifier was killed or has gone
		}
		got := received{header: request.Header, body: body}
		var message any
		err = errors.Join(json.Unmarshal(body, &got.payload), json.Unmarshal(body, &message))
		if err == nil {
			err = schema.Validate(message)
		}
		if err != nil {
			t.Errorf("the body %.200s: %v", body, err)
		}
		one.mu.Lock()
		one.got = append(one.got, got)
		one.mu.Unlock()
		if answer == nil {
			w.WriteHeader(http.StatusNoContent)
		} else {
			answer(w, got)
		}
	}))
	t.Cleanup(one.Close)
	return one
}

func (o *target) requests() []received {
	o.mu.Lock()
	defer o.mu.Unlock()
	return append([]received(nil), o.got...)
}

// summary returns the events and titles of the requests.
func (o *target) summary() string {
	var all []string
	for _, one := range o.requests() {
		all = append(all, one.String())
	}
	return strings.Join(all, "; ")
}
