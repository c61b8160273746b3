package store_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/topology"
	"github.com/dateline-news/dateline/services/indexer/store"
	"github.com/dateline-news/dateline/services/indexer/storetest"
)

// boundsRow matches a row of the tables in docs/scaling.md that state a bound.
var boundsRow = regexp.MustCompile("(?m)^\\| `([A-Za-z_`, -]+)` \\| ([^|]+) \\|$")

// statedBounds returns the bounds that a section of docs/scaling.md states, by name.
func statedBounds(t *testing.T, heading string) map[string]string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", "scaling.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut(string(text), "\n### "+heading+"\n")
	if !found {
		t.Fatalf("docs/scaling.md has no heading %q", heading)
	}
	section, _, _ = strings.Cut(section, "\n#")
	bounds := map[string]string{}
	for _, row := range boundsRow.FindAllStringSubmatch(section, -1) {
		for name := range strings.SplitSeq(strings.ReplaceAll(row[1], "`", ""), ", ") {
			bounds[name] = row[2]
		}
	}
	return bounds
}

// compareNames expects a bound for each real name, and for no other.
func compareNames(t *testing.T, what string, bounds map[string]string, existing []string) {
	t.Helper()
	for _, name := range existing {
		if bounds[name] == "" {
			t.Errorf("%s %s has no bound: state in docs/scaling.md what keeps it from growing", what, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(bounds)) {
		if !slices.Contains(existing, name) {
			t.Errorf("docs/scaling.md states a bound of the %s %s, which does not exist", what, name)
		}
	}
}

// TestTablesHaveBounds compares the tables of a new store with those in docs/scaling.md.
func TestTablesHaveBounds(t *testing.T) {
	bounds := statedBounds(t, "Tables of the store")
	storetest.Each(t, func(t *testing.T, s store.Store) {
		query := `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'
			AND name NOT LIKE 'article_words_%'`
		if s.SQL().Postgres {
			query = `SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema()`
		}
		rows, err := s.SQL().Reader.QueryContext(t.Context(), query)
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		// The index of words is a table in SQLite only, and the former keys of copies are one in PostgreSQL only.
		tables := []string{"article_words", "sketch_keys"}
		for rows.Next() {
			var name string
			if err := rows.Scan(&name); err != nil {
				t.Fatal(err)
			}
			if !slices.Contains(tables, name) {
				tables = append(tables, name)
			}
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
		compareNames(t, "table", bounds, tables)
	})
}

// TestStreamsHaveBounds compares the streams and buckets with those in docs/scaling.md, and their limits with the
// stated ones.
func TestStreamsHaveBounds(t *testing.T) {
	bounds := statedBounds(t, "Streams and buckets")
	_, js := natstest.Start(t)
	natstest.Reconcile(t, js, topology.Limits{Archive: true})
	var names []string
	streams := js.ListStreams(t.Context())
	for info := range streams.Info() {
		name := info.Config.Name
		names = append(names, name)
		if info.Config.MaxBytes <= 0 && info.Config.MaxAge <= 0 {
			t.Errorf("%s has neither a maximum size nor a maximum age", name)
		}
		for _, limit := range limitsOf(info.Config) {
			if !strings.Contains(bounds[name], limit) {
				t.Errorf("the limit %q of %s is missing in docs/scaling.md, which says: %s", limit, name, bounds[name])
			}
		}
	}
	if err := streams.Err(); err != nil {
		t.Fatal(err)
	}
	compareNames(t, "stream", bounds, names)
}

// limitsOf returns the limits of a stream as a person writes them.
func limitsOf(config jetstream.StreamConfig) (limits []string) {
	if config.MaxBytes >= 1<<30 {
		limits = append(limits, fmt.Sprintf("%d GiB", config.MaxBytes>>30))
	} else if config.MaxBytes > 0 {
		limits = append(limits, fmt.Sprintf("%d MiB", config.MaxBytes>>20))
	}
	switch day := 24 * time.Hour; {
	case config.MaxAge >= 2*day:
		limits = append(limits, fmt.Sprintf("%d days", config.MaxAge/day))
	case config.MaxAge >= time.Hour:
		limits = append(limits, fmt.Sprintf("%d h", config.MaxAge/time.Hour))
	case config.MaxAge > 0:
		limits = append(limits, fmt.Sprintf("%d s", config.MaxAge/time.Second))
	}
	if config.MaxMsgsPerSubject > 1 {
		limits = append(limits, fmt.Sprintf("%d,%03d", config.MaxMsgsPerSubject/1000, config.MaxMsgsPerSubject%1000))
	}
	return limits
}
