package notifier

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/dateline-news/dateline/internal/natstest"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/library"
	"github.com/dateline-news/dateline/services/indexer/storetest"
	"github.com/dateline-news/dateline/services/notifier/forms"
	"github.com/dateline-news/dateline/services/notifier/subscriptions"
)

func (r *room) add(spec subscriptions.Spec, secrets ...string) {
	r.Helper()
	if spec.Query.Text == "" {
		spec.Query.Text = "ferry"
	}
	if err := r.subs.Put(r.Context(), spec, secrets, time.Now()); err != nil {
		r.Fatal(err)
	}
}

// TestNATS delivers to a subject that a stream captures, and to one that only a subscriber reads.
func TestNATS(t *testing.T) {
	r := newRoom(t, storetest.Open(t, storetest.SQLite(t)))
	_, err := r.js.CreateStream(t.Context(), jetstream.StreamConfig{Name: "NEWS", Subjects: []string{"deliveries.news.>"}})
	if err != nil {
		t.Fatal(err)
	}
	heard, err := r.js.Conn().SubscribeSync("deliveries.ferries")
	if err != nil {
		t.Fatal(err)
	}
	r.run()
	r.add(subscriptions.Spec{Name: "stream", To: "nats:deliveries.news.ferries", Form: forms.CloudEventsBinary})
	r.add(subscriptions.Spec{Name: "second", To: "nats:deliveries.news.ferries"})
	r.add(subscriptions.Spec{Name: "direct", To: "nats:deliveries.ferries"})
	a := r.put("a", "Ferry a")
	for _, name := range []string{"stream", "second", "direct"} {
		r.until("a delivery to "+name, name, delivered(1))
	}
	msg, err := heard.NextMsg(natstest.Patience(t))
	if err != nil || !strings.Contains(string(msg.Data), `"type":"article.new"`) {
		t.Errorf("the subscriber got %v, %v", msg, err)
	}
	// A repetition is dropped by the stream.
	if err := r.subs.Resend(t.Context(), "stream", r.log("stream")[0].ID, time.Now()); err != nil {
		t.Fatal(err)
	}
	r.until("the repetition", "stream", delivered(2))
	all := natstest.Messages(t, r.js, "NEWS")
	var ids []string
	for _, one := range all {
		ids = append(ids, one.Header.Get(nats.MsgIdHdr))
		if one.Header.Get("ce-type") != "" && one.Header.Get("ce-id") != a.GetId()+"-1" {
			t.Errorf("the event has the headers %v", one.Header)
		}
	}
	if len(ids) != 2 || ids[0] == ids[1] || !strings.HasPrefix(ids[0], a.GetId()+"-1-") {
		t.Errorf("the stream has messages with the ids %v, want one of each subscription", ids)
	}
}

func TestNtfy(t *testing.T) {
	r := newRoom(t, storetest.Open(t, storetest.SQLite(t)))
	type request struct {
		auth string
		body struct {
			Topic, Title, Message, Click string
			Priority                     int
			Tags                         []string
		}
	}
	got := make(chan request, 10)
	status := make(chan int, 10)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, one *http.Request) {
		q := request{auth: one.Header.Get("Authorization")}
		if err := json.NewDecoder(one.Body).Decode(&q.body); err != nil {
			t.Error(err)
		}
		select {
		case code := <-status:
			w.WriteHeader(code)
		default:
		}
		got <- q
	}))
	defer server.Close()
	status <- http.StatusTooManyRequests // which is repeated
	host := strings.TrimPrefix(server.URL, "http://")
	r.run()
	r.add(subscriptions.Spec{Name: "phone", To: "ntfy+http://" + host + "/harbour?priority=4&tags=ship,news"}, "tk_secret")
	r.put("a", "Ferry <a>")
	r.until("a delivery", "phone", delivered(1))
	for range 2 {
		q := <-got
		if q.auth != "Bearer tk_secret" || q.body.Topic != "harbour" || q.body.Title != "Ferry <a>" || q.body.Priority != 4 ||
			!slices.Equal(q.body.Tags, []string{"ship", "news"}) || q.body.Click != "https://example.com/a" ||
			!strings.Contains(q.body.Message, "The text of a") {
			t.Errorf("ntfy got %+v", q)
		}
	}
	// Another kind of target must not get the token.
	hook := newTarget(t, nil)
	r.add(subscriptions.Spec{Name: "phone", To: hook.URL})
	if one := r.get("phone"); one.Secrets != 0 {
		t.Errorf("%d secrets were kept for another kind of target", one.Secrets)
	}
	// Private servers are refused unless they are allowed.
	r.add(subscriptions.Spec{Name: "private", To: "ntfy+http://localhost:" + port(server.URL) + "/harbour"})
	r.put("b", "Ferry b")
	r.until("the refusal", "private", func(s subscriptions.Subscription) bool { return s.Failures > 0 })
	if reason := r.get("private").Reason; !strings.Contains(reason, "not encrypted") {
		t.Errorf("refused because of %q", reason)
	}
}

// TestRateIsKept measures the times at which deliveries arrive. Machines that are busy can only make them later.
func TestRateIsKept(t *testing.T) {
	r := newRoom(t, storetest.Open(t, storetest.SQLite(t)))
	var mu sync.Mutex
	var times []time.Time
	hook := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, one *http.Request) {
		_, _ = io.Copy(io.Discard, one.Body)
		mu.Lock()
		defer mu.Unlock()
		times = append(times, time.Now())
	}))
	defer hook.Close()
	r.run()
	r.add(subscriptions.Spec{Name: "slowly", To: hook.URL, Rate: "20/s", Concurrency: 2})
	r.add(subscriptions.Spec{Name: "minute", To: hook.URL + "/minute", Rate: "1/m",
		Query: subscriptions.Query{Text: "tug"}})
	var ferries []*datelinev1.Article
	for i := range 12 {
		ferries = append(ferries, newArticle(strconv.Itoa(i), "Ferry "+strconv.Itoa(i), "The text."))
	}
	start := time.Now() // the first delivery may arrive later than it was begun
	r.putAll(ferries...)
	r.until("12 deliveries", "slowly", delivered(12))
	mu.Lock()
	if len(times) != 12 || times[11].Sub(start) < 500*time.Millisecond { // 5 pauses of 100 ms between pairs
		t.Errorf("%d deliveries took %s, want at least half a second", len(times), times[11].Sub(start))
	}
	mu.Unlock()
	r.put("x", "Tug one")
	r.put("y", "Tug two")
	r.until("the first tug", "minute", func(s subscriptions.Subscription) bool {
		return s.Delivered == 1 &&
			s.Pending == 1
	})
}

// TestErasedUnderAnotherID erases an article that was joined with another one after its delivery.
func TestErasedUnderAnotherID(t *testing.T) {
	inBothStores(t, func(t *testing.T, r *room) {
		hook := newTarget(t, nil)
		r.run()
		r.subscribe("ferries", "ferry", hook.URL)
		c := r.put("c", "Ferry one")
		d := r.put("d", "Ferry one")
		r.until("both articles", "ferries", delivered(2))
		// The page of d now declares that it is c.
		c.RequestedUrl, c.FinalUrl = d.GetRequestedUrl(), d.GetFinalUrl()
		c.FetchTime.Seconds++
		if _, err := r.store.Put(t.Context(), []*datelinev1.Article{c}); err != nil {
			t.Fatal(err)
		}
		if hit, err := r.store.Article(t.Context(), d.GetId()); err != nil || hit.ID != c.GetId() {
			t.Fatalf("%s leads to %s (%v), want the joined article", d.GetId(), hit.ID, err)
		}
		if _, err := library.New(r.store, r.js).Erase(t.Context(), c.GetId()); err != nil {
			t.Fatal(err)
		}
		r.until("both erasures", "ferries", delivered(4))
		var erased []string
		for _, one := range hook.requests()[2:] {
			erased = append(erased, one.payload.Type+" "+one.payload.Data.ArticleID)
		}
		slices.Sort(erased)
		want := []string{"article.erased " + c.GetId(), "article.erased " + d.GetId()}
		slices.Sort(want)
		if !slices.Equal(erased, want) {
			t.Errorf("got %v, want %v", erased, want)
		}
	})
}

func TestTargetsAreChecked(t *testing.T) {
	for to, spec := range map[string]subscriptions.Spec{
		"nats:urls":                         {},
		"nats:news":                         {},
		"nats:deliveries.*":                 {},
		"nats:$JS.API.INFO":                 {},
		"nats:":                             {},
		"nats:deliveries.news ":             {},
		"nats:deliveries.news":              {Form: forms.Slack},
		"ntfy://ntfy.sh/":                   {},
		"ntfy://ntfy.sh/a/b":                {},
		"ntfy://ntfy.sh/a?priority=9":       {},
		"ntfy://ntfy.sh/a?delay=1":          {},
		"ntfy://u:p@ntfy.sh/a":              {},
		"ntfy://ntfy.sh/a":                  {Form: forms.Slack},
		"mailto:":                           {},
		"mailto:a@b.c?bcc=x@y.z":            {},
		"mailto:a@b.c%0d%0aBcc:x@y.z":       {},
		"mailto:A <a@b.c>":                  {},
		"files:../etc":                      {},
		"files:/etc":                        {},
		"files:a/b/c/d/e":                   {},
		"ftp://example.com":                 {},
		"https://":                          {},
		"https://a.example/x":               {Form: forms.CSV},
		"https://a.example/hour":            {Every: "hour"},
		"https://a.example/rate":            {Rate: "fast"},
		"https://a.example/none":            {Rate: "0/s"},
		"files:a":                           {Rate: "1/s"},
		"mailto:a@b.c":                      {Every: "fortnight"},
		"https://a.example/" + "x#fragment": {},
	} {
		spec.Name, spec.To, spec.Query.Text = "x", to, "ferry"
		if err := spec.Validate(); !errors.Is(err, subscriptions.ErrSpec) {
			t.Errorf("%s (%+v): %v, want ErrSpec", to, spec, err)
		}
	}
	for to, spec := range map[string]subscriptions.Spec{
		"nats:deliveries.news.ferries":       {Rate: "5/s"},
		"ntfy://ntfy.sh/a?priority=1&tags=x": {},
		"mailto:a@b.c,d@e.f":                 {Every: "day"},
		"files:harbour/ferries":              {Form: forms.Parquet, Every: "hour"},
		"https://a.example/?token=x":         {Rate: "30/m"},
	} {
		spec.Name, spec.To, spec.Query.Text = "x", to, "ferry"
		if err := spec.Validate(); err != nil {
			t.Errorf("%s: %v", to, err)
		}
	}
}
