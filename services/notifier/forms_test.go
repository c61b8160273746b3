package notifier

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/dateline-news/dateline/services/indexer/storetest"
	"github.com/dateline-news/dateline/services/notifier/forms"
	"github.com/dateline-news/dateline/services/notifier/subscriptions"
)

// TestFormsAreDelivered delivers an article in a few forms. A template that fails on it gives the default form.
func TestFormsAreDelivered(t *testing.T) {
	r := newRoom(t, storetest.Open(t, storetest.SQLite(t)))
	type request struct{ path, contentType, event, body string }
	got := make(chan request, 10)
	hook := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, one *http.Request) {
		body, _ := io.ReadAll(one.Body)
		got <- request{one.URL.Path[1:], one.Header.Get("Content-Type"), one.Header.Get("ce-type"), string(body)}
	}))
	defer hook.Close()
	r.run()
	for name, spec := range map[string]subscriptions.Spec{
		"events":  {Form: forms.CloudEventsBinary},
		"slack":   {Form: forms.Slack},
		"own":     {Form: forms.Template, Template: "{{.Title}} <{{.URL}}>"},
		"failing": {Form: forms.Template, Template: `{{if eq .Title "Ferry <!here>"}}{{range 100000}}{{end}}{{end}}`},
	} {
		spec.Name, spec.To, spec.Query.Text = name, hook.URL+"/"+name, "ferry"
		if err := r.subs.Put(t.Context(), spec, nil, time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	r.put("a", "Ferry <!here>")
	want := map[string]request{
		"events":  {contentType: "application/json", event: "dateline.article.new", body: `{"subscription":"events"`},
		"slack":   {contentType: "application/json", body: `"text":"Ferry \u0026lt;!here\u0026gt;"`},
		"own":     {contentType: "text/plain; charset=utf-8", body: "Ferry <!here> <https://example.com/a>"},
		"failing": {contentType: "application/json", body: `{"type":"article.new"`},
	}
	for range want {
		one := <-got
		w := want[one.path]
		if one.contentType != w.contentType || one.event != w.event || !strings.Contains(one.body, w.body) {
			t.Errorf("%s got %+v, want %+v", one.path, one, w)
		}
	}
	for name := range want {
		r.until("the delivery to "+name, name, delivered(1))
	}
}
