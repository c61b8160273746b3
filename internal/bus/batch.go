package bus

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// MaxBatch is the maximum number of messages in a batch (streamDefaultMaxAtomicBatchSize
// in nats-server).
const MaxBatch = 1000

// The maximum time to wait until a batch or a message is stored.
const (
	batchTimeout   = 10 * time.Second
	publishTimeout = 5 * time.Second
)

// The headers of a batch (ADR-50 of NATS).
const (
	batchID       = "Nats-Batch-Id"
	batchSequence = "Nats-Batch-Sequence"
	batchCommit   = "Nats-Batch-Commit"
)

// MinTogether is the number of messages from which one write for all is faster than one for each. A
// server with one node creates a store of files for each batch, which takes as long as
// syncing about 16 messages (BenchmarkPublish).
const MinTogether = 16

// publishConcurrency is the number of messages that PublishAll publishes at the same time,
// if not in one write. It hides the round trip to the server, which syncs one after another.
const publishConcurrency = 16

// PublishAll stores messages in one stream, which must allow atomic publishes, and returns
// an error or nil for each. Many messages share a write (PublishBatch), up to MaxBatch; if
// they are few, or the stream refuses one of them, each is stored in a write of its own.
// The messages need ids: after an error, it is unknown whether a message is stored, and
// publishing it again must not store it twice.
func PublishAll(ctx context.Context, js jetstream.JetStream, msgs []*nats.Msg) []error {
	problems := make([]error, len(msgs))
	if len(msgs) >= MinTogether {
		if _, err := PublishBatch(ctx, js, msgs); err == nil {
			return problems
		}
	}
	var publishing sync.WaitGroup
	tokens := make(chan struct{}, publishConcurrency)
	for i, msg := range msgs {
		tokens <- struct{}{}
		publishing.Go(func() {
			defer func() { <-tokens }()
			attempt, cancel := context.WithTimeout(ctx, publishTimeout)
			defer cancel()
			_, problems[i] = js.PublishMsg(attempt, msg)
		})
	}
	publishing.Wait()
	return problems
}

// PublishBatch stores messages in one stream, in order and without others in between,
// and returns the sequence of the first. The server writes all of them to disk at once. The
// stream must allow atomic publishes.
//
// If one message is refused, none is stored, and the error does not tell which it was.
// This includes a message whose id the stream knows already. After an error such as a
// timeout, it is unknown whether the messages are stored. In both cases, publish them one
// by one: their ids prevent them from being stored twice.
func PublishBatch(ctx context.Context, js jetstream.JetStream, msgs []*nats.Msg) (first uint64, err error) {
	ctx, cancel := context.WithTimeout(ctx, batchTimeout)
	defer cancel()
	switch {
	case len(msgs) == 0 || len(msgs) > MaxBatch:
		return 0, fmt.Errorf("publishing a batch of %d messages: must be 1 to %d", len(msgs), MaxBatch)
	case len(msgs) == 1:
		ack, err := js.PublishMsg(ctx, msgs[0])
		if err != nil {
			return 0, err
		}
		return ack.Sequence, nil
	}
	defer func() {
		for _, msg := range msgs {
			msg.Header.Del(batchID)
			msg.Header.Del(batchSequence)
			msg.Header.Del(batchCommit)
		}
	}()
	id := rand.Text()
	for i, msg := range msgs {
		msg.Header.Set(batchID, id)
		msg.Header.Set(batchSequence, strconv.Itoa(i+1))
	}
	last := msgs[len(msgs)-1]
	last.Header.Set(batchCommit, "1")
	for _, msg := range msgs[:len(msgs)-1] {
		if err := js.Conn().PublishMsg(msg); err != nil {
			return 0, fmt.Errorf("publishing a batch: %w", err)
		}
	}
	response, err := js.Conn().RequestMsgWithContext(ctx, last)
	if err != nil {
		return 0, fmt.Errorf("publishing a batch: %w", err)
	}
	return firstOfBatch(response.Data, id, len(msgs))
}

// firstOfBatch returns the sequence of the first message of a batch from the response
// to the last.
func firstOfBatch(response []byte, id string, size int) (uint64, error) {
	var ack struct {
		Error    *jetstream.APIError `json:"error"`
		Sequence uint64              `json:"seq"`
		Batch    string              `json:"batch"`
		Count    int                 `json:"count"`
	}
	if err := json.Unmarshal(response, &ack); err != nil {
		return 0, fmt.Errorf("publishing a batch: decoding the response: %w", err)
	}
	if ack.Error != nil {
		return 0, fmt.Errorf("publishing a batch: %w", ack.Error)
	}
	if ack.Batch != id || ack.Count != size || ack.Sequence < uint64(size) {
		return 0, errors.New("publishing a batch: unexpected response: the server may not support atomic publishes")
	}
	return ack.Sequence - uint64(size) + 1, nil
}
