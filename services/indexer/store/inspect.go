package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/pressly/goose/v3"
)

// Inspection is what can be seen of a store without changing anything.
type Inspection struct {
	// Server is the kind and version of the database.
	Server string
	// Version is that of the store's tables, 0 where there are none yet; Newest
	// is the one that this program makes.
	Version, Newest int64
	// Time is what the database's clock said; zero where it is this machine's.
	Time time.Time
	// Settings are those that decide whether a commit outlives a power cut.
	Settings map[string]string
	// Problems are what is wrong, each with what to do.
	Problems []string
}

// Inspect looks at the store that dsn names (see Open) and changes nothing. The
// error says that it cannot be reached or read.
func Inspect(ctx context.Context, dsn string) (Inspection, error) {
	scheme, rest, _ := strings.Cut(dsn, ":")
	if scheme == "postgres" || scheme == "postgresql" {
		return inspectPostgres(ctx, dsn)
	}
	if scheme == "sqlite" {
		dsn = rest
	}
	return inspectSQLite(ctx, dsn)
}

func inspectSQLite(ctx context.Context, path string) (_ Inspection, err error) {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return Inspection{}, fmt.Errorf("there is no store at %s: start the pipeline once, or name another with --store", path)
	}
	db, err := sql.Open("sqlite", sqliteDSN(path, "query_only(1)")+"&mode=ro")
	if err != nil {
		return Inspection{}, fmt.Errorf("opening the store %s: %w", path, err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	i := Inspection{}
	if err := db.QueryRowContext(ctx, `SELECT 'SQLite ' || sqlite_version()`).Scan(&i.Server); err != nil {
		return Inspection{}, fmt.Errorf("reading the store %s: %w%s", path, err, sqliteAdvice(err))
	}
	if i.Newest, err = newestVersion("sqlite"); err != nil {
		return Inspection{}, err
	}
	err = db.QueryRowContext(ctx, `SELECT count(*) FROM sqlite_schema WHERE name = 'goose_db_version'`).Scan(&i.Version)
	if err == nil && i.Version > 0 {
		err = db.QueryRowContext(ctx, appliedVersion).Scan(&i.Version)
	}
	if err != nil {
		return Inspection{}, fmt.Errorf("reading the version of the store %s: %w%s", path, err, sqliteAdvice(err))
	}
	var mode string
	if err := db.QueryRowContext(ctx, `PRAGMA journal_mode`).Scan(&mode); err != nil {
		return Inspection{}, fmt.Errorf("reading the settings of the store %s: %w", path, err)
	}
	i.Settings = map[string]string{"journal_mode": mode}
	if i.Version > 0 && mode != "wal" {
		i.Problems = append(i.Problems, fmt.Sprintf("journal_mode is %s where wal is needed, so that reading does not hold up writing: stop the pipeline and set it (PRAGMA journal_mode = WAL)", mode))
	}
	return i, nil
}

// newestVersion is that of the tables that this program makes.
func newestVersion(folder string) (int64, error) {
	files, err := fs.ReadDir(migrations, "migrations/"+folder)
	if err != nil {
		return 0, err
	}
	return goose.NumericComponent(files[len(files)-1].Name())
}

const appliedVersion = `SELECT coalesce(max(version_id), 0) FROM goose_db_version WHERE is_applied`

func inspectPostgres(ctx context.Context, dsn string) (_ Inspection, err error) {
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		return Inspection{}, fmt.Errorf("reading the store's address: %w", err) // pgx leaves the password out
	}
	name := fmt.Sprintf("database %s at %s", config.Database, config.Host)
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return Inspection{}, fmt.Errorf("reaching the store, %s: %w%s", name, err, postgresAdvice(err))
	}
	defer func() { err = errors.Join(err, conn.Close(context.WithoutCancel(ctx))) }()
	fail := func(err error) (Inspection, error) {
		return Inspection{}, fmt.Errorf("reading the store, %s: %w", name, err)
	}
	i := Inspection{Settings: map[string]string{}}
	var version int
	var exists, isSuper bool
	if err := conn.QueryRow(ctx, `SELECT 'PostgreSQL ' || current_setting('server_version'), current_setting('server_version_num')::int / 10000,
		clock_timestamp(), to_regclass('goose_db_version') IS NOT NULL, rolsuper FROM pg_roles WHERE rolname = current_user`).
		Scan(&i.Server, &version, &i.Time, &exists, &isSuper); err != nil {
		return fail(err)
	}
	if version < oldestPostgres {
		i.Problems = append(i.Problems, fmt.Sprintf("the server is PostgreSQL %d: version %d or later is needed", version, oldestPostgres))
	}
	if isSuper {
		i.Problems = append(i.Problems, "the services' user is a superuser: give them one that owns this database alone (ALTER ROLE … NOSUPERUSER)")
	}
	if i.Newest, err = newestVersion("postgres"); err != nil {
		return fail(err)
	}
	if exists {
		if err := conn.QueryRow(ctx, appliedVersion).Scan(&i.Version); err != nil {
			return fail(err)
		}
	}
	for _, setting := range []struct{ name, lost string }{
		{"fsync", "a power cut can destroy the database"},
		{"full_page_writes", "a power cut can destroy the database"},
		{"synchronous_commit", "a power cut can lose what was acknowledged"},
	} {
		var value string
		if err := conn.QueryRow(ctx, `SELECT current_setting($1)`, setting.name).Scan(&value); err != nil {
			return fail(err)
		}
		i.Settings[setting.name] = value
		if value == "off" {
			i.Problems = append(i.Problems, fmt.Sprintf("%s is off: %s; set it to on (ALTER SYSTEM SET %s = on, and reload)", setting.name, setting.lost, setting.name))
		}
	}
	return i, nil
}
