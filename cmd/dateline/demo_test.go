package main

import (
	"bufio"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/dateline-news/dateline/internal/natstest"
)

// TestDemoKeepsOffAFolderInUse runs the demo on the folder of an earlier demo while a
// service uses the folder.
func TestDemoKeepsOffAFolderInUse(t *testing.T) {
	t.Parallel()
	dir, admin := t.TempDir(), natstest.FreeAddr(t)
	if err := os.WriteFile(filepath.Join(dir, "demo"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	up := program(natstest.Context(t), t, "up", "--data-dir", dir, "--data-nats-addr", "127.0.0.1:0",
		"--admin-addr", admin, "--http-addr=")
	if err := up.Start(); err != nil {
		t.Fatal(err)
	}
	awaitReady(t, admin)
	code, out, errs := dateline(t, "demo", "--once", "--data-dir", dir)
	if code != 1 || out != "" || !strings.Contains(errs, "in use by another Dateline") {
		t.Errorf("demo: exit code %d: %s%s", code, out, errs)
	}
	for _, name := range []string{"demo", "articles.db", "nats.url"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Errorf("the demo removed %s: %v", name, err)
		}
	}
	if err := up.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := up.Wait(); err != nil {
		t.Errorf("the service ended with %v", err)
	}
	code, out, errs = dateline(t, "demo", "--once", "--data-dir", dir)
	if code != 0 || !strings.Contains(out, "URLs led to an article") {
		t.Errorf("demo on a free folder: exit code %d: %s%s", code, out, errs)
	}
}

// TestDemoTellsItsStory runs the demo until a paper is out of service, and checks what
// Dateline noticed.
func TestDemoTellsItsStory(t *testing.T) {
	t.Parallel()
	ctx, dir := natstest.Context(t), filepath.Join(t.TempDir(), "demo")
	demo := program(ctx, t, "demo", "--data-dir", dir, "--pace", "10ms", "--admin-addr=",
		"--http-addr", natstest.FreeAddr(t))
	out, err := demo.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := demo.Start(); err != nil {
		t.Fatal(err)
	}
	urls := map[string]string{}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		for _, event := range []string{"corrects the report", "is out of service"} {
			if _, url, found := strings.Cut(lines.Text(), event+": "); found {
				urls[event] = url
			}
		}
		if urls["is out of service"] != "" {
			break
		}
	}
	want := func(args []string, parts ...string) {
		t.Helper()
		var text string
		natstest.Eventually(t, strings.Join(args, " "), func() bool {
			_, text, _ = dateline(t, append(args, "--data-dir", dir)...)
			return !slices.ContainsFunc(parts, func(part string) bool { return !strings.Contains(text, part) })
		})
	}
	want([]string{"history", "--changes", urls["corrects the report"]}, "[-third-]{+fourth+}", "Correction:",
		"copies of this article", "Bell on the mole")
	want([]string{"drift"}, "no_date", "no_author")
	want([]string{"sources", "--silent"}, "127.0.0.7", "unreachable", "the site gave no usable response", "1 source")
	want([]string{"explain", urls["is out of service"]}, "server_error", "circuit breaker")
	if err := demo.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, out); err != nil {
		t.Fatal(err)
	}
	if err := demo.Wait(); err != nil {
		t.Errorf("the demo ended with %v after an interrupt", err)
	}
}
