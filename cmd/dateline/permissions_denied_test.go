package main

import (
	"errors"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/topology"
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
				"$JS.API.CONSUMER.CREATE.DEAD.spy",
			},
			subscribe: []string{">", "urls", "_INBOX.fetcher.>"},
		},
		"fetcher": {
			publish: []string{
				"articles.en.com.example", "revisions.new.en.com.example", "outcomes.index.produced",
				"dead.extract.panic", "$JS.API.STREAM.PURGE.FRONTIER", "$JS.API.STREAM.DELETE.URLS",
				"$JS.API.STREAM.UPDATE.URLS", "$JS.API.STREAM.CREATE.X", "$JS.API.DIRECT.GET.PAGES",
				"$JS.API.CONSUMER.MSG.NEXT.PAGES.extract", "$JS.API.CONSUMER.CREATE.PAGES.spy",
				"$JS.API.CONSUMER.CREATE.KV_dateline-leases.spy", "$JS.API.STREAM.SNAPSHOT.PAGES", "$KV.dateline-drift.x",
			},
			subscribe: []string{">", "urls", "pages.>", "_INBOX.>", "_INBOX.indexer.>", "$JS.API.>"},
		},
		"discoverer": {
			publish: []string{
				"urls.x", "pages.com.example", "frontier.0.fresh.com.example",
				"articles.en.com.example", "outcomes.fetch.produced", "dead.fetch.dns",
				"$JS.API.STREAM.PURGE.LISTINGS", "$JS.API.STREAM.DELETE.LISTINGS", "$JS.API.STREAM.UPDATE.LISTINGS",
				"$JS.API.STREAM.MSG.DELETE.LISTINGS", "$JS.API.DIRECT.GET.PAGES", "$JS.API.CONSUMER.MSG.NEXT.URLS.intake",
				"$JS.API.CONSUMER.CREATE.LISTINGS.spy", "$KV.dateline-seen.x", "$KV.dateline-leases.x",
				"$O.dateline-bodies.C.x",
			},
			subscribe: []string{">", "urls", "listings.>", "_INBOX.indexer.>"},
		},
		"extractor": {
			publish: []string{
				"urls.x", "pages.com.example", "frontier.0.fresh.com.example",
				"revisions.new.en.com.example", "outcomes.fetch.produced", "dead.fetch.dns",
				"$JS.API.STREAM.PURGE.PAGES", "$JS.API.STREAM.DELETE.PAGES",
				"$JS.API.STREAM.MSG.DELETE.PAGES", "$JS.API.STREAM.UPDATE.PAGES",
				"$JS.API.CONSUMER.DELETE.PAGES.extract", "$JS.API.CONSUMER.CREATE.ARTICLES.spy",
				"$JS.API.CONSUMER.CREATE.OBJ_dateline-bodies.spy",
				"$JS.API.CONSUMER.MSG.NEXT.ARTICLES.index", "$KV.dateline-seen.x", "$KV.dateline-hosts.x",
				"$O.dateline-bodies.C.x",
			},
			subscribe: []string{">", "articles.>", "urls", "_INBOX.indexer.>"},
		},
		"archiver": {
			publish: []string{
				"urls", "pages.com.example", "articles.en.com.example", "outcomes.fetch.produced", "dead.fetch.dns",
				"$JS.API.STREAM.PURGE.PAGES", "$JS.API.STREAM.DELETE.PAGES", "$JS.API.STREAM.MSG.DELETE.PAGES",
				"$JS.API.STREAM.UPDATE.PAGES", "$JS.API.CONSUMER.CREATE.PAGES.spy", "$JS.API.CONSUMER.DELETE.PAGES.archive",
				"$JS.API.CONSUMER.MSG.NEXT.PAGES.extract", "$JS.API.CONSUMER.MSG.NEXT.ARTICLES.index",
				"$JS.API.DIRECT.GET.ARTICLES", "$KV.dateline-seen.x", "$O.dateline-bodies.C.x",
			},
			subscribe: []string{">", "pages.>", "urls", "_INBOX.indexer.>"},
		},
		"indexer": {
			publish: []string{
				"$JS.API.STREAM.PURGE.URLS", "$JS.API.STREAM.PURGE.FRONTIER", "$JS.API.STREAM.PURGE.DEAD",
				"$JS.API.STREAM.DELETE.PAGES", "$JS.API.STREAM.UPDATE.PAGES", "$JS.API.STREAM.CREATE.X",
				"$JS.API.CONSUMER.DELETE.PAGES.extract", "$JS.API.CONSUMER.MSG.NEXT.URLS.intake",
				"$JS.API.CONSUMER.CREATE.REVISIONS.spy",
				"$KV.dateline-seen.x", "$KV.dateline-leases.x", "$O.dateline-bodies.C.x", "deliveries.x",
			},
			subscribe: []string{">", "urls", "frontier.>", "deliveries.>", "notify.test", "_INBOX.fetcher.>"},
		},
		"notifier": {
			publish: []string{
				"urls", "articles.en.com.example", "revisions.new.en.com.example", "outcomes.index.produced",
				"dead.index.panic", "$JS.API.STREAM.PURGE.REVISIONS", "$JS.API.STREAM.DELETE.REVISIONS",
				"$JS.API.STREAM.MSG.DELETE.REVISIONS", "$JS.API.STREAM.MSG.GET.REVISIONS", "$JS.API.STREAM.UPDATE.REVISIONS",
				"$JS.API.DIRECT.GET.PAGES", "$JS.API.DIRECT.GET.DEAD", "$JS.API.CONSUMER.CREATE.REVISIONS.spy",
				"$JS.API.CONSUMER.MSG.NEXT.ARTICLES.index", "$JS.ACK.ARTICLES.index.1.1.1.1.1", "$KV.dateline-seen.x",
				"$KV.dateline-health.indexer", "$O.dateline-bodies.C.x", "deliveries", "news.x", "discover.try",
				"$JS.API.STREAM.LIST", "$JS.API.STREAM.MSG.GET.NEWS", "$JS.API.DIRECT.GET.NEWS",
			},
			subscribe: []string{">", "deliveries.>", "revisions.>", "articles.>", "urls", "_INBOX.indexer.>"},
		},
		"monitor": {
			publish: []string{
				"urls", "dead.fetch.dns", "$JS.API.CONSUMER.CREATE.DEAD.spy",
				"$JS.API.CONSUMER.CREATE.KV_dateline-leases.spy", "$JS.API.STREAM.MSG.GET.DEAD",
				"$JS.API.DIRECT.GET.DEAD", "$JS.API.STREAM.PURGE.DEAD", "$JS.API.STREAM.CREATE.X",
				"$JS.ACK.URLS.intake.1.1.1.1.1", "$KV.dateline-seen.x",
			},
			subscribe: []string{">", "articles.>", "_INBOX.>", "_INBOX.fetcher.>"},
		},
		"client": {
			publish: []string{
				"frontier.0.fresh.com.example", "pages.com.example", "articles.en.com.example",
				"outcomes.fetch.produced", "$JS.API.INFO", "$JS.API.STREAM.LIST", "$KV.dateline-seen.x", "deliveries.x",
				"notify.test",
			},
			subscribe: []string{">", "urls", "pages.>", "frontier.>", "$KV.>"},
		},
	}
}

// delivered lists the patterns of subjects that a user may subscribe to.
func delivered() map[string][]string {
	return map[string][]string{
		"fetcher": {subject.AllFrontier},
		"client":  {subject.AllArticles, subject.AllRevisions, subject.AllOutcomes, subject.AllDead},
	}
}

// TestUsersLackOtherPermissions publishes and subscribes as each user. What a user
// publishes to a subject of others must reach nobody.
func TestUsersLackOtherPermissions(t *testing.T) {
	t.Parallel()
	srv, _ := deployedNATS(t)
	operator, js := connectAs(t, srv, "operator", "operator")
	natstest.Reconcile(t, js, topology.Limits{})
	addNews(t, js)
	for user, subjects := range deniedByUser() {
		t.Run(user, func(t *testing.T) {
			// The handler must not wait: a refusal of a subscription may come after the test has looked for it.
			refusals := make(chan *nats.Subscription, len(subjects.publish)+len(subjects.subscribe))
			nc, err := nats.Connect(urlFor(srv, user), nats.Timeout(natstest.Patience(t)), nats.ErrorHandler(
				func(_ *nats.Conn, sub *nats.Subscription, err error) {
					if !errors.Is(err, nats.ErrPermissionViolation) {
						t.Error(err)
					}
					refusals <- sub
				}))
			if err != nil {
				t.Fatal(err)
			}
			defer nc.Close()
			for _, name := range subjects.publish {
				if !isUnanswered(t, nc, name, refusals) {
					t.Errorf("%s may publish to %s", user, name)
				}
			}
			for _, name := range subjects.subscribe {
				sub, err := nc.SubscribeSync(name)
				if err != nil || nc.Flush() != nil {
					t.Fatal(err, nc.LastError())
				}
				for _, got := range eavesdrop(t, operator, nc, sub) {
					if !slices.ContainsFunc(delivered()[user], func(pattern string) bool {
						return server.SubjectMatchesFilter(got, pattern)
					}) {
						t.Errorf("%s reads %s by subscribing to %s", user, got, name)
					}
				}
				select {
				case <-refusals:
				default:
					_ = sub.Unsubscribe()
				}
			}
		})
	}
}

// isUnanswered reports whether the server refuses a request, or has nobody to answer
// it.
func isUnanswered(t *testing.T, nc *nats.Conn, name string, refusals chan *nats.Subscription) bool {
	t.Helper()
	inbox := nc.NewInbox()
	answers := make(chan *nats.Msg, 1)
	sub, err := nc.ChanSubscribe(inbox, answers)
	if err == nil {
		err = nc.PublishRequest(name, inbox, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = sub.Unsubscribe() }()
	select {
	case <-refusals:
		return true
	case answer := <-answers:
		return answer.Header.Get("Status") == "503"
	case <-time.After(natstest.Patience(t)):
		t.Fatalf("neither an answer nor a refusal of %s", name)
		return false
	}
}

// eavesdrop publishes to the subjects of the pipeline, and returns the subjects of the
// messages that arrive at a subscription.
func eavesdrop(t *testing.T, operator, nc *nats.Conn, sub *nats.Subscription) []string {
	t.Helper()
	names := slices.Collect(maps.Values(victims()))
	for _, name := range append(names, "_INBOX.fetcher.x", "_INBOX.indexer.x") {
		if err := operator.Publish(name, nil); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(operator.Flush(), nc.Flush()); err != nil {
		t.Fatal(err)
	}
	var got []string
	for {
		n, _, err := sub.Pending()
		if n == 0 || err != nil {
			return got
		}
		msg, err := sub.NextMsg(natstest.Patience(t))
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, msg.Subject)
	}
}
