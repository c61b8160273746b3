package main

import (
	"errors"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/dateline-news/dateline/internal/natstest"
)

// denied are subjects that a user must not publish or subscribe to.
type denied struct{ publish, subscribe []string }

// deniedByUser lists, for each user of the services and of people, samples of the
// subjects that belong to others.
func deniedByUser() map[string]denied {
	return map[string]denied{
		"setup": {
			publish: []string{
				"urls", "pages.com.example", "$JS.API.STREAM.DELETE.URLS", "$JS.API.STREAM.PURGE.URLS",
				"$JS.API.STREAM.MSG.GET.PAGES", "$JS.API.DIRECT.GET.PAGES",
				"$JS.API.CONSUMER.MSG.NEXT.URLS.intake", "$JS.API.CONSUMER.DELETE.URLS.intake",
			},
			subscribe: []string{">", "urls", "_INBOX.fetcher.>"},
		},
		"fetcher": {
			publish: []string{
				"articles.en.com.example", "revisions.new.en.com.example", "outcomes.index.produced",
				"dead.extract.panic", "$JS.API.STREAM.PURGE.FRONTIER", "$JS.API.STREAM.DELETE.URLS",
				"$JS.API.STREAM.UPDATE.URLS", "$JS.API.STREAM.CREATE.X", "$JS.API.DIRECT.GET.PAGES",
				"$JS.API.CONSUMER.MSG.NEXT.PAGES.extract", "$JS.API.CONSUMER.CREATE.PAGES.spy",
				"$JS.API.STREAM.SNAPSHOT.PAGES", "$KV.dateline-drift.x",
			},
			subscribe: []string{">", "urls", "pages.>", "_INBOX.>", "_INBOX.indexer.>", "$JS.API.>"},
		},
		"extractor": {
			publish: []string{
				"urls", "urls.x", "pages.com.example", "frontier.0.fresh.com.example",
				"revisions.new.en.com.example", "outcomes.fetch.produced", "dead.fetch.dns",
				"$JS.API.STREAM.PURGE.PAGES", "$JS.API.STREAM.DELETE.PAGES",
				"$JS.API.STREAM.MSG.DELETE.PAGES", "$JS.API.STREAM.UPDATE.PAGES",
				"$JS.API.CONSUMER.DELETE.PAGES.extract", "$JS.API.CONSUMER.CREATE.ARTICLES.spy",
				"$JS.API.CONSUMER.MSG.NEXT.ARTICLES.index", "$KV.dateline-seen.x", "$KV.dateline-hosts.x",
				"$O.dateline-bodies.C.x",
			},
			subscribe: []string{">", "articles.>", "urls", "_INBOX.indexer.>"},
		},
		"indexer": {
			publish: []string{
				"$JS.API.STREAM.PURGE.URLS", "$JS.API.STREAM.PURGE.FRONTIER", "$JS.API.STREAM.PURGE.DEAD",
				"$JS.API.STREAM.DELETE.PAGES", "$JS.API.STREAM.UPDATE.PAGES", "$JS.API.STREAM.CREATE.X",
				"$JS.API.CONSUMER.DELETE.PAGES.extract", "$JS.API.CONSUMER.MSG.NEXT.URLS.intake",
				"$KV.dateline-seen.x", "$KV.dateline-leases.x", "$O.dateline-bodies.C.x",
			},
			subscribe: []string{">", "urls", "frontier.>", "_INBOX.fetcher.>"},
		},
		"monitor": {
			publish: []string{
				"urls", "dead.fetch.dns", "$JS.API.CONSUMER.CREATE.DEAD.spy", "$JS.API.STREAM.MSG.GET.DEAD",
				"$JS.API.DIRECT.GET.DEAD", "$JS.API.STREAM.PURGE.DEAD", "$JS.API.STREAM.CREATE.X",
				"$JS.ACK.URLS.intake.1.1.1.1.1", "$KV.dateline-seen.x",
			},
			subscribe: []string{">", "articles.>", "_INBOX.>", "_INBOX.fetcher.>"},
		},
		"client": {
			publish: []string{
				"frontier.0.fresh.com.example", "pages.com.example", "articles.en.com.example",
				"outcomes.fetch.produced", "$JS.API.INFO", "$JS.API.STREAM.LIST", "$KV.dateline-seen.x",
			},
			subscribe: []string{">", "urls", "pages.>", "frontier.>", "$KV.>"},
		},
	}
}

func TestUsersLackOtherPermissions(t *testing.T) {
	t.Parallel()
	srv, _ := deployedNATS(t)
	for user, subjects := range deniedByUser() {
		t.Run(user, func(t *testing.T) {
			refusals := make(chan error, 1)
			nc, err := nats.Connect(urlFor(srv, user), nats.ErrorHandler(
				func(_ *nats.Conn, _ *nats.Subscription, err error) { refusals <- err }))
			if err != nil {
				t.Fatal(err)
			}
			defer nc.Close()
			wantRefusal := func(action string, err error) {
				t.Helper()
				if err == nil {
					err = nc.Flush()
				}
				if err != nil {
					t.Fatal(err)
				}
				// The server sends the refusal before the response to the flush.
				select {
				case err := <-refusals:
					if !errors.Is(err, nats.ErrPermissionViolation) {
						t.Errorf("%s: %v", action, err)
					}
				case <-time.After(natstest.Patience(t)):
					t.Errorf("%s may %s", user, action)
				}
			}
			for _, name := range subjects.publish {
				wantRefusal("publish to "+name, nc.Publish(name, nil))
			}
			for _, name := range subjects.subscribe {
				_, err := nc.SubscribeSync(name)
				wantRefusal("subscribe to "+name, err)
			}
		})
	}
}
