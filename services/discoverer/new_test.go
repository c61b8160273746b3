package discoverer_test

import (
	"context"
	"log/slog"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/dateline-news/dateline/internal/ctxtest"
	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/services/discoverer"
	"github.com/dateline-news/dateline/services/indexer/storetest"
)

// TestNewNamesWhatFails has each step of New fail once.
func TestNewNamesWhatFails(t *testing.T) {
	_, js := natstest.Start(t)
	articles := storetest.Open(t, storetest.SQLite(t))
	ctxtest.Opens(t, func(ctx context.Context) (*discoverer.Discoverer, error) {
		return discoverer.New(ctx, discoverer.DefaultConfig(), discoverer.Dependencies{
			JS: js, Store: articles, Registry: prometheus.NewRegistry(), Log: slog.New(slog.DiscardHandler),
		})
	})
}
