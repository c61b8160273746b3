package web_test

import (
	"encoding/csv"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/library"
	"github.com/dateline-news/dateline/services/indexer/web"
)

func TestCSVExport(t *testing.T) {
	server := newFerryServer(t)
	status, header, body := server.request(t, http.MethodGet, "/api/v1/export?format=csv&q=ferry+4")
	rows, err := csv.NewReader(strings.NewReader(body)).ReadAll()
	if status != http.StatusOK || err != nil || len(rows) != 2 || rows[0][0] != "id" || rows[1][0] != "id-a4-0000" {
		t.Errorf("status %d, rows %q, %v; want a header and the article a4", status, rows, err)
	}
	if got := header.Get("Content-Disposition"); got != `attachment; filename="articles.csv"` {
		t.Errorf("the file is offered as %s", got)
	}
}

func TestExport(t *testing.T) {
	server := newTestServer(t, web.DefaultConfig())
	var all []*datelinev1.Article
	for i := range 1203 { // more than one row group, and several pages of the store
		at := noon.Add(time.Duration(i) * time.Second)
		all = append(all, article(fmt.Sprintf("a%04d", i), "Ferry", fmt.Sprint("Text ", i), at))
	}
	server.put(t, all...)
	lines := strings.Split(strings.TrimSpace(server.get(t, "/api/v1/export?q=ferry")), "\n")
	if len(lines) != len(all) {
		t.Fatalf("%d lines, want %d", len(lines), len(all))
	}
	if got := decode[struct {
		CanonicalURL string `json:"canonical_url"`
	}](t, lines[0]).CanonicalURL; got != "https://example.com/a1202" {
		t.Errorf("the first line is %s, want a1202", got)
	}
	file := server.get(t, "/api/v1/export?format=parquet&from=2026-03-04T12:00:03Z")
	rows, err := parquet.Read[library.ParquetRow](strings.NewReader(file), int64(len(file)))
	if err != nil || len(rows) != len(all)-3 {
		t.Fatalf("%d rows, %v; want %d", len(rows), err, len(all)-3)
	}
	if r := rows[len(rows)-1]; r.ID != "id-a0003-0000" || r.Text != "Text 3" ||
		!r.PublishedTime.Equal(noon.Add(3*time.Second)) || !slices.Equal(r.Authors, []string{"Maria Vance"}) {
		t.Errorf("the last row is %+v, want a0003", r)
	}
	status, _, body := server.request(t, http.MethodGet, "/api/v1/export?q=%22")
	if status != http.StatusBadRequest {
		t.Errorf("an invalid query: status %d: %s; want 400", status, body)
	}
}

// dropTime is a little less than the time after which the server drops a client
// that does not read an export. Writers that had to wait for it would take
// longer.
const dropTime = 50 * time.Second

// TestClientsThatDoNotRead verifies that neither writers nor other readers wait
// for clients that request exports and tails but read nothing.
func TestClientsThatDoNotRead(t *testing.T) {
	server := newTestServer(t, web.DefaultConfig())
	var all []*datelinev1.Article
	for i := range 400 {
		text := strings.Repeat(fmt.Sprintf("word%d ", i), 4000)
		all = append(all, article(fmt.Sprintf("a%04d", i), "Ferry", text, noon))
	}
	server.put(t, all...)
	for i := range 6 { // half of them exports
		conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", strings.TrimPrefix(server.URL, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		path := []string{"/api/v1/export", "/api/v1/tail"}[i%2]
		if _, err := fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", path); err != nil {
			t.Fatal(err)
		}
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := range 20 {
			server.put(t, article(fmt.Sprint("late", i), "Late", "x", noon.Add(time.Hour)))
			got := decode[list](t, server.get(t, "/api/v1/articles?q=late&limit=100"))
			if len(got.Articles) != i+1 {
				t.Errorf("%d late articles found, want %d", len(got.Articles), i+1)
			}
		}
	}()
	select {
	case <-done:
	case <-time.After(dropTime):
		t.Error("writers wait for clients that read nothing")
	}
}
