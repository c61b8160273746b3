package captures

import (
	"context"
	"database/sql"
	"strconv"
	"strings"

	"github.com/dateline-news/dateline/services/indexer/store"
)

// write runs a transaction.
func (x *Index) write(ctx context.Context, action string, do func(context.Context, *sql.Tx) error) error {
	return x.db.Write(ctx, action, do)
}

func query[T any](
	ctx context.Context, x *Index, action string, scan func(*sql.Rows) (T, error), text string, args ...any,
) ([]T, error) {
	return store.ReadRows(ctx, x.db, action, scan, text, args...)
}

// one returns the only capture, or ErrNotFound.
func one(all []Capture, err error) (Capture, error) {
	if err != nil {
		return Capture{}, err
	}
	if len(all) == 0 {
		return Capture{}, ErrNotFound
	}
	return all[0], nil
}

// placeholders returns "$1,$2" and so on.
func placeholders(n int) string {
	all := make([]string, n)
	for i := range all {
		all[i] = "$" + strconv.Itoa(i+1)
	}
	return strings.Join(all, ",")
}
