package indexer_test

import (
	"context"
	"log/slog"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/dateline-news/dateline/internal/ctxtest"
	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/services/indexer"
	"github.com/dateline-news/dateline/services/indexer/storetest"
)

// TestNewNamesWhatFails has each step of New fail once.
func TestNewNamesWhatFails(t *testing.T) {
	_, js := natstest.Start(t)
	s := storetest.Open(t, storetest.SQLite(t))
	ctxtest.Opens(t, func(ctx context.Context) (*indexer.Indexer, error) {
		return indexer.New(ctx, indexer.DefaultConfig(), indexer.Dependencies{
			JS: js, Store: s, Registry: prometheus.NewRegistry(), Log: slog.New(slog.DiscardHandler),
		})
	})
}
