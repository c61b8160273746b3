package store

import (
	"context"
	"errors"
)

func openPostgres(context.Context, string) (Store, error) {
	return nil, errors.New("PostgreSQL is not built in yet")
}
