//go:build unix

package postgrestest_test

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/dateline-news/dateline/internal/postgrestest"
)

// TestFailingStatements has one statement fail. The server must have executed it only if its response is lost.
func TestFailingStatements(t *testing.T) {
	for losesResponses, want := range map[bool]int{false: 0, true: 1} {
		database := postgrestest.Database(t)
		statements := postgrestest.Fail(t, database)
		statements.LosesResponses = losesResponses
		failing, sound := connect(t, statements.URL), connect(t, database)
		if _, err := sound.Exec(t.Context(), "CREATE TABLE numbers (n INT)"); err != nil {
			t.Fatal(err)
		}
		statements.After(0)
		if _, err := failing.Exec(t.Context(), "INSERT INTO numbers VALUES ($1)", 7); err == nil {
			t.Errorf("losing responses %t: the statement does not fail", losesResponses)
		}
		var got int
		if err := sound.QueryRow(t.Context(), "SELECT COUNT(*) FROM numbers").Scan(&got); err != nil || got != want {
			t.Errorf("losing responses %t: %d rows, %v; want %d", losesResponses, got, err, want)
		}
	}
}

func connect(t *testing.T, database string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.WithoutCancel(t.Context())) })
	return conn
}
