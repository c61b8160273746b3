package subscriptions_test

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/dateline-news/dateline/services/notifier/subscriptions"
)

// TestEveryFieldIsKept stores deliveries and the state of a subscription, in which no two values are equal.
func TestEveryFieldIsKept(t *testing.T) {
	t.Parallel()
	inBothStores(t, func(t *testing.T, all *subscriptions.Subscriptions) {
		const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
		spec := subscriptions.Spec{Name: "harbour", To: "https://hooks.example.com/harbour"}
		if err := all.Put(t.Context(), spec, []string{secret}, now.Add(-time.Hour)); err != nil {
			t.Fatal(err)
		}
		one, err := all.Get(t.Context(), "harbour")
		if err != nil {
			t.Fatal(err)
		}
		want := one
		if want.ID == "" || !want.AddTime.Equal(now.Add(-time.Hour)) || want.Secrets != 1 || len(want.Keys()) != 1 {
			t.Fatalf("the new subscription is %+v", one)
		}
		var matches []subscriptions.Match
		for i := range 13 {
			matches = append(matches, subscriptions.Match{
				SubscriptionID: one.ID, ArticleID: fmt.Sprint("article", i), Revision: 20 + i,
				Event: subscriptions.Changed, Hash: fmt.Sprint("hash", i),
				EventTime: now.Add(time.Duration(i-100) * time.Second),
			})
		}
		from, err := all.Progress(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		to := from
		to.Created, to.Sequence = now, from.Sequence+77
		stored, missed, err := all.Advance(t.Context(), from, to, subscriptions.Batch{Matches: matches}, 8, now)
		if err != nil || stored != 8 || missed != 5 {
			t.Fatalf("%d matches are stored and %d missed, %v; want 8 and 5", stored, missed, err)
		}
		if got, err := all.Progress(t.Context()); err != nil || got.Sequence != to.Sequence || !got.Created.Equal(now) {
			t.Errorf("the progress is %+v, %v; want %+v", got, err, to)
		}
		deliveries, err := all.Due(t.Context(), one.ID, now, 100)
		if err != nil || len(deliveries) != 8 {
			t.Fatalf("%d deliveries are due, %v; want 8", len(deliveries), err)
		}
		fill(t, deliveries, matches)
		record(t, all, one.ID, subscriptions.Report{
			Deliveries: deliveries, State: subscriptions.Active, Reason: "the reason", Failures: 51,
			FailingSince: now.Add(-2 * time.Hour), PauseEnd: now.Add(3 * time.Hour),
		})
		want.Pending, want.Delivered, want.Failed, want.Missed = 2, 3, 2, 5
		want.Reason, want.Failures, want.FailingSince, want.DeliveryTime = "the reason", 51, now.Add(-2*time.Hour), now
		got, err := all.Get(t.Context(), "harbour")
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("the subscription is\n%+v, %v, want\n%+v", got, err, want)
		}
		checkLog(t, all, got, deliveries)
		summary, err := all.Summarize(t.Context(), now)
		if err != nil || summary.Pending != 2 || summary.Delivered != 3 || summary.Failed != 2 ||
			!summary.FailingSince.Equal(now.Add(-2*time.Hour)) {
			t.Errorf("the summary is %+v, %v", summary, err)
		}
	})
}

// fill compares the deliveries of matches with them, and gives the fields of an attempt values of their own.
func fill(t *testing.T, deliveries []subscriptions.Delivery, matches []subscriptions.Match) {
	t.Helper()
	slices.SortFunc(deliveries, func(a, b subscriptions.Delivery) int { return cmp.Compare(a.ID, b.ID) })
	for i := range deliveries {
		d := &deliveries[i]
		if m := matches[i]; d.SubscriptionID != m.SubscriptionID || d.ArticleID != m.ArticleID ||
			d.Revision != m.Revision || d.Event != m.Event || d.Hash != m.Hash ||
			!d.EventTime.Equal(m.EventTime) {
			t.Errorf("the delivery %+v is of the match %+v", d, m)
		}
		d.Attempts, d.Status, d.Detail = 31+i, 401+i, fmt.Sprint("detail", i)
		d.FirstAttempt = now.Add(time.Duration(i+1) * time.Minute)
		d.Due = now.Add(time.Duration(i+1) * time.Hour)
		switch {
		case i < 3:
			d.State = subscriptions.Delivered
		case i < 5:
			d.State = subscriptions.Failed
		case i < 6:
			d.State = subscriptions.Skipped
		}
		if d.State != subscriptions.Pending {
			d.EndTime = now.Add(time.Duration(i+1) * 24 * time.Hour)
		}
	}
}

// checkLog reads the deliveries of a subscription together and one at a time.
func checkLog(
	t *testing.T, all *subscriptions.Subscriptions, one subscriptions.Subscription, deliveries []subscriptions.Delivery,
) {
	t.Helper()
	logged, err := all.Log(t.Context(), "harbour", 0, 100)
	if err != nil || len(logged) != len(deliveries) {
		t.Fatalf("the log has %d deliveries, %v", len(logged), err)
	}
	slices.Reverse(logged)
	for i, d := range logged {
		want := deliveries[i]
		if want.State != subscriptions.Pending {
			want.Due = time.Time{}
		}
		if !reflect.DeepEqual(d, want) {
			t.Errorf("the log has\n%+v, want\n%+v", d, want)
		}
		single, err := all.Delivery(t.Context(), one, d.ID)
		if err != nil || !reflect.DeepEqual(single, want) {
			t.Errorf("the delivery is\n%+v, %v, want\n%+v", single, err, want)
		}
	}
}
