package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/dateline-news/dateline/internal/ledger"
	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/subject"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/web"
)

func TestConfig(t *testing.T) {
	for name, c := range map[string]struct {
		config web.Config
		want   string
	}{
		"the default":       {web.DefaultConfig(), ""},
		"nothing is served": {web.Config{}, ""},
		"loopback by name":  {web.Config{Addr: "localhost:80"}, ""},
		"IPv6 loopback":     {web.Config{Addr: "[::1]:80"}, ""},
		"open to all":       {web.Config{Addr: ":8080"}, "there is no read-token"},
		"open to a network": {web.Config{Addr: "192.168.0.7:8080", OperateToken: operateToken},
			"there is no read-token"},
		"open to those with tokens": {web.Config{Addr: ":8080", ReadToken: readToken, OperateToken: operateToken}, ""},
		"a short token":             {web.Config{OperateToken: "secret"}, "use at least 16"},
		"one token for both":        {web.Config{ReadToken: readToken, OperateToken: readToken}, "are the same"},
	} {
		err := c.config.Validate()
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

func TestGuard(t *testing.T) {
	server := newTestServer(t, web.Config{Addr: ":8080", ReadToken: readToken, OperateToken: operateToken})
	server.put(t, article("a", "A", "x", noon))
	bearer := func(token string) []string { return []string{"Authorization", "Bearer " + token} }
	for _, c := range []struct {
		method, path string
		head         []string
		want         int
	}{
		{"GET", "/api/v1/articles", nil, 401},
		{"GET", "/api/v1/openapi.json", nil, 401},
		{"GET", "/api/v1/articles", bearer("wrong"), 401},
		{"GET", "/api/v1/articles", bearer(""), 401},
		{"GET", "/api/v1/articles", bearer(readToken), 200},
		{"GET", "/api/v1/articles", bearer(operateToken), 200},
		// any:the-token-of-readers
		{"GET", "/api/v1/feed.atom", []string{"Authorization", "Basic YW55OnRoZS10b2tlbi1vZi1yZWFkZXJz"}, 200},
		// the other way round
		{"GET", "/api/v1/feed.atom", []string{"Authorization", "Basic dGhlLXRva2VuLW9mLXJlYWRlcnM6YW55"}, 401},
		{"GET", "/", nil, 303},
		{"GET", "/articles/id-a-0000", nil, 303},
		{"GET", "/", []string{"Cookie", "dateline_token=" + readToken}, 200},
		{"GET", "/static/style.css", nil, 200},
		{"GET", "/login", nil, 200},
		{"GET", "/nothing", bearer(readToken), 404},
		{"GET", "/api/v1/nothing", bearer(readToken), 404},
		{"DELETE", "/api/v1/articles/id-a-0000", nil, 401},
		{"DELETE", "/api/v1/articles/id-a-0000", bearer(readToken), 403},
		{"POST", "/articles/id-a-0000/erase", nil, 401},
		{"POST", "/articles/id-a-0000/erase", []string{"Cookie", "dateline_token=" + readToken}, 403},
		{"POST", "/dead-letters/1/requeue", bearer(readToken), 403},
		// A page elsewhere makes the operator's browser ask.
		{"POST", "/articles/id-a-0000/erase", []string{"Cookie", "dateline_token=" + operateToken, "Sec-Fetch-Site",
			"cross-site"}, 403},
		{"POST", "/articles/id-a-0000/erase", []string{"Cookie", "dateline_token=" + operateToken, "Origin",
			"https://evil.test"}, 403},
		{"GET", "/api/v1/articles/id-a-0000", bearer(readToken), 200}, // it is still there
		{"POST", "/articles/id-a-0000/erase", []string{"Cookie", "dateline_token=" + operateToken, "Sec-Fetch-Site",
			"same-origin"}, 303},
		{"GET", "/api/v1/articles/id-a-0000", bearer(readToken), 404},
	} {
		if status, _, body := server.request(t, c.method, c.path, c.head...); status != c.want {
			t.Errorf("%s %s %v answers %d, want %d: %.200s", c.method, c.path, c.head, status, c.want, body)
		}
	}
	status, head, _ := server.request(t, http.MethodGet, "/?q=a&host=b")
	if status != http.StatusSeeOther || head.Get("Location") != "/login?next="+url.QueryEscape("/?q=a&host=b") {
		t.Errorf("a page without token answers %d to %s", status, head.Get("Location"))
	}
	for form, want := range map[string]struct {
		status int
		next   string
	}{
		"token=" + readToken + "&next=/sources":           {303, "/sources"},
		"token=" + operateToken + "&next=//evil.test/x":   {303, "/"},
		"token=" + readToken + "&next=https://evil.test/": {303, "/"},
		"token=" + readToken + "&next=/%5Cevil.test":      {303, "/"},
		"token=wrong&next=/":                              {403, ""},
		"token=&next=/":                                   {403, ""},
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+"/login", strings.NewReader(form))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		answer, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		cookie := answer.Header.Get("Set-Cookie")
		if answer.StatusCode != want.status || answer.Header.Get("Location") != want.next ||
			(want.status == 303) != strings.Contains(cookie, "HttpOnly; SameSite=Strict") {
			t.Errorf("logging in with %s answers %d to %q with the cookie %q", form, answer.StatusCode,
				answer.Header.Get("Location"), cookie)
		}
	}
}

func TestGuardWithoutTokens(t *testing.T) {
	server := newTestServer(t, web.DefaultConfig())
	for _, c := range []struct {
		method, path, host string
		want               int
	}{
		{"GET", "/", "localhost:8080", 200},
		{"GET", "/api/v1/articles", "[::1]:8080", 200},
		{"GET", "/api/v1/articles", "rebound.test", 421},
		{"DELETE", "/api/v1/articles/x", "localhost", 403},
		{"POST", "/dead-letters/1/requeue", "localhost", 403},
	} {
		if status, _, body := server.request(t, c.method, c.path, "Host", c.host); status != c.want {
			t.Errorf("%s %s of %s answers %d, want %d: %s", c.method, c.path, c.host, status, c.want, body)
		}
	}
}

func TestOperate(t *testing.T) {
	server := newTestServer(t, web.Config{OperateToken: operateToken})
	letter := func(id string) uint64 {
		t.Helper()
		dead := &datelinev1.DeadLetter{InputId: id, Stage: datelinev1.Stage_STAGE_INTAKE, Reason: "malformed",
			Error: "no URL <b>", Url: "https://example.com/" + id,
			Subject: "urls", Data: []byte("https://example.com/" + id),
			Headers: []*datelinev1.Header{{Name: "X-Batch", Value: "7"}}}
		msg, err := ledger.Message(subject.Dead(dead.GetStage(), dead.GetReason()), id, dead)
		if err != nil {
			t.Fatal(err)
		}
		ack, err := server.js.PublishMsg(t.Context(), msg)
		if err != nil {
			t.Fatal(err)
		}
		return ack.Sequence
	}
	letter("one")
	letter("two")
	letter("three")
	token := []string{"Authorization", "Bearer " + operateToken}
	if body := server.get(t, "/dead-letters"); strings.Contains(body, "Requeue</button>") ||
		!strings.Contains(body, "no URL &lt;b&gt;") {
		t.Error("readers see buttons, or an error unescaped")
	}
	if _, _, body := server.request(t, http.MethodGet, "/dead-letters", token...); strings.Count(body, "Requeue</button>") != 3 {
		t.Error("operators see no buttons")
	}
	one := decode[struct {
		Reason  string
		Headers map[string][]string
		Data    []byte
	}](t, server.get(t, "/api/v1/dead-letters/1"))
	if one.Reason != "malformed" || string(one.Data) != "https://example.com/one" || one.Headers["X-Batch"][0] != "7" {
		t.Errorf("the first letter reads %+v", one)
	}
	for _, c := range []struct {
		method, path string
		want         int
	}{
		{"POST", "/api/v1/dead-letters/1/requeue", 204}, {"POST", "/api/v1/dead-letters/1/requeue", 404},
		{"DELETE", "/api/v1/dead-letters/2", 204}, {"POST", "/dead-letters/3/requeue", 303},
		{"POST", "/dead-letters/x/drop", 404},
	} {
		if status, _, body := server.request(t, c.method, c.path, token...); status != c.want {
			t.Errorf("%s %s answers %d, want %d: %s", c.method, c.path, status, c.want, body)
		}
	}
	if got := server.get(t, "/api/v1/dead-letters"); got != "[]\n" {
		t.Errorf("letters are left: %s", got)
	}
	stream, err := server.js.Stream(t.Context(), subject.StreamURLs)
	if err != nil {
		t.Fatal(err)
	}
	if n := stream.CachedInfo().State.Msgs; n != 2 {
		t.Errorf("%d messages were requeued, want 2", n)
	}
}

func send(t *testing.T, server *testServer, subject, id string, m proto.Message) {
	t.Helper()
	msg, err := ledger.Message(subject, id, m)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := server.js.PublishMsg(t.Context(), msg); err != nil {
		t.Fatal(err)
	}
}

func messages(t *testing.T, server *testServer, stream string) [][]byte {
	t.Helper()
	var all [][]byte
	for _, msg := range natstest.Messages(t, server.js, stream) {
		all = append(all, msg.Data)
	}
	return all
}

// TestErase looks for a word of an erased article in everything that is stored.
func TestErase(t *testing.T) {
	server := newTestServer(t, web.Config{OperateToken: operateToken})
	secret := article("secret", "Unspeakable headline", "Unspeakable text.", noon)
	secret.RequestedUrl = "https://short.test/x"
	other := article("other", "Other", "y", noon)
	page := &datelinev1.Page{Id: "p", RequestedUrl: "https://short.test/x", FinalUrl: secret.GetFinalUrl(),
		Body: []byte("Unspeakable page")}
	bodies, err := server.js.ObjectStore(t.Context(), subject.BucketBodies)
	if err != nil {
		t.Fatal(err)
	}
	large, err := bodies.PutString(t.Context(), "p2", strings.Repeat("Unspeakable body. ", 20_000))
	if err != nil {
		t.Fatal(err)
	}
	largePage := &datelinev1.Page{Id: "p2", FinalUrl: secret.GetFinalUrl(),
		BodyObject: &datelinev1.ObjectReference{Bucket: subject.BucketBodies, Name: "p2", Size: int64(large.Size)}}
	sample, err := proto.Marshal(&datelinev1.DriftSample{Url: secret.GetFinalUrl(),
		HtmlZstd: []byte("Unspeakable sample")})
	if err != nil {
		t.Fatal(err)
	}
	drift, err := server.js.KeyValue(t.Context(), subject.BucketDrift)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := drift.Put(t.Context(),
		subject.DriftSample("com.example", datelinev1.DriftSignal_DRIFT_SIGNAL_NO_DATE, 1), sample); err != nil {
		t.Fatal(err)
	}
	refused, err := proto.Marshal(secret) // under a URL that the store never heard of
	if err != nil {
		t.Fatal(err)
	}
	poison := &datelinev1.DeadLetter{InputId: "r", Stage: datelinev1.Stage_STAGE_INDEX, Reason: "refused",
		Url: "https://short.test/y", Data: refused}
	otherPage := &datelinev1.Page{Id: "q", FinalUrl: other.GetFinalUrl(), Body: []byte("another page")}
	dead := &datelinev1.DeadLetter{InputId: "d", Stage: datelinev1.Stage_STAGE_FETCH, Reason: "dns",
		Url: "https://short.test/x", Data: []byte("Unspeakable letter")}
	event := &datelinev1.RevisionEvent{Change: datelinev1.RevisionChange_REVISION_CHANGE_NEW,
		ArticleId: secret.GetId(), Revision: 1, Article: secret}
	send(t, server, subject.Pages("com.example"), "p", page)
	send(t, server, subject.Pages("com.example"), "p2", largePage)
	send(t, server, subject.Pages("com.example"), "q", otherPage)
	send(t, server, subject.Dead(poison.GetStage(), "refused"), "r", poison)
	send(t, server, subject.Articles("en", "com.example"), "a", secret)
	send(t, server, subject.Articles("en", "com.example"), "b", other)
	send(t, server, subject.Dead(dead.GetStage(), "dns"), "d", dead)
	send(t, server, subject.Revisions(event.GetChange(), "en", "com.example"), "e", event)
	secret.RawPage = &datelinev1.RawPage{Stream: subject.StreamPages, Sequence: 1}
	server.put(t, secret, other)

	status, _, body := server.request(t, http.MethodDelete, "/api/v1/articles/"+url.PathEscape("https://short.test/x"),
		"Authorization", "Bearer "+operateToken)
	got := decode[struct {
		Revisions, Pages, Records int
		DeadLetters               int `json:"dead_letters"`
		URLs                      []string
	}](t, body)
	if status != http.StatusOK || got.Revisions != 1 || got.Pages != 3 || got.Records != 2 || got.DeadLetters != 2 ||
		len(got.URLs) != 2 {
		t.Errorf("erasing answers %d %s", status, body)
	}
	for _, name := range []string{subject.StreamPages, subject.StreamArticles, subject.StreamDead,
		subject.StreamRevisions, subject.ObjectStream(subject.BucketBodies), subject.KVStream(subject.BucketDrift)} {
		for _, msg := range messages(t, server, name) {
			if strings.Contains(string(msg), "Unspeakable") {
				t.Errorf("stream %s still tells of it", name)
			}
		}
	}
	if n := len(messages(t, server, subject.StreamPages)) + len(messages(t, server, subject.StreamArticles)); n != 2 {
		t.Errorf("%d messages of the other article are left, want 2", n)
	}
	if body := server.get(t, "/api/v1/articles?q=unspeakable"); !strings.Contains(body, `"articles":[]`) {
		t.Errorf("it is still found: %s", body)
	}
	// What a stream still held, or was sent since, is removed by erasing it again.
	send(t, server, subject.Pages("com.example"), "p3", page)
	if status, _, body := server.request(t, http.MethodDelete, "/api/v1/articles/id-secret-0000", "Authorization",
		"Bearer "+operateToken); status != http.StatusOK || !strings.Contains(body, `"revisions":0,"pages":1,`) {
		t.Errorf("erasing again answers %d %s", status, body)
	}
	if status, _, _ := server.request(t, http.MethodDelete, "/api/v1/articles/id-nothing", "Authorization",
		"Bearer "+operateToken); status != http.StatusNotFound {
		t.Errorf("erasing what never was answers %d", status)
	}
	results, err := server.store.Put(t.Context(), []*datelinev1.Article{secret})
	if err != nil || results[0].Status.String() != "erased" {
		t.Errorf("it comes back: %v, %v", results, err)
	}
}
