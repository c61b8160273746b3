package ingest

import (
	"testing"
	"time"

	"github.com/dateline-news/dateline/internal/outcome"
	"github.com/dateline-news/dateline/internal/warc"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// TestIsHTML takes the type of a page from each of its sources: the archive, the server, and the page itself.
func TestIsHTML(t *testing.T) {
	http := func(header string) string { return "HTTP/1.1 200 OK\r\n" + header + "\r\n<!doctype html><p>News" }
	for _, c := range []struct {
		kind, declared, identified, block string
		want                              bool
	}{
		{warc.TypeResponse, "", "", http("Content-Type: text/html\r\n"), true},
		{warc.TypeResponse, "", "", http("Content-Type: application/xhtml+xml; charset=utf-8\r\n"), true},
		{warc.TypeResponse, "", "", http("Content-Type: application/json\r\n"), false},
		{warc.TypeResponse, "", "", http(""), true},
		{warc.TypeResponse, "", "application/pdf", http("Content-Type: text/html\r\n"), false},
		{warc.TypeResponse, "", "text/html", http("Content-Type: image/png\r\n"), true},
		{warc.TypeResponse, "", "application/octet-stream", http("Content-Type: image/png\r\n"), false},
		{warc.TypeResource, "text/html", "", "News", true},
		{warc.TypeResource, "image/png", "", "<!doctype html><p>News", false},
		{warc.TypeResource, "", "", "<!doctype html><p>News", true},
		{warc.TypeResource, "", "", "News", false},
	} {
		record := &warc.Record{Header: warc.Header{
			{Name: "WARC-Type", Value: c.kind}, {Name: "Content-Type", Value: c.declared},
		}}
		got, err := contentOf(record, []byte(c.block))
		if err != nil {
			t.Fatal(err)
		}
		if got.isHTML(c.identified) != c.want {
			t.Errorf("%+v: HTML is %v", c, !c.want)
		}
	}
}

// TestRejections sets the content of captures. The first reason for which a page is rejected stays.
func TestRejections(t *testing.T) {
	page := []byte("<p>News")
	for _, c := range []struct {
		status        int
		body          []byte
		earlier, want outcome.Reason
	}{
		{200, page, "", ""},
		{299, page, "", ""},
		{200, nil, "", outcome.Empty},
		{199, page, "", outcome.BadStatus},
		{300, page, "", outcome.BadStatus},
		{401, page, "", outcome.Forbidden},
		{403, page, "", outcome.Forbidden},
		{404, page, "", outcome.NotFound},
		{404, nil, "", outcome.NotFound},
		{410, page, "", outcome.NotFound},
		{429, page, "", outcome.BadStatus},
		{451, page, "", outcome.Forbidden},
		{503, page, "", outcome.BadStatus},
		{503, page, outcome.BadURL, outcome.BadURL},
	} {
		got := &capture{page: &datelinev1.Page{}, rejection: c.earlier}
		got.set(content{status: c.status, body: c.body})
		if got.rejection != c.want {
			t.Errorf("status %d with %d bytes, rejected as %q before: rejected as %q, want %q", c.status, len(c.body),
				c.earlier, got.rejection, c.want)
		}
	}
}

// TestTimesOfCaptures gives times at the limits of what a crawler can have written.
func TestTimesOfCaptures(t *testing.T) {
	now := time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)
	r := &reader{now: func() time.Time { return now }}
	for date, accepted := range map[string]bool{
		"1970-01-01T00:00:00Z": false,
		"1970-01-01T00:00:01Z": true,
		"2026-11-20T08:59:59Z": true,
		"2026-11-21T09:00:00Z": true,
		"2026-11-21T09:00:01Z": false,
		"yesterday":            false,
	} {
		c := &capture{page: &datelinev1.Page{}}
		r.date(c, &warc.Record{Header: warc.Header{{Name: "WARC-Date", Value: date}}})
		if accepted {
			if got := c.page.GetFetchTime().AsTime().Format(time.RFC3339); c.rejection != "" || got != date {
				t.Errorf("%s is the time %s, rejected as %q %s", date, got, c.rejection, c.detail)
			}
		} else if c.rejection != outcome.BadTime || c.detail == "" || c.page.GetFetchTime() != nil {
			t.Errorf("%s is rejected as %q %s, with the time %s", date, c.rejection, c.detail, c.page.GetFetchTime())
		}
	}
}
