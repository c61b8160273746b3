package doctor

import (
	"context"
	"testing"
	"time"

	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/topology"
	"github.com/dateline-news/dateline/services/indexer/storetest"
	"github.com/dateline-news/dateline/services/notifier/subscriptions"
)

// TestSubscriptions has a subscription that is suspended, one that fails, and a delivery that waits for a notifier.
func TestSubscriptions(t *testing.T) {
	_, js := natstest.Connect(t, natstest.Server(t, t.TempDir()))
	natstest.Reconcile(t, js, topology.Limits{})
	s := storetest.Open(t, storetest.SQLite(t))
	all := subscriptions.Of(s)
	examine := func() string {
		t.Helper()
		return findings(t, func(ctx context.Context, _ Target, r *report) {
			if err := examineSubscriptions(ctx, js, s, r); err != nil {
				t.Error(err)
			}
		}, Target{})
	}
	wantLines(t, examine(), "ok subscriptions: no subscriptions")
	long := time.Now().Add(-2 * time.Hour)
	for _, name := range []string{"failing", "suspended", "waiting"} {
		if err := all.Put(t.Context(), subscriptions.Spec{Name: name, To: "https://hooks.example.com/in"}, nil,
			long); err != nil {
			t.Fatal(err)
		}
	}
	wantLines(t, examine(), "ok subscriptions: 3 active subscriptions, 0 deliveries waiting")
	from, err := all.Progress(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	stream, err := js.Stream(t.Context(), subject.StreamRevisions)
	if err != nil {
		t.Fatal(err)
	}
	to := subscriptions.Progress{Created: topology.Created(stream.CachedInfo()), Sequence: 0, Version: from.Version}
	known, err := all.List(t.Context(), "", 10)
	if err != nil {
		t.Fatal(err)
	}
	var matches []subscriptions.Match
	for _, one := range known {
		matches = append(matches, subscriptions.Match{
			SubscriptionID: one.ID, ArticleID: "a", Revision: 1, Event: subscriptions.New, EventTime: long,
		})
	}
	if _, _, err := all.Advance(t.Context(), from, to, subscriptions.Batch{Matches: matches}, 10, long); err != nil {
		t.Fatal(err)
	}
	for i, state := range []string{subscriptions.Active, subscriptions.Suspended} {
		report := subscriptions.Report{
			State: state, Failures: 9, FailingSince: long, PauseEnd: time.Now().Add(time.Hour),
		}
		if err := all.Record(t.Context(), known[i].ID, report, time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	wantLines(t, examine(), "problem subscriptions: new articles have waited 2h0m",
		"problem subscriptions: 1 subscription suspended", "problem subscriptions: 1 subscription failing, for up to 2h0m0s")
}
