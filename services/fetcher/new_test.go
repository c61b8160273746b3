package fetcher_test

import (
	"context"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/dateline-news/dateline/internal/ctxtest"
	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/services/fetcher"
)

// TestNewNamesWhatFails has each step of New fail once.
func TestNewNamesWhatFails(t *testing.T) {
	nc, js := natstest.Start(t)
	ctxtest.Opens(t, func(ctx context.Context) (*fetcher.Fetcher, error) {
		return fetcher.New(ctx, fetcher.Env{
			NC: nc, JS: js, Registry: prometheus.NewRegistry(), Log: quiet,
		}, fetcher.DefaultConfig())
	})
}
