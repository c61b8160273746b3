package sources_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/dateline-news/dateline/services/discoverer/sources"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// TestScale measures the state of many sources with three endpoints each. It runs if
// DATELINE_SOURCES is their number: see docs/benchmarks.md.
func TestScale(t *testing.T) {
	n, err := strconv.Atoi(os.Getenv("DATELINE_SOURCES"))
	if err != nil {
		t.Skip("DATELINE_SOURCES is not a number: set it to 180000 to measure, which takes minutes")
	}
	path := filepath.Join(t.TempDir(), "articles.db")
	db, err := store.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	s, now := sources.Of(db), time.Now()
	fill(t, db, n, now)
	measure := func(what string, do func() (string, error)) {
		start := time.Now()
		result, err := do()
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %s, %s", what, time.Since(start).Round(time.Millisecond), result)
	}
	measure("the polls that are overdue at the start are spread", func() (string, error) {
		overdue, err := s.Spread(t.Context(), now, 10*time.Millisecond, 10*time.Minute)
		return fmt.Sprintf("%d polls", overdue), err
	})
	measure("100 endpoints are claimed and requested, a hundred times", func() (string, error) {
		claimed := 0
		for i := range 100 {
			at := now.Add(time.Duration(i+1) * 10 * time.Second)
			due, err := s.Claim(t.Context(), at, at.Add(time.Minute), 100, 200)
			if err == nil {
				err = s.Requested(t.Context(), due, at.Add(time.Hour))
			}
			if err != nil {
				return "", err
			}
			claimed += len(due)
		}
		return fmt.Sprintf("%d endpoints", claimed), nil
	})
	measure("the sources are counted", func() (string, error) {
		states, overdue, err := s.Health(t.Context(), now)
		return fmt.Sprintf("%v, %s overdue", states, overdue), err
	})
	measure("sources without endpoints are looked for", func() (string, error) {
		dead, err := s.Dead(t.Context(), now.Add(time.Hour), 100)
		return fmt.Sprintf("%d sources", len(dead)), err
	})
	if file, err := os.Stat(path); err == nil {
		t.Logf("the store has %d MB, without its log", file.Size()>>20)
	}
}

// fill adds sources with three active endpoints each, a tenth of which are overdue.
func fill(t *testing.T, db store.Store, n int, now time.Time) {
	t.Helper()
	for _, statement := range []string{
		`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $1)
			INSERT INTO discovery_sources (id, url, labels, state, add_time)
			SELECT printf('%016x', i), 'https://site-' || i || '.example/', '{}', 'active', 1 FROM n WHERE $2 = $2`,
		`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3 * $1)
			INSERT INTO discovery_endpoints (id, source_id, url, purpose, state, reason, hint, add_time, next_poll, poll,
				settled, poll_time, new_time, articles, schedule)
			SELECT printf('%016x', i), printf('%016x', (i + 2) / 3), 'https://site.example/feeds/' || i, 2, 'active', '', 'test',
				1, $2 + (i % 10) * 60000000, 1, 1, 1, 1, 1, zeroblob(291) FROM n`,
	} {
		if _, err := db.SQL().Writer.ExecContext(t.Context(), statement, n, now.UnixMicro()); err != nil {
			t.Fatal(err)
		}
	}
}
