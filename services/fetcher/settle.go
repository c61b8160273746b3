package fetcher

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/dateline-news/dateline/internal/ledger"
	"github.com/dateline-news/dateline/internal/outcome"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/fetcher/internal/frontier"
	"github.com/dateline-news/dateline/services/fetcher/internal/httpget"
	"github.com/dateline-news/dateline/services/fetcher/internal/seen"
)

// settle carries a verdict out. It stores the state of the host, the exchange for the
// archiver, the page, the outcome and the mark, in this order. The frontier removes or replaces the entry
// last, by the decision that settle returns: after a crash in between, the entry
// is visited again. Only actionStore needs the response.
func (v *visit) settle(ctx context.Context, made verdict, r *httpget.Response) (frontier.Decision, error) {
	down, err := v.noteHost(ctx, &made)
	if err != nil {
		return frontier.Decision{}, err
	}
	if err := v.capture(ctx, made); err != nil {
		return frontier.Decision{}, err
	}
	switch made.action {
	case actionWait:
		return frontier.Decision{Again: v.entry.FrontierEntry, Pause: made.wait}, nil
	case actionStore:
		return frontier.Decision{}, v.storePage(ctx, r)
	case actionEnd:
		if v.failureIsRead() {
			return frontier.Decision{}, v.reportFailure(ctx, made, r)
		}
		return frontier.Decision{}, v.store(ctx, v.outcome(made.outcome, made.reason, made.detail), seen.Version{})
	case actionFollow:
		if made.sameHost {
			return frontier.Decision{Again: made.next}, nil
		}
		// The other host has a queue, a robots.txt and a pace of its own.
		return frontier.Decision{Requeue: made.next}, nil
	case actionBury:
		return frontier.Decision{}, v.giveUp(ctx, made, r)
	case actionRetry:
		decision, err := v.retry(ctx, made, r)
		if down {
			decision.Pause = 0 // the host's other entries need not wait to be given up
		}
		return decision, err
	}
	return frontier.Decision{}, made.err
}

// noteHost updates the host's circuit breaker. If the breaker is open, the next
// attempt waits at least until the host is tried again. It reports whether the
// host has been failing for longer than an entry may wait.
func (v *visit) noteHost(ctx context.Context, made *verdict) (down bool, err error) {
	if made.hostWorks {
		closed, err := v.sites.Answered(ctx, v.url, v.config.breaker())
		if closed {
			v.fetch.breakers.WithLabelValues(breakerClosed).Inc()
			v.log.InfoContext(ctx, "host works again", "stage", "fetch", "host", v.url.Host())
		}
		if err != nil {
			return false, err
		}
	}
	if !made.hostFails {
		return false, nil
	}
	rest, failingSince, err := v.sites.Failed(ctx, v.url, v.config.breaker())
	if err != nil || rest == 0 {
		return false, err
	}
	v.fetch.breakers.WithLabelValues(breakerOpened).Inc()
	v.log.WarnContext(ctx, "host keeps failing, requests paused", "stage", "fetch", "host", v.url.Host(),
		"rest", rest, "reason", made.reason, "detail", made.detail)
	made.wait = max(made.wait, rest)
	return v.now().Sub(failingSince) > v.config.MaxWait, nil
}

// retry puts the entry back for a later attempt, or gives it up.
func (v *visit) retry(ctx context.Context, made verdict, r *httpget.Response) (frontier.Decision, error) {
	attempts := v.entry.GetAttempts()
	if made = made.limit(attempts, v.config); made.action == actionBury {
		return frontier.Decision{Pause: made.wait}, v.giveUp(ctx, made, r)
	}
	v.metrics.CountRetry(made.reason)
	delay := backoff(made.reason, attempts, v.config)
	delay = max(made.wait, delay+rand.N(delay/jitterShare+1))
	v.log.InfoContext(ctx, "retry", "stage", "fetch", "reason", made.reason, "attempt", attempts+1, "delay", delay,
		"url", v.url, "detail", made.detail)
	v.postponed = errors.New(made.detail)
	next := proto.CloneOf(v.entry.FrontierEntry)
	next.Attempts = attempts + 1
	next.Failures = append(next.Failures, &datelinev1.FailedAttempt{
		Time: timestamppb.New(v.now()), Reason: string(made.reason), Detail: strings.ToValidUTF8(cut(made.detail), ""),
	})
	next.Failures = next.Failures[max(0, len(next.Failures)-maxFailures):]
	next.NotBeforeTime = timestamppb.New(v.now().Add(delay))
	return frontier.Decision{Requeue: next, Pause: made.wait}, nil
}

// The bounds of the failures that an entry carries. Every retry stores them again.
const (
	maxFailures      = 10
	maxFailureDetail = 300 // bytes
)

// cut returns the start of a failure's detail.
func cut(detail string) string { return detail[:min(len(detail), maxFailureDetail)] }

// storePage publishes the page and ends the entry.
func (v *visit) storePage(ctx context.Context, r *httpget.Response) error {
	page := newPage(v.entry.FrontierEntry, v.requested, v.url, r)
	err := v.pages.Write(ctx, page, v.url.SubjectHost())
	r.Release()
	if errors.Is(err, ledger.ErrTooLarge) {
		return v.bury(ctx, outcome.TooLarge, err.Error())
	}
	if err != nil {
		return err
	}
	version := seen.VersionOf(v.url.ID(), r.Header)
	ended := v.outcome(datelinev1.Verdict_VERDICT_PRODUCED, "", "")
	ended.OutputId = page.GetId()
	if page.GetTruncated() {
		ended.Reason = string(outcome.Truncated)
		ended.Detail = fmt.Sprintf("the page is longer than the maximum size of %d bytes and was cut there",
			len(r.Body))
		if r.EndedEarly {
			ended.Detail = fmt.Sprintf("%s closed the connection before the page was complete, in each of %d attempts",
				v.url.Host(), ended.GetAttempt())
		}
		version = seen.Version{} // so that the next request fetches the page again
	}
	if v.isListing() {
		ended.Reason = string(outcome.Listing)
		if v.entry.GetRequest().GetForce() {
			// Another reader than that of the polls may have made the request, such as a trial. The
			// version of the last poll stays, so that the next poll gets what has changed since then.
			version = seen.Version{}
		}
	}
	return v.store(ctx, ended, version)
}

// outcome returns the entry's outcome.
func (v *visit) outcome(ended datelinev1.Verdict, reason outcome.Reason, detail string) *datelinev1.Outcome {
	request := v.entry.GetRequest()
	return &datelinev1.Outcome{
		InputId: outcome.FetchID(request.GetRequestId(), v.requested), RequestId: request.GetRequestId(),
		Verdict: ended, Reason: string(reason), Detail: detail,
		Url: v.requested.String(), Host: v.url.Host(), Attempt: v.entry.GetAttempts() + 1, Labels: request.GetLabels(),
	}
}

// store writes the outcome to the ledger, and then marks the URL as done.
func (v *visit) store(ctx context.Context, ended *datelinev1.Outcome, version seen.Version) error {
	if err := v.writer.Outcome(ctx, ended, v.now().Sub(v.start), v.entry.Sequence); err != nil {
		return err
	}
	v.ended = ended
	return v.seen.Finish(ctx, v.key(), v.mark, ended.GetRequestId(), version, v.now())
}

// giveUp ends an entry that has failed: the next stage learns the reason if it reads
// failures, and any other entry becomes a dead letter.
func (v *visit) giveUp(ctx context.Context, made verdict, r *httpget.Response) error {
	if v.failureIsRead() {
		return v.reportFailure(ctx, made, r)
	}
	return v.bury(ctx, made.reason, made.detail)
}

// bury gives the entry up. Its URL can be requested again at once.
func (v *visit) bury(ctx context.Context, reason outcome.Reason, detail string) error {
	ended := v.outcome(datelinev1.Verdict_VERDICT_DEAD, reason, detail)
	if err := v.writer.Bury(ctx, ended, v.now().Sub(v.start), source(v.entry)); err != nil {
		return err
	}
	v.ended = ended
	return v.seen.Forget(ctx, v.key())
}

// source returns the entry's message, which becomes part of a dead letter.
func source(entry *frontier.Entry) ledger.Source {
	return ledger.Source{Sequence: entry.Sequence, Subject: entry.Subject, Data: entry.Data}
}
