package seen

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/dateline-news/dateline/internal/bus"
	"github.com/dateline-news/dateline/internal/loop"
)

// claimConcurrency is the number of marks that ClaimAll reads or writes at the same
// time.
const claimConcurrency = 16

// Claim is a request's claim of a URL.
type Claim struct {
	// Key is that of the URL's mark; see Key.
	Key  string
	Mark Mark
	// Force replaces the mark of another request.
	Force bool
}

// Claimed is the result of a Claim.
type Claimed struct {
	// Mark is the mark that is stored: that of the claim, or of another request.
	Mark Mark
	// OK reports whether the URL is claimed by the message of the claim.
	OK bool
	// Again reports whether it was claimed by the same message before.
	Again bool
	Err   error

	// replaced is the mark that the claim has replaced, or zero.
	replaced Mark
}

// verdict is what the stored mark of a URL means for a claim.
type verdict int

const (
	free  verdict = iota // the claim's mark replaces what is stored
	again                // the same message has claimed the URL
	taken                // another request has claimed the URL
)

func (m *Marks) judge(c Claim, stored Mark, exists bool) verdict {
	switch {
	case !exists:
		return free
	case stored.Input == c.Mark.Input:
		return again
	case c.Mark.Time.Sub(stored.Time) >= m.freshness:
		return free
	case c.Force && stored.Request != c.Mark.Request:
		return free
	}
	return taken
}

// ClaimAll marks URLs for requests. The keys must differ from each other. If another
// request has claimed a URL within the freshness window, the result has the mark of
// that request and is not OK. A second claim by the same message succeeds and returns
// the mark as it is. With Force, the mark of another request is replaced.
//
// Many marks are stored in one write. If they are few, or another process claims a URL
// meanwhile, each mark is stored in a write of its own.
func (m *Marks) ClaimAll(ctx context.Context, claims []Claim) []Claimed {
	results := make([]Claimed, len(claims))
	inParallel(len(claims), func(i int) {
		stored, exists, err := m.last(ctx, claims[i].Key)
		results[i] = m.result(claims[i], stored, exists, err)
	})
	var open []int
	for i := range results {
		if results[i].Err == nil && results[i].OK && !results[i].Again {
			open = append(open, i)
		}
	}
	if len(open) >= bus.MinTogether && m.storeAll(ctx, open, results, claims) == nil {
		return results
	}
	inParallel(len(open), func(k int) {
		i := open[k]
		results[i] = m.claim(ctx, claims[i], results[i])
	})
	return results
}

const (
	// maxAttempts is the number of attempts to store one mark.
	maxAttempts = 20
	// maxPause is the maximum pause after the first attempt, and the difference to that after the next one.
	maxPause = 5 * time.Millisecond
)

// pauseAfter waits after an attempt that failed because of another process.
func pauseAfter(ctx context.Context, attempt int) error {
	if !loop.Sleep(ctx, rand.N(time.Duration(attempt)*maxPause)) {
		return ctx.Err()
	}
	return nil
}

// inParallel calls do for each number below n, with claimConcurrency calls at a time.
func inParallel(n int, do func(int)) {
	var calls sync.WaitGroup
	tokens := make(chan struct{}, claimConcurrency)
	for i := range n {
		tokens <- struct{}{}
		calls.Go(func() {
			defer func() { <-tokens }()
			do(i)
		})
	}
	calls.Wait()
}

// result returns the result of a claim as if its mark could be stored. The mark has the
// revision of the one that it replaces.
func (m *Marks) result(c Claim, stored Mark, exists bool, err error) Claimed {
	if err != nil {
		return Claimed{Err: err}
	}
	switch m.judge(c, stored, exists) {
	case again:
		return Claimed{Mark: stored, OK: true, Again: true}
	case taken:
		return Claimed{Mark: stored}
	case free:
	}
	mark := c.Mark
	mark.revision, mark.Version = stored.revision, stored.Version
	claimed := Claimed{Mark: mark, OK: true}
	if exists {
		claimed.replaced = stored
	}
	return claimed
}

// Undo takes back a claim that led to nothing: it restores the mark that the claim replaced, or removes the mark if
// there was none. If another request has claimed the URL since, the mark of that request stays.
func (m *Marks) Undo(ctx context.Context, key string, claimed Claimed) error {
	var err error
	if before := claimed.replaced; before.Request == "" {
		err = m.kv.Delete(ctx, key, jetstream.LastRevision(claimed.Mark.revision))
	} else {
		before.revision = claimed.Mark.revision
		err = m.put(ctx, key, before)
	}
	if bus.IsConflict(err) {
		return nil
	}
	return wrap("restoring a mark", err)
}

// storeAll stores the marks of the results with the given indexes, all or none, and
// sets their revisions.
func (m *Marks) storeAll(ctx context.Context, open []int, results []Claimed, claims []Claim) error {
	msgs := make([]*nats.Msg, len(open))
	for k, i := range open {
		data, err := json.Marshal(results[i].Mark)
		if err != nil {
			return fmt.Errorf("encoding a mark: %w", err)
		}
		msgs[k] = update(claims[i].Key, data, results[i].Mark.revision)
	}
	first, err := bus.PublishBatch(ctx, m.js, msgs)
	if err != nil {
		return err
	}
	for k, i := range open {
		results[i].Mark.revision = first + uint64(k)
	}
	return nil
}

// claim stores the mark of the result of a claim. If another process has changed the stored mark
// meanwhile, it judges the claim again.
func (m *Marks) claim(ctx context.Context, c Claim, result Claimed) Claimed {
	for attempt := 1; result.Err == nil && result.OK && !result.Again; attempt++ {
		data, err := json.Marshal(result.Mark)
		if err != nil {
			return Claimed{Err: fmt.Errorf("encoding a mark: %w", err)}
		}
		if result.Mark.revision == 0 {
			result.Mark.revision, err = m.kv.Create(ctx, c.Key, data)
		} else {
			result.Mark.revision, err = m.kv.Update(ctx, c.Key, data, result.Mark.revision)
		}
		if err == nil {
			return result
		}
		if !bus.IsConflict(err) || attempt == maxAttempts {
			return Claimed{Err: wrap("claiming a URL", err)}
		}
		if err := pauseAfter(ctx, attempt); err != nil {
			return Claimed{Err: err}
		}
		stored, exists, err := m.last(ctx, c.Key)
		result = m.result(c, stored, exists, err)
	}
	return result
}
