package notifier

import (
	"fmt"
	"sync"
	"testing"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/dateline-news/dateline/internal/failtest"
	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/postgrestest"
	"github.com/dateline-news/dateline/internal/topology"
	"github.com/dateline-news/dateline/services/indexer/store"
	"github.com/dateline-news/dateline/services/indexer/storetest"
	"github.com/dateline-news/dateline/services/notifier/subscriptions"
)

// TestStepsFailWhileNotifying has single requests to NATS or statements fail, or only their responses, while articles
// are delivered one after another. Each article has one delivery, which succeeds. Its requests have the same id.
func TestStepsFailWhileNotifying(t *testing.T) {
	t.Parallel()
	storetest.Pieces(t, topology.Limits{}, func(failing, sound storetest.Access) failtest.Program {
		return notifying(t, failing.JS, failing.Store, sound.JS, sound.Store)
	})
}

// notifying runs a notifier on a connection and a store that fail. An article is a piece.
func notifying(
	t *testing.T, failing jetstream.JetStream, failingStore store.Store, js jetstream.JetStream, sound store.Store,
) failtest.Program {
	t.Helper()
	const name = "ferry"
	to := newTarget(t, nil)
	r := newRoomOn(t, failing, failingStore)
	r.run()
	r = newRoomOn(t, js, sound)
	r.subscribe(name, name, to.URL)
	return failtest.Program{
		Start: func(piece int) { r.put(fmt.Sprint("a", piece), name) },
		Await: func(piece int) {
			r.until("the article is delivered", name, delivered(int64(piece+1)))
			articles := map[string]bool{}
			all := r.log(name)
			for _, d := range all {
				articles[d.ArticleID] = true
				if d.State != subscriptions.Delivered {
					t.Errorf("the delivery %+v has not succeeded", d)
				}
			}
			if len(all) != piece+1 || len(articles) != piece+1 {
				t.Errorf("%d deliveries of %d articles, want %d", len(all), len(articles), piece+1)
			}
			ids := map[string]bool{}
			for _, request := range to.requests() {
				ids[request.header.Get("webhook-id")] = true
			}
			if len(ids) != piece+1 {
				t.Errorf("the target has got the ids %v, want %d", ids, piece+1)
			}
		},
	}
}

// TestClaimsThatFail has each statement of a claim fail, or only its response. The subscription does not wait until the
// claim ends: its next turn delivers.
func TestClaimsThatFail(t *testing.T) {
	t.Parallel()
	for name, losesResponses := range map[string]bool{"statements": false, "responses": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, js := natstest.Start(t)
			dsn := storetest.Postgres(t)
			statements := postgrestest.Fail(t, dsn)
			statements.LosesResponses = losesResponses
			r := newRoomOn(t, js, storetest.Open(t, statements.URL))
			r.run()() // finds its place on the stream
			to := newTarget(t, nil)
			r.subscribe("ferry", "ferry", to.URL)
			n := r.notifier
			var turns sync.WaitGroup
			start := func() error {
				err := n.startTurns(t.Context(), t.Context(), &turns)
				turns.Wait()
				return err
			}
			failures := 0
			for {
				r.put(fmt.Sprint("a", failures), "ferry")
				if err := n.matchAll(t.Context()); err != nil {
					t.Fatal(err)
				}
				statements.After(failures)
				if err := start(); err == nil {
					break
				}
				failures++
				statements.Failed()
				if err := start(); err != nil || len(to.requests()) != failures {
					t.Errorf("after statement %d: %v; %d requests, want %d", failures, err, len(to.requests()), failures)
				}
			}
			if failures < 3 {
				t.Errorf("a claim has only %d statements", failures)
			}
		})
	}
}
