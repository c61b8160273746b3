package notifier

import (
	"fmt"
	"time"

	"github.com/dateline-news/dateline/internal/loop"
	"github.com/dateline-news/dateline/services/notifier/subscriptions"
	"github.com/dateline-news/dateline/services/notifier/targets"
)

const (
	// maxRetryAfter is the longest pause that a target may ask for.
	maxRetryAfter = 24 * time.Hour
	// failuresOfOutage is the number of failures in a row from which the target is considered to have been down, so
	// that everything is due once it works again.
	failuresOfOutage = 3
)

// attempt is an attempt at a delivery.
type attempt struct {
	delivery subscriptions.Delivery
	outcome  targets.Outcome
	// skipped is why nothing was sent: errErased or errCopy. Otherwise it is nil.
	skipped error
}

// hasFailed reports whether the target has not accepted the event.
func (a attempt) hasFailed() bool { return a.skipped == nil && a.outcome.Result != targets.Delivered }

// settle decides what attempts of a turn mean for the deliveries and the subscription.
func settle(config Config, s subscriptions.Subscription, attempts []attempt, now time.Time) subscriptions.Report {
	report := subscriptions.Report{
		State: subscriptions.Active, Reason: s.Reason, Failures: s.Failures, FailingSince: s.FailingSince,
	}
	if report.FailingSince.After(now) { // the clock was changed
		report.FailingSince = now
	}
	succeeded, failed, gone := false, false, false
	var retryAfter time.Duration
	for _, one := range attempts {
		d := settleOne(config, one, now)
		report.Deliveries = append(report.Deliveries, d)
		switch d.State {
		case subscriptions.Delivered:
			succeeded = true
		case subscriptions.Pending:
			failed = true
			gone = gone || one.outcome.Result == targets.Gone
			retryAfter = max(retryAfter, min(one.outcome.RetryAfter, maxRetryAfter))
			report.Reason = d.Detail
		}
	}
	switch {
	case succeeded:
		report.Recovered = s.Failures >= failuresOfOutage
		report.Failures, report.FailingSince, report.Reason = 0, time.Time{}, ""
	case failed:
		report.Failures++
		if report.FailingSince.IsZero() {
			report.FailingSince = now
		}
		retryAfter = max(retryAfter, config.backoff().Delay(report.Failures))
	}
	if retryAfter > 0 {
		report.PauseEnd = now.Add(retryAfter)
	}
	isFailing := !report.FailingSince.IsZero()
	switch {
	case gone:
		report.State, report.Reason = subscriptions.Suspended, goneReason(attempts)
	case isFailing && failed && now.Sub(report.FailingSince) >= config.GiveUp:
		report.State = subscriptions.Suspended
		report.Reason = fmt.Sprintf("all requests have failed for %s, the last one: %s", config.GiveUp, report.Reason)
	case !isFailing:
		for i := range report.Deliveries {
			giveUp(config, &report.Deliveries[i], now)
		}
	}
	return report
}

// settleOne returns the delivery of an attempt with its new state.
func settleOne(config Config, one attempt, now time.Time) subscriptions.Delivery {
	d := one.delivery
	if one.skipped != nil {
		d.State, d.Detail, d.EndTime = subscriptions.Skipped, one.skipped.Error(), now
		return d
	}
	d.Attempts++
	d.Status, d.Detail = one.outcome.Status, one.outcome.Detail
	if d.FirstAttempt.IsZero() || d.FirstAttempt.After(now) {
		d.FirstAttempt = now
	}
	switch one.outcome.Result {
	case targets.Delivered:
		d.State, d.EndTime = subscriptions.Delivered, now
		return d
	case targets.Failed:
		d.State, d.EndTime = subscriptions.Failed, now
		return d
	}
	d.Due = now.Add(max(config.backoff().Delay(d.Attempts), min(one.outcome.RetryAfter, maxRetryAfter)))
	return d
}

// goneReason returns why the target wants nothing more.
func goneReason(attempts []attempt) string {
	for _, one := range attempts {
		if one.outcome.Result == targets.Gone {
			return one.outcome.Detail
		}
	}
	return ""
}

// giveUp gives a delivery up that has failed for long although others have succeeded.
func giveUp(config Config, d *subscriptions.Delivery, now time.Time) {
	if d.State == subscriptions.Pending && now.Sub(d.FirstAttempt) >= config.GiveUp {
		d.State, d.EndTime = subscriptions.Failed, now
	}
}

func (c Config) backoff() loop.Backoff { return loop.Backoff{First: c.RetryDelay, Last: c.MaxDelay} }
