//go:build !nosqlite

package store

import (
	"errors"

	"modernc.org/sqlite" // also registers the driver "sqlite"
)

// hasSQLite reports whether the program is built with SQLite. The services in the images
// are not (deploy/Dockerfile).
const hasSQLite = true

// sqliteCode returns the primary result code of an error of SQLite. It reports whether
// the error is one of SQLite.
func sqliteCode(err error) (code int, ok bool) {
	failure, ok := errors.AsType[*sqlite.Error](err)
	if !ok {
		return 0, false
	}
	return failure.Code() & 0xff, true
}
