package stage

import (
	"errors"

	"github.com/dateline-news/dateline/internal/outcome"
)

// Permanent marks a failure that would occur again with the same input. The
// input is dead-lettered at once, with the reason.
func Permanent(reason outcome.Reason, err error) error { return &failure{reason, permanent, err} }

// Transient marks a failure that may pass. The input is retried with growing
// delays, and dead-lettered with the reason once its attempts are used up. An
// error without a mark is transient with the reason outcome.Unmarked.
func Transient(reason outcome.Reason, err error) error { return &failure{reason, transient, err} }

// Unavailable marks a failure of a dependency, such as the store, rather than of
// the input. The inputs are retried in place until the dependency is back: the
// stage's queue waits, and no attempt is used up.
func Unavailable(err error) error { return &failure{outcome.Unavailable, unavailable, err} }

// Damaged marks a failure of a dependency that lasts until a person repairs it. The inputs
// are retried as after Unavailable, and each retry is logged as an error.
func Damaged(err error) error { return &failure{outcome.Unavailable, damaged, err} }

// IsPermanent reports whether an error is marked as permanent.
func IsPermanent(err error) bool { return classify(err).kind == permanent }

type kind int

const (
	transient kind = iota
	permanent
	unavailable
	damaged
)

type failure struct {
	reason outcome.Reason
	kind   kind
	err    error
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

// classify returns the mark of an error. The result wraps the whole error.
func classify(err error) *failure {
	if f, ok := errors.AsType[*failure](err); ok {
		return &failure{f.reason, f.kind, err}
	}
	return &failure{outcome.Unmarked, transient, err}
}

// canRetry reports whether an input may be delivered again after the failure of
// an attempt. The failure of a dependency does not use up attempts.
func (f *failure) canRetry(attempt, maxAttempts int) bool {
	return f.isDependency() || f.kind == transient && attempt < maxAttempts
}

// isDependency reports whether a dependency failed, rather than the input.
func (f *failure) isDependency() bool { return f.kind == unavailable || f.kind == damaged }
