// Package failtest makes the steps of an operation fail in turn, for tests of what the operation does then.
package failtest

import (
	"context"
	"sync"
	"testing"
)

// Steps counts the steps of operations, such as statements, and makes one of them fail. With the zero value, no step
// fails.
type Steps struct {
	mu sync.Mutex
	// armed means that a step will fail after left others.
	armed  bool
	left   int
	failed bool
	// passed is the number of steps since the last call of After.
	passed int
}

// After lets n steps pass, and makes the next one fail.
func (s *Steps) After(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.armed, s.left, s.failed, s.passed = true, n, false, 0
}

// Next counts a step, and reports whether it fails.
func (s *Steps) Next() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.passed++
	if !s.armed {
		return false
	}
	s.left--
	if s.left >= 0 {
		return false
	}
	s.armed, s.failed = false, true
	return true
}

// Failed reports whether a step has failed since the last call of After. No other fails until the next call.
func (s *Steps) Failed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.armed = false
	return s.failed
}

// maxSteps is the number of steps after which an operation counts as endless.
const maxSteps = 10_000

// Each calls do with its first step failing, then with its second one, and so on, until none has failed. The last call
// must succeed. After each call that returns no error, check is called, and none of its steps fails.
func (s *Steps) Each(t *testing.T, do func(context.Context) error, check func()) {
	t.Helper()
	for n := range maxSteps {
		s.After(n)
		err := do(t.Context())
		failed := s.Failed()
		if err == nil {
			check()
		}
		switch {
		case t.Failed():
			t.Fatalf("step %d failed", n+1)
		case !failed && err != nil:
			t.Fatalf("without a failure: %v", err)
		case !failed:
			return
		}
	}
	t.Fatalf("the operation has more than %d steps", maxSteps)
}
