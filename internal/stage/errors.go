package stage

import "errors"

// Permanent marks a failure that the same input will meet again, under a short
// machine-readable reason: the input is dead-lettered at once.
func Permanent(reason string, err error) error { return &failure{reason, permanent, err} }

// Transient marks a failure that may pass: the input is tried again, later and
// later, and dead-lettered under the reason when its attempts are used up. An
// unmarked error is transient with the reason "error".
func Transient(reason string, err error) error { return &failure{reason, transient, err} }

// Unavailable marks a failure that is not the input's: a store or a service is
// away. The same inputs are tried again in place until it is back, so that the
// stage's input queue waits and no attempt is used up.
func Unavailable(err error) error { return &failure{away, unavailable, err} }

// IsPermanent reports whether an error is marked as permanent.
func IsPermanent(err error) bool { return classify(err).kind == permanent }

// The reasons of failures that name none of their own.
const (
	away     = "unavailable"
	unmarked = "error"
)

type kind int

const (
	transient kind = iota
	permanent
	unavailable
)

type failure struct {
	reason string
	kind   kind
	err    error
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

func classify(err error) *failure {
	if f, ok := errors.AsType[*failure](err); ok {
		return &failure{f.reason, f.kind, err}
	}
	return &failure{unmarked, transient, err}
}
