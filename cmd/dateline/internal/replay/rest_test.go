package replay

import (
	"context"
	"errors"
	"testing"
	"time"
)

// TestWorkersRestWhileAPipelineRuns lets workers rest in a run that has ended, so that they need
// not wait.
func TestWorkersRestWhileAPipelineRuns(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := (&throttle{queues: make([]queue, 1)}).rest(ctx, time.Hour); !errors.Is(err, context.Canceled) {
		t.Errorf("with a pipeline: %v, want the end of the run during the rest", err)
	}
	if err := (&throttle{}).rest(ctx, time.Hour); err != nil {
		t.Errorf("without a pipeline: %v, want no rest", err)
	}
}
