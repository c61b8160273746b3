package frontier

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/dateline-news/dateline/internal/ctxtest"
	"github.com/dateline-news/dateline/internal/natstest"
)

// TestOpeningNamesWhatFails has each step of opening fail once.
func TestOpeningNamesWhatFails(t *testing.T) {
	_, js := natstest.Start(t)
	ctxtest.Opens(t, func(ctx context.Context) (*leases, error) {
		return newLeases(ctx, js, "replica", slog.New(slog.DiscardHandler), time.Now)
	})
}
