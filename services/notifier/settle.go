package notifier

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/dateline-news/dateline/internal/loop"
	"github.com/dateline-news/dateline/services/notifier/subscriptions"
	"github.com/dateline-news/dateline/services/notifier/webhook"
)

const (
	// maxRetryAfter is the longest pause that a target may ask for.
	maxRetryAfter = 24 * time.Hour
	// failuresOfOutage is the number of failures in a row from which the target is considered to have been down, so
	// that everything is due once it works again.
	failuresOfOutage = 3
)

// attempt is an attempt at a delivery. err is why there is no answer.
type attempt struct {
	delivery subscriptions.Delivery
	answer   webhook.Answer
	err      error
}

// settle decides what attempts of a turn mean for the deliveries and the subscription.
func settle(config Config, s subscriptions.Subscription, attempts []attempt, now time.Time) subscriptions.Report {
	report := subscriptions.Report{
		State: subscriptions.Active, Reason: s.Reason, Failures: s.Failures, FailingSince: s.FailingSince,
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
			gone = gone || one.answer.Status == http.StatusGone
			retryAfter = max(retryAfter, min(one.answer.RetryAfter, maxRetryAfter))
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
		report.State, report.Reason = subscriptions.Suspended, "the target has answered 410: it wants nothing more"
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
	if errors.Is(one.err, errErased) {
		d.State, d.Detail, d.EndTime = subscriptions.Skipped, one.err.Error(), now
		return d
	}
	d.Attempts++
	d.Status, d.Detail = one.answer.Status, ""
	if d.FirstAttempt.IsZero() {
		d.FirstAttempt = now
	}
	if one.err == nil && one.answer.OK() {
		d.State, d.EndTime = subscriptions.Delivered, now
		return d
	}
	d.Detail = reasonOf(one)
	d.Due = now.Add(max(config.backoff().Delay(d.Attempts), min(one.answer.RetryAfter, maxRetryAfter)))
	return d
}

// giveUp gives a delivery up that has failed for long although others have succeeded.
func giveUp(config Config, d *subscriptions.Delivery, now time.Time) {
	if d.State == subscriptions.Pending && now.Sub(d.FirstAttempt) >= config.GiveUp {
		d.State, d.EndTime = subscriptions.Failed, now
	}
}

// reasonOf returns why an attempt has failed.
func reasonOf(one attempt) string {
	if one.err != nil {
		return one.err.Error()
	}
	text := fmt.Sprintf("the target has answered %d", one.answer.Status)
	if one.answer.Status >= 300 && one.answer.Status <= 399 {
		text += ", a redirect that is not followed: use the URL that it leads to"
	}
	if one.answer.Excerpt != "" {
		text += ": " + one.answer.Excerpt
	}
	return text
}

func (c Config) backoff() loop.Backoff { return loop.Backoff{First: c.RetryDelay, Last: c.MaxDelay} }
