package site

import (
	"context"
	"testing"
	"time"

	"github.com/dateline-news/dateline/internal/ctxtest"
	"github.com/dateline-news/dateline/internal/natstest"
)

// TestOpeningNamesWhatFails has each step of opening fail once.
func TestOpeningNamesWhatFails(t *testing.T) {
	_, js := natstest.Start(t)
	ctxtest.Opens(t, func(ctx context.Context) (*Sites, error) {
		return Open(ctx, js, nil, time.Minute, time.Now)
	})
}
