package postgrestest

import (
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestMain(m *testing.M) { os.Exit(Main(m, func() error { return nil })) }

func TestDatabasesAreSeparate(t *testing.T) {
	for range 2 {
		db, err := sql.Open("pgx", Database(t))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := db.ExecContext(t.Context(), "CREATE TABLE items (name text)"); err != nil {
			t.Error(err)
		}
		var encoding string
		err = db.QueryRowContext(t.Context(), "SHOW server_encoding").Scan(&encoding)
		if err != nil || encoding != "UTF8" {
			t.Errorf("encoding is %q, %v", encoding, err)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestNewestVersionIsUsed(t *testing.T) {
	t.Setenv("PATH", "")
	debian := t.TempDir()
	if folder, err := binaries(debian); err == nil || !strings.Contains(err.Error(), debian) {
		t.Errorf("without PostgreSQL: got %q, %v", folder, err)
	}
	for _, version := range []string{"9", "15", "17"} {
		bin := filepath.Join(debian, version, "bin")
		if err := os.MkdirAll(bin, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(bin, "initdb"), nil, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if folder, err := binaries(debian); err != nil || folder != filepath.Join(debian, "17", "bin") {
		t.Errorf("with three versions: got %q, %v", folder, err)
	}
}

// TestFail loses the connection of the second statement, and no other.
func TestFail(t *testing.T) {
	f := Fail(t, Database(t))
	db, err := sql.Open("pgx", f.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	answer := func() (n int, err error) {
		return n, db.QueryRowContext(t.Context(), "SELECT 7").Scan(&n)
	}
	for range 2 { // connects, and pings when the connection is used again
		if _, err := answer(); err != nil {
			t.Fatal(err)
		}
	}
	f.After(1)
	for i, fails := range []bool{false, true, false} {
		if n, err := answer(); fails == (err == nil) || !fails && n != 7 {
			t.Errorf("statement %d: %d, %v; fails: want %t", i+1, n, err, fails)
		}
	}
	if !f.Failed() {
		t.Error("no connection has failed")
	}
	f.After(5)
	if f.Failed() {
		t.Error("a connection has failed before its time")
	}
}
