package stage

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"github.com/dateline-news/dateline/internal/loop"
	"github.com/dateline-news/dateline/internal/outcome"
	"github.com/dateline-news/dateline/internal/subject"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// dependencyBackoff is the delay before the handler is called again while a
// dependency is unavailable.
var dependencyBackoff = loop.Backoff{First: 250 * time.Millisecond, Last: 15 * time.Second}

// attempt calls the handler, retrying in place while a dependency is unavailable.
func (l *Loop) attempt(ctx context.Context, inputs []*Input) (results []Result) {
	// The results carry the error, also if ctx ends before a retry.
	_ = loop.Retry(ctx, dependencyBackoff, func(ctx context.Context) error {
		results = l.isolatePanics(ctx, inputs)
		return dependencyError(results)
	}, func(err error) bool {
		l.Metrics.CountRetry(outcome.Unavailable)
		level, text := slog.LevelWarn, "dependency unavailable, retrying"
		if classify(err).kind == damaged {
			level, text = slog.LevelError, "dependency damaged, retrying until it is repaired"
		}
		l.Log.Log(ctx, level, text, "stage", subject.StageName(l.Stage), "inputs", len(inputs), "error", err)
		return true
	})
	return results
}

func dependencyError(results []Result) error {
	for _, r := range results {
		if r.Err != nil && classify(r.Err).isDependency() {
			return r.Err
		}
	}
	return nil
}

// isolatePanics calls the handler and recovers from its panics, so that one input
// cannot crash the process again and again. To find that input, each input of a
// batch that panicked is handled separately.
func (l *Loop) isolatePanics(ctx context.Context, inputs []*Input) []Result {
	results, panicked := l.call(ctx, inputs)
	if panicked == nil {
		return results
	}
	if len(inputs) == 1 {
		l.skip(ctx, inputs[0])
		return []Result{{Outcome: unhandled(inputs[0]), Err: panicked}}
	}
	results = make([]Result, 0, len(inputs))
	for _, input := range inputs {
		results = append(results, l.isolatePanics(ctx, []*Input{input})...)
	}
	return results
}

// call calls the handler. panicked is the error for a panic.
func (l *Loop) call(ctx context.Context, inputs []*Input) (results []Result, panicked error) {
	if len(inputs) == 1 {
		ctx = inputs[0].Trace(ctx)
	}
	defer func() {
		if cause := recover(); cause != nil {
			l.Log.ErrorContext(ctx, "handler panicked", "stage", subject.StageName(l.Stage), "inputs", len(inputs),
				"stream", inputs[0].Stream, "sequence", inputs[0].Sequence, "panic", cause, "stack", string(debug.Stack()))
			panicked = Permanent(outcome.Panic, fmt.Errorf("the program panicked while processing this message (%v): "+
				"report a bug with the message and the stack from the log", cause))
		}
	}()
	return l.Handle(ctx, inputs), nil
}

func (l *Loop) skip(ctx context.Context, in *Input) {
	if l.Skipped != nil {
		l.Skipped(ctx, in)
	}
}

func poisoned(in *Input) Result {
	err := fmt.Errorf("the message was delivered %d times without an outcome, so it probably crashes the process: "+
		"check its payload before requeueing it", in.Attempt)
	return Result{Outcome: unhandled(in), Err: Permanent(outcome.Poison, err)}
}

// unhandled returns the outcome of an input for which the handler has returned none.
func unhandled(in *Input) *datelinev1.Outcome {
	return &datelinev1.Outcome{InputId: in.MessageID()}
}
