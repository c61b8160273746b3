package web_test

import (
	"net/http"
	"strings"
	"testing"
)

// TestRevisionsByNumber reads both revisions of an article by their permanent addresses.
func TestRevisionsByNumber(t *testing.T) {
	server, _ := newRevisedServer(t)
	const page = "/articles/id-a-0000"
	if history := server.get(t, page); !strings.Contains(history, `href="`+page+`/revisions/1"`) {
		t.Errorf("the history does not link to revision 1")
	}
	type answer struct {
		Number int
		Newest bool
		Record struct{ Title string }
	}
	for number, want := range map[string]struct {
		answer
		on, off []string
	}{
		"1": {
			answer{1, false, struct{ Title string }{"Ferry returns"}},
			[]string{
				"This is not the newest revision.", "changes?from=1&amp;to=2", page + "/revisions/1/raw", "<h1>Ferry returns</h1>",
			},
			[]string{"the wrong day"},
		},
		"2": {
			answer{2, true, struct{ Title string }{"Ferry returns on Sunday"}},
			[]string{"Revision 2, the\nnewest.", "<h1>Ferry returns on Sunday</h1>"},
			[]string{"This is not the newest revision."},
		},
	} {
		got := decode[answer](t, server.get(t, articlePath+"/revisions/"+number))
		if got != want.answer {
			t.Errorf("revision %s in the API: %+v, want %+v", number, got, want.answer)
		}
		body := server.get(t, page+"/revisions/"+number)
		for _, text := range want.on {
			if !strings.Contains(body, text) {
				t.Errorf("the page of revision %s lacks %q", number, text)
			}
		}
		shown, _, _ := strings.Cut(body, `id="history"`)
		for _, text := range want.off {
			if strings.Contains(shown, text) {
				t.Errorf("the page of revision %s contains %q", number, text)
			}
		}
	}
	status, header, body := server.request(t, http.MethodGet, articlePath+"/revisions/1/raw")
	if status != http.StatusOK || body != "<html>\xff raw" || header.Get("Content-Encoding") != "gzip" {
		t.Errorf("page of revision 1: status %d, encoding %q, body %q", status, header.Get("Content-Encoding"), body)
	}
	for _, absent := range []string{"/revisions/3", "/revisions/0", "/revisions/x"} {
		if status, _, _ := server.request(t, http.MethodGet, page+absent); status != http.StatusNotFound {
			t.Errorf("page %s: status %d, want 404", absent, status)
		}
	}
	if status, _, _ := server.request(t, http.MethodGet, articlePath+"/revisions/3"); status != http.StatusNotFound {
		t.Errorf("API, revision 3: status %d, want 404", status)
	}
}
