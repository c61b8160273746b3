package archiver

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/dateline-news/dateline/internal/ctxtest"
	"github.com/dateline-news/dateline/services/archiver/files"
)

// TestNewNamesWhatFails has each step of New fail once. The folder can be taken again after each failure.
func TestNewNamesWhatFails(t *testing.T) {
	r := newRoom(t)
	ctxtest.Opens(t, func(ctx context.Context) (*Archiver, error) {
		a, err := New(ctx, DefaultConfig(), Dependencies{
			JS: r.js, Files: files.InFolder(r.dir), Store: r.store, Registry: prometheus.NewRegistry(),
			Log: slog.New(slog.DiscardHandler), Now: time.Now,
		})
		if err != nil {
			return nil, err
		}
		if err := a.Close(); err != nil {
			t.Error(err)
		}
		return a, nil
	})
}
