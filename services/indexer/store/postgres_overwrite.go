package store

import (
	"context"
	"fmt"
	"time"
)

// Overwrite frees the rows of erased articles. PostgreSQL overwrites them when it
// needs their space. Only VACUUM FULL removes them at once, but nobody can read the
// tables meanwhile, so the operator decides about it.
func (s *postgresStore) Overwrite(ctx context.Context) (done bool, err error) {
	var until *time.Time
	err = s.pool.QueryRow(ctx, `SELECT max(erase_time) FROM pending_overwrites`).Scan(&until)
	if err == nil && until != nil {
		_, err = s.pool.Exec(ctx, `VACUUM articles, revisions, recent_keys, aliases`)
	}
	if err == nil && until != nil {
		_, err = s.pool.Exec(ctx, `DELETE FROM pending_overwrites WHERE erase_time <= $1`, *until)
	}
	if err != nil {
		return false, fmt.Errorf("freeing erased articles in %s: %w", s.name, s.explain(err))
	}
	return until != nil, nil
}
