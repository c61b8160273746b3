package main

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dateline-news/dateline/cmd/dateline/internal/newsroom"
	"github.com/dateline-news/dateline/internal/natstest"
)

// writeContext writes a context of a user by hand.
func (u user) writeContext(t *testing.T, name, text string) {
	t.Helper()
	file := filepath.Join(u.config, "dateline", "contexts", name+".yaml")
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestReadingWithoutTheStore reads articles with a context that has only the address and
// token of the web page, and compares what is printed with what the store contains.
func TestReadingWithoutTheStore(t *testing.T) {
	t.Parallel()
	room, err := newsroom.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer room.Close()
	dir, id, url := t.TempDir(), "", ""
	_, ends := ingest(t, dir, room.URLs()...)
	for _, all := range ends {
		for _, one := range all {
			if one.Article != nil {
				id, url = one.Article.ID, one.Article.CanonicalURL
			}
		}
	}
	cfg := testConfig(dir)
	cfg.Data.NATSAddr, cfg.HTTP.Addr, cfg.HTTP.ReadToken = "127.0.0.1:0", natstest.FreeAddr(t), "ReadTokenOfTheTest"
	runPipeline(t, cfg, slog.New(slog.DiscardHandler))
	u := user{t.TempDir(), t.TempDir()}
	u.writeContext(t, "remote", "nats: {url: nats://"+closedAddr+"}\nclient: {web: http://"+cfg.HTTP.Addr+"}\n"+
		"http: {read-token: ReadTokenOfTheTest}\n")
	u.writeContext(t, "stranger", "nats: {url: nats://"+closedAddr+"}\nclient: {web: http://"+cfg.HTTP.Addr+"}\n")

	ctx := natstest.Context(t)
	for _, args := range [][]string{
		{"search"},
		{"search", "--limit", "200", "--language", "en", "--since", "2026-11-01", "--before", "2026-11-20"},
		{"search", "--rank", "--json", "--limit", "3", "--access", "free", "ferry OR boat"},
		{"show", id[:12]},
		{"show", url, "--json"},
		{"history", id, "--changes"},
		{"history", url},
		{"export", "--format", "csv"},
		{"export", "--", "night", "-ferry"},
		{"sources"},
		{"sources", "127.0.0.2", "--json"},
		{"sources", "nosuch.example"},
		{"sources", "--silent"},
		{"explain", url},
	} {
		wantCode, want := u.run(ctx, t, append(args[:1:1], append([]string{"--data-dir", dir}, args[1:]...)...)...)
		code, got := u.run(ctx, t, append(args[:1:1], append([]string{"--context", "remote"}, args[1:]...)...)...)
		if got != want || code != wantCode || code != 0 {
			t.Errorf("dateline %s: exit code %d over HTTP, %d from the store.\nover HTTP:\n%s\nfrom the store:\n%s",
				strings.Join(args, " "), code, wantCode, got, want)
		}
	}
	for want, args := range map[string][]string{
		"no article with the id or URL":       {"show", "00000000000000000000", "--context", "remote"},
		"refuses the token":                   {"search", "--context", "stranger"},
		"there is no context":                 {"search", "--context", "nosuch"},
		"has no store that this machine can ": {"erase", id, "--yes", "--context", "remote"},
	} {
		if code, got := u.run(ctx, t, args...); code == 0 || !strings.Contains(got, want) {
			t.Errorf("dateline %s: exit code %d, want %q:\n%s", strings.Join(args, " "), code, want, got)
		}
	}
}
