package ledger

import (
	"fmt"
	"strings"

	"github.com/nats-io/nats.go"
	"google.golang.org/protobuf/proto"
)

// ContentType is the header that names the encoding of a payload, and Protobuf its
// value for binary protobuf.
const (
	ContentType = "Content-Type"
	Protobuf    = "application/protobuf"
)

// RequestID is the header with the request id of a message that was a line of another
// message.
const RequestID = "Dateline-Request-Id"

// MaxText is the maximum length, in bytes, of a URL or sentence that comes from
// outside.
const MaxText = 2048

// Message encodes m as a message for a subject. A stream stores only the first of
// several messages with the same id, within its duplicate window.
func Message(subject, id string, m proto.Message) (*nats.Msg, error) {
	return MessageIn(nil, subject, id, m)
}

// MessageIn is like Message, but puts the payload into buffer if it fits. The
// buffer may be reused once the message has been published or dropped.
func MessageIn(buffer []byte, subject, id string, m proto.Message) (*nats.Msg, error) {
	data, err := proto.MarshalOptions{}.MarshalAppend(buffer[:0], m)
	if err != nil {
		return nil, fmt.Errorf("encoding %s: %w", m.ProtoReflect().Descriptor().FullName(), err)
	}
	msg := nats.NewMsg(subject)
	msg.Header.Set(nats.MsgIdHdr, id)
	msg.Header.Set(ContentType, Protobuf)
	msg.Data = data
	return msg, nil
}

// Cut shortens text from outside to MaxText bytes of valid UTF-8.
func Cut(text string) string {
	if len(text) > MaxText {
		text = text[:MaxText]
	}
	return toValidUTF8(text)
}

// toValidUTF8 replaces invalid bytes, which a protobuf string cannot hold.
func toValidUTF8(text string) string { return strings.ToValidUTF8(text, "\uFFFD") }
