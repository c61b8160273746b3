package subscriptions_test

import (
	"context"
	"testing"
	"time"

	"github.com/dateline-news/dateline/services/indexer/store"
	"github.com/dateline-news/dateline/services/indexer/storetest"
	"github.com/dateline-news/dateline/services/notifier/subscriptions"
)

// TestRefusedStatements has each kind of statement of each write fail in turn.
func TestRefusedStatements(t *testing.T) {
	var id, full string
	var due, given []subscriptions.Delivery
	fill := func(t *testing.T, s store.Store) {
		t.Helper()
		all := subscriptions.Of(s)
		id, full = add(t, all, "s"), add(t, all, "full")
		given = match(t, all, id, now, "given")
		given[0].State, given[0].Detail, given[0].EndTime = subscriptions.Failed, "refused", now
		record(t, all, id, subscriptions.Report{State: subscriptions.Suspended, Reason: "gone", Deliveries: given})
		due = match(t, all, id, now, "a", "b")
		match(t, all, full, now, "a")
		claimed, err := all.Claim(t.Context(), []string{full}, "me", now, now.Add(time.Minute))
		if err != nil || len(claimed) != 1 {
			t.Fatalf("claimed %v, %v", claimed, err)
		}
	}
	type action = func(context.Context, *subscriptions.Subscriptions) error
	writes := map[string]func(context.Context, store.Store) error{}
	for name, do := range map[string]action{
		"put": func(ctx context.Context, all *subscriptions.Subscriptions) error {
			return all.Put(ctx, subscriptions.Spec{Name: "new", To: "https://hooks.example.com/new"}, nil, now)
		},
		"change": func(ctx context.Context, all *subscriptions.Subscriptions) error {
			return all.Put(ctx, subscriptions.Spec{Name: "s", To: "https://hooks.example.com/changed"}, nil, now)
		},
		"remove": func(ctx context.Context, all *subscriptions.Subscriptions) error { return all.Remove(ctx, "s") },
		"resume": func(ctx context.Context, all *subscriptions.Subscriptions) error { return all.Resume(ctx, "s", now) },
		"resend": func(ctx context.Context, all *subscriptions.Subscriptions) error {
			return all.Resend(ctx, "s", given[0].ID, now)
		},
		"resend what is pending": func(ctx context.Context, all *subscriptions.Subscriptions) error {
			return all.Resend(ctx, "s", due[0].ID, now.Add(time.Second))
		},
		"resend what was given up": func(ctx context.Context, all *subscriptions.Subscriptions) error {
			_, err := all.ResendFailed(ctx, "s", now)
			return err
		},
		"requeue": func(ctx context.Context, all *subscriptions.Subscriptions) error {
			return all.RequeueGivenUp(ctx, given[0].ID, now)
		},
		"drop": func(ctx context.Context, all *subscriptions.Subscriptions) error {
			return all.DropGivenUp(ctx, given[0].ID, now)
		},
		"forget": func(ctx context.Context, all *subscriptions.Subscriptions) error {
			_, err := all.Forget(ctx, now.Add(time.Hour), 10)
			return err
		},
		"advance": func(ctx context.Context, all *subscriptions.Subscriptions) error {
			from, err := all.Progress(ctx)
			if err != nil {
				return err
			}
			to := from
			to.Sequence++
			batch := subscriptions.Batch{
				Matches: []subscriptions.Match{matchOf(id, "c", 1, now), matchOf(full, "c", 1, now)},
				Erased:  []subscriptions.Erasure{{ArticleID: "a", EventTime: now}},
			}
			_, _, err = all.Advance(ctx, from, to, batch, 2, now) // one subscription has room for nothing more
			return err
		},
		"report": func(ctx context.Context, all *subscriptions.Subscriptions) error {
			delivered := due[0]
			delivered.State, delivered.EndTime = subscriptions.Delivered, now
			_, err := all.RecordAll(ctx, "me", map[string]subscriptions.Report{id: {
				State: subscriptions.Active, Recovered: true, Deliveries: []subscriptions.Delivery{delivered},
			}}, now.Add(-time.Second))
			return err
		},
		"claim": func(ctx context.Context, all *subscriptions.Subscriptions) error {
			_, err := all.Claim(ctx, []string{full}, "you", now.Add(time.Hour), now.Add(2*time.Hour))
			return err
		},
		"renew": func(ctx context.Context, all *subscriptions.Subscriptions) error {
			return all.Renew(ctx, []string{full}, "me", now.Add(time.Hour))
		},
		"release": func(ctx context.Context, all *subscriptions.Subscriptions) error {
			return all.Release(ctx, []string{full}, "me")
		},
		"release all": func(ctx context.Context, all *subscriptions.Subscriptions) error {
			return all.ReleaseAll(ctx, "me")
		},
		"bound": func(ctx context.Context, all *subscriptions.Subscriptions) error {
			return all.BoundAddTimes(ctx, now.Add(-time.Minute), now.Add(-time.Hour))
		},
	} {
		writes[name] = func(ctx context.Context, s store.Store) error { return do(ctx, subscriptions.Of(s)) }
	}
	storetest.Refuse(t, fill, writes)
}

// TestDamagedSubscriptions has a subscription that cannot be decoded. It is never shown or delivered in part.
func TestDamagedSubscriptions(t *testing.T) {
	key := `"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"`
	for column, values := range map[string][]string{
		"spec":    {`{"name": 7}`, `{"to": "https://hooks.example.com/in", "query": []}`},
		"secrets": {`{}`, `["short"]`, `[` + key + `, "short"]`},
	} {
		for _, value := range values {
			s := storetest.Open(t, storetest.SQLite(t))
			all := subscriptions.Of(s)
			id := add(t, all, "s")
			match(t, all, id, now, "a")
			from, err := all.Progress(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if _, err := s.SQL().Writer.ExecContext(t.Context(),
				`UPDATE notify_subscriptions SET `+column+` = $1`, value); err != nil {
				t.Fatal(err)
			}
			_, listed := all.List(t.Context(), "", 10)
			_, got := all.Get(t.Context(), "s")
			_, changed := all.Changed(t.Context(), -1)
			_, claimed := all.Claim(t.Context(), []string{id}, "me", now, now.Add(time.Minute))
			for call, err := range map[string]error{"List": listed, "Get": got, "Changed": changed, "Claim": claimed} {
				if err == nil {
					t.Errorf("%s %s: %s returns no error", column, value, call)
				}
			}
			if mine, err := all.IsClaimed(t.Context(), id, "me"); mine || err != nil {
				t.Errorf("%s %s: it is claimed: %t, %v", column, value, mine, err)
			}
			if column != "spec" {
				continue
			}
			to := from
			to.Sequence++
			erased := subscriptions.Batch{Erased: []subscriptions.Erasure{{ArticleID: "a", EventTime: now}}}
			if _, _, err := all.Advance(t.Context(), from, to, erased, 10, now); err == nil {
				t.Errorf("%s: its article is erased, without an error", value)
			}
			spec := subscriptions.Spec{Name: "s", To: "https://hooks.example.com/other"}
			if err := all.Put(t.Context(), spec, nil, now); err == nil {
				t.Errorf("%s: it is replaced by one of another kind, which may get its secrets", value)
			}
		}
	}
}
