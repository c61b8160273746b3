package bus

import (
	"errors"

	"github.com/nats-io/nats.go/jetstream"
)

// IsConflict reports whether a create, update or delete in a key-value bucket
// failed because the key does not have the expected revision: another writer was
// faster.
//
// A replicated stream reports a conflict as error code 10164 instead of 10071. The
// client maps both to errors of its own, except when Create follows a deleted key:
// then it returns the server's error unchanged. Therefore IsConflict also compares
// the codes.
func IsConflict(err error) bool {
	if errors.Is(err, jetstream.ErrKeyExists) || errors.Is(err, jetstream.ErrKeyRevisionMismatch) {
		return true
	}
	refused, ok := errors.AsType[*jetstream.APIError](err)
	return ok && (refused.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequence ||
		refused.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequenceConstant)
}
