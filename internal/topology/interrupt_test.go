package topology_test

import (
	"context"
	"testing"

	"github.com/dateline-news/dateline/internal/ctxtest"
	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/topology"
)

// TestInterruptedDeclaration ends the declaration of everything at each of its steps. It must fail then, or
// everything must be declared.
func TestInterruptedDeclaration(t *testing.T) {
	js := server(t)
	ctxtest.Interrupt(t, 1, func(ctx context.Context) error {
		err := topology.Reconcile(ctx, js, topology.Limits{})
		if err != nil {
			return err
		}
		if missing, err := topology.Missing(t.Context(), js, topology.Limits{}); len(missing) > 0 || err != nil {
			t.Errorf("%q are missing after a declaration without an error, %v", missing, err)
		}
		return nil
	})
	spoil(t, js)
	ctxtest.Reads(t, 3, map[string]func(context.Context) (any, error){
		"compare": func(ctx context.Context) (any, error) { return topology.Compare(ctx, js, topology.Limits{}) },
		"missing": func(ctx context.Context) (any, error) { return topology.Missing(ctx, js, topology.Limits{}) },
	})
}

// TestInterruptedTrimming ends trimming at each of its steps.
func TestInterruptedTrimming(t *testing.T) {
	_, js := natstest.Start(t)
	messages := fill(t, js)
	ack(t, js, subject.StreamArticles, subject.ConsumerIndex, messages)
	ctxtest.Interrupt(t, 1, func(ctx context.Context) error {
		err := topology.TrimStream(ctx, js, subject.StreamArticles)
		if err == nil && first(t, js) == 1 {
			t.Error("nothing is removed, without an error")
		}
		return err
	})
}
