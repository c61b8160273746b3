package indexer_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/services/indexer"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// errorLines receives the lines of a log, and drops those that nobody waits for.
type errorLines chan string

func (l errorLines) Write(line []byte) (int, error) {
	select {
	case l <- string(line):
	default:
	}
	return len(line), nil
}

// damagedStore makes a store whose table of URLs is damaged, and a backup of it from
// before. It returns both paths.
func damagedStore(t *testing.T) (damaged, backup string) {
	t.Helper()
	damaged = filepath.Join(t.TempDir(), "articles.db")
	backup = damaged + ".backup"
	s, err := store.Open(t.Context(), damaged)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(s.Close(), store.BackupSQLite(t.Context(), damaged, backup)); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", damaged)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var page int64
	const query = `SELECT rootpage FROM sqlite_schema WHERE name = 'aliases'`
	if err := errors.Join(db.QueryRowContext(t.Context(), query).Scan(&page), db.Close()); err != nil {
		t.Fatal(err)
	}
	file, err := os.OpenFile(damaged, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = file.WriteAt([]byte(strings.Repeat("x", 4096)), (page-1)*4096)
	if err := errors.Join(err, file.Close()); err != nil {
		t.Fatal(err)
	}
	return damaged, backup
}

// TestDamagedStore runs the indexer on a damaged store. It must keep the messages, say
// what to do in the log, and not be ready. With a restored store, it stores the articles.
func TestDamagedStore(t *testing.T) {
	_, js := natstest.Start(t)
	damaged, backup := damagedStore(t)
	s, err := store.Open(t.Context(), damaged)
	if err != nil {
		t.Fatal(err)
	}
	const articles = 3
	for i := range articles {
		publish(t, js, fmt.Sprint(i), record(fmt.Sprint(i), "Title", noon))
	}
	lines := make(errorLines, 1000)
	config := indexer.DefaultConfig()
	config.MaxAttempts, config.DrainTimeout = 1, 0
	ix, err := indexer.New(t.Context(), config, indexer.Dependencies{
		JS: js, Store: s, Registry: prometheus.NewRegistry(),
		Log: slog.New(slog.NewTextHandler(lines, &slog.HandlerOptions{Level: slog.LevelError})),
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- ix.Run(ctx) }()
	natstest.Eventually(t, "not ready", func() bool {
		return errors.Is(ix.Checks()[0].Test(ctx), store.ErrDamaged)
	})
	natstest.Eventually(t, "an error with advice in the log", func() bool {
		select {
		case line := <-lines:
			return strings.Contains(line, "the store is damaged") && strings.Contains(line, "docs/backup.md")
		default:
			return false
		}
	})
	stop()
	if err := errors.Join(<-ended, s.Close()); err != nil && !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if n := natstest.Count(t, js, subject.StreamArticles); n != articles {
		t.Errorf("%d messages are left, want %d", n, articles)
	}
	if got := outcomes(t, js); len(got) > 0 {
		t.Errorf("outcomes %q, want none", got)
	}

	restored, err := store.Open(t.Context(), backup)
	if err != nil {
		t.Fatal(err)
	}
	defer restored.Close()
	defer run(t, js, restored)()
	natstest.Eventually(t, "the articles' outcomes", func() bool { return len(outcomes(t, js)) == articles })
	for _, got := range outcomes(t, js) {
		if got != "produced new" {
			t.Errorf("outcome %q after restoring, want produced new", got)
		}
	}
}
