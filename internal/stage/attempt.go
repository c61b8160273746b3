package stage

import (
	"context"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/dateline-news/dateline/internal/outcome"
	"github.com/dateline-news/dateline/internal/subject"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// Pauses between attempts at what cannot be done because something is away.
const (
	firstPause = 250 * time.Millisecond
	lastPause  = 15 * time.Second
)

// attempt calls the handler, again and again while what it needs is away.
func (l *Loop) attempt(ctx context.Context, inputs []*Input) []Result {
	for pause := firstPause; ; pause = min(2*pause, lastPause) {
		results := l.guarded(ctx, inputs)
		missing := awayError(results)
		if missing == nil || ctx.Err() != nil {
			return results
		}
		l.Metrics.CountRetry(outcome.Unavailable)
		l.Log.Warn("what the stage needs is away; it is tried again", "stage", subject.StageName(l.Stage), "inputs", len(inputs), "error", missing)
		select {
		case <-ctx.Done():
			return results
		case <-time.After(pause):
		}
	}
}

func awayError(results []Result) error {
	for _, r := range results {
		if r.Err != nil && classify(r.Err).kind == unavailable {
			return r.Err
		}
	}
	return nil
}

// guarded calls the handler and survives its panics, so that one poisonous
// input cannot take the process down again and again. In a batch it is found by
// handling each input alone.
func (l *Loop) guarded(ctx context.Context, inputs []*Input) []Result {
	results, panicked := l.call(ctx, inputs)
	if panicked == nil {
		return results
	}
	if len(inputs) == 1 {
		return []Result{{Outcome: unseen(inputs[0]), Err: panicked}}
	}
	results = make([]Result, 0, len(inputs))
	for _, input := range inputs {
		results = append(results, l.guarded(ctx, []*Input{input})...)
	}
	return results
}

func (l *Loop) call(ctx context.Context, inputs []*Input) (results []Result, panicked error) {
	if len(inputs) == 1 {
		ctx = inputs[0].Trace(ctx)
	}
	defer func() {
		if cause := recover(); cause != nil {
			l.Log.ErrorContext(ctx, "the stage panicked", "stage", subject.StageName(l.Stage), "inputs", len(inputs),
				"stream", inputs[0].Stream, "sequence", inputs[0].Sequence, "panic", cause, "stack", string(debug.Stack()))
			panicked = Permanent(outcome.Panic, fmt.Errorf("the program panicked over this message (%v): report it with the message; the log has the stack", cause))
		}
	}()
	return l.Handle(ctx, inputs), nil
}

func poisoned(in *Input) Result {
	return Result{
		Outcome: unseen(in),
		Err: Permanent(outcome.Poison, fmt.Errorf("the message was delivered %d times and never ended in an outcome: it seems to bring the process down; look at its payload before requeueing it",
			in.Attempt)),
	}
}

// unseen is the outcome of an input that the handler has told nothing of.
func unseen(in *Input) *datelinev1.Outcome {
	return &datelinev1.Outcome{InputId: fmt.Sprintf("%s:%d", in.Stream, in.Sequence)}
}
