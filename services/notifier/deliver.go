package notifier

import (
	"context"
	"errors"
	"maps"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dateline-news/dateline/internal/loop"
	"github.com/dateline-news/dateline/services/notifier/subscriptions"
	"github.com/dateline-news/dateline/services/notifier/targets"
)

const (
	// turnTime is the time after which a subscription ends its turn, so that others have theirs.
	turnTime = 20 * time.Second
	// leaseTime is how long a claim lasts unless it is renewed, which is tried every renewInterval. If the process is
	// killed, others continue with its subscriptions after this time.
	leaseTime, renewInterval = 40 * time.Second, 10 * time.Second
	// lookPause is the minimum time between two looks for subscriptions that are due.
	lookPause = 20 * time.Millisecond
	// storeRest is the pause after a failure of the store.
	storeRest = time.Second
	// duePage is the number of due subscriptions that are read at once. It is larger than the number of those that
	// the hosts of others keep waiting.
	duePage = 4096
	// maxRound is the number of deliveries of a round, and roundTime the time after which it starts no more.
	maxRound, roundTime = 64, 200 * time.Millisecond
	// maxCollected is the number of deliveries that are sent together, and maxCollectedBytes the size of their texts
	// from which no more are added.
	maxCollected, maxCollectedBytes = 500, 16 << 20
	// maxRest is the longest wait of a turn for the rate of its subscription. For a longer one, the turn ends.
	maxRest = time.Second
)

// deliver gives turns to the subscriptions with due deliveries until ctx ends.
func (n *Notifier) deliver(ctx context.Context) error {
	work, stop := loop.Drain(ctx, n.config.DrainTimeout)
	defer stop()
	renewing, end := context.WithCancel(context.WithoutCancel(ctx))
	var renewal, turns sync.WaitGroup
	renewal.Go(func() { _ = loop.Tick(renewing, renewInterval, n.renew) }) // renew returns no error
	defer renewal.Wait()
	defer end()
	defer turns.Wait()
	ticker := time.NewTicker(deliverInterval)
	defer ticker.Stop()
	for ctx.Err() == nil {
		if err := n.startTurns(ctx, work, &turns); err != nil && ctx.Err() == nil {
			n.log.WarnContext(ctx, "starting deliveries failed, retrying", "stage", "notify", "error", err)
			loop.Sleep(ctx, storeRest)
		}
		loop.Sleep(ctx, lookPause)
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
	if err := n.releaseStray(ctx); err != nil {
		return err
	}
	due, err := n.subscriptions.DueSubscriptions(ctx, time.Now(), duePage)
	if err != nil {
		return err
	}
	reserved := map[string]string{} // hosts by the ids of the subscriptions
	late := time.Duration(0)
	for _, one := range due {
		if host := hostOf(one.To); n.reserve(host) {
			reserved[one.ID] = host
			late = max(late, time.Since(one.Since))
		}
	}
	n.pace.lateDeliveries(late)
	if len(reserved) == 0 {
		return nil
	}
	var claimed []subscriptions.Subscription
	var until time.Time
	err = n.pace.write(ctx, func() (err error) {
		now := time.Now()
		until = now.Add(leaseTime)
		claimed, err = n.subscriptions.Claim(ctx, slices.Sorted(maps.Keys(reserved)), n.owner, now, until)
		return err
	})
	if err != nil { // the store may have them nevertheless
		n.addStray(slices.Collect(maps.Keys(reserved))...)
	}
	for _, s := range claimed {
		host := reserved[s.ID]
		delete(reserved, s.ID)
		turns.Go(func() {
			defer n.signalDue()
			defer n.unreserve(host)
			leased, end := n.lease(work, s.ID, until)
			defer end()
			n.turn(ctx, leased, s)
		})
	}
	for _, host := range reserved { // another process has claimed them
		n.unreserve(host)
	}
	return err
}

// addStray notes subscriptions that this process may have claimed although none of its turns delivers them.
func (n *Notifier) addStray(ids ...string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, id := range ids {
		n.stray[id] = true
	}
}

// releaseStray ends the claims that addStray has noted. Otherwise the subscriptions would wait until the claims end.
func (n *Notifier) releaseStray(ctx context.Context) error {
	n.mu.Lock()
	ids := slices.Collect(maps.Keys(n.stray))
	n.mu.Unlock()
	if len(ids) == 0 {
		return nil
	}
	if err := n.subscriptions.Release(ctx, ids, n.owner); err != nil {
		return err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, id := range ids {
		delete(n.stray, id)
	}
	return nil
}

// lease returns a context that ends with the claim of a subscription. Call end after the turn.
func (n *Notifier) lease(ctx context.Context, id string, until time.Time) (leased context.Context, end func()) {
	leased, cancel := context.WithCancel(ctx)
	timer := time.AfterFunc(time.Until(until), cancel)
	n.mu.Lock()
	defer n.mu.Unlock()
	n.leases[id] = timer
	return leased, func() {
		n.mu.Lock()
		defer n.mu.Unlock()
		delete(n.leases, id)
		timer.Stop()
		cancel()
	}
}

// renew extends the claims of the turns that run. A turn whose claim cannot be renewed in time ends.
func (n *Notifier) renew(ctx context.Context) error {
	n.mu.Lock()
	running := maps.Clone(n.leases)
	n.mu.Unlock()
	if len(running) == 0 {
		return nil
	}
	until := time.Now().Add(leaseTime)
	if err := n.subscriptions.Renew(ctx, slices.Collect(maps.Keys(running)), n.owner, until); err != nil {
		if ctx.Err() == nil {
			n.log.WarnContext(ctx, "renewing claims failed, retrying", "stage", "notify", "error", err)
		}
		return nil
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	for id, timer := range running {
		if n.leases[id] == timer && timer.Stop() { // otherwise the turn has ended
			timer.Reset(time.Until(until))
		}
	}
	return nil
}

// hostOf returns the host of a target, with its port, or the kind of target if all are on one host.
func hostOf(to string) string {
	target, err := url.Parse(to)
	if err != nil || target.Host == "" {
		return subscriptions.Spec{To: to}.Kind()
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

// turn delivers what is due to a claimed subscription, for a limited time. It starts no round after ctx has ended, and
// abandons requests after work has ended.
func (n *Notifier) turn(ctx, work context.Context, s subscriptions.Subscription) {
	// Results are stored even if the process stops meanwhile.
	storing := context.WithoutCancel(work)
	log := n.log.With("stage", "notify", "subscription", s.Name)
	end := time.Now().Add(turnTime)
	for more := true; more; {
		var err error
		more, err = n.round(work, storing, &s, func() bool { return ctx.Err() != nil || !time.Now().Before(end) })
		if err == nil {
			continue
		}
		log.WarnContext(ctx, "delivering failed, retrying", "error", err)
		loop.Sleep(ctx, storeRest)
		if err := n.subscriptions.Release(storing, []string{s.ID}, n.owner); err != nil {
			log.WarnContext(ctx, "releasing a subscription failed, retrying", "error", err)
			n.addStray(s.ID)
		}
		return
	}
}

// round attempts a few deliveries at the same time and stores their results. It reports whether the turn goes on. The
// turn ends if isLast returns true after the attempts.
func (n *Notifier) round(
	work, storing context.Context, s *subscriptions.Subscription, isLast func() bool,
) (more bool, err error) {
	start := time.Now()
	attempts, err := n.attemptSome(work, storing, *s, start)
	if err != nil && len(attempts) == 0 {
		return false, err
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
	isSuspended := report.State == subscriptions.Suspended
	report.Ends = err != nil || len(attempts) == 0 || isSuspended || report.PauseEnd.After(now) || isLast()
	more, failure := n.results.record(storing, s.ID, report)
	if failure != nil {
		return false, errors.Join(err, failure)
	}
	for _, d := range report.Deliveries {
		n.metrics.count(d, s.Period() > 0, now)
	}
	if isSuspended {
		n.log.WarnContext(work, "subscription suspended", "stage", "notify", "subscription", s.Name, "reason", report.Reason)
	}
	s.Failures, s.FailingSince, s.Reason = report.Failures, report.FailingSince, report.Reason
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
	limit := max(maxRound, s.Parallel())
	if interval := s.Interval(); interval > 0 {
		limit = min(s.Parallel(), max(1, int(time.Second/interval)))
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

// attemptAll attempts deliveries, as many at the same time as the subscription allows. After roundTime or a failure, it
// starts no more.
func (n *Notifier) attemptAll(
	work context.Context, s subscriptions.Subscription, due []subscriptions.Delivery,
) ([]attempt, error) {
	all := make([][]attempt, len(due))
	prevented := make([]error, len(due))
	parallel := min(s.Parallel(), len(due))
	end := time.Now().Add(roundTime)
	var started atomic.Int64
	var stopped atomic.Bool
	goesOn := func() bool {
		if stopped.Load() || !time.Now().Before(end) {
			return false
		}
		isClaimed, err := n.subscriptions.IsClaimed(work, s.ID, n.owner)
		if err != nil || !isClaimed { // it may have been removed meanwhile
			stopped.Store(true)
		}
		return !stopped.Load()
	}
	var tasks sync.WaitGroup
	for range parallel {
		tasks.Go(func() {
			for {
				i := int(started.Add(1)) - 1
				if i >= len(due) || i >= parallel && !goesOn() {
					return
				}
				all[i], prevented[i] = n.attemptTogether(work, s, []subscriptions.Delivery{due[i]})
				if prevented[i] != nil || len(all[i]) > 0 && all[i][0].hasFailed() {
					stopped.Store(true)
				}
			}
		})
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
		var item targets.Item
		n.pace.compute(work, func() { item, err = n.item(work, s, d) })
		if errors.Is(err, errErased) || errors.Is(err, errCopy) {
			ended = append(ended, attempt{delivery: d, skipped: err})
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
