package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/dateline-news/dateline/cmd/dateline/internal/pipeline"
	"github.com/dateline-news/dateline/internal/bus"
	"github.com/dateline-news/dateline/internal/natsembed"
	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/subject"
)

// TestRefusals starts with something wrong, and expects an exit code and a line
// that says what it is and what to do.
func TestRefusals(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	newer := t.TempDir()
	if err := os.WriteFile(filepath.Join(newer, "version"), []byte("99\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	foreign := t.TempDir()
	prepareStream(t, foreign, jetstream.StreamConfig{Name: subject.StreamPages, Subjects: []string{subject.AllPages}, Retention: jetstream.InterestPolicy})
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}

	for _, c := range []struct {
		name string
		args []string
		code int
		says []string
	}{
		{"the NATS port is in use", []string{"up", "--data", t.TempDir(), "--data-nats-addr", taken.Addr().String(), "--admin-addr=", "--http-addr="}, 1, []string{"in use"}},
		{"the web port is in use", []string{"up", "--data", t.TempDir(), "--data-nats-addr=", "--admin-addr=", "--http-addr", taken.Addr().String()}, 1, []string{"web page", "in use", "http.addr"}},
		{"the web page open to all", []string{"up", "--data", t.TempDir(), "--data-nats-addr=", "--admin-addr=", "--http-addr", "0.0.0.0:0"}, 2, []string{"read-token", "127.0.0.1"}},
		{"the admin port is in use", []string{"up", "--data", t.TempDir(), "--data-nats-addr=", "--admin-addr", taken.Addr().String(), "--http-addr="}, 1, []string{"admin address", "in use"}},
		{"a newer data folder", []string{"ingest", "--data", newer, "https://example.com/"}, 1, []string{"newer version", "--data"}},
		{"a stream with other settings", []string{"ingest", "--data", foreign, "https://example.com/"}, 1, []string{"PAGES", "nterest", "nats stream rm PAGES"}},
		{"no NATS", []string{"publish", "--nats", "nats://127.0.0.1:1", "--nats-wait", "10ms", "https://example.com/"}, 1, []string{"connecting to NATS at nats://127.0.0.1:1", "check"}},
		{"no database", []string{"search", "--store", "postgres://nobody:secret@127.0.0.1:1/none?connect_timeout=1", "word"}, 1, []string{"127.0.0.1"}},
		{"a data folder that is a file", []string{"ingest", "--data", file, "https://example.com/"}, 1, []string{"data folder"}},
		{"no such file", []string{"ingest", "--data", t.TempDir(), "example.com/a"}, 1, []string{"https://example.com/a"}},
		{"a bad setting", []string{"ingest", "--data", t.TempDir(), "--fetcher-delay=soon", "--fetcher-max-attempts=0", "https://example.com/"}, 2, []string{"fetcher-delay", "soon"}},
		{"no such flag", []string{"ingest", "--frobnicate", "https://example.com/"}, 2, []string{"frobnicate", "--help"}},
		{"nothing known of a URL", []string{"explain", "--data", t.TempDir(), "https://example.com/"}, 1, []string{"has no outcome"}},
		{"too little room on the disk", []string{"ingest", "--data", t.TempDir(), "--data-min-free", fmt.Sprint(int64(1) << 60), "https://example.com/"}, 1, []string{"make room", "nothing is lost"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			code, out, errText := dateline(t, c.args...)
			if code != c.code {
				t.Errorf("exit code %d, want %d\n%s%s", code, c.code, out, errText)
			}
			for _, part := range c.says {
				if !strings.Contains(errText, part) {
					t.Errorf("%q is not in %q", part, errText)
				}
			}
			if strings.Contains(errText, "secret") {
				t.Errorf("a password is in %q", errText)
			}
		})
	}
}

// prepareStream makes a data folder's NATS server hold a stream of somebody's.
func prepareStream(t *testing.T, dir string, config jetstream.StreamConfig) {
	t.Helper()
	server, err := natsembed.Start(natsembed.Config{Dir: filepath.Join(dir, "nats"), Addr: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Stop()
	nc, js, err := bus.Connect(t.Context(), "test", bus.Config{URL: server.ClientURL(), Wait: natstest.Patience(t)}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	if _, err := js.CreateStream(t.Context(), config); err != nil {
		t.Fatal(err)
	}
}

// TestFolderInUse lets a second process find the folder of a running one.
func TestFolderInUse(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	held, err := pipeline.OpenBus(t.Context(), testConfig(dir), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	code, _, errText := dateline(t, "ingest", "--data", dir, "https://example.com/")
	if code != 1 || !strings.Contains(errText, "in use by another Dateline") {
		t.Errorf("exit code %d: %s", code, errText)
	}
}

// TestFullDisk fills the disk of the data folder in the middle of the work,
// makes room, starts again, and expects every page.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=80m", "tmpfs", dir).CombinedOutput(); err != nil {
		t.Skipf("NOT TESTED: a full disk needs a file system of its own, and mounting one failed (run as root): %v %s", err, out)
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", dir).CombinedOutput(); err != nil {
			t.Errorf("umount: %v %s", err, out)
		}
	})
	data, ballast := filepath.Join(dir, "data"), filepath.Join(dir, "ballast")
	fill := func() {
		if err := os.WriteFile(ballast, make([]byte, 70<<20), 0o600); err != nil {
			t.Log("the ballast:", err)
		}
	}
	asked := 0
	story := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if asked++; asked == 20 {
			fill()
		} else if asked > 20 && asked < 60 {
			// The disk is looked at every second: the work must not end before.
			time.Sleep(200 * time.Millisecond)
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprintf(w, "<!doctype html><html lang=en><title>Lamp %[1]s</title><article><h1>The lamp of %[1]s</h1>%[2]s</article>", r.URL.Path,
			strings.Repeat("<p>The keeper of lamp "+r.URL.Path+" wrote down every ship that passed, and the book is now in the museum of the town.</p>", 6))
	})
	server := httptest.NewServer(story)
	defer server.Close()
	var urls []string
	for i := range 60 {
		urls = append(urls, fmt.Sprintf("%s/lamp/%d", server.URL, i))
	}
	list := urlFile(t, urls)
	args := append([]string{"ingest", "--json", "--data", data, "--data-min-free", fmt.Sprint(16 << 20), list}, loopback...)
	args = append(args, "--fetcher-delay=50ms")
	code, _, errText := dateline(t, args...)
	if code != 1 || !strings.Contains(errText, "make room") {
		t.Fatalf("with a full disk: exit code %d: %s", code, errText)
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	code, ends := ingest(t, data, "--data-min-free=0", list)
	if code != 0 || len(ends) != len(urls) {
		t.Errorf("with room again: exit code %d, %d URLs ended, want %d", code, len(ends), len(urls))
	}
	checkLedger(t, data, 0)
}

// TestUpStops starts the service and tells it to stop.
func TestUpStops(t *testing.T) {
	t.Parallel()
	ctx, admin := natstest.Context(t), natstest.FreeAddr(t)
	run := program(ctx, t, "up", "--data", t.TempDir(), "--data-nats-addr", "127.0.0.1:0", "--admin-addr", admin, "--http-addr=")
	if err := run.Start(); err != nil {
		t.Fatal(err)
	}
	waitFor(t, ctx, "http://"+admin+"/readyz")
	if err := run.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := run.Wait(); err != nil {
		t.Errorf("up ended in %v after being told to stop", err)
	}
}

// waitFor asks until the answer is 200.
func waitFor(t *testing.T, ctx context.Context, url string) {
	t.Helper()
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for {
		if response, err := http.Get(url); err == nil {
			response.Body.Close()
			if response.StatusCode == http.StatusOK {
				http.DefaultClient.CloseIdleConnections()
				return
			}
		}
		select {
		case <-ctx.Done():
			t.Fatalf("%s did not become ready: %v", url, ctx.Err())
		case <-ticker.C:
		}
	}
}
