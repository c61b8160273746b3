package web_test

import (
	"net/http"
	"regexp"
	"testing"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/dateline-news/dateline/internal/failtest"
	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/postgrestest"
	"github.com/dateline-news/dateline/internal/topology"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/storetest"
	"github.com/dateline-news/dateline/services/indexer/web"
)

// readingPages are pages that read the store. They have an article and a dead outcome.
var readingPages = []string{
	"/", "/?q=ferry", "/values?field=host", "/searches", "/articles/id-a-0000",
	"/articles/id-a-0000/revisions/1", "/pipeline", "/sources", "/sources/example.com", "/urls?url=https://example.com/a",
	"/hosts/example.com", "/dead-letters", "/discovery", "/subscriptions",
	"/api/v1/articles", "/api/v1/articles/id-a-0000", "/api/v1/sources", "/api/v1/state",
}

// fillPages stores what readingPages show.
func fillPages(t *testing.T, server *testServer) {
	t.Helper()
	server.put(t, article("a", "Ferry returns", "The ferry is back.", noon))
	o := &datelinev1.Outcome{
		InputId: "x", Stage: datelinev1.Stage_STAGE_EXTRACT, Verdict: datelinev1.Verdict_VERDICT_DEAD, Reason: "no_title",
		Url: "https://example.com/a", Host: "example.com", Time: timestamppb.New(noon),
	}
	if err := server.store.Record(t.Context(), []*datelinev1.Outcome{o}); err != nil {
		t.Fatal(err)
	}
}

var digits = regexp.MustCompile(`\d+`)

// read returns the status and the text of a page, without its numbers and times.
func (server *testServer) read(t *testing.T, page string) (status int, body string) {
	t.Helper()
	status, _, body = server.request(t, http.MethodGet, page)
	return status, digits.ReplaceAllString(body, "#")
}

// TestPagesWithAFailingRead has each statement and each request to NATS of each page fail in turn. The page is then the
// same as without the failure, or an error.
func TestPagesWithAFailingRead(t *testing.T) {
	database := postgrestest.Fail(t, storetest.Postgres(t))
	nats := natstest.Server(t, t.TempDir())
	requests, js := natstest.Fail(t, nats)
	natstest.Reconcile(t, js, topology.Limits{})
	server := newTestServerOn(t, database.URL, js, web.Config{}, web.Dependencies{})
	fillPages(t, server)
	for _, page := range readingPages {
		_, before := server.read(t, page)
		failures := 0
		for name, steps := range map[string]*failtest.Steps{
			"statement": &database.Steps, "request to NATS": &requests.Steps,
		} {
			for n := 0; ; n++ {
				steps.After(n)
				status, body := server.read(t, page)
				if !steps.Failed() {
					break
				}
				failures++
				if status < http.StatusInternalServerError && body != before {
					t.Errorf("%s, %s %d fails: status %d and another page than before", page, name, n+1, status)
				}
			}
		}
		if failures == 0 {
			t.Errorf("%s reads nothing", page)
		}
	}
}

// TestPagesWithoutNATS closes the connection to NATS. Each page is then as before, or an error.
func TestPagesWithoutNATS(t *testing.T) {
	server := newTestServer(t, web.Config{})
	fillPages(t, server)
	before := map[string]string{}
	for _, page := range readingPages {
		_, before[page] = server.read(t, page)
	}
	server.js.Conn().Close()
	failed := map[string]bool{}
	for _, page := range readingPages {
		status, body := server.read(t, page)
		if failed[page] = status >= http.StatusInternalServerError; !failed[page] && body != before[page] {
			t.Errorf("%s: status %d and another page than before", page, status)
		}
	}
	for _, page := range []string{"/urls?url=https://example.com/a", "/pipeline", "/dead-letters", "/api/v1/state"} {
		if !failed[page] {
			t.Errorf("%s shows what is in streams, and no error", page)
		}
	}
}

// TestPagesOfAFailingStore makes each table of the store unreadable in turn. Each page is then as before, or an error:
// none is shown without a part that could not be read.
func TestPagesOfAFailingStore(t *testing.T) {
	server := newTestServer(t, web.Config{})
	fillPages(t, server)
	before := map[string]string{}
	for _, page := range readingPages {
		var status int
		if status, before[page] = server.read(t, page); status != http.StatusOK {
			t.Errorf("%s: status %d", page, status)
		}
	}
	writer := server.store.SQL().Writer
	for _, table := range []string{
		"articles", "revisions", "aliases", "sources", "source_hours", "outcomes", "source_baselines",
		"discovery_sources", "saved_searches", "archive_captures", "notify_subscriptions", "notify_deliveries",
	} {
		rename := func(from, to string) {
			if _, err := writer.ExecContext(t.Context(), "ALTER TABLE "+from+" RENAME TO "+to); err != nil {
				t.Fatal(err)
			}
		}
		rename(table, table+"_away")
		failed := 0
		for _, page := range readingPages {
			switch status, body := server.read(t, page); {
			case status >= http.StatusInternalServerError:
				failed++
			case body != before[page]:
				t.Errorf("%s without %s: status %d and another page than before", page, table, status)
			}
		}
		if failed == 0 {
			t.Errorf("no page needs %s", table)
		}
		rename(table+"_away", table)
	}
}
