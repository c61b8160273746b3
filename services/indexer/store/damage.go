package store

import (
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/jackc/pgx/v5/pgconn"
)

// damage remembers that the database has reported damage, because a store whose damaged
// part is not being read answers as usual.
type damage struct{ first atomic.Pointer[error] }

// explain adds ErrDamaged to an error that reports damage, and remembers the first such
// error. It returns other errors unchanged.
func (d *damage) explain(err error) error {
	err = explainDamage(err)
	if errors.Is(err, ErrDamaged) {
		d.first.CompareAndSwap(nil, &err)
	}
	return err
}

// remembered returns the first error that reported damage, or nil.
func (d *damage) remembered() error {
	if first := d.first.Load(); first != nil {
		return *first
	}
	return nil
}

// explainDamage adds ErrDamaged to an error that reports damage. It returns other errors
// unchanged.
func explainDamage(err error) error {
	if errors.Is(err, ErrDamaged) || !reportsDamage(err) {
		return err
	}
	return fmt.Errorf("%w; %w", err, ErrDamaged)
}

// reportsDamage reports whether the database cannot read its own data.
func reportsDamage(err error) bool {
	if code, ok := sqliteCode(err); ok {
		return code == sqliteCorrupt || code == sqliteNotADatabase
	}
	if failure, ok := errors.AsType[*pgconn.PgError](err); ok {
		return failure.Code == "XX001" || failure.Code == "XX002" // data_corrupted, index_corrupted
	}
	return false
}
