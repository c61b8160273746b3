package ingest

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/dateline-news/dateline/internal/warc"
)

// TestOriginalsAreBounded remembers many pages with hardly a body, and pages with long headers.
// The last ones can be referred to.
func TestOriginalsAreBounded(t *testing.T) {
	for _, c := range []struct {
		name        string
		header      http.Header
		pages, most int
	}{
		{"no body", nil, 50_000, maxOriginals / originalCost},
		{"long header", http.Header{"X-Long": {strings.Repeat("a", 60_000)}}, 1_000, maxOriginals / 60_000},
	} {
		o := newOriginals()
		for i := range c.pages {
			id := fmt.Sprintf("<urn:uuid:%d>", i)
			record := &warc.Record{Header: warc.Header{{Name: "WARC-Record-ID", Value: id}}}
			o.add(record, content{header: c.header})
		}
		if len(o.queue) > c.most || len(o.byKey) != len(o.queue) {
			t.Errorf("%s: %d pages and %d keys are remembered, want at most %d", c.name, len(o.queue), len(o.byKey), c.most)
		}
		last := warc.Header{{Name: "WARC-Refers-To", Value: fmt.Sprintf("<urn:uuid:%d>", c.pages-1)}}
		if _, ok := o.find(&warc.Record{Header: last}); !ok {
			t.Errorf("%s: the last page is forgotten", c.name)
		}
	}
}
