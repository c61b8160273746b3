package archiver

import (
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/dateline-news/dateline/internal/outcome"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/archiver/captures"
	"github.com/dateline-news/dateline/services/archiver/files"
	"github.com/dateline-news/dateline/services/archiver/warcfile"
	"github.com/dateline-news/dateline/services/indexer/store"
	"github.com/dateline-news/dateline/services/indexer/storetest"
)

// answered returns an exchange that is not a page.
func answered(t *testing.T, url string, status int, at time.Time, body string) *datelinev1.Page {
	t.Helper()
	p := page(t, outcome.ExchangeID("r", url, at), url, body)
	p.Status, p.FailureReason = int32(status), "not_found"
	p.FetchTime, p.Exchange.Time = timestamppb.New(at), timestamppb.New(at)
	p.Exchange.ResponseHead = fmt.Appendf(nil, "HTTP/1.1 %d Status\r\nContent-Type: text/html\r\n\r\n", status)
	if body == "" {
		p.Body, p.BodyCompression = nil, ""
	}
	return p
}

// failed returns an attempt without a response.
func failed(url string, at time.Time) *datelinev1.Page {
	return &datelinev1.Page{
		Id: outcome.ExchangeID("r", url, at), Request: &datelinev1.FetchRequest{Labels: map[string]string{"team": "rivers"}},
		RequestedUrl: url, FinalUrl: url, FetchTime: timestamppb.New(at),
		FailureReason: "timeout", FailureDetail: "the server was too slow",
	}
}

// TestOtherExchanges archives exchanges that are not pages, and finds them again after the
// index was lost.
func TestOtherExchanges(t *testing.T) {
	room := newRoom(t)
	const url = "http://example.com/a"
	after := func(hours int) time.Time { return noon.Add(time.Duration(hours) * time.Hour) }
	all := []*datelinev1.Page{
		page(t, "p1", url, story), answered(t, url, 304, after(1), ""), failed(url, after(2)),
		answered(t, url, 404, after(3), "<p>Not here."), archivedAt(t, "p2", after(4), nil), answered(t, url, 304,
			after(5), ""),
	}
	all[4].FinalUrl, all[4].RequestedUrl = url, url
	room.use(t, func(a *Archiver) {
		for range 2 { // the second time, all of them are known
			for _, p := range all {
				if got := archive(t, a, p); got[0][:8] != "produced" {
					t.Errorf("%s: %q", p.GetId(), got)
				}
			}
		}
	})
	var kinds []string
	for _, entry := range room.records(t) {
		kind := entry.Get(warcfile.FieldType)
		if kind == warcfile.TypeRevisit {
			kind += " " + filepath.Base(entry.Get(warcfile.FieldProfile)) + " " + entry.Get(warcfile.FieldOriginalDate)
		}
		if reason := warcfile.Value(entry.Block, fieldFailure); reason != "" {
			kind += " " + reason
		}
		kinds = append(kinds, kind)
	}
	date := warcfile.Date(noon)
	want := []string{
		"warcinfo", "request", "response", "metadata", "request", "revisit server-not-modified " + date, "metadata",
		"metadata timeout", "metadata", "request", "response", "metadata",
		"request", "revisit identical-payload-digest " + date, "metadata",
		"request", "revisit server-not-modified " + date, "metadata",
	}
	if !slices.Equal(kinds, want) {
		t.Errorf("records %q, want %q", kinds, want)
	}
	before := checkExchanges(t, room)
	lost, err := store.Open(t.Context(), storetest.SQLite(t))
	if err != nil {
		t.Fatal(err)
	}
	defer lost.Close()
	room.store = lost
	room.use(t, func(*Archiver) {})
	if recovered := checkExchanges(t, room); !slices.Equal(recovered, before) {
		t.Errorf("after the index was lost: %q, want %q", recovered, before)
	}
}

// checkExchanges checks the index of TestOtherExchanges, and returns its lines.
func checkExchanges(t *testing.T, room *room) (lines []string) {
	t.Helper()
	var rows []string
	for c, err := range captures.Of(room.store).Sorted(t.Context(), captures.Filter{}) {
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, fmt.Sprint(c.Status, " ", c.Type, " ", c.IsRevisit()))
		line, err := c.CDXJ()
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, string(line)+c.Labels)
		if _, err := captures.Of(room.store).Read(t.Context(), files.InFolder(room.dir), c); err != nil {
			t.Error(err)
		}
	}
	want := []string{
		"200 text/html false", "304 text/html false", "0 failed/timeout false", "404 text/html false", "200 text/html true",
		"304 text/html false",
	}
	if !slices.Equal(rows, want) {
		t.Errorf("captures %q, want %q", rows, want)
	}
	pages, err := captures.Of(room.store).Recent(t.Context(), captures.Filter{Pages: true}, 10)
	if err != nil || len(pages) != 2 || pages[0].PageID != "p2" || pages[1].PageID != "p1" {
		t.Errorf("pages %v, %v; want only those", pages, err)
	}
	return lines
}
