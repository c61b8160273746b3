package web_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/dateline-news/dateline/services/indexer/web"
	"github.com/dateline-news/dateline/services/notifier/subscriptions"
)

const (
	// hookSecret signs the requests of the tests' subscriptions, and hookToken is the secret part of their targets.
	hookSecret = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
	hookToken  = "T0KEN"
	// hookAnswer is what a target has answered.
	hookAnswer = "internal trace of the target"
)

// fillSubscriptions adds an active subscription, harbour, with deliveries of each kind, and one with another name that
// is suspended. article is that of the deliveries.
func (server *testServer) fillSubscriptions(t *testing.T, article, suspended string) {
	t.Helper()
	all, now := subscriptions.Of(server.store), time.Now()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	to := "https://hooks.example.com/in?token=" + hookToken
	for _, name := range []string{"harbour", suspended} {
		spec := subscriptions.Spec{
			Name: name, Query: subscriptions.Query{Text: `"harbour strike" OR ferry`, Languages: []string{"en"}}, To: to,
		}
		must(all.Put(t.Context(), spec, []string{hookSecret}, now))
	}
	one, err := all.Get(t.Context(), "harbour")
	must(err)
	from, err := all.Progress(t.Context())
	must(err)
	next := from
	next.Created, next.Sequence = now, from.Sequence+1
	var matches []subscriptions.Match
	for i := range 6 {
		matches = append(matches, subscriptions.Match{
			SubscriptionID: one.ID, ArticleID: article, Revision: i + 1, Event: subscriptions.New,
			EventTime: now.Add(-time.Duration(6-i) * time.Minute),
		})
	}
	_, _, err = all.Advance(t.Context(), from, next, subscriptions.Batch{Matches: matches}, 1000, now)
	must(err)
	log, err := all.Log(t.Context(), "harbour", 0, 100)
	must(err)
	for i := range log {
		log[i].Attempts, log[i].Status, log[i].State, log[i].EndTime = 1, 200, subscriptions.Delivered, now
		log[i].FirstAttempt = now.Add(-time.Second)
	}
	answered := subscriptions.Answered(502) + ": " + hookAnswer
	log[0].State, log[0].Status, log[0].Attempts, log[0].Detail = subscriptions.Pending, 502, 7, answered
	log[0].Due, log[0].EndTime = now.Add(time.Hour), time.Time{}
	log[1].State, log[1].Attempts, log[1].Detail = subscriptions.Skipped, 0, "the article was erased before the delivery"
	log[2].State, log[2].Status, log[2].Attempts, log[2].Detail = subscriptions.Failed, 502, 90, answered
	must(all.Record(t.Context(), one.ID, subscriptions.Report{
		Deliveries: log, State: subscriptions.Active, Reason: answered, Failures: 2, FailingSince: now,
	}, now))
	one, err = all.Get(t.Context(), suspended)
	must(err)
	must(all.Record(t.Context(), one.ID, subscriptions.Report{
		State: subscriptions.Suspended, Reason: "all requests have failed for 72h0m0s, the last one: " + answered,
		Failures: 90, FailingSince: now.Add(-72 * time.Hour),
	}, now))
}

// TestSubscriptions manages subscriptions with the API.
func TestSubscriptions(t *testing.T) {
	server := newTestServer(t, web.Config{ReadToken: readToken, OperateToken: operateToken})
	server.fillSubscriptions(t, "id-ferry-0000", "old-desk")
	const path, one = "/subscriptions", "/subscriptions/harbour"
	valid := func(name, rest string) string {
		return fmt.Sprintf(`{"name":%q,"query":{"text":"ferry"},"to":"https://hooks.example.com/%s"%s}`, name, name, rest)
	}
	for _, test := range []struct {
		method, path, token, body string
		want                      int
	}{
		// Readers change nothing, and have nothing sent.
		{"POST", path, readToken, valid("new", ""), 403},
		{"PUT", one, readToken, valid("harbour", ""), 403},
		{"DELETE", one, readToken, "", 403},
		{"POST", "/subscriptions/old-desk/resume", readToken, "", 403},
		{"POST", one + "/deliveries/1/resend", readToken, "", 403},
		{"POST", one + "/replay", readToken, `{"since":"2026-01-01T00:00:00Z"}`, 403},
		{"GET", path, "", "", 401},

		{"POST", path, operateToken, valid("new", ""), 201},
		{"POST", path, operateToken, valid("new", ""), 409},
		{"POST", path, operateToken, valid("signed", `,"secrets":["`+hookSecret+`"]`), 201},
		{"POST", path, operateToken, valid("other", `,"secrets":["guess"]`), 400},
		{"POST", path, operateToken, valid("two words", ""), 400},
		{"POST", path, operateToken, `{"name":"x","query":{},"to":"ftp://example.com/"}`, 400},
		{"POST", path, operateToken, `{"name":"x","query":{"text":"-ferry"},"to":"https://example.com/"}`, 400},
		{"POST", path, operateToken, valid("x", `,"nosuch":1`), 422},
		{"POST", path, operateToken, valid("x", `,"template":"`+strings.Repeat("x", 70_000)+`"`), 413},
		{"PUT", "/subscriptions/new", operateToken, valid("new", `,"concurrency":2`), 200},
		{"PUT", "/subscriptions/new", operateToken, valid("renamed", ""), 400},
		{"PUT", "/subscriptions/new", operateToken, `{"name":"new","query":{},"to":"https://example.com/?…"}`, 400},
		{"DELETE", "/subscriptions/new", operateToken, "", 204},
		{"DELETE", "/subscriptions/new", operateToken, "", 404},
		{"GET", "/subscriptions/new", readToken, "", 404},
		{"GET", "/subscriptions/new/deliveries", readToken, "", 404},
		{"GET", path + "?limit=101", readToken, "", 422},
		{"GET", one + "/deliveries?limit=1001", readToken, "", 422},
		{"POST", "/subscriptions/old-desk/resume", operateToken, "", 204},
		{"POST", "/subscriptions/new/resume", operateToken, "", 404},
		{"POST", one + "/deliveries/77/resend", operateToken, "", 404},
	} {
		if status := server.call(t, test.method, test.path, test.token, test.body, nil); status != test.want {
			t.Errorf("%s %s %.80s: %d, want %d", test.method, test.path, test.body, status, test.want)
		}
	}
	// Putting what is shown keeps the target and the secrets.
	shown := `{"name":"harbour","query":{"text":"ferry"},"to":"https://hooks.example.com/in?…"}`
	if status := server.call(t, "PUT", one, operateToken, shown, nil); status != 200 {
		t.Errorf("putting what is shown: %d", status)
	}
	got, err := subscriptions.Of(server.store).Get(t.Context(), "harbour")
	if err != nil || !strings.HasSuffix(got.To, hookToken) || got.Secrets != 1 || got.Query.Text != "ferry" {
		t.Errorf("after putting what is shown: %+v, %v", got, err)
	}
}

type delivery struct {
	ID                      int64
	State, Detail           string
	Attempts, Status        int
	ArticleID               string `json:"article_id"`
	Event                   string
	Revision                int
	EventTime, FirstAttempt string
}

// TestSubscriptionAnswers reads what the API tells about subscriptions and their deliveries, as a reader and as an
// operator.
func TestSubscriptionAnswers(t *testing.T) {
	server := newTestServer(t, web.Config{ReadToken: readToken, OperateToken: operateToken})
	server.fillSubscriptions(t, "id-ferry-0000", "old-desk")
	const one = "/subscriptions/harbour"
	var list []struct {
		Name, State, Reason, To, DeliveryTime string
		Secrets                               int
		Pending                               int
		SuccessRate                           float64 `json:"success_rate"`
		MedianDelay                           float64 `json:"median_delay_seconds"`
	}
	if status := server.call(t, "GET", "/subscriptions?limit=1", readToken, "", &list); status != 200 || len(list) != 1 ||
		list[0].State != "active" || list[0].Secrets != 1 || list[0].Pending != 1 || list[0].SuccessRate != 3.0/100 ||
		list[0].MedianDelay < 200 || list[0].MedianDelay > 400 {
		t.Errorf("the first page: %d, %+v", status, list)
	}
	if status := server.call(t, "GET", "/subscriptions?after=harbour", readToken, "", &list); status != 200 ||
		len(list) != 1 || list[0].State != "suspended" || !strings.HasSuffix(list[0].Reason, "answered 502") {
		t.Errorf("the second page: %d, %+v", status, list)
	}
	var log []delivery
	server.call(t, "GET", one+"/deliveries?limit=2", operateToken, "", &log)
	if len(log) != 2 || log[0].State != "pending" || log[0].Attempts != 7 || !strings.Contains(log[0].Detail, hookAnswer) {
		t.Errorf("the log of an operator: %+v", log)
	}
	server.call(t, "GET", fmt.Sprintf("%s/deliveries?before=%d", one, log[1].ID), readToken, "", &log)
	if len(log) != 4 || log[0].State != "failed" || log[0].Detail != "the target has answered 502" {
		t.Errorf("the log of a reader: %+v", log)
	}
	for _, path := range []string{"/subscriptions", one, "/subscriptions/old-desk", one + "/deliveries"} {
		for _, token := range []string{readToken, operateToken} {
			_, _, body := server.request(t, "GET", "/api/v1"+path, bearer(token)...)
			if strings.Contains(body, hookSecret[6:]) || strings.Contains(body, hookToken) {
				t.Errorf("%s contains a secret:\n%s", path, body)
			}
			if strings.Contains(body, hookAnswer) != (token == operateToken) && path != "/subscriptions" {
				t.Errorf("%s shows the answer of the target to a reader, or not to an operator:\n%s", path, body)
			}
		}
	}
	server.repeat(t, log[3].ID)
}

// repeat verifies that deliveries of the subscription harbour are repeated: the one with the id, and
// those since the start of the year.
func (server *testServer) repeat(t *testing.T, id int64) {
	t.Helper()
	const one = "/subscriptions/harbour"
	if status := server.call(t, "POST", fmt.Sprintf("%s/deliveries/%d/resend", one, id), operateToken, "",
		nil); status != 204 {
		t.Errorf("resending: %d", status)
	}
	var replayed struct {
		Deliveries int
		More       bool
	}
	if status := server.call(t, "POST", one+"/replay", operateToken, `{"since":"2026-01-01T00:00:00Z"}`,
		&replayed); status != 200 ||
		replayed.Deliveries != 3 || replayed.More {
		t.Errorf("replaying: %d, %+v", status, replayed)
	}
	got, err := subscriptions.Of(server.store).Get(t.Context(), "harbour")
	if err != nil || got.Pending != 5 {
		t.Errorf("%d deliveries wait, %v; want 5", got.Pending, err)
	}
}
