package notifier

import (
	"context"
	"log/slog"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/dateline-news/dateline/internal/ctxtest"
	"github.com/dateline-news/dateline/services/indexer/storetest"
)

// TestNewNamesWhatFails has each step of New fail once.
func TestNewNamesWhatFails(t *testing.T) {
	r := newRoom(t, storetest.Open(t, storetest.SQLite(t)))
	ctxtest.Opens(t, func(ctx context.Context) (*Notifier, error) {
		return New(ctx, r.config, Dependencies{
			JS: r.js, Store: r.store, Registry: prometheus.NewRegistry(), Log: slog.New(slog.DiscardHandler),
		})
	})
}
