package web_test

import (
	"strings"
	"testing"

	"github.com/dateline-news/dateline/services/indexer/web"
)

// TestAPIDocs verifies that the page describes every operation of the OpenAPI document.
func TestAPIDocs(t *testing.T) {
	server := newTestServer(t, web.Config{Addr: "127.0.0.1:0"})
	page := server.get(t, "/api")
	document := decode[struct {
		Paths map[string]map[string]struct {
			Summary     string
			OperationID string `json:"operationId"`
		}
	}](t, server.get(t, "/api/v1/openapi.json"))
	if len(document.Paths) < 20 {
		t.Fatalf("the document has %d paths, want at least 20", len(document.Paths))
	}
	for path, operations := range document.Paths {
		for method, operation := range operations {
			if !strings.Contains(page, `id="`+operation.OperationID+`"`) ||
				!strings.Contains(text(page), strings.ToUpper(method)+" "+path) {
				t.Errorf("the page does not describe %s %s", method, path)
			}
		}
	}
	// The browser also loads style sheets and scripts, of less than 25 kB.
	if len(page) > maxPageWeight-25_000 {
		t.Errorf("the page has %d bytes, want at most %d", len(page), maxPageWeight-25_000)
	}
	for _, want := range []string{"silent Only silent sources. boolean", "from 1 to 840; default 24", "queued Number of",
		"name required Name that no other saved search has. string"} {
		if !strings.Contains(text(page), want) {
			t.Errorf("the page does not say %q", want)
		}
	}
}
