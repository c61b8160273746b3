package pipeline

import (
	"context"
	"fmt"
	"time"

	"github.com/dateline-news/dateline/internal/loop"
	"github.com/dateline-news/dateline/internal/subject"
)

// settlePoll is how often Settle asks for the state of the ledger's consumer.
const settlePoll = 10 * time.Millisecond

// Settle waits until the store's ledger contains every outcome on the stream, but no
// longer than limit.
func (p *Pipeline) Settle(ctx context.Context, limit time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	consumer, err := p.Bus.JS.Consumer(ctx, subject.StreamOutcomes, subject.ConsumerLedger)
	if err != nil {
		return fmt.Errorf("opening consumer %s: %w", subject.ConsumerLedger, err)
	}
	for {
		info, err := consumer.Info(ctx)
		if err != nil {
			return fmt.Errorf("waiting for the ledger: %w; the next run stores the missing outcomes", err)
		}
		if info.NumPending == 0 && info.NumAckPending == 0 {
			return nil
		}
		if !loop.Sleep(ctx, settlePoll) {
			return fmt.Errorf("the ledger is %d outcomes behind; the next run stores them",
				info.NumPending+uint64(info.NumAckPending))
		}
	}
}
