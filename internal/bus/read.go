package bus

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/dateline-news/dateline/internal/subject"
)

const (
	// readTimeout bounds one call of ReadBatch or NextRevision, and readBytes the messages of a batch.
	readTimeout = 10 * time.Second
	readBytes   = 4 << 20
)

// ReadBatch returns messages of a stream in order, from a sequence on: at most n, and
// about 4 MB. It returns none at the end of the stream. No consumer is involved. The
// stream must allow direct gets.
func ReadBatch(
	ctx context.Context, js jetstream.JetStream, stream string, from uint64, n int,
) ([]*jetstream.RawStreamMsg, error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	request, err := json.Marshal(map[string]any{
		"seq": max(1, from), "batch": n, "max_bytes": readBytes, "next_by_subj": ">",
	})
	if err != nil {
		return nil, err
	}
	inbox := js.Conn().NewInbox()
	responses, err := js.Conn().SubscribeSync(inbox)
	if err != nil {
		return nil, fmt.Errorf("reading stream %s: %w", stream, err)
	}
	defer responses.Unsubscribe() //nolint:errcheck // fails only without a connection
	if err := js.Conn().PublishRequest("$JS.API.DIRECT.GET."+stream, inbox, request); err != nil {
		return nil, fmt.Errorf("reading stream %s: %w", stream, err)
	}
	var msgs []*jetstream.RawStreamMsg
	for {
		response, err := responses.NextMsgWithContext(ctx)
		if err != nil {
			return nil, fmt.Errorf("reading stream %s: %w", stream, err)
		}
		switch status := response.Header.Get("Status"); status {
		case "":
			msg, err := stored(response)
			if err != nil {
				return nil, fmt.Errorf("reading stream %s: %w", stream, err)
			}
			msgs = append(msgs, msg)
		case "204", "404": // the end of the batch or of the stream
			return msgs, nil
		default:
			return nil, fmt.Errorf("reading stream %s: status %s %s", stream, status, response.Header.Get("Description"))
		}
	}
}

// stored returns the message of a stream that a response to a direct get contains.
func stored(response *nats.Msg) (*jetstream.RawStreamMsg, error) {
	sequence, err := strconv.ParseUint(response.Header.Get(jetstream.SequenceHeader), 10, 64)
	if err != nil {
		return nil, fmt.Errorf("decoding a sequence: %w", err)
	}
	at, err := time.Parse(time.RFC3339Nano, response.Header.Get(jetstream.TimeStampHeaer))
	if err != nil {
		return nil, fmt.Errorf("decoding a time: %w", err)
	}
	msg := &jetstream.RawStreamMsg{
		Subject: response.Header.Get(jetstream.SubjectHeader), Sequence: sequence, Time: at,
		Header: response.Header, Data: response.Data,
	}
	for _, added := range []string{
		jetstream.StreamHeader, jetstream.SubjectHeader, jetstream.SequenceHeader, jetstream.TimeStampHeaer,
		jetstream.LastSequenceHeader, "Nats-Num-Pending",
	} {
		msg.Header.Del(added)
	}
	return msg, nil
}

// NextRevision returns the first message on the stream of revisions at a sequence number or after it. Without one, the
// error is jetstream.ErrMsgNotFound.
func NextRevision(ctx context.Context, stream jetstream.Stream, from uint64) (*jetstream.RawStreamMsg, error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	return stream.GetMsg(ctx, from, jetstream.WithGetMsgSubject(subject.AllRevisions))
}
