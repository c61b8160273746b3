package ctxtest_test

import (
	"context"
	"slices"
	"testing"

	"github.com/dateline-news/dateline/internal/ctxtest"
)

func TestEachStepFailsOnce(t *testing.T) {
	var reached []int
	ctxtest.Interrupt(t, 1, func(ctx context.Context) error {
		for step := range 3 {
			if err := ctx.Err(); err != nil {
				reached = append(reached, step)
				return err
			}
		}
		reached = append(reached, 3)
		return nil
	})
	if want := []int{0, 1, 2, 3}; !slices.Equal(reached, want) {
		t.Errorf("the calls end at the steps %v, want %v", reached, want)
	}
}
