package subscriptions

import (
	"database/sql"
	"strings"
	"testing"

	"github.com/dateline-news/dateline/internal/postgrestest"
	"github.com/dateline-news/dateline/services/indexer/store"
	"github.com/dateline-news/dateline/services/indexer/storetest"
)

// TestDueDeliveriesAreReadByIndex asks both stores how they read what is due. They must not read all that waits for a
// subscription for each delivery, also before PostgreSQL has statistics of the table.
func TestDueDeliveriesAreReadByIndex(t *testing.T) {
	for name, parts := range map[string][]string{
		"sqlite":   {"notify_deliveries_due (subscription_id=?", "article_id=?"},
		"postgres": {"notify_deliveries_due", "(article_id = d.article_id) AND (subscription_id = d.subscription_id)"},
	} {
		t.Run(name, func(t *testing.T) {
			open, explain := storetest.SQLite, "EXPLAIN QUERY PLAN "
			if name == "postgres" {
				open, explain = postgrestest.Database, "EXPLAIN "
			}
			db := storetest.Open(t, open(t)).SQL()
			lines, err := store.ReadRows(t.Context(), db, "explaining", func(rows *sql.Rows) (line string, err error) {
				if name == "postgres" {
					return line, rows.Scan(&line)
				}
				var id, parent, unused int
				return line, rows.Scan(&id, &parent, &unused, &line)
			}, explain+dueQuery, "s", 0, 10, 0)
			plan := strings.Join(lines, "\n")
			for _, part := range parts {
				if err != nil || !strings.Contains(plan, part) {
					t.Errorf("the plan lacks %q, %v:\n%s", part, err, plan)
				}
			}
		})
	}
}
