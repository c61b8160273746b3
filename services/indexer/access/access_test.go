package access_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/dateline-news/dateline/internal/postgrestest"
	"github.com/dateline-news/dateline/services/indexer/access"
	"github.com/dateline-news/dateline/services/indexer/store"
	"github.com/dateline-news/dateline/services/indexer/storetest"
)

func TestMain(m *testing.M) { os.Exit(postgrestest.Main(m, func() error { return goleak.Find() })) }

var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

// find looks a token up at a time with a new keyring.
func find(t *testing.T, a *access.Access, text string, at time.Time) (access.Token, bool) {
	t.Helper()
	token, ok, err := access.NewKeyringAt(a, func() time.Time { return at }).Find(t.Context(), text)
	if err != nil {
		t.Fatal(err)
	}
	return token, ok
}

func create(t *testing.T, a *access.Access, name string, expiry time.Time, scopes ...access.Scope) string {
	t.Helper()
	text, _, err := a.Create(t.Context(), name, scopes, expiry, noon)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestTokens(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s store.Store) {
		a := access.Of(s)
		reads := create(t, a, "feed-reader", time.Time{}, access.Read)
		operates := create(t, a, "alice", noon.Add(time.Hour), access.Operate, access.Read, access.Operate)
		if reads == operates || !strings.HasPrefix(reads, "dateline_") || len(reads) < 30 {
			t.Errorf("the tokens are %s and %s, want different random ones", reads, operates)
		}
		token, ok := find(t, a, operates, noon)
		if !ok || token.Name != "alice" || !token.Allows(access.Subscribe) || len(token.Scopes) != 2 {
			t.Errorf("the token of alice is %+v, %v", token, ok)
		}
		if token, ok := find(t, a, reads, noon.AddDate(10, 0, 0)); !ok || !token.Allows(access.Read) ||
			token.Allows(access.Subscribe) || token.Allows(access.Operate) {
			t.Errorf("the token of the feed reader is %+v, %v after ten years, want read alone", token, ok)
		}
		if _, ok := find(t, a, operates, noon.Add(time.Hour)); ok {
			t.Error("a token is accepted when it expires")
		}
		for _, text := range []string{"", "dateline_", reads + "x", reads[:len(reads)-1], "feed-reader"} {
			if token, ok := find(t, a, text, noon); ok {
				t.Errorf("%q is accepted as %s", text, token.Name)
			}
		}
		if err := a.Revoke(t.Context(), "feed-reader"); err != nil {
			t.Fatal(err)
		}
		if _, ok := find(t, a, reads, noon); ok {
			t.Error("a revoked token is accepted")
		}
		if err := a.Revoke(t.Context(), "feed-reader"); !errors.Is(err, access.ErrNoToken) {
			t.Errorf("revoking it again: %v, want ErrNoToken", err)
		}
		all, err := a.Tokens(t.Context())
		if err != nil || len(all) != 1 || all[0].Name != "alice" || !all[0].ExpiryTime.Equal(noon.Add(time.Hour)) {
			t.Errorf("the tokens are %+v, %v, want alice's", all, err)
		}
	})
}

func TestTokensThatCannotBe(t *testing.T) {
	a := access.Of(storetest.Open(t, storetest.SQLite(t)))
	create(t, a, "taken", time.Time{}, access.Read)
	for name, c := range map[string]struct {
		name   string
		scopes []access.Scope
		expiry time.Time
		want   string
	}{
		"a name that is taken":    {"taken", []access.Scope{access.Read}, time.Time{}, "one has this name"},
		"a name of the audit log": {"operate-token", []access.Scope{access.Read}, time.Time{}, "use another name"},
		"a name with spaces":      {"command line: root", []access.Scope{access.Read}, time.Time{}, "lower-case letters"},
		"no name":                 {"", []access.Scope{access.Read}, time.Time{}, "lower-case letters"},
		"no scope":                {"a", nil, time.Time{}, "name its scopes"},
		"an unknown scope":        {"a", []access.Scope{"root"}, time.Time{}, `"root" does not exist`},
		"an expiry in the past":   {"a", []access.Scope{access.Read}, noon, "expired"},
	} {
		_, _, err := a.Create(t.Context(), c.name, c.scopes, c.expiry, noon)
		if !errors.Is(err, access.ErrToken) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

// TestTokensAreNotStored looks for a token in the files of the store.
func TestTokensAreNotStored(t *testing.T) {
	dsn := storetest.SQLite(t)
	text := create(t, access.Of(storetest.Open(t, dsn)), "alice", time.Time{}, access.Operate)
	files, err := filepath.Glob(strings.TrimPrefix(dsn, "sqlite:") + "*")
	if err != nil || len(files) < 2 {
		t.Fatalf("the files of the store are %v, %v", files, err)
	}
	named := false
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		named = named || bytes.Contains(data, []byte("alice"))
		if bytes.Contains(data, []byte(strings.TrimPrefix(text, "dateline_"))) {
			t.Errorf("%s contains the token", file)
		}
	}
	if !named {
		t.Error("no file contains the name of the token, so this test looks in the wrong place")
	}
}

// TestKeyringAge checks that a keyring notices a new token after a second and a revoked one after
// ten, and that it stores the last use of a token, to the hour.
func TestKeyringAge(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s store.Store) {
		a, now := access.Of(s), noon
		ring := access.NewKeyringAt(a, func() time.Time { return now })
		accepts := func(text string) bool {
			t.Helper()
			_, ok, err := ring.Find(t.Context(), text)
			if err != nil {
				t.Fatal(err)
			}
			return ok
		}
		first := create(t, a, "first", time.Time{}, access.Read)
		if !accepts(first) {
			t.Fatal("a token is not accepted")
		}
		second := create(t, a, "second", time.Time{}, access.Read)
		if now = noon.Add(time.Second - 1); accepts(second) {
			t.Error("the keyring has read the tokens twice within a second")
		}
		if now = noon.Add(time.Second); !accepts(second) {
			t.Error("the keyring has not noticed a new token after a second")
		}
		if err := a.Revoke(t.Context(), "first"); err != nil {
			t.Fatal(err)
		}
		if now = noon.Add(11*time.Second - 1); !accepts(first) {
			t.Error("the keyring has read known tokens again before ten seconds")
		}
		if now = noon.Add(11 * time.Second); accepts(first) {
			t.Error("the keyring accepts a token ten seconds after it was revoked")
		}
		now = now.Add(10 * time.Second)
		accepts(second) // stores the first use before it reads the tokens
		all, err := a.Tokens(t.Context())
		if err != nil || len(all) != 1 || !all[0].UseTime.Equal(noon.Add(time.Second)) {
			t.Errorf("the tokens are %+v, %v, want the second one, used at its first use", all, err)
		}
	})
}

// TestUsesAreStoredLater checks that a token stays valid while its last use cannot be stored. The use is stored
// afterwards.
func TestUsesAreStoredLater(t *testing.T) {
	s := storetest.Open(t, storetest.SQLite(t))
	a, now := access.Of(s), noon
	ring := access.NewKeyringAt(a, func() time.Time { return now })
	token := create(t, a, "desk", time.Time{}, access.Read)
	execute := func(statement string) {
		t.Helper()
		if _, err := s.SQL().Writer.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	wantUse := func(want time.Time) {
		t.Helper()
		if _, ok, err := ring.Find(t.Context(), token); !ok || err != nil {
			t.Fatalf("the token is valid: %t, %v", ok, err)
		}
		all, err := a.Tokens(t.Context())
		if err != nil || len(all) != 1 || !all[0].UseTime.Equal(want) {
			t.Errorf("at %v, the tokens are %+v, %v; want a use at %v", now, all, err, want)
		}
	}
	execute(`CREATE TRIGGER refuse BEFORE UPDATE ON access_tokens BEGIN SELECT RAISE(ABORT, 'not today'); END`)
	wantUse(time.Time{})
	now = noon.Add(10 * time.Second)
	wantUse(time.Time{})
	execute(`DROP TRIGGER refuse`)
	now = noon.Add(20 * time.Second)
	wantUse(noon.Add(10 * time.Second))
	// Within an hour after a stored use, no other is stored.
	now = noon.Add(time.Hour + 20*time.Second - 1)
	wantUse(noon.Add(10 * time.Second))
}

// TestKeyringWithoutStore checks that no token is accepted, or refused, while the store fails.
func TestKeyringWithoutStore(t *testing.T) {
	s := storetest.Open(t, storetest.SQLite(t))
	text := create(t, access.Of(s), "alice", time.Time{}, access.Read)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	ring := access.NewKeyring(access.Of(s))
	for range 2 {
		if _, ok, err := ring.Find(t.Context(), text); ok || err == nil {
			t.Errorf("found %v, error %v, want an error", ok, err)
		}
	}
	if _, _, err := ring.Find(t.Context(), "not one of ours"); err != nil {
		t.Errorf("another text: %v, want no error", err)
	}
}

// TestEntriesOfTheAuditLog checks that each field of an entry is kept.
func TestEntriesOfTheAuditLog(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s store.Store) {
		a := access.Of(s)
		id, err := a.Begin(t.Context(), "alice", "erase", "an object", noon)
		if err != nil {
			t.Fatal(err)
		}
		if err := a.End(t.Context(), id, "done"); err != nil {
			t.Fatal(err)
		}
		want := access.Entry{ID: id, Time: noon, Actor: "alice", Action: "erase", Object: "an object", Result: "done"}
		if got, err := a.Entries(t.Context(), access.EntryFilter{}); err != nil || len(got) != 1 || got[0] != want {
			t.Errorf("the entries are %+v, %v; want %+v", got, err, want)
		}
	})
}

func TestAuditLog(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s store.Store) {
		a := access.Of(s)
		begin := func(actor, action string, at time.Time) int64 {
			t.Helper()
			id, err := a.Begin(t.Context(), actor, action, "object\x00\xff"+strings.Repeat("x", 5000), at)
			if err != nil {
				t.Fatal(err)
			}
			return id
		}
		old := begin("alice", "erase", noon)
		first := begin("alice", "erase", noon.AddDate(0, 0, 300))
		begin("bob", "export", noon.AddDate(0, 0, 399))
		if err := a.End(t.Context(), first, "done"); err != nil {
			t.Fatal(err)
		}
		ids := func(f access.EntryFilter) (ids []int64) {
			t.Helper()
			entries, err := a.Entries(t.Context(), f)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range entries {
				ids = append(ids, e.ID)
			}
			return ids
		}
		if got := ids(access.EntryFilter{Actor: "alice"}); len(got) != 2 || got[0] != first || got[1] != old {
			t.Errorf("the entries of alice are %v, want %d and %d", got, first, old)
		}
		if got := ids(access.EntryFilter{Action: "export"}); len(got) != 1 {
			t.Errorf("the exports are %v, want one", got)
		}
		if got := ids(access.EntryFilter{Since: noon.Add(1), Limit: 1}); len(got) != 1 || got[0] <= first {
			t.Errorf("the newest entry is %v, want bob's", got)
		}
		if got := ids(access.EntryFilter{Before: first}); len(got) != 1 || got[0] != old {
			t.Errorf("before %d is %v, want %d", first, got, old)
		}
		begin("bob", "export", noon.AddDate(0, 0, 401)) // removes what is older than 400 days
		entries, err := a.Entries(t.Context(), access.EntryFilter{})
		if err != nil || len(entries) != 3 || entries[2].ID != first || entries[2].Result != "done" ||
			entries[1].Result != "" || len(entries[2].Object) > 1100 || !strings.HasPrefix(entries[2].Object, "object\uFFFDx") {
			t.Errorf("after 401 days the entries are %.300v, %v", entries, err)
		}
		// A million later entries are as good as one with an id that is a million higher.
		far, override := entries[0].ID+1_000_000, ""
		if s.SQL().Postgres {
			override = "OVERRIDING SYSTEM VALUE"
		}
		_, err = s.SQL().Writer.ExecContext(t.Context(), `INSERT INTO audit_log (id, time, actor, action, object, result) `+
			override+` VALUES ($1, $2, 'carol', 'export', '', '')`, far,
			noon.AddDate(0, 0, 301).UnixMicro())
		if err != nil {
			t.Fatal(err)
		}
		last := begin("bob", "export", noon.AddDate(0, 0, 302))
		if got := ids(access.EntryFilter{Actor: "alice"}); len(got) != 0 {
			t.Errorf("beyond a million entries, %v of alice are left, want none", got)
		}
		if got := ids(access.EntryFilter{Actor: "bob"}); len(got) != 1 || got[0] != last {
			t.Errorf("beyond a million entries, those of bob are %v, want %d", got, last)
		}
	})
}
