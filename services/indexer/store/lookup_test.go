package store_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/storetest"
)

// lookUps are conditions by which rows of large tables are read. They are valid in both databases.
var lookUps = []struct{ table, condition string }{
	{"articles", `id = 'x'`},
	{"articles", `row = 1`},
	{"articles", `story = 'x'`},
	{"revisions", `article_id = 'x' AND number = 1`},
	{"revisions", `number > 1 AND trimmed = 0 AND first_seen < FIRST_SEEN`},
	{"replaced_records", `article_id = 'x'`},
	{"aliases", `article_id = 'x'`},
	{"recent_keys", `row = 1`},
	{"recent_keys", `number >= 1`},
	{"sources", `host = 'x'`},
	{"source_hours", `host = 'x'`},
	{"source_hours", `hour >= 1`},
	{"source_baselines", `host = 'x'`},
	{"source_baselines", `silent_hour > 1`},
	{"archive_captures", `file_id = '1'`},
	{"discovery_sources", `url = 'x'`},
	{"discovery_endpoints", `source_id = '1'`},
	{"discovery_articles", `source_id = '1'`},
	{"discovery_articles", `due < 1`},
	{"notify_deliveries", `article_id = 'x'`},
	{"notify_deliveries", `subscription_id = 'x' AND id > 1`},
	{"notify_deliveries", `subscription_id = 'x' AND state = 'pending' AND due < 1`},
}

// TestSQLiteLooksRowsUp checks that such a row is found without reading the whole table.
func TestSQLiteLooksRowsUp(t *testing.T) {
	dsn := storetest.SQLite(t)
	reopen(t, dsn)
	db := openSQLite(t, dsn)
	defer db.Close()
	own := []struct{ table, condition string }{
		{"aliases", `url = 'x'`}, {"outcomes", `url = 'x'`}, {"outcomes", `request_id = 'x'`},
		{"outcomes", `stage = 1 AND input_id = 'x'`}, {"outcomes", `time < 1`}, {"archive_captures", `url_key = x'00'`},
	}
	for _, one := range slices.Concat(lookUps, own) {
		condition := strings.ReplaceAll(one.condition, "FIRST_SEEN", "1")
		var plan string
		var ignored int
		query := `EXPLAIN QUERY PLAN SELECT * FROM ` + one.table + ` WHERE ` + condition
		if err := db.QueryRowContext(t.Context(), query).Scan(&ignored, &ignored, &ignored, &plan); err != nil {
			t.Errorf("%s: %v", query, err)
		} else if !strings.HasPrefix(plan, "SEARCH ") {
			t.Errorf("rows of %s where %s are found by %s, want a search", one.table, condition, plan)
		}
	}
}

// TestPostgresLooksRowsUp is like TestSQLiteLooksRowsUp. PostgreSQL reads small tables as a whole unless it is told not
// to, so that the plan shows whether there is an index.
func TestPostgresLooksRowsUp(t *testing.T) {
	dsn := storetest.Postgres(t)
	reopen(t, dsn)
	conn := connectPostgres(t, dsn)
	defer conn.Close(context.WithoutCancel(t.Context()))
	if _, err := conn.Exec(t.Context(), `SET enable_seqscan = off`); err != nil {
		t.Fatal(err)
	}
	own := []struct{ table, condition string }{
		{"aliases", `url_key = '\x00'`}, {"outcomes", `url_key = '\x00'`}, {"outcomes", `request_key = '\x00'`},
		{"outcomes", `stage = 1 AND input_key = '\x00'`}, {"outcomes", `time < 'epoch'`},
		{"archive_captures", `url_key = '\x00'`},
	}
	for _, one := range slices.Concat(lookUps, own) {
		condition := strings.ReplaceAll(one.condition, "FIRST_SEEN", "'epoch'")
		rows, err := conn.Query(t.Context(), `EXPLAIN SELECT * FROM `+one.table+` WHERE `+condition)
		if err != nil {
			t.Fatal(err)
		}
		plan, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			t.Errorf("explaining %s where %s: %v", one.table, condition, err)
		} else if !strings.Contains(strings.Join(plan, "\n"), "Index Cond:") {
			t.Errorf("rows of %s where %s are found by\n%s\nwant a search of an index", one.table, condition,
				strings.Join(plan, "\n"))
		}
	}
}

// TestPostgresWritersUseOneOrder stores batches that are in another order than their keys. Rows are
// written in the order of their keys nevertheless: two writers that lock the same rows in different
// orders would wait for each other.
func TestPostgresWritersUseOneOrder(t *testing.T) {
	dsn := storetest.Postgres(t)
	s := reopen(t, dsn)
	var articles []*datelinev1.Article
	var outcomes []*datelinev1.Outcome
	for i := range 40 {
		name := numbered("w", 40-i)
		articles = append(articles, article(name, "Title", name, noon))
		outcomes = append(outcomes, outcome(datelinev1.Stage_STAGE_INDEX, name, noon))
	}
	put(t, s, articles...)
	record(t, s, outcomes...)
	for _, c := range []struct{ table, key string }{
		{"articles", "id"}, {"aliases", "url"}, {"outcomes", "input_key"},
	} {
		var ascending bool
		postgresBackend.query(t, dsn, `SELECT bool_and(ok) FROM (SELECT coalesce(`+c.key+` >= lag(`+c.key+
			`) OVER (ORDER BY ctid), true) AS ok FROM `+c.table+`) AS pairs`, &ascending)
		if !ascending {
			t.Errorf("the rows of %s are not written in the order of their %s", c.table, c.key)
		}
	}
}
