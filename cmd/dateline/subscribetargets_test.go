package main

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/smtptest"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/services/indexer/store"
	"github.com/dateline-news/dateline/services/notifier/subscriptions"
	"github.com/dateline-news/dateline/services/notifier/targets"
)

// letters returns the number of e-mails that contain a text.
func letters(server *smtptest.Server, text string) (n int) {
	for _, one := range server.Letters() {
		if strings.Contains(one.Text, text) {
			n++
		}
	}
	return n
}

// TestSubscribeByMailAndFiles adds subscriptions to e-mails and files with the command line, each and collected, while
// the pipeline runs, and has an article delivered.
func TestSubscribeByMailAndFiles(t *testing.T) {
	t.Parallel()
	mail, folder := smtptest.Start(t, nil, false), t.TempDir()
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, harbourPage("Lund"))
	}))
	t.Cleanup(site.Close)
	cfg := testConfig(t.TempDir())
	allowLoopback(&cfg)
	cfg.Notifier.Files, cfg.Data.NATSAddr = folder, "127.0.0.1:0"
	cfg.Notifier.SMTP.Server, cfg.Notifier.SMTP.From = mail.Addr, "news@example.com"
	cfg.Notifier.SMTP.Security = targets.SecurityNone
	p := runPipeline(t, cfg, slog.New(slog.DiscardHandler))
	all := subscriptions.Of(p.Store)
	awaitNotifier(t, all)
	run := func(wantCode int, want string, args ...string) {
		t.Helper()
		code, out, errs := dateline(t, append(append([]string{"subscribe"}, args...), "--data", cfg.Data.Dir,
			"--notifier-files", folder, "--notifier-smtp-server", mail.Addr, "--notifier-smtp-from", "news@example.com",
			"--notifier-smtp-security", targets.SecurityNone)...)
		if code != wantCode || !strings.Contains(out+errs, want) || strings.Contains(out+errs, "Note:") {
			t.Errorf("subscribe %s: exit code %d, want %d with %q and no note:\n%s%s", strings.Join(args, " "), code, wantCode,
				want, out, errs)
		}
	}
	toDesk := []string{"add", "desk", "--query", "harbour", "--to", "mailto:desk@example.com"}
	run(2, "use minute, hour or day", append(toDesk, "--every", "week")...)
	run(2, "it collects deliveries", append(toDesk, "--every", "day", "--rate", "1/s")...)
	run(2, "does not fit its target", append(toDesk, "--form", "csv")...)
	run(2, "its folder is", "add", "list", "--to", "files:../etc")
	run(2, "begins with deliveries.", "add", "list", "--to", "nats:news.harbour", "--unsigned")
	run(0, "subscribed desk", toDesk...)
	run(0, "has accepted the sample", "test", "desk")
	if letters(mail, "A sample article") != 1 {
		t.Error("the sample is not in the mailbox")
	}
	if _, err := p.Bus.JS.Publish(t.Context(), subject.URLs, []byte(site.URL+"/a")); err != nil {
		t.Fatal(err)
	}
	natstest.Eventually(t, "an e-mail about the article", func() bool {
		return letters(mail, "Subject: Harbour reopens") == 1
	})

	run(0, "subscribed digest", "add", "digest", "--query", "tug", "--every", "day", "--to", "mailto:chief@example.com")
	run(0, "subscribed list", "add", "list", "--query", "tug", "--to", "files:harbour/list")
	run(0, "subscribed table", "add", "table", "--query", "tug", "--every", "hour", "--form", "csv",
		"--to", "files:harbour/table")
	yesterday := time.Now().Add(-24 * time.Hour) // in a period that has ended
	matchArticle(t, p.Store, yesterday, "digest", "list", "table")
	for _, name := range []string{"digest", "list", "table"} {
		natstest.Eventually(t, "a delivery to "+name, func() bool {
			one, err := all.Get(t.Context(), name)
			return err == nil && one.Delivered == 1
		})
		run(0, "1 delivery", "log", name)
		run(0, "has accepted the sample", "test", name)
	}
	if letters(mail, "To: <chief@example.com>") != 2 || letters(mail, "Harbour reopens") < 2 {
		t.Errorf("the mailbox has %+v", mail.Letters())
	}
	day := yesterday.UTC().Format(time.DateOnly)
	for pattern, want := range map[string]string{
		"list/" + day + "/*.jsonl":          `"title":"Harbour reopens"`,
		"list/" + day + "/*.manifest.json":  `"rows": 1`,
		"table/" + day + "/*.csv":           "Harbour reopens",
		"table/" + day + "/*.manifest.json": `"sha256"`,
	} {
		files, err := filepath.Glob(filepath.Join(folder, "harbour", pattern))
		if err != nil || len(files) != 1 {
			t.Errorf("%s: files %q, %v; want one", pattern, files, err)
			continue
		}
		if data, err := os.ReadFile(files[0]); err != nil || !strings.Contains(string(data), want) {
			t.Errorf("%s: %v, want %q in\n%s", files[0], err, want, data)
		}
	}
}

// matchArticle stores that the only article matches subscriptions, with the time of the event.
func matchArticle(t *testing.T, s store.Store, at time.Time, names ...string) {
	t.Helper()
	page, err := s.Search(t.Context(), store.Query{Limit: 1})
	if err != nil || len(page.Hits) != 1 {
		t.Fatalf("%d articles are stored, %v; want 1", len(page.Hits), err)
	}
	all := subscriptions.Of(s)
	var matches []subscriptions.Match
	for _, name := range names {
		one, err := all.Get(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		matches = append(matches, subscriptions.Match{
			SubscriptionID: one.ID, ArticleID: page.Hits[0].ID, Revision: 1, Event: subscriptions.New,
			Hash: page.Hits[0].Article.GetContentHash(), EventTime: at,
		})
	}
	natstest.Eventually(t, "the matches to be stored", func() bool { // the notifier may store its progress meanwhile
		from, err := all.Progress(t.Context())
		if err == nil {
			_, _, err = all.Advance(t.Context(), from, from, subscriptions.Batch{Matches: matches}, 10, time.Now())
		}
		return err == nil
	})
}
