package extractor

import (
	"context"
	"testing"

	"github.com/dateline-news/dateline/internal/ctxtest"
	"github.com/dateline-news/dateline/internal/natstest"
)

// TestNewNamesWhatFails has each step of New fail once.
func TestNewNamesWhatFails(t *testing.T) {
	_, js := natstest.Start(t)
	ctxtest.Opens(t, func(ctx context.Context) (*Extractor, error) {
		return New(ctx, DefaultConfig(), dependencies(js))
	})
}
