package notifier

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/dateline-news/dateline/services/indexer/storetest"
	"github.com/dateline-news/dateline/services/notifier/subscriptions"
	"github.com/dateline-news/dateline/services/notifier/targets"
)

// TestQueries has subscriptions that match everything, more than are delivered to at a time on one host, and ones whose
// query cannot be used.
func TestQueries(t *testing.T) {
	inBothStores(t, func(t *testing.T, r *room) {
		hook := newTarget(t, nil)
		r.run()
		for text, want := range map[string]string{
			"-ferry": "only says what to leave out", `"ferry`: "is not closed", "ferry OR": "OR needs a word",
			"f*": "at least 3 letters",
		} {
			spec := subscriptions.Spec{Name: "invalid", Query: subscriptions.Query{Text: text}, To: hook.URL}
			err := r.subs.Put(t.Context(), spec, nil, time.Now())
			if !errors.Is(err, subscriptions.ErrSpec) || !strings.Contains(err.Error(), want) {
				t.Errorf("a subscription to %q: %v, want %q", text, err, want)
			}
		}
		const articles = 10
		names := make([]string, 20)
		for i := range names {
			names[i] = "everything" + strconv.Itoa(i)
			r.subscribe(names[i], "", hook.URL)
		}
		r.subscribe("ferries", "ferry", hook.URL)
		for i := range articles {
			r.put(strconv.Itoa(i), "Article "+strconv.Itoa(i))
		}
		r.put("ferry", "The ferry")
		for _, name := range names {
			r.until("everything", name, delivered(articles+1))
		}
		r.until("one article", "ferries", delivered(1))
		if n, want := len(hook.requests()), len(names)*(articles+1)+1; n != want {
			t.Errorf("%d requests, want %d", n, want)
		}
	})
}

// TestBadAnswers has targets that answer with anything but acceptance, or without end.
func TestBadAnswers(t *testing.T) {
	r := newRoom(t, storetest.Open(t, storetest.SQLite(t)))
	r.config.Timeout = time.Minute
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		_, _ = io.Copy(io.Discard, request.Body)
		name := request.URL.Path[1:]
		if status, err := strconv.Atoi(name); err == nil {
			w.Header().Set("Location", "https://elsewhere.example/")
			w.WriteHeader(status)
			_, _ = io.WriteString(w, strings.Repeat("\x00\x1b[31m no ", 10_000))
			return
		}
		if name == "endless500" {
			w.WriteHeader(http.StatusInternalServerError)
		}
		for request.Context().Err() == nil { // a body without end
			if _, err := w.Write(make([]byte, 32<<10)); err != nil {
				return
			}
			w.(http.Flusher).Flush() //nolint:forcetypeassert // the server's writers are
		}
	}))
	defer hook.Close()
	garbage, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer garbage.Close()
	go func() {
		for {
			c, err := garbage.Accept()
			if err != nil {
				return
			}
			// Garbage before the request would be reported as an unsolicited response.
			if request, err := http.ReadRequest(bufio.NewReader(c)); err == nil {
				_, _ = io.Copy(io.Discard, request.Body)
				_, _ = io.WriteString(c, "\x00\x01 this is not HTTP \r\n\r\n")
			}
			_ = c.Close()
		}
	}()
	r.run()
	reasons := map[string]string{
		"302": "answered 302, a redirect", "400": "answered 400", "404": "answered 404", "500": "answered 500",
		"599": "answered 599", "endless500": "answered 500", "garbage": "malformed HTTP",
	}
	for name := range reasons {
		to := hook.URL + "/" + name
		if name == "garbage" {
			to = "http://" + garbage.Addr().String()
		}
		r.subscribe(name, "ferry", to)
	}
	r.subscribe("endless200", "ferry", hook.URL+"/endless200")
	r.put("a", "Ferry a")
	r.until("the delivery to a target whose answer has no end", "endless200", delivered(1))
	for name, want := range reasons {
		r.until("the failure of "+name, name, func(s subscriptions.Subscription) bool { return s.Failures > 0 })
		if reason := r.get(name).Reason; !strings.Contains(reason, want) || len(reason) > 1000 {
			t.Errorf("%s failed because of %q, want %q", name, reason, want)
		}
	}
}

// TestSecretIsReplacedDuringRetries replaces a secret while a delivery is repeated.
func TestSecretIsReplacedDuringRetries(t *testing.T) {
	r := newRoom(t, storetest.Open(t, storetest.SQLite(t)))
	var up atomic.Bool
	hook := newTarget(t, func(w http.ResponseWriter, _ received) {
		if !up.Load() {
			w.WriteHeader(http.StatusBadGateway)
		}
	})
	r.run()
	r.subscribe("ferries", "ferry", hook.URL, secret("old"))
	r.put("a", "Ferry a")
	r.until("an attempt", "ferries", func(s subscriptions.Subscription) bool { return s.Failures > 0 })
	r.subscribe("ferries", "ferry", hook.URL, secret("new"))
	up.Store(true)
	r.until("the delivery", "ferries", delivered(1))
	got := hook.requests()
	last := got[len(got)-1]
	for key, want := range map[string]bool{secret("new"): true, secret("old"): false} {
		verifier, err := standardwebhooks.NewWebhook(key)
		if err != nil {
			t.Fatal(err)
		}
		if err := verifier.Verify(last.body, last.header); (err == nil) != want {
			t.Errorf("the last request is signed by the secret: %v, want %t", err, want)
		}
	}
	if first := got[0].header.Get("webhook-id"); first != last.header.Get("webhook-id") {
		t.Errorf("the ids are %s and %s, want the same", first, last.header.Get("webhook-id"))
	}
}

// TestSubscriptionIsRemovedDuringDeliveries removes a subscription while requests are under way, and adds another one
// with its name, which gets nothing of what was meant for the first.
func TestSubscriptionIsRemovedDuringDeliveries(t *testing.T) {
	inBothStores(t, func(t *testing.T, r *room) {
		begun, release := make(chan struct{}, 100), make(chan struct{})
		slow := newTarget(t, func(http.ResponseWriter, received) {
			begun <- struct{}{}
			<-release
		})
		hook := newTarget(t, nil)
		r.run()
		r.subscribe("ferries", "ferry", slow.URL)
		for i := range 10 {
			r.put(strconv.Itoa(i), "Ferry "+strconv.Itoa(i))
		}
		<-begun
		if err := r.subs.Remove(t.Context(), "ferries"); err != nil {
			t.Fatal(err)
		}
		r.subscribe("ferries", "ferry", hook.URL)
		close(release)
		r.put("later", "Ferry later")
		r.until("the delivery to the second subscription", "ferries", delivered(1))
		if log := r.log("ferries"); len(log) != 1 || hook.summary() != "new Ferry later" {
			t.Errorf("the second subscription got %q and logged %+v, want what came later", hook.summary(), log)
		}
		if n := len(slow.requests()); n > 8 {
			t.Errorf("%d requests after the removal, want none but those under way", n)
		}
	})
}

// TestClockIsSetBack has times that were written while the clock was a year ahead.
func TestClockIsSetBack(t *testing.T) {
	inBothStores(t, func(t *testing.T, r *room) {
		hook := newTarget(t, nil)
		r.subscribe("ferries", "ferry", hook.URL)
		stop := r.run()
		r.put("a", "Ferry a")
		r.until("a delivery", "ferries", delivered(1))
		stop()
		ahead := time.Now().AddDate(1, 0, 0).UnixMicro()
		err := r.store.SQL().Write(t.Context(), "setting times", func(ctx context.Context, tx *sql.Tx) error {
			_, err := tx.ExecContext(ctx, `UPDATE notify_subscriptions SET pause_end = $1, claim_end = $1, owner = 'other',
				failing_since = $1, failures = 3, due = $1, pending = 1`, ahead)
			if err == nil {
				_, err = tx.ExecContext(ctx, `UPDATE notify_deliveries SET due = $1, first_attempt = $1, state = 'pending'`, ahead)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		r.run()
		r.until("the delivery after the clock was set back", "ferries", delivered(2))
	})
}

// TestClockIsAhead adds a subscription by a clock that is an hour ahead. Articles of that hour are delivered too.
func TestClockIsAhead(t *testing.T) {
	inBothStores(t, func(t *testing.T, r *room) {
		hook := newTarget(t, nil)
		r.put("earlier", "Ferry earlier")
		r.run()
		spec := subscriptions.Spec{Name: "ferries", Query: subscriptions.Query{Text: "ferry"}, To: hook.URL}
		if err := r.subs.Put(t.Context(), spec, nil, time.Now().Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		r.put("a", "Ferry a")
		r.until("a delivery", "ferries", delivered(1))
		if one := r.get("ferries"); one.AddTime.After(time.Now()) || hook.summary() != "new Ferry a" {
			t.Errorf("added at %s, delivered %q; want a time in the past and only what came later", one.AddTime, hook.summary())
		}
	})
}

// TestDownForADay simulates a target that is down for 24 hours, with the real decisions and tables but without waiting:
// everything is delivered once, and the revisions of each article in order.
func TestDownForADay(t *testing.T) {
	inBothStores(t, func(t *testing.T, r *room) {
		config, clock := DefaultConfig(), time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
		spec := subscriptions.Spec{Name: "ferries", To: "https://hooks.example.com/",
			Query: subscriptions.Query{Text: "ferry"}}
		if err := r.subs.Put(t.Context(), spec, nil, clock); err != nil {
			t.Fatal(err)
		}
		id := r.get("ferries").ID
		outage := clock.Add(24 * time.Hour)
		var got []string
		attempts, stored := 0, 0
		for minute := clock; minute.Before(clock.Add(27 * time.Hour)); minute = minute.Add(10 * time.Minute) {
			if minute.Before(outage) { // a revision of one of three articles
				r.match(id, "article"+strconv.Itoa(stored%3), stored/3+1, minute)
				stored++
			}
			for {
				due, err := r.subs.DueSubscriptions(t.Context(), minute, 10)
				if err != nil {
					t.Fatal(err)
				}
				if len(due) == 0 {
					break
				}
				tried, delivered := r.simulate(config, r.get("ferries"), minute, !minute.Before(outage))
				attempts += tried
				got = append(got, delivered...)
				if tried == 0 {
					break
				}
			}
		}
		one := r.get("ferries")
		if int(one.Delivered) != stored || one.Pending != 0 || one.State != subscriptions.Active {
			t.Errorf("%d of %d were delivered, %d wait, state %s", one.Delivered, stored, one.Pending, one.State)
		}
		unique := map[string]bool{}
		last := map[string]int{}
		for _, event := range got {
			article, number, _ := strings.Cut(event, " ")
			revision, _ := strconv.Atoi(number)
			if unique[event] || revision != last[article]+1 {
				t.Errorf("%s came after revision %d, or twice", event, last[article])
			}
			unique[event], last[article] = true, revision
		}
		if failed := attempts - stored; failed > 40 {
			t.Errorf("%d requests failed in 24 hours, want about one an hour", failed)
		}
		t.Logf("%d deliveries, %d failed requests", stored, attempts-stored)
	})
}

// match stores a match as the notifier does.
func (r *room) match(id, article string, revision int, at time.Time) {
	r.Helper()
	from, err := r.subs.Progress(r.Context())
	if err != nil {
		r.Fatal(err)
	}
	to := from
	to.Created, to.Sequence = time.Unix(1, 0).UTC(), from.Sequence+1
	event := subscriptions.Changed
	if revision == 1 {
		event = subscriptions.New
	}
	_, _, err = r.subs.Advance(r.Context(), from, to, subscriptions.Batch{Matches: []subscriptions.Match{{
		SubscriptionID: id, ArticleID: article, Revision: revision, Event: event, EventTime: at,
	}}}, 1000, at)
	if err != nil {
		r.Fatal(err)
	}
}

// simulate makes a round of a subscription at a time, with a target that is up or down.
func (r *room) simulate(
	config Config, s subscriptions.Subscription, at time.Time, up bool,
) (tried int, delivered []string) {
	r.Helper()
	limit := s.Parallel()
	if s.Failures > 0 {
		limit = 1
	}
	due, err := r.subs.Due(r.Context(), s.ID, at, limit)
	if err != nil {
		r.Fatal(err)
	}
	var attempts []attempt
	for _, d := range due {
		one := attempt{delivery: d, outcome: targets.Outcome{Detail: "down"}}
		if up {
			one.outcome = targets.Outcome{Result: targets.Delivered}
			delivered = append(delivered, fmt.Sprintf("%s %d", d.ArticleID, d.Revision))
		}
		attempts = append(attempts, one)
	}
	if err := r.subs.Record(r.Context(), s.ID, settle(config, s, attempts, at), at); err != nil {
		r.Fatal(err)
	}
	return len(due), delivered
}

// TestCollectedDeliveriesWaitForTheirPeriod delivers to a folder by day: nothing is written before the day has ended.
func TestCollectedDeliveriesWaitForTheirPeriod(t *testing.T) {
	inBothStores(t, func(t *testing.T, r *room) {
		root := t.TempDir()
		r.config.Files, r.age = root, -24*time.Hour // tomorrow, which does not end during the test
		r.run()
		r.add(subscriptions.Spec{Name: "files", To: "files:desk", Every: subscriptions.PerDay})
		r.put("a", "Ferry a")
		r.until("a match", "files", func(s subscriptions.Subscription) bool { return s.Pending == 1 })
		r.put("b", "Ferry b")
		r.put("b", "Ferry b again")
		r.until("three matches", "files", func(s subscriptions.Subscription) bool { return s.Pending == 3 })
		if one := r.get("files"); one.Delivered != 0 {
			t.Fatalf("%d were delivered before the end of the day", one.Delivered)
		}
		// The day ends.
		err := r.store.SQL().Write(t.Context(), "ending the day", func(ctx context.Context, tx *sql.Tx) error {
			_, err := tx.ExecContext(ctx, `UPDATE notify_deliveries SET event_time = event_time - 2 * 86400000000`)
			if err == nil {
				_, err = tx.ExecContext(ctx, `UPDATE notify_subscriptions SET pause_end = 0`)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		r.until("the file", "files", delivered(3))
	})
}
