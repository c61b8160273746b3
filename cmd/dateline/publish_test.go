package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/outcome"
	"github.com/dateline-news/dateline/internal/topology"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/store"
	"github.com/dateline-news/dateline/services/indexer/storetest"
)

// TestPublishAsClient publishes as a user who may only publish URLs and subscribe to
// results, and waits for the outcomes.
func TestPublishAsClient(t *testing.T) {
	t.Parallel()
	srv, refused := deployedNATS(t)
	_, setup := connectAs(t, srv, "setup", "declare")
	if err := topology.Reconcile(t.Context(), setup, topology.Limits{Archive: true}); err != nil {
		t.Fatal(err)
	}
	articles, err := store.Open(t.Context(), storetest.SQLite(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { articles.Close() })
	d := &deployment{srv: srv, site: permissionsSite(t), articles: articles}
	defer d.start(t)()

	client := []string{"--nats-url", urlFor(srv, "client")}
	site := d.site.URL
	list := urlFile(t, []string{"# a list", site + "/news/1", site + "/broken"})
	code, out, errs := dateline(t, append(client, "publish", list, "--wait", "--json", "--label", "desk=harbour")...)
	if code != 1 || errs != "" {
		t.Errorf("exit code %d, want 1 for the broken page: %s", code, errs)
	}
	ends := decodeEnds(t, out)
	if got := ends[site+"/news/1"]; len(got) != 1 || got[0].Stage != "index" || got[0].Verdict != "produced" {
		t.Errorf("the article ended as %+v", got)
	}
	if got := ends[site+"/broken"]; len(got) != 1 || got[0].Verdict != "dead" || got[0].Reason == outcome.Reason("") {
		t.Errorf("the broken page ended as %+v", got)
	}
	code, out, errs = dateline(t, append(client, "publish", site+"/news/1", "--wait", "--priority", "backfill")...)
	if code != 0 || !strings.Contains(out, "requested before") || !strings.Contains(out, "0 of 1 URL led to an article") {
		t.Errorf("publishing again: exit code %d: %s%s", code, out, errs)
	}
	if lines := refused.all(); len(lines) > 0 {
		t.Errorf("the server refused what publish needs: %s", lines)
	}

	_, indexer := connectAs(t, srv, "indexer", "indexer")
	followed := make(chan string, 1)
	go func() {
		_, out, errs := dateline(t, append(client, "tail", "--limit", "1", "--host", "example.com")...)
		followed <- out + errs
	}()
	event, err := proto.Marshal(&datelinev1.RevisionEvent{
		Change: datelinev1.RevisionChange_REVISION_CHANGE_NEW, ArticleId: strings.Repeat("5", 32), Revision: 1,
		Article: &datelinev1.Article{Host: "www.example.com", Language: "en", Title: "Harbour \x1b[31mreopens"},
	})
	if err != nil {
		t.Fatal(err)
	}
	var line string
	natstest.Eventually(t, "a line of the tail", func() bool {
		// Published until the command has subscribed.
		if err := indexer.Conn().Publish("revisions.new.en.com.example.www", event); err != nil {
			t.Fatal(err)
		}
		select {
		case line = <-followed:
		default:
		}
		return line != ""
	})
	if !strings.Contains(line, "  new       en  www.example.com: Harbour") ||
		!strings.Contains(line, "reopens  555555555555\n") || strings.Contains(line, "\x1b") {
		t.Errorf("the tail prints %q", line)
	}

	// What the user may not do fails with advice, not with a timeout.
	code, _, errs = dateline(t, append(client, "dead", "list")...)
	if code != 1 || !strings.Contains(errs, "$JS.API.STREAM.INFO.DEAD") || !strings.Contains(errs, "--nats-url") ||
		strings.Contains(errs, password("client")) {
		t.Errorf("dead list as client: exit code %d: %s", code, errs)
	}
}

// TestPublishCreatesNothing publishes where no pipeline runs.
func TestPublishCreatesNothing(t *testing.T) {
	t.Parallel()
	parent := t.TempDir()
	data := filepath.Join(parent, "data")
	code, out, errs := dateline(t, "publish", "--data-dir", data, "https://example.com/a")
	if code != 1 || out != "" || !strings.Contains(errs, "dateline up --data-dir "+data) {
		t.Errorf("a folder that does not exist: exit code %d: %s%s", code, out, errs)
	}
	if left, err := os.ReadDir(parent); err != nil || len(left) > 0 {
		t.Errorf("publish created %v (%v)", left, err)
	}
	for _, line := range []string{"dead list", "drift", "sources", "search ferry", "explain https://example.com/a"} {
		code, out, errs := dateline(t, append(strings.Fields(line), "--data-dir", data)...)
		if code != 1 || out != "" || !strings.Contains(errs, "--data-dir") || strings.Contains(errs, "(14)") {
			t.Errorf("dateline %s: exit code %d: %s%s", line, code, out, errs)
		}
		if left, err := os.ReadDir(parent); err != nil || len(left) > 0 {
			t.Fatalf("dateline %s created %v (%v)", line, left, err)
		}
	}

	// A folder that exists, but was not named, takes no URLs either.
	run := program(context.Background(), t, "publish", "https://example.com/a")
	run.Dir = parent
	if err := os.Mkdir(filepath.Join(parent, "dateline-data"), 0o700); err != nil {
		t.Fatal(err)
	}
	text, err := run.CombinedOutput()
	if err == nil || !strings.Contains(string(text), "--data-dir dateline-data queues") {
		t.Errorf("a default folder without a pipeline: %v: %s", err, text)
	}
	code, out, errs = dateline(t, "publish", "--data-dir", filepath.Join(parent, "dateline-data"), "https://example.com/a")
	if code != 0 || !strings.HasPrefix(out, "queued 1 URL in the data folder") {
		t.Errorf("a named folder without a pipeline: exit code %d: %s%s", code, out, errs)
	}
}
