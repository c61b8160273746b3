package cli

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/dateline-news/dateline/services/indexer/replica"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// openReads opens the store of the deployment for a command that only reads. If a replica is configured, articles and
// sources are read from it, and if the primary is unavailable, everything.
func openReads(cmd *cobra.Command, cfg configuration) (reads store.Store, closeStore func() error, err error) {
	s, err := openStore(cmd, cfg)
	if cfg.Store.ReplicaURL != "" && replica.IsUnreachable(err) {
		alone, failed := replica.Alone(cmd.Context(), cfg.Store.Replica())
		if failed != nil {
			return nil, nil, errors.Join(err, failed)
		}
		fmt.Fprintf(cmd.ErrOrStderr(), "the database is unavailable, reading from its replica: %v\n", err)
		return alone, alone.Close, nil
	}
	if err != nil {
		return nil, nil, err
	}
	reads, closeReads, err := replica.Readable(cmd.Context(), s, cfg.Store.Replica(), nil,
		cfg.Admin.Logger(cmd.ErrOrStderr()))
	if err != nil {
		return nil, nil, errors.Join(err, s.Close())
	}
	return reads, func() error { return errors.Join(closeReads(), s.Close()) }, nil
}
