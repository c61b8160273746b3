package web_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/library"
	"github.com/dateline-news/dateline/services/indexer/web"
)

// TestStorage reads the size of the store before and after ten hours of work.
func TestStorage(t *testing.T) {
	server := newTestServer(t, web.Config{Addr: "127.0.0.1:0"})
	read := func() (found library.Storage, page string) {
		t.Helper()
		_, _, body := server.request(t, http.MethodGet, "/api/v1/storage")
		if err := json.Unmarshal([]byte(body), &found); err != nil {
			t.Fatalf("%v: %s", err, body)
		}
		_, _, page = server.request(t, http.MethodGet, "/pipeline")
		return found, text(page)
	}
	found, page := read()
	if found.IsMeasured || found.Bytes == 0 || !strings.Contains(page, "Growth known after six hours of work") {
		t.Errorf("an empty store: %+v, page %s", found, page)
	}
	const hours = 10
	now := time.Now()
	for i := range hours {
		server.record(t, []*datelinev1.Outcome{{
			Stage: datelinev1.Stage_STAGE_FETCH, InputId: fmt.Sprint(i), Verdict: datelinev1.Verdict_VERDICT_PRODUCED,
			Time: timestamppb.New(now.Add(-time.Duration(i) * time.Hour)),
		}})
	}
	found, page = read()
	if !found.IsMeasured || found.Outcomes != hours || found.OutcomesPerDay < hours || found.GrowthPerDay <= 0 ||
		!found.OutcomesSince.IsZero() || found.OldestOutcome.After(now.Add(-(hours-2)*time.Hour)) {
		t.Errorf("after ten hours: %+v", found)
	}
	if !strings.Contains(page, "a day") || strings.Contains(page, "older ones have expired") {
		t.Errorf("after ten hours, the page is %s", page)
	}
}

// TestTextOfOldRevision reads a revision whose text was deleted, and compares it.
func TestTextOfOldRevision(t *testing.T) {
	server := newTestServer(t, web.Config{Addr: "127.0.0.1:0"})
	server.put(t, article("ferry", "Ferry returns", "x", noon))
	server.put(t, article("ferry", "Ferry is back", "y", noon.Add(time.Hour)))
	n, _, err := server.store.TrimRevisions(t.Context(), noon.Add(2*time.Hour), noon.Add(3*time.Hour))
	if n != 1 || err != nil {
		t.Fatalf("%d texts deleted, %v; want 1", n, err)
	}
	note := "the text of revision 1 was deleted on " + noon.Format(time.DateOnly)
	for path, want := range map[string]string{
		"/articles/id-ferry/revisions/1":             note,
		"/articles/id-ferry/changes?from=1&to=2":     note,
		"/api/v1/articles/id-ferry/diff?from=1&to=2": note,
		"/api/v1/articles/id-ferry/revisions/1":      `"text_removed":"2026-03-04T15:00:00Z"`,
		"/api/v1/articles/id-ferry/revisions":        `"title":"Ferry returns"`,
		"/articles/id-ferry":                         "Ferry is back",
	} {
		if _, _, body := server.request(t, http.MethodGet, path); !strings.Contains(body, want) {
			t.Errorf("%s lacks %q: %s", path, want, body)
		}
	}
}
