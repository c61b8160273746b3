package bus

import (
	"errors"
	"strings"

	"github.com/nats-io/nats.go/jetstream"
)

// IsGone reports whether reading or deleting a message of a stream failed because the
// stream does not hold the message: it was acked, trimmed or deleted, or is yet to come.
//
// The server answers the deletion of such a message with error code 10043, or with 10057
// and the text of an error of its store (nats-server, jsMsgDeleteRequest). The client
// reports both as ErrMsgDeleteUnsuccessful, as it does when a stream forbids deletions,
// and keeps only the text of the server's answer.
func IsGone(err error) bool {
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return true
	}
	if !errors.Is(err, jetstream.ErrMsgDeleteUnsuccessful) {
		return false
	}
	for _, answer := range []string{"err_code=10043", "no message found", "stream store EOF"} {
		if strings.Contains(err.Error(), answer) {
			return true
		}
	}
	return false
}
