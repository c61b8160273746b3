package web_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/dateline-news/dateline/internal/subject"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/access"
	"github.com/dateline-news/dateline/services/indexer/web"
	"github.com/dateline-news/dateline/services/notifier/subscriptions"
)

// newDeadLetterServer serves the dead letters 1 to 3.
func newDeadLetterServer(t *testing.T) *testServer {
	server := newTestServer(t, web.Config{OperateToken: operateToken})
	for _, id := range []string{"one", "two", "three"} {
		url := "https://example.com/" + id
		dead := &datelinev1.DeadLetter{
			InputId: id, Stage: datelinev1.Stage_STAGE_INTAKE, Reason: "malformed", Error: "no URL <b>", Url: url,
			Subject: "urls", Data: []byte(url), Headers: []*datelinev1.Header{{Name: "X-Batch", Value: "7"}},
		}
		server.send(t, subject.Dead(dead.GetStage(), dead.GetReason()), id, dead)
	}
	return server
}

func TestDeadLettersPage(t *testing.T) {
	server := newDeadLetterServer(t)
	body := server.get(t, "/dead-letters")
	if strings.Contains(body, "Requeue</button>") {
		t.Error("readers see the buttons of operators")
	}
	if !strings.Contains(body, "no URL &lt;b&gt;") {
		t.Error("the page does not show the escaped error")
	}
	_, _, body = server.request(t, http.MethodGet, "/dead-letters", bearer(operateToken)...)
	if n := strings.Count(body, "Requeue</button>"); n != 3 {
		t.Errorf("operators see %d buttons, want 3", n)
	}
}

func TestDeadLettersOverHTTP(t *testing.T) {
	server := newDeadLetterServer(t)
	one := decode[struct {
		Reason  string
		Headers map[string][]string
		Data    []byte
	}](t, server.get(t, "/api/v1/dead-letters/1"))
	if one.Reason != "malformed" || string(one.Data) != "https://example.com/one" || one.Headers["X-Batch"][0] != "7" {
		t.Errorf("dead letter 1 is %+v", one)
	}
	for _, c := range []struct {
		method, path string
		want         int
	}{
		{"POST", "/api/v1/dead-letters/1/requeue", 204}, {"POST", "/api/v1/dead-letters/1/requeue", 404},
		{"DELETE", "/api/v1/dead-letters/2", 204}, {"POST", "/dead-letters/3/requeue", 303},
		{"POST", "/dead-letters/x/drop", 404},
	} {
		if status, _, body := server.request(t, c.method, c.path, bearer(operateToken)...); status != c.want {
			t.Errorf("%s %s: status %d, want %d: %s", c.method, c.path, status, c.want, body)
		}
	}
	if got := server.get(t, "/api/v1/dead-letters"); got != "[]\n" {
		t.Errorf("dead letters are left: %s", got)
	}
	stream, err := server.js.Stream(t.Context(), subject.StreamURLs)
	if err != nil {
		t.Fatal(err)
	}
	if n := stream.CachedInfo().State.Msgs; n != 2 {
		t.Errorf("%d messages were requeued, want 2", n)
	}
}

// TestDeadLettersOfAHostContinueOnTheNextPage asks for a host that more dead letters
// precede than one request reads.
func TestDeadLettersOfAHostContinueOnTheNextPage(t *testing.T) {
	server := newTestServer(t, web.Config{})
	for i := range 502 {
		url := "https://many.example/"
		if i == 501 {
			url = "https://rare.example/"
		}
		server.send(t, subject.Dead(datelinev1.Stage_STAGE_FETCH, "dns"), strconv.Itoa(i), &datelinev1.DeadLetter{
			Stage: datelinev1.Stage_STAGE_FETCH, Reason: "dns", Url: url,
		})
	}
	const path = "/api/v1/dead-letters"
	_, header, body := server.request(t, http.MethodGet, path+"?host=rare.example")
	query, ok := strings.CutSuffix(strings.TrimPrefix(header.Get("Link"), "<"), `>; rel="next"`)
	if body != "[]\n" || !ok || !strings.Contains(query, "after=500") {
		t.Fatalf("the first page is %s with Link %q", body, header.Get("Link"))
	}
	_, header, body = server.request(t, http.MethodGet, path+query)
	if !strings.Contains(body, `"number":502`) || strings.Contains(body, "many.example") || header.Get("Link") != "" {
		t.Errorf("the second page is %s with Link %q", body, header.Get("Link"))
	}
	body = server.get(t, "/dead-letters?host=rare.example")
	if !strings.Contains(body, "No match so far") || !strings.Contains(body, "after=500") {
		t.Errorf("the web page does not mention later dead letters: %s", body)
	}
}

// TestGivenUpPage shows, requeues and removes deliveries that were given up, with the dead letters.
func TestGivenUpPage(t *testing.T) {
	server := newTestServer(t, web.Config{ReadToken: readToken, OperateToken: operateToken})
	server.fillSubscriptions(t, "id-ferry-0000", "old-desk")
	page := func(path, token string) string {
		t.Helper()
		_, _, body := server.request(t, http.MethodGet, path, bearer(token)...)
		return body
	}
	if body := page("/dead-letters", readToken); !strings.Contains(body, `href="/dead-letters?stage=notify">1 delivery`) {
		t.Errorf("the page does not link to deliveries:\n%s", body)
	}
	all := subscriptions.Of(server.store)
	found, err := all.GivenUp(t.Context(), 0, 10)
	if err != nil || len(found) != 1 {
		t.Fatalf("%+v, %v", found, err)
	}
	number := found[0].Number
	for token, shows := range map[string]bool{readToken: false, operateToken: true} {
		body := page("/dead-letters?stage=notify", token)
		for _, want := range []string{number, `href="/subscriptions/harbour"`, "id-ferry-0000-4", "502"} {
			if !strings.Contains(body, want) {
				t.Errorf("the page lacks %q:\n%s", want, body)
			}
		}
		if strings.Contains(body, hookAnswer) != shows || strings.Contains(body, "Requeue</button>") != shows {
			t.Errorf("the page shows answers and buttons to readers, or not to operators:\n%s", body)
		}
	}
	desk, _, err := access.Of(server.store).Create(t.Context(), "desk", []access.Scope{access.Subscribe}, time.Time{},
		time.Now())
	if err != nil {
		t.Fatal(err)
	}
	post := func(path, token string, want int) {
		t.Helper()
		if status, _, body := server.request(t, http.MethodPost, path, bearer(token)...); status != want {
			t.Errorf("%s: %d, want %d:\n%s", path, status, want, body)
		}
	}
	post("/dead-letters/"+number+"/requeue", desk, 403)
	post("/dead-letters/n77/requeue", operateToken, 404)
	post("/dead-letters/"+number+"/requeue", operateToken, 303)
	post("/dead-letters/"+number+"/drop", operateToken, 404)
	if body := page("/dead-letters?stage=notify", readToken); !strings.Contains(body, "No deliveries were given up.") {
		t.Errorf("the page after requeueing:\n%s", body)
	}
	if one, err := all.Get(t.Context(), "harbour"); err != nil || one.Pending != 2 {
		t.Errorf("%d deliveries wait, %v; want 2", one.Pending, err)
	}
	entries, err := access.Of(server.store).Entries(t.Context(), access.EntryFilter{Action: "requeue", Limit: 10})
	if err != nil || len(entries) != 2 || entries[0].Object != "/dead-letters/"+number+"/requeue" {
		t.Errorf("the audit log has %+v, %v", entries, err)
	}
}

// TestGivenUpOverHTTP lists, reads, requeues and removes deliveries that were given up, with the dead letters.
func TestGivenUpOverHTTP(t *testing.T) {
	server := newTestServer(t, web.Config{ReadToken: readToken, OperateToken: operateToken})
	server.fillSubscriptions(t, "id-ferry-0000", "old-desk")
	const path = "/api/v1/dead-letters"
	request := func(method, rest, token string, want int) string {
		t.Helper()
		status, _, body := server.request(t, method, path+rest, bearer(token)...)
		if status != want {
			t.Errorf("%s %s: %d, want %d:\n%s", method, rest, status, want, body)
		}
		return body
	}
	if body := request("GET", "", readToken, 200); body != "[]\n" {
		t.Errorf("the dead letters of other stages are %s", body)
	}
	for token, shows := range map[string]bool{readToken: false, operateToken: true} {
		body := request("GET", "?stage=notify", token, 200)
		found := decode[[]subscriptions.GivenUp](t, body)
		if len(found) != 1 || found[0].Subscription != "harbour" || found[0].Status != 502 || found[0].Stage != "notify" ||
			strings.Contains(body, hookAnswer) != shows {
			t.Fatalf("the deliveries are %s, want one, with its answer: %t", body, shows)
		}
		if one := request("GET", "/"+found[0].Number, token, 200); one != strings.Trim(body, "[]\n")+"\n" {
			t.Errorf("the delivery is %s, want that of the list: %s", one, body)
		}
	}
	number := decode[[]subscriptions.GivenUp](t, request("GET", "?stage=notify", readToken, 200))[0].Number
	if _, header, _ := server.request(t, "GET", path+"?stage=notify&limit=1", bearer(readToken)...); header.Get("Link") !=
		"<?after="+number+`&limit=1&stage=notify>; rel="next"` {
		t.Errorf("the page refers to the next one with %q", header.Get("Link"))
	}
	if body := request("GET", "?stage=notify&after="+number, readToken, 200); body != "[]\n" {
		t.Errorf("the second page is %s", body)
	}
	request("GET", "?stage=notify&after=17", readToken, 400)
	request("GET", "?stage=notify&host=example.com", readToken, 400)
	request("GET", "?after=n17", readToken, 400)
	request("GET", "?after=first", readToken, 422)
	request("GET", "/n77", readToken, 404)
	request("GET", "/99999999999999999999", readToken, 404)
	request("POST", "/"+number+"/requeue", readToken, 403)
	request("POST", "/"+number+"/requeue", operateToken, 204)
	request("DELETE", "/"+number, operateToken, 404)
	request("GET", "/"+number, readToken, 404)
	all := subscriptions.Of(server.store)
	if one, err := all.Get(t.Context(), "harbour"); err != nil || one.Pending != 2 {
		t.Errorf("%d deliveries wait, %v; want 2", one.Pending, err)
	}
}
