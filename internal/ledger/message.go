package ledger

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"google.golang.org/protobuf/proto"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
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
	msg.Header.Set(nats.MsgIdHdr, boundID(id))
	msg.Header.Set(ContentType, Protobuf)
	msg.Data = data
	return msg, nil
}

// PageMessageID returns the id of the message with a page, and ArticleMessageID that of
// the message with the article that was extracted from it.
func PageMessageID(page string) string { return boundID("page:" + page) }

// ArticleMessageID is described at PageMessageID.
func ArticleMessageID(page string) string { return boundID("article:" + page) }

// MessageID identifies a message by its stream, its sequence number and the time at which
// the stream stored it.
func MessageID(stream string, sequence uint64, stored time.Time) string {
	return fmt.Sprintf("%s:%d-%s", stream, sequence, strconv.FormatInt(stored.UnixNano(), 36))
}

// maxID is the maximum length of a message's id in bytes. Ids contain ids from
// outside, and JetStream refuses messages with more than 64 KB of headers.
const maxID = 512

// boundID returns an id of at most maxID bytes: that of a longer one is its hash.
func boundID(id string) string {
	if len(id) <= maxID {
		return id
	}
	sum := sha256.Sum256([]byte(id))
	return "sha256:" + hex.EncodeToString(sum[:])
}

// maxOutcomeLabels is the maximum size of an outcome's labels in bytes.
const maxOutcomeLabels = 64 << 10

// bound shortens what an outcome repeats from its input, so that the outcome of any
// input can be stored.
func bound(o *datelinev1.Outcome) {
	for _, text := range []*string{
		&o.InputId, &o.Url, &o.Detail, &o.Reason, &o.RequestId, &o.Host, &o.OutputId,
		&o.OriginRequestId,
	} {
		*text = Cut(*text)
	}
	size := 0
	for name, value := range o.Labels {
		size += len(name) + len(value)
	}
	if size > maxOutcomeLabels {
		o.Labels = nil
	}
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
