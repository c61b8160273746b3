package store_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/store"
)

func testReopening(t *testing.T, b backend) {
	dsn := b.absentDSN(t)
	first, err := store.Open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	want := article("kept", "Harbour reopens", "Ships return.", noon)
	put(t, first, want)
	record(t, first, outcome(datelinev1.Stage_STAGE_FETCH, "kept", noon))
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	second := reopen(t, dsn)
	if err := second.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantArticle(t, second, "id-kept", want)
	wantNames(t, "ships", find(t, second, "ships"), "kept")
	if got := outcomesOf(t, second, "https://example.com/kept"); len(got) != 1 {
		t.Fatalf("%d outcomes after reopening, want 1", len(got))
	}
	wantStatuses(t, put(t, second, want), store.Unchanged)
}

func testConcurrentOpening(t *testing.T, b backend) {
	dsn := b.absentDSN(t)
	const programs = 6
	opened := make(chan error, programs)
	for range programs {
		go func() {
			s, err := store.Open(t.Context(), dsn)
			if err == nil {
				err = errors.Join(s.Ping(t.Context()), s.Close())
			}
			opened <- err
		}()
	}
	for range programs {
		if err := <-opened; err != nil {
			t.Error(err)
		}
	}
}

func testNewerVersion(t *testing.T, b backend) {
	dsn := b.newDSN(t)
	s, err := store.Open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	b.execute(t, dsn, `INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, true)`)
	s, err = store.Open(t.Context(), dsn)
	if !errors.Is(err, store.ErrNewerVersion) {
		t.Fatalf("opening: %v, %v; want ErrNewerVersion", s, err)
	}
	for _, part := range []string{"9999", "use the newer program"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("error %q does not contain %q", err, part)
		}
	}
}

func testCancelled(t *testing.T, b backend) {
	s := b.open(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	results, err := s.Put(ctx, []*datelinev1.Article{article("a", "A", "a", noon)})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("cancelled Put: %v, %v; want context.Canceled", results, err)
	}
	wantStats(t, s, 0, 0)
}

func TestOpenRefuses(t *testing.T) {
	notADatabase := filepath.Join(t.TempDir(), "letter.txt")
	if err := os.WriteFile(notADatabase, []byte(strings.Repeat("Dear reader. ", 500)), 0o600); err != nil {
		t.Fatal(err)
	}
	for dsn, want := range map[string]string{
		"":                       "no path",
		"sqlite:":                "no path",
		"mysql://root@localhost": "unsupported store",
		"/nonexistent/folder/x": "/nonexistent/folder/x: reading the store's version: " +
			"unable to open database file (14); its folder must exist",
		"sqlite:" + notADatabase:                              "name another file",
		"postgres://u:secret@127.0.0.1:1/x?connect_timeout=2": "check that the server runs",
	} {
		s, err := store.Open(t.Context(), dsn)
		if err == nil {
			_ = s.Close()
			t.Errorf("opening %q succeeded, want an error", dsn)
			continue
		}
		if !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("opening %q: error %q, want it to contain %q and no password", dsn, err, want)
		}
	}
}
