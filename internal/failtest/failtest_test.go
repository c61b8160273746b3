package failtest_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/dateline-news/dateline/internal/failtest"
)

func TestEachStepFailsOnce(t *testing.T) {
	var steps failtest.Steps
	var passed []int
	checks := 0
	steps.Each(t, func(context.Context) error {
		done := 0
		var failure error
		for range 3 { // goes on after a failure
			if steps.Next() {
				failure = errors.New("a step fails")
			} else {
				done++
			}
		}
		passed = append(passed, done)
		return failure
	}, func() {
		checks++
		if steps.Next() {
			t.Error("a step of the check fails")
		}
	})
	if want := []int{2, 2, 2, 3}; !slices.Equal(passed, want) || checks != 1 {
		t.Errorf("%v steps pass, and %d calls are checked; want %v and one", passed, checks, want)
	}
	if steps.Next() {
		t.Error("a step fails after the last call")
	}
}
