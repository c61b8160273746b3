package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/dateline-news/dateline/internal/telemetry"
	"github.com/dateline-news/dateline/services/indexer/library"
	"github.com/dateline-news/dateline/services/indexer/replica"
	"github.com/dateline-news/dateline/services/indexer/web"
)

// WriteMetrics writes the reference of all metrics as Markdown. To find them, it opens
// a pipeline on a temporary folder.
func WriteMetrics(ctx context.Context, w io.Writer) (err error) {
	config := DefaultConfig()
	if config.Data.Dir, err = os.MkdirTemp("", "dateline-"); err != nil {
		return fmt.Errorf("creating a temporary folder: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(config.Data.Dir)) }()
	config.Data.NATSAddr, config.Data.MinFree, config.Data.Relaxed = "", 0, true
	config.Archiver.Dir, config.Archiver.MinFree = filepath.Join(config.Data.Dir, "archive"), 0
	log := slog.New(slog.DiscardHandler)
	p, err := Open(ctx, config, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.Close()) }()
	web.Handler(config.HTTP, web.Dependencies{
		Library: library.New(p.Store, p.Bus.JS), Registry: p.registry, Log: log,
	})
	replica.RegisterMetrics(p.registry) // which a pipeline without a replica does not have
	return telemetry.WriteReference(w, p.registry)
}
