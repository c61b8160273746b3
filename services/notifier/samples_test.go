package notifier

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/services/indexer/library"
	"github.com/dateline-news/dateline/services/indexer/storetest"
	"github.com/dateline-news/dateline/services/notifier/forms"
	"github.com/dateline-news/dateline/services/notifier/sample"
	"github.com/dateline-news/dateline/services/notifier/subscriptions"
)

// TestSamples has a running notifier send samples. Nothing about the subscription changes.
func TestSamples(t *testing.T) {
	inBothStores(t, func(t *testing.T, r *room) {
		r.run()
		hook := newTarget(t, func(w http.ResponseWriter, got received) {
			if got.payload.Data.Subscription == "refused" {
				http.Error(w, "internal trace", http.StatusBadGateway)
			}
		})
		r.subscribe("ferries", "ferry", hook.URL+"/in?token=T0KEN", secret("ferries"))
		r.subscribe("refused", "tug", hook.URL)
		r.subscribe("public", "ferry", "http://hooks.example.com/in")
		ask := func(name string) sample.Result {
			t.Helper()
			result, err := sample.Ask(natstest.Context(t), r.js.Conn(), name)
			if err != nil {
				t.Fatal(err)
			}
			return result
		}
		got := ask("ferries")
		if !got.Accepted || got.Status != 200 || got.Detail != "" || !strings.Contains(got.Request, "A sample article") ||
			strings.Contains(got.Request, "T0KEN") || strings.Contains(got.Request, secret("ferries")) {
			t.Errorf("a sample before there are articles: %+v", got)
		}
		r.put("a", "Ferry a")
		r.until("a delivery", "ferries", delivered(1))
		before := r.get("ferries")
		if got = ask("ferries"); !got.Accepted || !strings.Contains(got.Request, "Ferry a") {
			t.Errorf("a sample with an article: %+v", got)
		}
		requests := hook.requests()
		if last := requests[len(requests)-1]; last.payload.Type != forms.TypeTest ||
			last.payload.Data.Article.Title != "Ferry a" || last.header.Get("webhook-signature") == "" {
			t.Errorf("the target got %s with the headers %v", last, last.header)
		}
		if after := r.get("ferries"); after.Delivered != before.Delivered || after.Pending != 0 ||
			len(r.log("ferries")) != 1 {
			t.Errorf("the sample has changed the subscription from %+v to %+v", before, after)
		}
		if got = ask("refused"); got.Accepted || got.Status != 502 || !strings.Contains(got.Detail, "internal trace") ||
			strings.Contains(got.Shown(false).Detail, "internal trace") || got.Shown(true).Detail != got.Detail {
			t.Errorf("a sample that is refused: %+v", got)
		}
		if got = ask("public"); got.Accepted || got.Status != 0 || !strings.Contains(got.Detail, "not encrypted") {
			t.Errorf("a sample to a target that is not allowed: %+v", got)
		}
		if _, err := sample.Ask(natstest.Context(t), r.js.Conn(), "unknown"); !errors.Is(err, subscriptions.ErrNotFound) {
			t.Errorf("a sample for a subscription that does not exist: %v", err)
		}
	})
}

// TestRequestOfDelivery shows the request of a delivery, for which nothing is sent.
func TestRequestOfDelivery(t *testing.T) {
	inBothStores(t, func(t *testing.T, r *room) {
		r.run()
		hook := newTarget(t, nil)
		r.subscribe("ferries", "ferry", hook.URL+"/in?token=T0KEN", secret("ferries"))
		r.subscribe("tugs", "tug", hook.URL)
		a := r.put("a", "Ferry a")
		r.until("a delivery", "ferries", delivered(1))
		id := r.log("ferries")[0].ID
		show := func(name string, id int64) (string, error) {
			return sample.Show(natstest.Context(t), r.js.Conn(), name, id)
		}
		request, err := show("ferries", id)
		if err != nil || !strings.Contains(request, "Ferry a") || !strings.Contains(request, `"type":"article.new"`) ||
			strings.Contains(request, "T0KEN") || strings.Contains(request, secret("ferries")) {
			t.Errorf("the request of a delivery is %q, %v", request, err)
		}
		if got := len(hook.requests()); got != 1 {
			t.Errorf("the target got %d requests, want 1", got)
		}
		if _, err := show("tugs", id); !errors.Is(err, subscriptions.ErrNotFound) {
			t.Errorf("the request of a delivery to another subscription: %v, want %v", err, subscriptions.ErrNotFound)
		}
		if _, err := library.New(r.store, r.js).Erase(t.Context(), a.GetId()); err != nil {
			t.Fatal(err)
		}
		r.until("the erasure", "ferries", delivered(2))
		if request, err := show("ferries", id); !errors.Is(err, subscriptions.ErrNotFound) {
			t.Errorf("the request of a delivery whose article was erased is %q, %v", request, err)
		}
	})
}

// TestSamplesAreBounded requests more samples than a notifier sends, of a target that does not answer.
func TestSamplesAreBounded(t *testing.T) {
	r := newRoom(t, storetest.Open(t, storetest.SQLite(t)))
	stop := r.run()
	arrived, release := make(chan struct{}, maxSamples+1), make(chan struct{})
	hook := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		arrived <- struct{}{}
		<-release
	}))
	defer hook.Close()
	r.subscribe("slow", "ferry", hook.URL)
	results := make(chan error, maxSamples)
	for range maxSamples {
		go func() {
			result, err := sample.Ask(t.Context(), r.js.Conn(), "slow")
			if err == nil && !result.Accepted {
				err = errors.New(result.Detail)
			}
			results <- err
		}()
	}
	for range maxSamples {
		<-arrived
	}
	if _, err := sample.Ask(natstest.Context(t), r.js.Conn(), "slow"); !errors.Is(err, sample.ErrBusy) {
		t.Errorf("one more sample: %v, want %v", err, sample.ErrBusy)
	}
	close(release)
	for range maxSamples {
		if err := <-results; err != nil {
			t.Error(err)
		}
	}
	stop()
	if _, err := sample.Ask(natstest.Context(t), r.js.Conn(), "slow"); !errors.Is(err, sample.ErrNoNotifier) {
		t.Errorf("without a notifier: %v, want %v", err, sample.ErrNoNotifier)
	}
}
