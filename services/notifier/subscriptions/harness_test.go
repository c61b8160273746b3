package subscriptions_test

import (
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/dateline-news/dateline/internal/postgrestest"
	"github.com/dateline-news/dateline/services/indexer/store"
	"github.com/dateline-news/dateline/services/indexer/storetest"
	"github.com/dateline-news/dateline/services/notifier/subscriptions"
)

func TestMain(m *testing.M) {
	os.Exit(postgrestest.Main(m, func() error { return goleak.Find() }))
}

func inBothStores(t *testing.T, test func(*testing.T, *subscriptions.Subscriptions)) {
	t.Helper()
	storetest.Each(t, func(t *testing.T, s store.Store) { test(t, subscriptions.Of(s)) })
}

var now = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

func list(t *testing.T, all *subscriptions.Subscriptions) []subscriptions.Subscription {
	t.Helper()
	found, err := all.List(t.Context(), "", 1000)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// add adds a subscription and returns its id.
func add(t *testing.T, all *subscriptions.Subscriptions, name string) string {
	t.Helper()
	spec := subscriptions.Spec{Name: name, To: "https://hooks.example.com/" + name}
	if err := all.Put(t.Context(), spec, nil, now); err != nil {
		t.Fatal(err)
	}
	one, err := all.Get(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	return one.ID
}

// matchOf returns the match of a new revision of an article.
func matchOf(id, article string, revision int, at time.Time) subscriptions.Match {
	return subscriptions.Match{
		SubscriptionID: id, ArticleID: article, Revision: revision, Event: subscriptions.New, Hash: "h", EventTime: at,
	}
}

// advance stores matches.
func advance(t *testing.T, all *subscriptions.Subscriptions, matches ...subscriptions.Match) {
	t.Helper()
	from, err := all.Progress(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	to := from
	to.Created, to.Sequence = now, from.Sequence+1
	if _, _, err := all.Advance(t.Context(), from, to, subscriptions.Batch{Matches: matches}, 20_000, now); err != nil {
		t.Fatal(err)
	}
}

// advanceAll stores matches of a revision for each of some subscriptions.
func advanceAll(t *testing.T, all *subscriptions.Subscriptions, article string, revision int, ids ...string) {
	t.Helper()
	var matches []subscriptions.Match
	for _, id := range ids {
		matches = append(matches, matchOf(id, article, revision, now))
	}
	advance(t, all, matches...)
}

// match stores a new revision of each of some articles as matches of a subscription, a minute apart, and returns its
// deliveries, the earliest first.
func match(
	t *testing.T, all *subscriptions.Subscriptions, id string, at time.Time, articles ...string,
) []subscriptions.Delivery {
	t.Helper()
	var matches []subscriptions.Match
	for i, article := range articles {
		matches = append(matches, matchOf(id, article, 1, at.Add(time.Duration(i)*time.Minute)))
	}
	advance(t, all, matches...)
	due, err := all.Due(t.Context(), id, now, len(articles)+1)
	if err != nil || len(due) != len(articles) {
		t.Fatalf("%d deliveries are due, %v; want %d", len(due), err, len(articles))
	}
	return due
}

// record stores what a turn of a subscription has brought.
func record(t *testing.T, all *subscriptions.Subscriptions, id string, report subscriptions.Report) {
	t.Helper()
	if err := all.Record(t.Context(), id, report, now); err != nil {
		t.Fatal(err)
	}
}
