package notifier

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/dateline-news/dateline/services/indexer/library"
	"github.com/dateline-news/dateline/services/indexer/storetest"
	"github.com/dateline-news/dateline/services/notifier/subscriptions"
)

func TestEventsAreDelivered(t *testing.T) {
	inBothStores(t, func(t *testing.T, r *room) {
		hook := newTarget(t, nil)
		r.put("earlier", "A strike before the subscription")
		r.run()
		r.subscribe("harbour", `"harbour strike" OR ferry`, hook.URL, secret("new"), secret("old"))
		r.subscribe("football", "football", hook.URL)
		a := r.put("a", "The ferries stop")
		r.put("b", "Nothing of interest")
		r.put("a", "The ferry sails again")
		r.until("two deliveries", "harbour", delivered(2))
		if _, err := library.New(r.store, r.js).Erase(t.Context(), a.GetId()); err != nil {
			t.Fatal(err)
		}
		r.until("three deliveries", "harbour", delivered(3))
		if got, want := hook.summary(), "new The ferries stop; changed The ferry sails again; erased "; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		for i, got := range hook.requests() {
			for _, key := range []string{secret("new"), secret("old")} { // both are valid during a rotation
				verifier, err := standardwebhooks.NewWebhook(key)
				if err != nil {
					t.Fatal(err)
				}
				if err := verifier.Verify(got.body, got.header); err != nil {
					t.Errorf("request %d: the reference library refuses the signature: %v", i, err)
				}
			}
			want := a.GetId() + []string{"-1", "-2", "-erased"}[i]
			if id := got.header.Get("webhook-id"); id != want || got.payload.Data.ArticleID != a.GetId() {
				t.Errorf("request %d has the id %s and the article %s, want %s", i, id, got.payload.Data.ArticleID, want)
			}
			if got.payload.Data.Subscription != "harbour" || got.header.Get("Content-Type") != "application/json" {
				t.Errorf("request %d is for %q, of type %q", i, got.payload.Data.Subscription, got.header.Get("Content-Type"))
			}
		}
		if one := r.get("football"); one.Pending+one.Delivered+one.Missed > 0 {
			t.Errorf("football has %+v, want nothing", one)
		}
	})
}

// TestRetriesKeepIDAndOrder lets a target refuse the first revision of one article a few times. Meanwhile other
// articles are delivered, but not the second revision.
func TestRetriesKeepIDAndOrder(t *testing.T) {
	inBothStores(t, func(t *testing.T, r *room) {
		var refusals atomic.Int64
		hook := newTarget(t, func(w http.ResponseWriter, got received) {
			if got.payload.Data.Article.Title == "Ferry one" && refusals.Add(1) <= 4 {
				http.Error(w, "not now", http.StatusInternalServerError)
			}
		})
		r.run()
		r.subscribe("ferries", "ferry", hook.URL, secret("x"))
		r.put("a", "Ferry one")
		r.put("a", "Ferry two")
		for i := range 5 {
			r.put("other"+strconv.Itoa(i), "Ferry other "+strconv.Itoa(i))
		}
		r.until("seven deliveries", "ferries", delivered(7))
		ids := map[string]int{}
		var order []string
		for _, got := range hook.requests() {
			if id := got.header.Get("webhook-id"); strings.HasPrefix(got.payload.Data.Article.Title, "Ferry o") {
				ids[id]++
			}
			if title := got.payload.Data.Article.Title; title == "Ferry one" || title == "Ferry two" {
				order = append(order, title)
			}
		}
		if strings.Join(order, " ") != strings.Repeat("Ferry one ", 5)+"Ferry two" {
			t.Errorf("the revisions came as %v, want five attempts of the first before the second", order)
		}
		if len(ids) != 6 {
			t.Errorf("the attempts have the ids %v, want one for each event", ids)
		}
		for _, d := range r.log("ferries") {
			want := 1
			if d.Revision == 1 && d.Attempts == 5 {
				want = 5
			}
			if d.State != subscriptions.Delivered || d.Attempts != want || d.Status != 200 {
				t.Errorf("logged %+v", d)
			}
		}
	})
}

// TestSlowTargetDelaysNobody has a target that does not answer while others get everything.
func TestSlowTargetDelaysNobody(t *testing.T) {
	inBothStores(t, func(t *testing.T, r *room) {
		release := make(chan struct{})
		r.config.Timeout = maxTimeout // requests to the slow target must not be repeated
		slow := newTarget(t, func(http.ResponseWriter, received) { <-release })
		fast := newTarget(t, nil)
		r.run()
		r.subscribe("slow", "ferry", slow.URL)
		r.subscribe("fast", "ferry", fast.URL)
		for i := range 20 {
			r.put(strconv.Itoa(i), "Ferry "+strconv.Itoa(i))
		}
		r.until("20 deliveries to the fast target", "fast", delivered(20))
		if one := r.get("slow"); one.Delivered != 0 || one.Pending != 20 {
			t.Errorf("the slow target has %+v, want 20 pending", one)
		}
		if n := len(slow.requests()); n > 4 {
			t.Errorf("the slow target has %d requests at a time, want at most 4", n)
		}
		close(release)
		r.until("20 deliveries to the slow target", "slow", delivered(20))
	})
}

func TestTargetThatIsGoneIsSuspended(t *testing.T) {
	inBothStores(t, func(t *testing.T, r *room) {
		var status atomic.Int64
		status.Store(http.StatusGone)
		hook := newTarget(t, func(w http.ResponseWriter, _ received) { w.WriteHeader(int(status.Load())) })
		r.run()
		r.subscribe("ferries", "ferry", hook.URL)
		r.put("a", "Ferry a")
		r.until("the suspension", "ferries", isSuspended)
		r.put("b", "Ferry b")
		r.until("a second match", "ferries", func(s subscriptions.Subscription) bool { return s.Pending == 2 })
		if one := r.get("ferries"); !strings.Contains(one.Reason, "410") || len(hook.requests()) != 1 {
			t.Errorf("%d requests, reason %q; want one and the status", len(hook.requests()), one.Reason)
		}
		status.Store(http.StatusOK)
		if err := r.subs.Resume(t.Context(), "ferries", time.Now()); err != nil {
			t.Fatal(err)
		}
		r.until("what waited", "ferries", delivered(2))
		got := strings.Split(hook.summary(), "; ")
		slices.Sort(got) // articles have no order among one another
		if want := []string{"new Ferry a", "new Ferry a", "new Ferry b"}; !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

// TestSubscriptionIsSuspendedAndResumed has a target that is down for longer than give-up.
func TestSubscriptionIsSuspendedAndResumed(t *testing.T) {
	inBothStores(t, func(t *testing.T, r *room) {
		r.config.GiveUp = 300 * time.Millisecond
		var up atomic.Bool
		hook := newTarget(t, func(w http.ResponseWriter, _ received) {
			if !up.Load() {
				w.WriteHeader(http.StatusBadGateway)
			}
		})
		r.run()
		r.subscribe("ferries", "ferry", hook.URL)
		r.put("a", "Ferry a")
		r.put("a", "Ferry b")
		r.until("the suspension and both matches", "ferries", func(s subscriptions.Subscription) bool {
			return isSuspended(s) && s.Pending == 2
		})
		if one := r.get("ferries"); !strings.Contains(one.Reason, "502") || one.Pending != 2 {
			t.Errorf("suspended with %+v, want the status and two pending", one)
		}
		up.Store(true)
		before := len(hook.requests())
		if before < 2 {
			t.Errorf("%d requests before the suspension, want several", before)
		}
		if err := r.subs.Resume(t.Context(), "ferries", time.Now()); err != nil {
			t.Fatal(err)
		}
		r.until("what waited", "ferries", delivered(2))
		var after []string
		for _, got := range hook.requests()[before:] {
			after = append(after, got.String())
		}
		if want := []string{"new Ferry a", "changed Ferry b"}; !slices.Equal(after, want) {
			t.Errorf("after the resumption: %q, want %q", after, want)
		}
	})
}

// TestErasedBeforeDelivery erases an article while its delivery waits. Its text is not sent afterwards.
func TestErasedBeforeDelivery(t *testing.T) {
	inBothStores(t, func(t *testing.T, r *room) {
		var up atomic.Bool
		hook := newTarget(t, func(w http.ResponseWriter, _ received) {
			if !up.Load() {
				w.Header().Set("Retry-After", "3600") // no attempt is under way during the erasure
				w.WriteHeader(http.StatusServiceUnavailable)
			}
		})
		r.run()
		r.subscribe("ferries", "ferry", hook.URL)
		first := r.put("first", "Ferry first")
		r.until("a first attempt", "ferries", func(s subscriptions.Subscription) bool { return s.Failures > 0 })
		if _, err := library.New(r.store, r.js).Erase(t.Context(), first.GetId()); err != nil {
			t.Fatal(err)
		}
		up.Store(true)
		before := len(hook.requests())
		if err := r.subs.Resume(t.Context(), "ferries", time.Now()); err != nil {
			t.Fatal(err)
		}
		r.until("the erasure", "ferries", delivered(1))
		for _, got := range hook.requests()[before:] {
			if got.payload.Type != "article.erased" || strings.Contains(string(got.body), "Ferry first") {
				t.Errorf("after the erasure: %s", got.body)
			}
		}
		log := r.log("ferries")
		if len(log) != 2 || log[0].Event != subscriptions.Erased || log[0].State != subscriptions.Delivered ||
			log[1].State != subscriptions.Skipped {
			t.Errorf("logged %+v, want a delivered erasure after a skipped delivery", log)
		}
	})
}

func TestRetryAfterIsObeyed(t *testing.T) {
	r := newRoom(t, storetest.Open(t, storetest.SQLite(t)))
	hook := newTarget(t, func(w http.ResponseWriter, _ received) {
		w.Header().Set("Retry-After", "3600")
		w.WriteHeader(http.StatusTooManyRequests)
	})
	other := newTarget(t, nil)
	r.run()
	r.subscribe("ferries", "ferry", hook.URL)
	r.subscribe("others", "ferry", other.URL)
	r.put("a", "Ferry a")
	r.until("an attempt", "ferries", func(s subscriptions.Subscription) bool { return s.Failures > 0 })
	r.put("b", "Ferry b")
	r.until("deliveries to the other target", "others", delivered(2))
	if n := len(hook.requests()); n != 1 {
		t.Errorf("%d requests, want one until the hour is over", n)
	}
	if due := r.log("ferries")[1].Due; time.Until(due) < 50*time.Minute {
		t.Errorf("the next attempt is at %s, want in an hour", due)
	}
}

// TestBoundsOfATarget has targets that must not be reached or believed.
func TestBoundsOfATarget(t *testing.T) {
	r := newRoom(t, storetest.Open(t, storetest.SQLite(t)))
	var reached atomic.Int64
	private := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Add(1) }))
	defer private.Close()
	encrypted := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Add(1) }))
	defer encrypted.Close()
	elsewhere := newTarget(t, func(w http.ResponseWriter, _ received) {
		w.Header().Set("Location", strings.Replace(private.URL, "127.0.0.1", "localhost", 1))
		w.WriteHeader(http.StatusPermanentRedirect)
	})
	r.run()
	wanted := map[string]struct{ to, reason string }{
		"port":      {"https://localhost:" + port(encrypted.URL), "port"},
		"plain":     {"http://localhost/", "not encrypted"},
		"private":   {"https://localhost:8443/", "prohibited"},
		"untrusted": {encrypted.URL, "certificate"},
		"redirect":  {elsewhere.URL, "redirect that is not followed"},
	}
	for name, c := range wanted {
		r.subscribe(name, "ferry", c.to)
	}
	r.put("a", "Ferry a")
	for name, c := range wanted {
		r.until("the failure of "+name, name, func(s subscriptions.Subscription) bool { return s.Failures > 0 })
		if reason := r.get(name).Reason; !strings.Contains(reason, c.reason) {
			t.Errorf("%s failed because of %q, want a reason with %q", name, reason, c.reason)
		}
	}
	if reached.Load() > 0 {
		t.Error("a target that is not allowed was reached")
	}
}

func port(url string) string { return url[strings.LastIndexByte(url, ':')+1:] }

// TestSameHostRedirectIsFollowed has a target that moved to another path.
func TestSameHostRedirectIsFollowed(t *testing.T) {
	r := newRoom(t, storetest.Open(t, storetest.SQLite(t)))
	var bodies atomic.Int64
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		if request.URL.Path != "/new" {
			http.Redirect(w, request, "/new", http.StatusTemporaryRedirect)
		} else if request.Method == http.MethodPost && request.ContentLength > 0 {
			bodies.Add(1)
		}
	}))
	defer hook.Close()
	r.run()
	r.subscribe("ferries", "ferry", hook.URL+"/old")
	r.put("a", "Ferry a")
	r.until("a delivery", "ferries", delivered(1))
	if bodies.Load() != 1 {
		t.Errorf("%d bodies arrived, want 1", bodies.Load())
	}
}

// TestPendingDeliveriesAreBounded has more matches than may wait.
func TestPendingDeliveriesAreBounded(t *testing.T) {
	inBothStores(t, func(t *testing.T, r *room) {
		r.config.MaxPending = 3
		hook := newTarget(t, func(w http.ResponseWriter, _ received) { w.WriteHeader(http.StatusGone) })
		r.run()
		r.subscribe("ferries", "ferry", hook.URL)
		for i := range 5 {
			r.put(strconv.Itoa(i), "Ferry "+strconv.Itoa(i))
		}
		r.until("missed matches", "ferries", func(s subscriptions.Subscription) bool { return s.Missed == 2 })
		if one := r.get("ferries"); one.Pending != 3 || len(r.log("ferries")) != 3 {
			t.Errorf("%+v with %d deliveries, want 3", one, len(r.log("ferries")))
		}
	})
}

// TestDeliveryIsResent sends a delivery a second time, on request.
func TestDeliveryIsResent(t *testing.T) {
	inBothStores(t, func(t *testing.T, r *room) {
		hook := newTarget(t, nil)
		r.run()
		r.subscribe("ferries", "ferry", hook.URL)
		r.put("a", "Ferry a")
		r.until("a delivery", "ferries", delivered(1))
		if err := r.subs.Resend(t.Context(), "ferries", r.log("ferries")[0].ID, time.Now()); err != nil {
			t.Fatal(err)
		}
		r.until("the second delivery", "ferries", delivered(2))
		got := hook.requests()
		if len(got) != 2 || got[0].header.Get("webhook-id") != got[1].header.Get("webhook-id") {
			t.Errorf("got %d requests, want two with the same id", len(got))
		}
	})
}

// TestOldDeliveriesAreForgotten deletes only those that have ended.
func TestOldDeliveriesAreForgotten(t *testing.T) {
	inBothStores(t, func(t *testing.T, r *room) {
		hook := newTarget(t, nil)
		stop := r.run()
		r.subscribe("ferries", "ferry", hook.URL)
		r.put("a", "Ferry a")
		r.until("a delivery", "ferries", delivered(1))
		stop()
		if n, err := r.subs.Forget(t.Context(), time.Now().Add(-time.Hour), 10); n != 0 || err != nil {
			t.Errorf("forgot %d deliveries of the last hour, %v", n, err)
		}
		if n, err := r.subs.Forget(t.Context(), time.Now().Add(time.Hour), 10); n != 1 || err != nil {
			t.Errorf("forgot %d deliveries, %v; want 1", n, err)
		}
	})
}
