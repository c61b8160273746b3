package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/dateline-news/dateline/cmd/dateline/internal/backup"
	"github.com/dateline-news/dateline/cmd/dateline/internal/pipeline"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// storeFile is the copy of an SQLite store within a backup.
const storeFile = "articles.db"

func newBackup() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "backup FOLDER",
		Short: "Write the streams, and an SQLite store, into a folder",
		Long: `Writes snapshots of all streams with their consumers into a folder, and after
them a copy of the store if that is SQLite, also while a pipeline runs. Of
PostgreSQL, make the copy with pg_dump afterwards. docs/backup.md has the order
and the reasons.`,
		Args: exactArgs(1, "a folder"),
	}
	load := configured(cmd, quiet)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		cfg, err := load()
		if err != nil {
			return err
		}
		if err := os.MkdirAll(args[0], 0o700); err != nil {
			return fmt.Errorf("making the backup's folder: %w", err)
		}
		bus, err := pipeline.OpenBus(cmd.Context(), cfg, cfg.Admin.Logger(cmd.ErrOrStderr()))
		if err != nil {
			return err
		}
		streams, err := backup.Streams(cmd.Context(), bus.NC, args[0])
		listStreams(cmd, streams)
		if path, isFile := strings.CutPrefix(cfg.StoreURL(), "sqlite:"); err == nil && isFile {
			if _, missing := os.Stat(path); missing == nil {
				err = store.BackupSQLite(cmd.Context(), path, filepath.Join(args[0], storeFile))
			}
		}
		return errors.Join(err, bus.Close())
	}
	return cmd
}

func newRestore() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "restore FOLDER",
		Short: "Put back what backup wrote, into an empty system",
		Long: `Puts the streams of a backup into a NATS server that has none of them yet, or
into an empty data folder together with the SQLite store. Start the services
afterwards: what was under way when the backup was made is done again.`,
		Args: exactArgs(1, "the folder that \"dateline backup\" wrote"),
	}
	load := configured(cmd, quiet)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		cfg, err := load()
		if err != nil {
			return err
		}
		bus, err := pipeline.OpenBare(cmd.Context(), cfg, "", cfg.Admin.Logger(cmd.ErrOrStderr()))
		if err != nil {
			return err
		}
		streams, err := backup.Restore(cmd.Context(), bus.NC, args[0], cfg.NATS.Replicas)
		listStreams(cmd, streams)
		if path, isFile := strings.CutPrefix(cfg.StoreURL(), "sqlite:"); err == nil && isFile {
			err = restoreFile(filepath.Join(args[0], storeFile), path)
		}
		return errors.Join(err, bus.Close())
	}
	return cmd
}

func listStreams(cmd *cobra.Command, streams []backup.Stream) {
	for _, s := range streams {
		fmt.Fprintf(cmd.OutOrStdout(), "%-20s %9d messages %12d bytes\n", s.Name, s.Messages, s.Bytes)
	}
}

// restoreFile copies the store of a backup to where there is none. A backup of
// streams alone has none.
func restoreFile(from, to string) error {
	data, err := os.Open(from)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("restoring the store: %w", err)
	}
	defer data.Close()
	file, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, os.ErrExist) {
		return fmt.Errorf("restoring the store: %s exists: restore into an empty folder", to)
	}
	if err != nil {
		return fmt.Errorf("restoring the store: %w", err)
	}
	_, err = file.ReadFrom(data)
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return fmt.Errorf("restoring the store %s: %w", to, err)
	}
	return nil
}
