package discoverer

import (
	"context"
	"errors"
	"time"

	"github.com/dateline-news/dateline/internal/loop"
	"github.com/dateline-news/dateline/services/discoverer/internal/hub"
	"github.com/dateline-news/dateline/services/discoverer/sources"
)

const (
	// hubInterval is the time between two looks for hubs to ask, hubBatch the maximum number of
	// requests to hubs that follow, and hubPause the time between two requests of a process.
	hubInterval, hubBatch, hubPause = 5 * time.Second, 20, 200 * time.Millisecond
	// hubLease is the lease that is asked for, and maxLease the longest that is relied on.
	hubLease, maxLease = 10 * 24 * time.Hour, 30 * 24 * time.Hour
	// hubRest is the time for which a hub that fails is left alone.
	hubRest = 10 * time.Minute
	// hubRefused is the time after which a subscription is tried again that a hub has refused.
	hubRefused = 7 * 24 * time.Hour
	// maxLeaves is the maximum number of requests to end a subscription. Then its lease ends it.
	maxLeaves = 3
	// minRenewal is the shortest time to the renewal of a lease.
	minRenewal = 10 * time.Minute
)

// hubRetry is the time until a hub is asked again that has not confirmed a subscription.
var hubRetry = loop.Backoff{First: 15 * time.Minute, Last: 24 * time.Hour}

// askHubs asks the hubs of subscriptions that are due: to begin, to renew or to end them.
func (d *Discoverer) askHubs(ctx context.Context) error {
	now := d.now()
	claimed, err := d.sources.ClaimSubscriptions(ctx, d.config.CallbackURL, now, now.Add(hubRetry.First), hubBatch)
	resting := map[string]bool{}
	for _, sub := range claimed {
		if resting[sub.Hub] {
			continue // RestHub has postponed it
		}
		if err = d.askHub(ctx, sub, resting); err != nil || !loop.Sleep(ctx, hubPause) {
			break
		}
	}
	if err != nil && ctx.Err() == nil {
		d.log.Warn("asking hubs failed, retrying", "stage", "discover", "error", err)
	}
	return nil
}

// askHub makes the request of a subscription, and stores what follows from the answer.
func (d *Discoverer) askHub(ctx context.Context, sub sources.Subscription, resting map[string]bool) error {
	request := hub.Request{
		Hub: sub.Hub, Mode: hub.Subscribe, Topic: sub.Topic, Callback: callbackOf(d.config.CallbackURL, sub.Token),
		Secret: sub.Secret, Lease: hubLease,
	}
	if sub.State == sources.SubscriptionLeaving {
		if sub.Tries > maxLeaves {
			return ignoreNotFound(d.sources.Unsubscribe(ctx, sub.Token))
		}
		request.Mode = hub.Unsubscribe
	}
	failure := d.hubs.Ask(ctx, request)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	state, reason, due := nextAsk(sub, failure, d.now())
	d.metrics.hubRequests.WithLabelValues(hubResult(failure)).Inc()
	if failure != nil {
		d.log.Info("a hub does not accept a request, retrying later", "stage", "discover", "hub", sub.Hub,
			"mode", request.Mode, "topic", sub.Topic, "error", failure)
	}
	if err := d.sources.PostponeSubscription(ctx, sub, state, reason, due); err != nil {
		return err
	}
	if failure != nil && !isRefusal(failure) {
		resting[sub.Hub] = true
		return d.sources.RestHub(ctx, sub.Hub, d.now().Add(hubRest))
	}
	return nil
}

// nextAsk decides the state of a subscription after the answer of its hub, and when the hub is
// asked again.
func nextAsk(sub sources.Subscription, err error, now time.Time) (state, reason string, due time.Time) {
	state, due = sub.State, now.Add(hubRetry.Delay(sub.Tries))
	refusal, refused := errors.AsType[*hub.RefusalError](err)
	if refused && refusal.RetryAfter > 0 {
		due = now.Add(max(refusal.RetryAfter, hubRest))
	}
	lasts := sub.State == sources.SubscriptionSubscribed && now.Before(sub.LeaseEnd)
	switch {
	case sub.State == sources.SubscriptionLeaving, lasts && err == nil:
	case err == nil:
		state = sources.SubscriptionRequested
	case !lasts:
		state = sources.SubscriptionRefused
		if refused && refusal.Lasting() {
			due = now.Add(hubRefused)
		}
	}
	if err != nil {
		reason = err.Error()
	}
	return state, reason, due
}

func hubResult(err error) string {
	switch {
	case err == nil:
		return "accepted"
	case isRefusal(err):
		return "refused"
	}
	return "failed"
}

func isRefusal(err error) bool {
	_, refused := errors.AsType[*hub.RefusalError](err)
	return refused
}

func ignoreNotFound(err error) error {
	if errors.Is(err, sources.ErrNotFound) {
		return nil
	}
	return err
}

// renewal returns when a lease is renewed that begins now: after two thirds of it.
func renewal(now time.Time, lease time.Duration) time.Time {
	return now.Add(max(lease*2/3, minRenewal))
}
