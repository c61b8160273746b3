package notifier

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/dateline-news/dateline/internal/loop"
	"github.com/dateline-news/dateline/services/notifier/subscriptions"
)

const (
	// turnTime is the time after which a subscription ends its turn, so that others have theirs.
	turnTime = 20 * time.Second
	// claimReserve is added to the claim of a turn, for storing its results.
	claimReserve = time.Minute
	// storeRest is the pause after a failure of the store.
	storeRest = time.Second
	// duePage is the number of due subscriptions that are read at once. It is larger than the number of those that
	// the hosts of others keep waiting.
	duePage = 4096
)

// deliver gives turns to the subscriptions with due deliveries until ctx ends.
func (n *Notifier) deliver(ctx context.Context) error {
	work, stop := loop.Drain(ctx, n.config.DrainTimeout)
	defer stop()
	var turns sync.WaitGroup
	defer turns.Wait()
	ticker := time.NewTicker(deliverInterval)
	defer ticker.Stop()
	for ctx.Err() == nil {
		if err := n.startTurns(ctx, work, &turns); err != nil && ctx.Err() == nil {
			n.log.WarnContext(ctx, "starting deliveries failed, retrying", "stage", "notify", "error", err)
			loop.Sleep(ctx, storeRest)
		}
		select {
		case <-ctx.Done():
		case <-n.due:
		case <-ticker.C:
		}
	}
	return nil
}

// startTurns starts a turn of each subscription that is due, as far as there is room.
func (n *Notifier) startTurns(ctx, work context.Context, turns *sync.WaitGroup) error {
	due, err := n.subscriptions.DueSubscriptions(ctx, time.Now(), duePage)
	if err != nil {
		return err
	}
	for _, s := range due {
		host := hostOf(s)
		if ctx.Err() != nil || !n.reserve(host) {
			continue
		}
		now := time.Now()
		until := now.Add(turnTime + n.config.Timeout + claimReserve)
		claimed, err := n.subscriptions.Claim(ctx, s.ID, n.owner, now, until)
		if err != nil || !claimed {
			n.unreserve(host)
			if err != nil {
				return err
			}
			continue
		}
		turns.Go(func() {
			defer n.signalDue()
			defer n.unreserve(host)
			n.turn(ctx, work, s)
		})
	}
	return nil
}

// hostOf returns the host of a subscription's target, with its port.
func hostOf(s subscriptions.Subscription) string {
	target, err := url.Parse(s.To)
	if err != nil {
		return ""
	}
	return strings.ToLower(target.Host)
}

// reserve makes room for a turn, and reports whether there was any.
func (n *Notifier) reserve(host string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	all := 0
	for _, running := range n.turns {
		all += running
	}
	if all >= n.config.Targets || n.turns[host] >= n.config.PerHost {
		return false
	}
	n.turns[host]++
	return true
}

func (n *Notifier) unreserve(host string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.turns[host]--; n.turns[host] == 0 {
		delete(n.turns, host)
	}
}

// turn delivers what is due to a claimed subscription, for a limited time. It starts nothing after ctx has ended, and
// abandons requests after work has ended.
func (n *Notifier) turn(ctx, work context.Context, s subscriptions.Subscription) {
	// Results are stored even if the process stops meanwhile.
	storing := context.WithoutCancel(work)
	log := n.log.With("stage", "notify", "subscription", s.Name)
	for end := time.Now().Add(turnTime); ctx.Err() == nil && time.Now().Before(end); {
		more, err := n.round(work, storing, &s)
		if err != nil {
			log.WarnContext(ctx, "delivering failed, retrying", "error", err)
			loop.Sleep(ctx, storeRest)
		}
		if err != nil || !more {
			break
		}
	}
	if err := n.subscriptions.Release(storing, s.ID, n.owner); err != nil {
		log.WarnContext(ctx, "releasing a subscription failed, it continues after its claim", "error", err)
	}
}

// round attempts a few deliveries at the same time and stores their results. It reports whether the turn goes on.
func (n *Notifier) round(work, storing context.Context, s *subscriptions.Subscription) (more bool, err error) {
	limit := s.Parallel()
	if s.Failures > 0 {
		limit = 1 // a single request finds out whether the target works again
	}
	due, err := n.subscriptions.Due(storing, s.ID, time.Now(), limit)
	if err != nil {
		return false, err
	}
	attempts, err := n.attemptAll(work, *s, due)
	if err != nil && len(attempts) == 0 {
		return false, err
	}
	now := time.Now()
	report := settle(n.config, *s, attempts, now)
	if err := n.subscriptions.Record(storing, s.ID, report, now); err != nil {
		return false, err
	}
	for _, d := range report.Deliveries {
		n.metrics.count(d, now)
	}
	if report.State == subscriptions.Suspended {
		n.log.WarnContext(work, "subscription suspended", "stage", "notify", "subscription", s.Name, "reason", report.Reason)
		return false, nil
	}
	s.Failures, s.FailingSince, s.Reason = report.Failures, report.FailingSince, report.Reason
	return err == nil && len(due) > 0 && !report.PauseEnd.After(now), err
}

// attemptAll attempts deliveries at the same time. It returns the attempts that have ended, and an error if the store
// or the process has prevented others.
func (n *Notifier) attemptAll(
	work context.Context, s subscriptions.Subscription, due []subscriptions.Delivery,
) ([]attempt, error) {
	all := make([]attempt, len(due))
	prevented := make([]error, len(due))
	var tasks sync.WaitGroup
	for i, d := range due {
		tasks.Go(func() {
			all[i] = attempt{delivery: d}
			message, err := n.message(work, s, d)
			switch {
			case errors.Is(err, errErased):
				all[i].err = err
			case err != nil:
				prevented[i] = err
			default:
				all[i].answer, all[i].err = n.client.Send(work, s.To, message)
				if all[i].err != nil && work.Err() != nil {
					prevented[i] = work.Err()
				}
			}
		})
	}
	tasks.Wait()
	var ended []attempt
	for i, one := range all {
		if prevented[i] == nil {
			ended = append(ended, one)
		}
	}
	return ended, errors.Join(prevented...)
}
