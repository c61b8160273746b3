package main

import (
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/dateline-news/dateline/cmd/dateline/internal/pipeline"
	"github.com/dateline-news/dateline/internal/bus"
	"github.com/dateline-news/dateline/internal/natsembed"
	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/subject"
)

// refusal is a command line that cannot be carried out.
type refusal struct {
	name string
	args []string
	code int
	says []string // parts of the error
}

func (r refusal) test(t *testing.T) {
	code, out, errText := dateline(t, r.args...)
	if code != r.code {
		t.Errorf("exit code %d, want %d\n%s%s", code, r.code, out, errText)
	}
	for _, part := range r.says {
		if !strings.Contains(errText, part) {
			t.Errorf("the error lacks %q: %s", part, errText)
		}
	}
	if strings.Contains(errText, "secret") {
		t.Errorf("the error contains a password: %s", errText)
	}
}

// up returns the command line of "dateline up" on a new folder, with addresses that are
// not the defaults.
func up(t *testing.T, flags ...string) []string {
	args := []string{"up", "--data", t.TempDir(), "--data-nats-addr=", "--admin-addr=", "--http-addr="}
	return append(args, flags...)
}

// TestRefusedAddresses starts the service on addresses that it cannot use.
func TestRefusedAddresses(t *testing.T) {
	t.Parallel()
	taken, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	addr := taken.Addr().String()
	for _, r := range []refusal{
		{"NATS port in use", up(t, "--data-nats-addr", addr), 1, []string{"in use"}},
		{"web port in use", up(t, "--http-addr", addr), 1, []string{"web page", "in use", "http.addr"}},
		{"admin port in use", up(t, "--admin-addr", addr), 1, []string{"admin address", "in use"}},
		{
			"NATS without a password", up(t, "--data-nats-addr", "0.0.0.0:0"), 2,
			[]string{"nats-addr", "nats-password", "127.0.0.1"},
		},
		{
			"NATS with a short password", up(t, "--data-nats-addr", "0.0.0.0:0", "--data-nats-password", "short"), 2,
			[]string{"nats-password", "openssl"},
		},
		{"web page without a token", up(t, "--http-addr", "0.0.0.0:0"), 2, []string{"read-token", "127.0.0.1"}},
	} {
		t.Run(r.name, r.test)
	}
}

// TestRefusals runs commands that cannot be carried out. The error must say what is
// wrong and what to do.
func TestRefusals(t *testing.T) {
	t.Parallel()
	const url = "https://example.com/"
	newer, foreign, file := t.TempDir(), t.TempDir(), filepath.Join(t.TempDir(), "file")
	damaged := t.TempDir()
	for path, text := range map[string]string{
		filepath.Join(newer, "version"): "99\n", file: "x",
		filepath.Join(damaged, "articles.db"): strings.Repeat("damaged ", 4096),
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	createStream(t, foreign, jetstream.StreamConfig{
		Name: subject.StreamPages, Subjects: []string{subject.AllPages}, Retention: jetstream.InterestPolicy,
	})
	empty := t.TempDir()
	openStore(t, empty)
	const unreachableStore = "postgres://nobody:secret@127.0.0.1:1/none?connect_timeout=1"
	for _, r := range []refusal{
		{"newer data folder", []string{"ingest", "--data", newer, url}, 1, []string{"newer version", "--data"}},
		{
			"stream with other settings", []string{"ingest", "--data", foreign, url}, 1,
			[]string{"PAGES", "nterest", "nats stream rm PAGES"},
		},
		{
			"no NATS", []string{"publish", "--nats", "nats://" + closedAddr, "--nats-wait", "10ms", url}, 1,
			[]string{"connecting to NATS at nats://127.0.0.1:1", "check"},
		},
		{"no database", []string{"search", "--store", unreachableStore, "word"}, 1, []string{"127.0.0.1"}},
		{
			"damaged store", []string{"search", "--data", damaged, "word"}, 1,
			[]string{"the store is damaged", "docs/backup.md"},
		},
		{"data folder is a file", []string{"ingest", "--data", file, url}, 1, []string{"data folder"}},
		{"no such file", []string{"ingest", "--data", t.TempDir(), "example.com/a"}, 1, []string{"https://example.com/a"}},
		{
			"invalid setting",
			[]string{"ingest", "--data", t.TempDir(), "--fetcher-delay=soon", "--fetcher-max-attempts=0", url}, 2,
			[]string{"fetcher-delay", "soon"},
		},
		{"no such flag", []string{"ingest", "--frobnicate", url}, 2, []string{"frobnicate", "--help"}},
		{"no argument", []string{"ingest"}, 2, []string{"at least one"}},
		{"unknown URL", []string{"explain", "--data", empty, url}, 1, []string{"has no outcome"}},
		{"no store", []string{"explain", "--data", t.TempDir(), url}, 1, []string{"there is no store", "--data-dir"}},
		{"search for nothing", []string{"search", "--data", empty, "--limit", "0"}, 2, []string{"at least 1"}},
		{"export of nothing", []string{"export", "--data", empty, "--partition", "day"}, 2, []string{"--output"}},
		{"export to a bucket", []string{"export", "--data", empty, "-o", "s3://a"}, 2, []string{"--partition day"}},
		{"export as two forms of JSON", []string{"export", "--data", empty, "--json"}, 2, []string{"--format jsonl"}},
		{"no deliveries", []string{"subscribe", "log", "a", "--data", empty, "--limit", "0"}, 2, []string{"1 to 1000"}},
		{"subscriptions of no file", []string{"subscribe", "apply", "--data", empty}, 2, []string{"-f"}},
		{
			"too little disk space", []string{"ingest", "--data", t.TempDir(), "--data-min-free", fmt.Sprint(1 << 60), url}, 1,
			[]string{"make room", "nothing is lost"},
		},
	} {
		t.Run(r.name, r.test)
	}
}

// createStream creates a stream on the NATS server of a data folder.
func createStream(t *testing.T, dir string, config jetstream.StreamConfig) {
	t.Helper()
	server, err := natsembed.Start(natsembed.Config{Dir: filepath.Join(dir, "nats"), Addr: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Stop()
	nc, js, err := bus.Connect(t.Context(), "test",
		bus.Config{URL: server.ClientURL(), Wait: natstest.Patience(t)}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	if _, err := js.CreateStream(t.Context(), config); err != nil {
		t.Fatal(err)
	}
}

// TestFolderInUse ingests into the folder of another pipeline.
func TestFolderInUse(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	held, err := pipeline.OpenBus(t.Context(), testConfig(dir), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	refusal{
		args: []string{"ingest", "--data", dir, "https://example.com/"}, code: 1,
		says: []string{"in use by another Dateline"},
	}.test(t)
}
