package targets

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/dateline-news/dateline/services/notifier/subscriptions"
)

// subjects are subjects of the NATS server that Dateline uses.
type subjects struct {
	js      jetstream.JetStream
	timeout time.Duration
}

var errNoNATS = errors.New("there is no connection to NATS")

func (t subjects) Check(subscriptions.Spec) error {
	if t.js == nil {
		return errNoNATS
	}
	return nil
}

// message returns the message of an item. A stream drops repetitions within its window of duplicates. The id has
// that of the subscription, because several ones may publish the same event on one stream.
func (t subjects) message(s subscriptions.Subscription, items []Item) (*nats.Msg, error) {
	if len(items) != 1 {
		return nil, errSingle
	}
	msg := nats.NewMsg(strings.TrimPrefix(s.To, "nats:"))
	msg.Data = items[0].Message.Body
	msg.Header.Set("Content-Type", items[0].Message.ContentType)
	for name, value := range items[0].Message.Header {
		msg.Header.Set(name, value)
	}
	msg.Header.Set(jetstream.MsgIDHeader, items[0].Event.ID+"-"+s.ID)
	return msg, nil
}

func (t subjects) Send(ctx context.Context, s subscriptions.Subscription, items []Item) []Outcome {
	ctx, cancel := context.WithTimeout(ctx, t.timeout)
	defer cancel()
	msg, err := t.message(s, items)
	if err == nil {
		err = t.Check(s.Spec)
	}
	if err != nil {
		return same(items, Outcome{Detail: err.Error()})
	}
	if limit := t.js.Conn().MaxPayload(); int64(len(msg.Data)) > limit-maxHeaders {
		return same(items, Outcome{
			Result: Failed, Detail: fmt.Sprintf("%d bytes are more than the server accepts in a message (%d)",
				len(msg.Data), limit),
		})
	}
	if err := t.publish(ctx, msg); err != nil {
		return same(items, Outcome{Detail: fmt.Sprintf("publishing on %s: %v", msg.Subject, err)})
	}
	return same(items, Outcome{Result: Delivered})
}

// maxHeaders is the room for the headers of a message.
const maxHeaders = 2 << 10

// publish publishes a message, and returns once a stream has stored it, or the server has it if no stream captures the
// subject.
func (t subjects) publish(ctx context.Context, msg *nats.Msg) error {
	_, err := t.js.StreamNameBySubject(ctx, msg.Subject)
	if err == nil {
		_, err = t.js.PublishMsg(ctx, msg)
		return err
	}
	if !errors.Is(err, jetstream.ErrStreamNotFound) {
		return fmt.Errorf("looking for a stream: %w", err)
	}
	conn := t.js.Conn()
	if err := conn.PublishMsg(msg); err != nil {
		return err
	}
	if err := conn.FlushWithContext(ctx); err != nil {
		return err
	}
	// The server refuses a message with an error that names the subject, before it answers the flush.
	refused := conn.LastError()
	if errors.Is(refused, nats.ErrPermissionViolation) && strings.Contains(refused.Error(), `"`+msg.Subject+`"`) {
		return refused
	}
	return nil
}

func (t subjects) Preview(s subscriptions.Subscription, items []Item) (string, error) {
	msg, err := t.message(s, items)
	if err != nil {
		return "", err
	}
	var out strings.Builder
	fmt.Fprintf(&out, "PUB %s\n", msg.Subject)
	for _, name := range slices.Sorted(maps.Keys(msg.Header)) {
		fmt.Fprintf(&out, "%s: %s\n", name, msg.Header.Get(name))
	}
	return out.String() + "\n" + string(msg.Data), nil
}

// Close does nothing: the connection is that of the notifier.
func (subjects) Close() {}
