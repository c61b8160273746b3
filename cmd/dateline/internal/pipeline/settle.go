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

// Settle waits, for at most a limit, until the ledger in the store has every
// outcome that is on its stream.
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
			return fmt.Errorf("waiting for the ledger: %w; what is missing is stored by the next run", err)
		}
		if info.NumPending == 0 && info.NumAckPending == 0 {
			return nil
		}
		if !loop.Sleep(ctx, settlePoll) {
			return fmt.Errorf("the ledger is %d outcomes behind; they are stored by the next run",
				info.NumPending+uint64(info.NumAckPending))
		}
	}
}
