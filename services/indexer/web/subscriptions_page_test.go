package web_test

import (
	"errors"
	"net/http"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/dateline-news/dateline/services/indexer/web"
	"github.com/dateline-news/dateline/services/notifier/subscriptions"
)

// TestSubscriptionPages manages subscriptions with the forms of the web page.
func TestSubscriptionPages(t *testing.T) {
	server := newTestServer(t, web.Config{ReadToken: readToken, OperateToken: operateToken})
	server.fill(t)
	server.fillSubscriptions(t, "id-ferry-0000", "old-desk")
	all := subscriptions.Of(server.store)
	log, err := all.Log(t.Context(), "harbour", 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	resend := "/subscriptions/harbour/deliveries/" + strconv.FormatInt(log[2].ID, 10) + "/resend"
	added := url.Values{
		"name": {"ferries"}, "q": {"ferry OR boat"}, "host": {"example.com"}, "since": {"2026-01-01"},
		"to": {" https://hooks.example.com/in "}, "secret": {hookSecret}, "event": {"new", "erased"}, "form": {"ninjs"},
	}
	for _, test := range []struct {
		path string
		form url.Values
		want int
		text string
	}{
		{"/subscriptions", added, 303, ""},
		{"/subscriptions", added, 409, "with this name already"},
		{"/subscriptions", url.Values{"name": {"x"}, "to": {"no target"}}, 400, "its target is"},
		{"/subscriptions", url.Values{"name": {"x"}, "since": {"soon"}}, 400, "since"},
		{"/subscriptions", url.Values{"name": {"x"}, "to": {"https://a.example/"}, "rate": {"fast"}}, 400, "its rate is"},
		{"/subscriptions/unknown/edit", added, 404, "no such subscription"},
		{"/subscriptions/harbour/edit", url.Values{"to": {"no target"}}, 400, "its target is"},
		{"/subscriptions/harbour/edit", url.Values{"to": {"https://a.example/"}, "concurrency": {"x"}}, 400, "not a number"},
		{"/subscriptions/harbour/edit", url.Values{"to": {"https://a.example/?…"}}, 400, "not whole"},
		{"/subscriptions/harbour/edit", url.Values{"to": {"https://a.example/"}, "secret": {"guess"}}, 400, "whsec_"},
		{"/subscriptions/old-desk/resume", nil, 303, ""},
		{"/subscriptions/unknown/resume", nil, 404, "no such subscription"},
		{"/subscriptions/harbour/replay", url.Values{"since": {"soon"}}, 400, "not a time"},
		{resend, nil, 303, ""},
		{"/subscriptions/harbour/deliveries/first/resend", nil, 404, "no such subscription"},
		{"/subscriptions/harbour/replay", url.Values{"since": {"2026-01-01T00:00"}}, 303, ""},
	} {
		status, text := server.sendBody(t, test.path, "application/x-www-form-urlencoded", test.form.Encode())
		if status != test.want || !strings.Contains(text, test.text) {
			t.Errorf("%s %s: %d, want %d with %q:\n%s", test.path, test.form.Encode(), status, test.want, test.text, text)
		}
	}
	one, err := all.Get(t.Context(), "ferries")
	if err != nil || one.Query.Text != "ferry OR boat" || len(one.Query.Hosts) != 1 || one.Query.From == nil ||
		one.Secrets != 1 || len(one.Events) != 2 || one.Form != "ninjs" || one.To != "https://hooks.example.com/in" {
		t.Errorf("added %+v, %v", one, err)
	}
	if one, err = all.Get(t.Context(), "old-desk"); err != nil || one.State != subscriptions.Active {
		t.Errorf("after resuming, the state is %s, %v", one.State, err)
	}
	if one, err = all.Get(t.Context(), "harbour"); err != nil || one.Pending != 5 {
		t.Errorf("%d deliveries wait, %v; want 5", one.Pending, err)
	}
	status, _ := server.sendBody(t, "/subscriptions/ferries/remove", "application/x-www-form-urlencoded",
		"next=/subscriptions")
	if _, err := all.Get(t.Context(), "ferries"); status != 303 || !errors.Is(err, subscriptions.ErrNotFound) {
		t.Errorf("removing: %d, %v", status, err)
	}
}

// TestSubscriptionTables verifies what the pages tell about subscriptions, to readers and to operators.
func TestSubscriptionTables(t *testing.T) {
	server := newTestServer(t, web.Config{ReadToken: readToken, OperateToken: operateToken})
	server.fill(t)
	server.fillSubscriptions(t, "id-ferry-0000", "old-desk")
	if _, err := server.store.SaveSearch(t.Context(), "Ferry: news", "host=example.com&q=ferry"); err != nil {
		t.Fatal(err)
	}
	for path, wants := range map[string][]string{
		"/subscriptions": {"harbour", ">failing<", ">suspended<", "https://hooks.example.com/in?…",
			"3 %", "5 min"},
		"/subscriptions?after=harbour": {"old-desk"},
		"/subscriptions?after=z":       {"There are no subscriptions yet."},
		"/subscriptions/harbour": {"id-ferry-0000-6", "/articles/id-ferry-0000/revisions/6", ">pending<",
			">skipped<", "502", "2 attempts in a row"},
		"/subscriptions/harbour?before=1":    {"No deliveries yet."},
		"/subscriptions/old-desk":            {"Suspended.", "all requests have failed"},
		"/subscriptions/unknown":             {"no such subscription"},
		"/subscriptions?q=ferry&since=never": {"since"},
	} {
		for _, token := range []string{readToken, operateToken} {
			_, _, body := server.request(t, http.MethodGet, path, bearer(token)...)
			for _, want := range wants {
				if !strings.Contains(body, want) {
					t.Errorf("%s lacks %q:\n%s", path, want, body)
				}
			}
			if strings.Contains(body, hookToken) || strings.Contains(body, hookSecret[6:]) {
				t.Errorf("%s contains a secret:\n%s", path, body)
			}
			changes := strings.Contains(body, `method="post" action="/subscriptions`)
			if token == readToken && (changes || strings.Contains(body, hookAnswer)) {
				t.Errorf("%s lets a reader change something or shows answers:\n%s", path, body)
			}
		}
	}
	operators := func(path string) string {
		t.Helper()
		_, _, body := server.request(t, http.MethodGet, path, bearer(operateToken)...)
		return body
	}
	for path, want := range map[string]string{
		"/subscriptions":          `action="/subscriptions/old-desk/resume"`,
		"/subscriptions/old-desk": `action="/subscriptions/old-desk/resume"`,
		"/subscriptions/harbour":  hookAnswer,
		"/?q=ferry&language=en":   `href="/subscriptions?language=en&amp;q=ferry"`,
		"/searches":               `href="/subscriptions?host=example.com&amp;name=Ferry%3A&#43;news&amp;q=ferry"`,
		"/subscriptions?host=example.com&name=Ferry%3A+news&q=ferry": `value="Ferry-news"`,
	} {
		if body := operators(path); !strings.Contains(body, want) {
			t.Errorf("%s lacks %s for operators:\n%s", path, want, body)
		}
	}
	if body := operators("/subscriptions?host=example.com&q=ferry"); !strings.Contains(body, `<details open>`) ||
		!strings.Contains(body, `name="host" value="example.com"`) {
		t.Errorf("the form lacks the search:\n%s", body)
	}
}

// TestHostileSubscriptions has subscriptions, searches and answers of targets with markup.
func TestHostileSubscriptions(t *testing.T) {
	server := newTestServer(t, web.Config{OperateToken: operateToken})
	all := subscriptions.Of(server.store)
	paths, stored := []string{"/subscriptions", "/searches"}, 0
	for i, injection := range injections {
		name := "s" + strconv.Itoa(i)
		injection = injection[:min(len(injection), 900)]
		spec := subscriptions.Spec{
			Name: name, To: "https://hooks.example.com/" + url.PathEscape(injection),
			Query: subscriptions.Query{Text: `"a" OR ` + strings.ReplaceAll(injection, `"`, ""), Tags: []string{injection}},
		}
		paths = append(paths, "/subscriptions/"+url.PathEscape(strings.ReplaceAll(injection, "\x00", "")),
			"/subscriptions?name="+url.QueryEscape(injection)+"&tag="+url.QueryEscape(injection))
		if err := all.Put(t.Context(), spec, nil, time.Now()); err != nil {
			if !errors.Is(err, subscriptions.ErrSpec) {
				t.Fatal(err)
			}
			continue
		}
		stored++
		one, err := all.Get(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		if err := all.Record(t.Context(), one.ID, subscriptions.Report{
			State: subscriptions.Suspended, Reason: injection, Failures: 3, FailingSince: time.Now(),
		}, time.Now()); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, "/subscriptions/"+name)
	}
	if stored < len(injections)/2 {
		t.Errorf("only %d of %d subscriptions can be stored", stored, len(injections))
	}
	for _, path := range paths {
		status, _, body := server.request(t, http.MethodGet, path, bearer(operateToken)...)
		if status >= http.StatusInternalServerError {
			t.Errorf("GET %.100q: status %d: %.300s", path, status, body)
		}
		expectHarmless(t, path, body)
	}
}

// TestSubscriptionIsEdited sends the form of the page of a subscription as a browser does: unchanged, then changed.
func TestSubscriptionIsEdited(t *testing.T) {
	u := newUser(t)
	server := u.server
	server.fillSubscriptions(t, "id-ferry-0000", "old-desk")
	all := subscriptions.Of(server.store)
	get := func() subscriptions.Subscription {
		t.Helper()
		one, err := all.Get(t.Context(), "harbour")
		if err != nil {
			t.Fatal(err)
		}
		return one
	}
	edit := func(form url.Values) {
		t.Helper()
		status, body := server.sendBody(t, "/subscriptions/harbour/edit", "application/x-www-form-urlencoded", form.Encode())
		if status != 303 {
			t.Fatalf("editing: %d\n%s", status, body)
		}
	}
	before := get()
	fields := func() url.Values {
		t.Helper()
		u.do("opening the page", u.open("/subscriptions/harbour"), chromedp.WaitReady("form[action$=edit]"))
		encoded := evaluate[string](u.ctx, t,
			`new URLSearchParams(new FormData(document.querySelector('form[action$=edit]'))).toString()`)
		form, err := url.ParseQuery(encoded)
		if err != nil {
			t.Fatal(err)
		}
		return form
	}
	form := fields()
	if form.Get("secret") != "" || strings.Contains(form.Encode(), hookToken) {
		t.Errorf("the form has a secret: %v", form)
	}
	edit(form)
	if after := get(); !reflect.DeepEqual(after.Spec, before.Spec) || after.Secrets != 1 {
		t.Errorf("the unchanged form has changed %+v to %+v", before.Spec, after.Spec)
	}
	form.Set("q", "ferry")
	form.Set("rate", "30/m")
	form.Set("form", "template")
	form.Set("template", "{{.Title}}\r\n</textarea>{{.URL}}")
	form["host"] = []string{"", "example.com"}
	form["event"] = []string{"new"}
	form.Set("concurrency", "2")
	form.Set("unsigned", "1")
	edit(form)
	want := subscriptions.Spec{
		Name: "harbour", To: before.To, Form: "template", Template: "{{.Title}}\n</textarea>{{.URL}}", Rate: "30/m",
		Events: []string{"new"}, Concurrency: 2,
		Query: subscriptions.Query{Text: "ferry", Languages: []string{"en"}, Hosts: []string{"example.com"}},
	}
	if after := get(); !reflect.DeepEqual(after.Spec, want) || after.Secrets != 0 || after.Delivered != before.Delivered {
		t.Errorf("edited to %+v with %d secrets, want %+v without", after.Spec, after.Secrets, want)
	}
	edit(fields())
	if after := get(); !reflect.DeepEqual(after.Spec, want) {
		t.Errorf("the unchanged form has changed it to %+v, want %+v", after.Spec, want)
	}
	form.Set("to", "mailto:desk@example.com")
	form.Set("every", "day")
	for _, name := range []string{"form", "rate", "template", "unsigned"} {
		form.Del(name)
	}
	edit(form)
	if after := get(); after.To != "mailto:desk@example.com" || after.Every != "day" || after.Rate != "" {
		t.Errorf("edited to %+v", after.Spec)
	}
}
