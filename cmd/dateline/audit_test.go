package main

import (
	"encoding/json"
	"log/slog"
	"os"
	osuser "os/user"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/dateline-news/dateline/internal/natstest"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/access"
	"github.com/dateline-news/dateline/services/indexer/storetest"
)

// TestTokensAndAudit manages tokens at a store and over HTTP, and checks that the audit log has
// who did what.
func TestTokensAndAudit(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := openStore(t, dir)
	storetest.Put(t, s, &datelinev1.Article{
		Id: strings.Repeat("b2", 32), CanonicalUrl: "https://example.com/a", RequestedUrl: "https://example.com/a",
		Host: "example.com", Title: "A", Text: "Ferry", ContentHash: "1",
		FetchTime: timestamppb.New(time.Now()), ExtractTime: timestamppb.Now(),
	})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	cfg := testConfig(dir)
	cfg.Data.NATSAddr, cfg.HTTP.Addr, cfg.HTTP.ReadToken = "127.0.0.1:0", natstest.FreeAddr(t), "ReadTokenOfTheTest"
	runPipeline(t, cfg, slog.New(slog.DiscardHandler))
	u, ctx := user{t.TempDir(), t.TempDir()}, natstest.Context(t)
	run := func(want int, args ...string) string {
		t.Helper()
		code, out := u.run(ctx, t, args...)
		if code != want {
			t.Fatalf("dateline %s: exit code %d, want %d:\n%s", strings.Join(args, " "), code, want, out)
		}
		return out
	}
	token := strings.TrimSpace(run(0, "token", "create", "olga", "--scope", "operate", "--data-dir", dir))
	if !strings.HasPrefix(token, "dateline_") {
		t.Fatalf("\"token create\" prints %q, want a token", token)
	}
	u.writeContext(t, "remote", "nats: {url: nats://"+closedAddr+"}\nclient: {web: http://"+cfg.HTTP.Addr+"}\n"+
		"http: {operate-token: "+token+"}\n")

	// A token that a token creates.
	var created struct {
		Name, Token string
		Scopes      []string
		Expiry      time.Time `json:"expiry_time"`
	}
	out := run(0, "token", "create", "bot", "--scope", "read,subscribe", "--days", "7", "--json", "--context", "remote")
	if err := json.Unmarshal([]byte(out), &created); err != nil || created.Name != "bot" || len(created.Scopes) != 2 ||
		time.Until(created.Expiry).Round(time.Hour) != 7*24*time.Hour {
		t.Errorf("creating a token over HTTP prints %s, %v", out, err)
	}
	local, remote := run(0, "token", "ls", "--data-dir", dir), run(0, "token", "ls", "--context", "remote")
	if local != remote || !strings.Contains(local, "read, subscribe") || !strings.Contains(local, "2 tokens") ||
		strings.Contains(local, created.Token) {
		t.Errorf("the tokens are\n%s over HTTP\n%s", local, remote)
	}
	run(0, "export", "--format", "csv", "--context", "remote", "--", "ferry")
	run(0, "export", "--format", "csv", "--data-dir", dir, "--output", filepath.Join(t.TempDir(), "ferry.csv"), "--",
		"ferry")
	run(0, "token", "revoke", "bot", "--context", "remote")
	run(1, "token", "revoke", "bot", "--data-dir", dir)
	run(2, "token", "create", "bot", "--days", "-1", "--data-dir", dir)
	run(0, "erase", "https://example.com/a", "--yes", "--data-dir", dir)

	me, err := osuser.Current()
	if err != nil {
		t.Fatal(err)
	}
	command := "command line: " + me.Username
	want := []access.Entry{ // newest first
		{Actor: command, Action: "erase", Object: "https://example.com/a", Result: "done"},
		{Actor: command, Action: "token", Object: "revoke bot", Result: "failed: no token has this name"},
		{Actor: "olga", Action: "token", Object: "/api/v1/tokens/bot", Result: "done"},
		{Actor: command, Action: "export", Object: "articles with ferry as csv", Result: "done"},
		{Actor: "olga", Action: "token", Object: "/api/v1/tokens", Result: "done"},
		{Actor: command, Action: "token", Object: "create olga with operate", Result: "done"},
	}
	for _, place := range [][]string{{"--data-dir", dir}, {"--context", "remote"}} {
		var got []access.Entry
		for line := range strings.Lines(run(0, append([]string{"audit", "--json", "--since", "1h"}, place...)...)) {
			var entry access.Entry
			if err := json.Unmarshal([]byte(line), &entry); err != nil {
				t.Fatal(err)
			}
			if entry.Action != "export" || entry.Actor != "olga" { // a search may take several requests
				entry.ID, entry.Time = 0, time.Time{}
				got = append(got, entry)
			}
		}
		if len(got) != len(want) {
			t.Fatalf("the audit log with %v has %+v, want %+v", place, got, want)
		}
		for i := range got {
			if got[i] != want[i] {
				t.Errorf("entry %d with %v is %+v, want %+v", i, place, got[i], want[i])
			}
		}
	}
	if out := run(0, "audit", "--action", "token", "--actor", "olga", "--limit", "1", "--data-dir",
		dir); !strings.Contains(out,
		"/api/v1/tokens/bot") || !strings.Contains(out, "1 entry") {
		t.Errorf("the last change of a token by olga is %s", out)
	}
	if _, err := os.Stat(filepath.Join(dir, "articles.db")); err != nil {
		t.Error(err)
	}
}
