package sink

import (
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/dateline-news/dateline/services/indexer/store"
)

func TestAnOlderVersionNeverReplacesANewerOne(t *testing.T) {
	e := newEngine(t)
	o := e.target()
	send := func(version int64, title string) {
		t.Helper()
		item := Item{ID: "a", Version: version}
		if title != "" {
			item.Document = []byte(`{"record":{"title":"` + title + `"}}`)
		}
		result, err := o.Send(t.Context(), []Item{item})
		if err != nil || len(result.Busy) > 0 || len(result.Refused) > 0 {
			t.Fatalf("version %d: %+v, %v", version, result, err)
		}
	}
	expect := func(want string) {
		t.Helper()
		if got := e.titles(); got != want {
			t.Errorf("the index has %q, want %q", got, want)
		}
	}
	send(version(1, 2), "second")
	send(version(1, 1), "first")
	expect("second")
	send(version(1, 2), "second-extracted-again")
	expect("second-extracted-again")
	send(deletion(1), "")
	send(version(1, 1<<40), "late")
	expect("")
	send(version(2, 1), "restored")
	expect("restored")
	send(deletion(1), "")
	expect("restored")
}

func TestTargets(t *testing.T) {
	for to, want := range map[string]string{
		"https://search.example.com:9200/articles":    "",
		"https://search.example.com/prefix/articles/": "",
		"":                                   "not a URL",
		"search.example.com/articles":        "not a URL",
		"ftp://search.example.com/articles":  "not a URL",
		"https://search.example.com":         "name an index",
		"https://search.example.com/":        "name an index",
		"https://search.example.com/_all":    "name an index",
		"https://search.example.com/News":    "name an index",
		"https://search.example.com/a%2C*":   "name an index",
		"https://a:geheim@example.com/news":  "secrets are given in a file",
		"https://example.com/news?key=a":     "secrets are given in a file",
		"http://search.example.com/articles": "--allow-private",
	} {
		o, err := NewOpenSearch(Config{To: to})
		switch {
		case err == nil && want == "":
			if strings.TrimSuffix(to, "/") != o.String() {
				t.Errorf("%s became %s", to, o)
			}
		case err == nil || want == "" || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "geheim"):
			t.Errorf("%s: %v, want %s", to, err, want)
		}
	}
}

func TestSecrets(t *testing.T) {
	for secret, want := range map[string]string{
		"":             "",
		engineSecret:   engineAuthorization,
		"  abc123==\n": "ApiKey abc123==",
	} {
		o, err := NewOpenSearch(Config{To: "https://example.com/news", Secret: secret})
		if err != nil || o.authorization != want {
			t.Errorf("%q: %v, %v", secret, o, err)
		}
	}
	for _, c := range []Config{{Secret: "geheim:a\ngeheim:b"}, {CA: []byte("geheim")}} {
		c.To = "https://example.com/news"
		if _, err := NewOpenSearch(c); err == nil || strings.Contains(err.Error(), "geheim") {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

func TestPrivateAddressesNeedPermission(t *testing.T) {
	o, err := NewOpenSearch(Config{To: "https://127.0.0.1:9200/articles"})
	if err != nil {
		t.Fatal(err)
	}
	if err := o.Prepare(t.Context()); !errors.Is(err, ErrPermanent) || !strings.Contains(err.Error(), "--allow-private") {
		t.Errorf("connecting ended with %v", err)
	}
}

func TestCertificatesOfOwnAuthoritiesAreTrusted(t *testing.T) {
	encrypted := httptest.NewTLSServer(newEngine(t).Config.Handler)
	t.Cleanup(encrypted.Close)
	authority := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: encrypted.Certificate().Raw})
	for _, ca := range [][]byte{nil, authority} {
		o, err := NewOpenSearch(Config{To: encrypted.URL + "/articles", Secret: engineSecret, CA: ca, AllowPrivate: true})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(o.Close)
		if err := o.Prepare(t.Context()); (err == nil) != (ca != nil) {
			t.Errorf("with %d bytes of authorities: %v", len(ca), err)
		}
	}
}

func TestACursorThatCannotBeReadIsAnError(t *testing.T) {
	for answer, permanent := range map[string]bool{
		`{"found":true}`:                 false,
		`{"_source":{"sequence":"one"}}`: true,
	} {
		e := newEngine(t)
		e.answer = func(w http.ResponseWriter, _ *http.Request, _ []byte) bool {
			_, _ = io.WriteString(w, answer)
			return true
		}
		if got, err := e.target().Cursor(t.Context()); err == nil || errors.Is(err, ErrPermanent) != permanent {
			t.Errorf("%s: %+v, %v", answer, got, err)
		}
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	e := newEngine(t)
	e.answer = func(w http.ResponseWriter, r *http.Request, _ []byte) bool {
		http.Redirect(w, r, "/other", http.StatusTemporaryRedirect)
		return true
	}
	err := e.target().Prepare(t.Context())
	if !errors.Is(err, ErrPermanent) || !strings.Contains(err.Error(), "redirects") {
		t.Errorf("a redirect ended with %v", err)
	}
}

func TestDocumentsHaveTheRecordOfTheAPI(t *testing.T) {
	article := newArticle("a", "ferry")
	article.Text = strings.Repeat("ä", 1<<20)
	data, err := encode(store.Hit{ID: article.GetId(), Article: article, Revisions: 3}, 7)
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		ID         string
		Revisions  int
		Generation int64
		Truncated  bool
		Record     struct {
			CanonicalURL string `json:"canonical_url"`
			Title, Text  string
		}
	}
	if err := json.Unmarshal(data, &got); err != nil {
		t.Fatal(err)
	}
	if got.ID != article.GetId() || got.Revisions != 3 || got.Generation != 7 || !got.Truncated ||
		got.Record.CanonicalURL != article.GetCanonicalUrl() || got.Record.Title != "ferry" || len(got.Record.Text) != 1<<20 {
		t.Errorf("the document is %.300s", data)
	}
}
