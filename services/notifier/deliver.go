package notifier

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/dateline-news/dateline/internal/loop"
	"github.com/dateline-news/dateline/services/notifier/subscriptions"
	"github.com/dateline-news/dateline/services/notifier/targets"
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
	// maxCollected is the number of deliveries that are sent together, and maxCollectedBytes the size of their texts from
	// which no more are added.
	maxCollected, maxCollectedBytes = 500, 16 << 20
	// maxRest is the longest wait of a turn for the rate of its subscription. For a longer one, the turn ends.
	maxRest = time.Second
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

// hostOf returns the host of a subscription's target, with its port, or the kind of target if all are on one host.
func hostOf(s subscriptions.Subscription) string {
	target, err := url.Parse(s.To)
	if err != nil || target.Host == "" {
		return s.Kind()
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
	first := true
	for end := time.Now().Add(turnTime); ctx.Err() == nil && time.Now().Before(end); first = false {
		more, err := n.round(work, storing, &s, first)
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
func (n *Notifier) round(
	work, storing context.Context, s *subscriptions.Subscription, first bool,
) (more bool, err error) {
	start := time.Now()
	attempts, err := n.attemptSome(work, storing, *s, start)
	if err != nil && len(attempts) == 0 {
		return false, err
	}
	if len(attempts) == 0 && !first && s.Period() == 0 {
		return false, nil // the previous round has stored when the next delivery is due
	}
	now := time.Now()
	report := settle(n.config, *s, attempts, now)
	rest := s.Interval()*time.Duration(len(attempts)) - now.Sub(start)
	switch {
	case rest > maxRest:
		report.PauseEnd = later(report.PauseEnd, now.Add(rest))
	case len(attempts) == 0 && s.Period() > 0:
		report.PauseEnd = later(report.PauseEnd, start.Truncate(s.Period()).Add(s.Period()))
	}
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
	more = err == nil && len(attempts) > 0 && !report.PauseEnd.After(now)
	if more && rest > 0 {
		loop.Sleep(work, rest)
	}
	return more, err
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// attemptSome attempts what is due at a time. It returns the attempts that have ended, and an error if the store or the
// process has prevented others.
func (n *Notifier) attemptSome(
	work, storing context.Context, s subscriptions.Subscription, now time.Time,
) ([]attempt, error) {
	if period := s.Period(); period > 0 {
		due, err := n.subscriptions.Collected(storing, s.ID, now, now.Truncate(period), maxCollected)
		if err != nil || len(due) == 0 {
			return nil, err
		}
		return n.attemptTogether(work, s, due)
	}
	limit := s.Parallel()
	if interval := s.Interval(); interval > 0 {
		limit = min(limit, max(1, int(time.Second/interval)))
	}
	if s.Failures > 0 {
		limit = 1 // a single request finds out whether the target works again
	}
	due, err := n.subscriptions.Due(storing, s.ID, now, limit)
	if err != nil || len(due) == 0 {
		return nil, err
	}
	return n.attemptAll(work, s, due)
}

// attemptAll attempts deliveries at the same time.
func (n *Notifier) attemptAll(
	work context.Context, s subscriptions.Subscription, due []subscriptions.Delivery,
) ([]attempt, error) {
	all := make([][]attempt, len(due))
	prevented := make([]error, len(due))
	var tasks sync.WaitGroup
	for i, d := range due {
		tasks.Go(func() { all[i], prevented[i] = n.attemptTogether(work, s, []subscriptions.Delivery{d}) })
	}
	tasks.Wait()
	return slices.Concat(all...), errors.Join(prevented...)
}

// attemptTogether sends deliveries together.
func (n *Notifier) attemptTogether(
	work context.Context, s subscriptions.Subscription, due []subscriptions.Delivery,
) (ended []attempt, err error) {
	target, err := n.targets.Of(s.Spec)
	if err != nil {
		return nil, err
	}
	var sent []subscriptions.Delivery
	var items []targets.Item
	bytes := 0
	for _, d := range due {
		if bytes >= maxCollectedBytes {
			break // the rest is still due
		}
		item, err := n.item(work, s, d)
		if errors.Is(err, errErased) {
			ended = append(ended, attempt{delivery: d, erased: true})
			continue
		}
		if err != nil {
			return ended, err
		}
		sent, items = append(sent, d), append(items, item)
		bytes += len(item.Event.Article.GetText()) + len(item.Message.Body)
	}
	if len(items) == 0 {
		return ended, nil
	}
	for i, outcome := range target.Send(work, s, items) {
		if outcome.Result != targets.Delivered && work.Err() != nil {
			return ended, work.Err()
		}
		ended = append(ended, attempt{delivery: sent[i], outcome: outcome})
	}
	return ended, nil
}
