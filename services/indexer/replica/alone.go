package replica

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/dateline-news/dateline/services/indexer/store"
)

// Alone opens the replica for reading, without the primary.
func Alone(ctx context.Context, config Config) (store.Store, error) {
	standby, err := store.OpenReplica(ctx, config.URL)
	if err != nil {
		return nil, err
	}
	s := &Store{primary: newServer(Primary, nil), standby: newServer(Replica, standby)}
	_ = s.primary.set(errors.New("the primary is unavailable"))
	if _, err := s.askStandby(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("reading the replica: %w", err), standby.Close())
	}
	return standby, nil
}

// IsUnreachable reports whether a store could not be opened because its server does not answer.
func IsUnreachable(err error) bool {
	_, ok := errors.AsType[*pgconn.ConnectError](err)
	return ok
}
