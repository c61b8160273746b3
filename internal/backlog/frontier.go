package backlog

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"

	"github.com/dateline-news/dateline/internal/ledger"
	"github.com/dateline-news/dateline/internal/subject"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// getTimeout bounds reading one message.
const getTimeout = 10 * time.Second

// Frontier passes the key of each URL in the frontier to found. It reads the messages
// themselves, because the server counts damaged ones too. URLs that are added
// meanwhile may be missing.
func Frontier(ctx context.Context, js jetstream.JetStream, found func(ledger.Key)) error {
	stream, err := js.Stream(ctx, subject.StreamFrontier)
	if err != nil {
		return fmt.Errorf("reading stream %s: %w", subject.StreamFrontier, err)
	}
	for next := uint64(1); ; {
		msg, err := nextEntry(ctx, stream, next)
		if errors.Is(err, jetstream.ErrMsgNotFound) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("reading stream %s: %w", subject.StreamFrontier, err)
		}
		next = msg.Sequence + 1
		entry := &datelinev1.FrontierEntry{}
		if proto.Unmarshal(msg.Data, entry) == nil { // else the fetcher makes it a dead letter
			found(ledger.KeyOfEntry(entry))
		}
	}
}

func nextEntry(ctx context.Context, stream jetstream.Stream, from uint64) (*jetstream.RawStreamMsg, error) {
	ctx, cancel := context.WithTimeout(ctx, getTimeout)
	defer cancel()
	return stream.GetMsg(ctx, from, jetstream.WithGetMsgSubject(subject.AllFrontier))
}
