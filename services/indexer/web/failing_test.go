package web_test

import (
	"fmt"
	"net/http"
	"regexp"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/dateline-news/dateline/internal/failtest"
	"github.com/dateline-news/dateline/internal/hosts"
	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/postgrestest"
	"github.com/dateline-news/dateline/internal/topology"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/access"
	"github.com/dateline-news/dateline/services/indexer/storetest"
	"github.com/dateline-news/dateline/services/indexer/web"
)

// readingPages are pages that read the store or streams, given the id of a source of discovery.
func readingPages(source string) []string {
	pages := []string{
		"/", "/?q=ferry", "/?stories=1", "/values?field=host", "/searches", "/stories/id-a-0000",
		"/pipeline", "/sources", "/sources?silent=1", "/sources/example.com", "/urls?url=https://example.com/a",
		"/hosts/example.com", "/dead-letters", "/dead-letters?stage=notify", "/discovery", "/discovery/" + source,
		"/subscriptions", "/subscriptions/harbour", "/tokens", "/audit",
	}
	for _, path := range []string{"", "/revisions/1"} {
		pages = append(pages, "/articles/id-a-0000"+path)
	}
	pages = append(pages, "/articles/id-a-0000/changes")
	for _, path := range []string{
		"/articles", "/articles?facets=true&stories=true", "/articles?q=ferry&order=rank", "/articles/id-a-0000",
		"/articles/id-a-0000/revisions", "/articles/id-a-0000/revisions/1", "/articles/id-a-0000/diff",
		"/articles/id-a-0000/story", "/articles/id-a-0000/outcomes", "/articles/id-a-0000/newsarticle",
		"/articles/id-a-0000/ninjs", "/feed.atom", "/feed.json", "/searches", "/sources", "/sources/example.com", "/state",
		"/storage", "/waiting?url=https://example.com/a", "/hosts/example.com", "/dead-letters", "/dead-letters?stage=notify",
		"/dead-letters/n4", "/discovery/sources", "/discovery/sources/" + source, "/subscriptions", "/subscriptions/harbour",
		"/subscriptions/harbour/deliveries", "/tokens", "/audit",
	} {
		pages = append(pages, "/api/v1"+path)
	}
	return pages
}

// fillPages stores what readingPages show, and returns them.
func fillPages(t *testing.T, server *testServer) []string {
	t.Helper()
	now := time.Now()
	text := "The ferry is back."
	for i := range 400 {
		text += fmt.Sprintf(" word%d", i)
	}
	server.put(t, article("a", "Ferry returns", "The ferry is late.", noon))
	server.put(t, article("a", "Ferry returns again", text, noon.Add(time.Hour)))
	copied := article("copy", "A ferry returns", text, noon.Add(2*time.Hour))
	copied.Host, copied.SiteName = "copies.test", "The Copies"
	copied.CanonicalUrl = "https://copies.test/"
	copied.RequestedUrl, copied.FinalUrl = copied.CanonicalUrl, copied.CanonicalUrl
	server.put(t, copied)
	server.record(t, []*datelinev1.Outcome{{
		InputId: "x", Stage: datelinev1.Stage_STAGE_EXTRACT, Verdict: datelinev1.Verdict_VERDICT_DEAD, Reason: "no_title",
		Url: "https://example.com/a", Host: "example.com", Time: timestamppb.New(now.Add(-30 * time.Minute)),
	}, {
		InputId: "y", Stage: datelinev1.Stage_STAGE_INDEX, Verdict: datelinev1.Verdict_VERDICT_PRODUCED, Reason: "new",
		Url: "https://example.com/a", Host: "example.com", Time: timestamppb.New(now.Add(-30 * time.Hour)),
	}})
	for more := true; more; {
		var err error
		if more, err = server.store.RollUp(t.Context(), now); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := server.store.SaveSearch(t.Context(), "Ferries", "q=ferry"); err != nil {
		t.Fatal(err)
	}
	server.fillSubscriptions(t, "id-a-0000", "stopped")
	server.setRules(t, hosts.Rules{"example.com": {"title": "h1.hed"}})
	server.setDrift(t, "com.example", "https://example.com/undated")
	all := access.Of(server.store)
	if _, _, err := all.Create(t.Context(), "desk", []access.Scope{access.Read}, time.Time{}, now); err != nil {
		t.Fatal(err)
	}
	if _, err := all.Begin(t.Context(), "desk", "export", "q=ferry", now); err != nil {
		t.Fatal(err)
	}
	return readingPages(server.fillDiscovery(t, "example.com")[0])
}

var digits = regexp.MustCompile(`\d+`)

// read returns the status and the text of a page, without its numbers and times.
func (server *testServer) read(t *testing.T, page string) (status int, body string) {
	t.Helper()
	status, _, body = server.request(t, http.MethodGet, page, bearer(operateToken)...)
	return status, digits.ReplaceAllString(body, "#")
}

// TestPagesWithAFailingRead has each statement and each request to NATS of each page fail in turn. The page is then the
// same as without the failure, or an error.
func TestPagesWithAFailingRead(t *testing.T) {
	database := postgrestest.Fail(t, storetest.Postgres(t))
	nats := natstest.Server(t, t.TempDir())
	requests, js := natstest.Fail(t, nats)
	natstest.Reconcile(t, js, topology.Limits{})
	server := newTestServerOn(t, database.URL, js, web.Config{OperateToken: operateToken}, web.Dependencies{})
	for _, page := range fillPages(t, server) {
		status, before := server.read(t, page)
		if status != http.StatusOK {
			t.Errorf("%s: status %d: %s", page, status, before)
		}
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
					_, before = server.read(t, page) // an age may have another unit by now
				}
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
	server := newTestServer(t, web.Config{OperateToken: operateToken})
	pages := fillPages(t, server)
	before := map[string]string{}
	for _, page := range pages {
		_, before[page] = server.read(t, page)
	}
	server.js.Conn().Close()
	failed := map[string]bool{}
	for _, page := range pages {
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
	server := newTestServer(t, web.Config{OperateToken: operateToken})
	pages := fillPages(t, server)
	before := map[string]string{}
	for _, page := range pages {
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
		for _, page := range pages {
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
