// Package ctxtest ends contexts in the middle of operations, for tests of what an
// operation does when one of its steps fails.
package ctxtest

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
)

// maxLooks is the number of looks at a context after which an operation counts as endless.
const maxLooks = 1_000_000

// Interrupt calls do until a call returns before its context ends. A look is a call of the context's Done or Err, and
// each context ends stride looks later than the previous one. If no step of do takes fewer looks than the stride,
// each step is interrupted at least once.
//
// do returns the error of the operation, or checks its result. The last call must succeed.
func Interrupt(t *testing.T, stride int, do func(ctx context.Context) error) {
	t.Helper()
	for looks := 0; looks < maxLooks; looks += stride {
		ctx, ended := endingAfter(t, looks)
		err := do(ctx)
		if t.Failed() {
			t.Fatalf("the context ended at look %d", looks+1)
		}
		if !ended() {
			if err != nil {
				t.Fatalf("without an interruption: %v", err)
			}
			return
		}
	}
	t.Fatalf("the operation looks at its context more than %d times", maxLooks)
}

// empty are the answers of reads that find nothing.
var empty = []string{"null", "[]", "{}", "0", "false", `""`}

// Reads interrupts reads, each of which must then fail or give the same answer as without an interruption. This
// answer must not be empty.
func Reads(t *testing.T, stride int, reads map[string]func(context.Context) (any, error)) {
	t.Helper()
	ReadsWith(t, func(t *testing.T, do func(context.Context) error) { Interrupt(t, stride, do) }, reads)
}

// ReadsWith is Reads with another function than Interrupt, which also calls do until nothing is interrupted.
func ReadsWith(
	t *testing.T, interrupt func(t *testing.T, do func(context.Context) error),
	reads map[string]func(context.Context) (any, error),
) {
	t.Helper()
	for name, read := range reads {
		t.Run(name, func(t *testing.T) {
			want, err := answerOf(t.Context(), read)
			if err != nil {
				t.Fatal(err)
			}
			if slices.Contains(empty, want) {
				t.Fatalf("the answer is %s, which a read that drops its error gives, too: store something to read", want)
			}
			interrupt(t, func(ctx context.Context) error {
				got, err := answerOf(ctx, read)
				if err == nil && got != want {
					t.Errorf("got %s without an error, want %s", got, want)
				}
				return err
			})
		})
	}
}

// Opens interrupts the opening of something at each of its steps. It must fail with an error that names what
// could not be opened. The last look may come after everything is open.
func Opens[T any](t *testing.T, open func(ctx context.Context) (*T, error)) {
	t.Helper()
	opened := 0
	Interrupt(t, 1, func(ctx context.Context) error {
		one, err := open(ctx)
		switch {
		case err == nil:
			if opened++; one == nil || opened > 2 {
				t.Error("opening reports no error, although a step fails")
			}
		case !strings.Contains(err.Error(), ": "):
			t.Errorf("the error %q does not name what could not be opened", err)
		}
		return err
	})
}

// answerOf returns the answer of a read as JSON.
func answerOf(ctx context.Context, read func(context.Context) (any, error)) (string, error) {
	answer, err := read(ctx)
	if err != nil {
		return "", err
	}
	text, err := json.Marshal(answer)
	return string(text), err
}

// endingAfter returns a context that ends after some looks.
func endingAfter(t *testing.T, looks int) (ctx context.Context, ended func() bool) {
	parent, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	c := &counted{Context: parent, cancel: cancel}
	c.left.Store(int64(looks))
	return c, func() bool { return parent.Err() != nil }
}

// counted counts the looks at a context.
type counted struct {
	context.Context

	cancel context.CancelFunc
	left   atomic.Int64
}

func (c *counted) Done() <-chan struct{} {
	c.look()
	return c.Context.Done()
}

func (c *counted) Err() error {
	c.look()
	return c.Context.Err()
}

func (c *counted) look() {
	if c.left.Add(-1) < 0 {
		c.cancel()
	}
}
