package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// durabilitySettings are the settings of PostgreSQL that must not be off, with
// what a power cut does otherwise.
var durabilitySettings = []struct{ name, risk string }{
	{"fsync", "a power cut can destroy the database"},
	{"full_page_writes", "a power cut can destroy the database"},
	{"synchronous_commit", "a power cut can lose acknowledged data"},
}

func inspectPostgres(ctx context.Context, dsn string) (_ Inspection, err error) {
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		return Inspection{}, fmt.Errorf("reading the store's address: %w", err) // pgx omits the password
	}
	name := fmt.Sprintf("database %s at %s", config.Database, config.Host)
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return Inspection{}, fmt.Errorf("reaching the store, %s: %w%s", name, explainDamage(err), postgresAdvice(err))
	}
	defer func() { err = errors.Join(err, conn.Close(context.WithoutCancel(ctx))) }()
	i := Inspection{Settings: map[string]string{}}
	if i.Newest, err = newestVersion("postgres"); err != nil {
		return Inspection{}, err
	}
	err = i.readServer(ctx, conn)
	if err == nil {
		err = i.readDurability(ctx, conn)
	}
	if err != nil {
		return Inspection{}, fmt.Errorf("reading the store, %s: %w", name, explainDamage(err))
	}
	return i, nil
}

// readServer reads the versions, the clock and the user's rights.
func (i *Inspection) readServer(ctx context.Context, conn *pgx.Conn) error {
	var version int
	var exists, isSuperuser bool
	err := conn.QueryRow(ctx, `SELECT 'PostgreSQL ' || current_setting('server_version'),
		current_setting('server_version_num')::int / 10000, clock_timestamp(),
		to_regclass('goose_db_version') IS NOT NULL, rolsuper FROM pg_roles WHERE rolname = current_user`).
		Scan(&i.Server, &version, &i.Time, &exists, &isSuperuser)
	if err != nil {
		return err
	}
	if version < oldestPostgres {
		i.Problems = append(i.Problems, fmt.Sprintf("the server is PostgreSQL %d: version %d or later is needed",
			version, oldestPostgres))
	}
	if isSuperuser {
		i.Problems = append(i.Problems, "the services' user is a superuser: "+
			"use a user that owns only this database (ALTER ROLE … NOSUPERUSER)")
	}
	if !exists {
		return nil
	}
	return conn.QueryRow(ctx, appliedVersion).Scan(&i.Version)
}

func (i *Inspection) readDurability(ctx context.Context, conn *pgx.Conn) error {
	for _, setting := range durabilitySettings {
		var value string
		if err := conn.QueryRow(ctx, `SELECT current_setting($1)`, setting.name).Scan(&value); err != nil {
			return err
		}
		i.Settings[setting.name] = value
		if value == "off" {
			i.Problems = append(i.Problems, fmt.Sprintf("%s is off: %s; "+
				"set it to on (ALTER SYSTEM SET %s = on, and reload)", setting.name, setting.risk, setting.name))
		}
	}
	return nil
}
