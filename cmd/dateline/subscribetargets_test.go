package main

import (
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/services/indexer/store"
	"github.com/dateline-news/dateline/services/notifier/subscriptions"
	"github.com/dateline-news/dateline/services/notifier/targets"
)

// mailbox is an SMTP server that keeps the e-mails that it accepts.
type mailbox struct {
	addr string

	mu  sync.Mutex
	got []string
}

func newMailbox(t *testing.T) *mailbox {
	t.Helper()
	box := &mailbox{}
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return mailSession{box}, nil }))
	server.Domain, server.MaxMessageBytes = "localhost", 1<<20
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	box.addr = listener.Addr().String()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = server.Serve(listener) // ends with an error when it is closed
	}()
	t.Cleanup(func() {
		_ = server.Close()
		<-ended
	})
	return box
}

// with returns the number of e-mails that contain a text.
func (m *mailbox) with(text string) (n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, one := range m.got {
		if strings.Contains(one, text) {
			n++
		}
	}
	return n
}

type mailSession struct{ box *mailbox }

func (mailSession) Mail(string, *smtp.MailOptions) error { return nil }
func (mailSession) Rcpt(string, *smtp.RcptOptions) error { return nil }
func (mailSession) Reset()                               {}
func (mailSession) Logout() error                        { return nil }

func (s mailSession) Data(r io.Reader) error {
	text, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	s.box.mu.Lock()
	defer s.box.mu.Unlock()
	s.box.got = append(s.box.got, string(text))
	return nil
}

// TestSubscribeByMailAndFiles adds subscriptions to e-mails and files with the command line, each and collected, while
// the pipeline runs, and has an article delivered.
func TestSubscribeByMailAndFiles(t *testing.T) {
	t.Parallel()
	box, folder := newMailbox(t), t.TempDir()
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, harbourPage("Lund"))
	}))
	t.Cleanup(site.Close)
	cfg := testConfig(t.TempDir())
	allowLoopback(&cfg)
	cfg.Notifier.Files = folder
	cfg.Notifier.SMTP.Server, cfg.Notifier.SMTP.From = box.addr, "news@example.com"
	cfg.Notifier.SMTP.Security = targets.SecurityNone
	p := runPipeline(t, cfg, slog.New(slog.DiscardHandler))
	all := subscriptions.Of(p.Store)
	natstest.Eventually(t, "the notifier follows the stream", func() bool {
		progress, err := all.Progress(t.Context())
		return err == nil && !progress.Created.IsZero()
	})
	run := func(wantCode int, want string, args ...string) {
		t.Helper()
		code, out, errs := dateline(t, append(append([]string{"subscribe"}, args...), "--data", cfg.Data.Dir,
			"--notifier-files", folder, "--notifier-smtp-server", box.addr, "--notifier-smtp-from", "news@example.com",
			"--notifier-smtp-security", targets.SecurityNone)...)
		if code != wantCode || !strings.Contains(out+errs, want) || strings.Contains(out+errs, "Note:") {
			t.Errorf("subscribe %s: exit code %d, want %d with %q and no note:\n%s%s", strings.Join(args, " "), code, wantCode,
				want, out, errs)
		}
	}
	mail := []string{"add", "desk", "--query", "harbour", "--to", "mailto:desk@example.com"}
	run(2, "use minute, hour or day", append(mail, "--every", "week")...)
	run(2, "it collects deliveries", append(mail, "--every", "day", "--rate", "1/s")...)
	run(2, "does not fit its target", append(mail, "--form", "csv")...)
	run(2, "its folder is", "add", "list", "--to", "files:../etc")
	run(2, "begins with deliveries.", "add", "list", "--to", "nats:news.harbour", "--unsigned")
	run(0, "subscribed desk", mail...)
	run(0, "has accepted the sample", "test", "desk")
	if box.with("A sample article") != 1 {
		t.Error("the sample is not in the mailbox")
	}
	if _, err := p.Bus.JS.Publish(t.Context(), subject.URLs, []byte(site.URL+"/a")); err != nil {
		t.Fatal(err)
	}
	natstest.Eventually(t, "an e-mail about the article", func() bool { return box.with("Subject: Harbour reopens") == 1 })

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
	if box.with("To: <chief@example.com>") != 2 || box.with("Harbour reopens") < 2 {
		t.Errorf("the mailbox has %q", box.got)
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
			_, _, err = all.Advance(t.Context(), from, from, matches, nil, 10, time.Now())
		}
		return err == nil
	})
}
