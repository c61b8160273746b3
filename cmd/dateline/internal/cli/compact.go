package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/dateline-news/dateline/services/indexer/store"
)

func newCompact() *cobra.Command {
	var asJSON, giveBack bool
	cmd := &cobra.Command{
		Use:   "compact",
		Short: "Rewrite an SQLite store without its free space",
		Long: `Rewrites the file of an SQLite store, so that the space of what was deleted is free on
the disk. Stop the pipeline first: nothing can be stored meanwhile. The disk needs room
for two copies of what the file contains; otherwise nothing is changed.

With --give-back, the store gives back space by itself from then on, in small steps once
a fifth of its file is free. Storing then takes up to a tenth more processor time.`,
		Example: "  dateline compact --data-dir /var/lib/dateline",
		Args:    noArgs,
	}
	load := standalone(cmd, quiet)
	cmd.Flags().BoolVar(&asJSON, "json", false, "Print the sizes as JSON.")
	cmd.Flags().BoolVar(&giveBack, "give-back", false,
		"Have the store give back space by itself from then on. Without this flag, it does not.")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		cfg, err := load()
		if err != nil {
			return err
		}
		if store.Folder(cfg.StoreURL()) == "" {
			return &usageError{errors.New("only an SQLite store can be compacted; PostgreSQL has VACUUM FULL")}
		}
		done, err := store.CompactSQLite(cmd.Context(), strings.TrimPrefix(cfg.StoreURL(), "sqlite:"), giveBack)
		if err != nil {
			return err
		}
		if asJSON {
			return json.NewEncoder(cmd.OutOrStdout()).Encode(struct {
				Before int64 `json:"bytes_before"`
				After  int64 `json:"bytes_after"`
			}{done.Before, done.After})
		}
		_, err = fmt.Fprintf(cmd.OutOrStdout(), "%d MB became %d MB\n", done.Before>>20, done.After>>20)
		return err
	}
	return cmd
}
