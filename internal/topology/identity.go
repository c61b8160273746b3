package topology

import (
	"strconv"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// CreatedKey is the key in the metadata of a restored stream that holds when the original
// was created. The server gives a restored stream a new time of creation, although it
// continues the sequence numbers of the original.
const CreatedKey = "dateline.created"

// FormatCreated returns a time of creation as the value of CreatedKey.
func FormatCreated(created time.Time) string { return strconv.FormatInt(created.UnixNano(), 10) }

// Created returns when a stream, or the one that it was restored from, was created. The
// time identifies the stream: one that is declared again uses the same sequence numbers
// for other messages.
func Created(info *jetstream.StreamInfo) time.Time {
	if nanos, err := strconv.ParseInt(info.Config.Metadata[CreatedKey], 10, 64); err == nil {
		return time.Unix(0, nanos).UTC()
	}
	return info.Created
}
