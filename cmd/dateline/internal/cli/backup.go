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

// storeFile is the name of the copy of an SQLite store in a backup.
const storeFile = "articles.db"

func newBackup() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "backup FOLDER",
		Short: "Back up the streams and the SQLite store to a folder",
		Long: `Writes snapshots of all streams with their consumers to a folder, and then a copy of
the store if it is SQLite. A pipeline may run meanwhile. Back up PostgreSQL with
pg_dump afterwards; docs/backup.md explains the order.`,
		Args: oneArg("one folder"),
	}
	load := configured(cmd, quiet)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		cfg, err := load()
		if err != nil {
			return err
		}
		if err := os.MkdirAll(args[0], 0o700); err != nil {
			return fmt.Errorf("creating the backup's folder: %w", err)
		}
		bus, err := openBus(cmd, cfg)
		if err != nil {
			return err
		}
		streams, err := backup.Streams(cmd.Context(), bus.NC, args[0])
		listStreams(cmd, streams)
		if path, isFile := strings.CutPrefix(cfg.StoreURL(), "sqlite:"); err == nil && isFile && cfg.stored {
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
		Short: "Restore a backup into an empty system",
		Long: `Restores the streams of a backup into a NATS server that has none of them, or into
an empty data folder together with the SQLite store. Start the services afterwards:
they repeat the work that was in progress when the backup was made. Name the NATS
server with --nats-url, or the folder with --data-dir: contexts are not used.`,
		Args: oneArg("the folder that \"dateline backup\" wrote"),
	}
	load := standalone(cmd, quiet)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		cfg, err := load()
		if err != nil {
			return err
		}
		if cfg.NATS.URL == "" && !cfg.chosen {
			return &usageError{errors.New("name where to restore: a NATS server with --nats-url, or a folder with --data-dir")}
		}
		bus, err := pipeline.OpenBare(cmd.Context(), cfg.Config, "", cfg.Admin.Logger(cmd.ErrOrStderr()))
		if err != nil {
			return err
		}
		streams, err := backup.Restore(cmd.Context(), bus.NC, args[0], cfg.NATS.Replicas)
		listStreams(cmd, streams)
		if path, isFile := strings.CutPrefix(cfg.StoreURL(), "sqlite:"); err == nil && isFile {
			err = restoreStore(filepath.Join(args[0], storeFile), path)
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

// restoreStore copies the SQLite store of a backup to a path that does not exist yet.
// A backup of a system with another store has no such file.
func restoreStore(from, to string) error {
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
