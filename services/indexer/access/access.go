// Package access keeps the tokens that allow requests to the web page and the API, and the
// audit log: who changed or exported something, and when.
package access

import (
	"time"

	"github.com/dateline-news/dateline/services/indexer/store"
)

// Access reads and writes the tokens and the audit log of a store.
type Access struct{ db store.Database }

// Of returns the tokens and the audit log of a store.
func Of(s interface{ SQL() store.Database }) *Access { return &Access{s.SQL()} }

// micros returns a time as the tables have it, and 0 for the zero time.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// timeOf reverses micros.
func timeOf(micros int64) time.Time {
	if micros == 0 {
		return time.Time{}
	}
	return time.UnixMicro(micros).UTC()
}
