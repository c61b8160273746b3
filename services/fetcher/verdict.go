package fetcher

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/dateline-news/dateline/internal/outcome"
	"github.com/dateline-news/dateline/internal/weburl"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/fetcher/internal/httpget"
	"github.com/dateline-news/dateline/services/fetcher/internal/refresh"
	"github.com/dateline-news/dateline/services/fetcher/internal/robots"
	"github.com/dateline-news/dateline/services/fetcher/internal/site"
)

// action is what to do with an entry.
type action int

const (
	actionFetch  action = iota // make the request that is due
	actionWait                 // leave the entry at the head of its queue for a while
	actionStore                // publish the page and end the entry
	actionEnd                  // end the entry without a page
	actionFollow               // go on with another URL
	actionRetry                // put the entry back for a later attempt
	actionBury                 // give the entry up as a dead letter
	actionLeave                // change nothing: the entry is visited again
)

// verdict is a decision about an entry. The functions that make it have no
// effects; visit.settle carries it out.
type verdict struct {
	action action
	// outcome is the ledger's verdict for actionEnd. reason and detail belong to
	// actionEnd, actionBury and actionRetry.
	outcome datelinev1.Verdict
	reason  outcome.Reason
	detail  string
	// wait is the pause of actionWait, and for actionRetry the minimum time
	// before the host may be requested again.
	wait time.Duration
	// next is the entry that actionFollow goes on with, and sameHost reports
	// whether it is on the same host.
	next     *datelinev1.FrontierEntry
	sameHost bool
	err      error // of actionLeave
	// hostWorks closes the host's circuit breaker, and hostFails counts towards
	// opening it. A status of 408 sets both: the host works, but not for this
	// request.
	hostWorks, hostFails bool
}

// rejected returns a verdict that ends an entry as rejected.
func rejected(reason outcome.Reason, format string, args ...any) verdict {
	return verdict{
		action: actionEnd, outcome: datelinev1.Verdict_VERDICT_REJECTED, reason: reason, detail: fmt.Sprintf(format, args...),
	}
}

// checkHost decides whether the state of a site and the pauses of its host allow a
// request now.
func checkHost(known *site.Site, pause site.Pause, host string, now time.Time, config Config) verdict {
	rest := max(known.Until.Sub(now), pause.Until.Sub(now))
	down := now.Sub(known.FailingSince)
	switch {
	case rest > 0 && config.breaker().Open(known) && down > config.MaxWait:
		return verdict{action: actionBury, reason: outcome.HostDown, detail: fmt.Sprintf(
			"%s has failed for %s, longer than fetcher.max-wait (%s), and is tried again in %s: "+
				"requeue the URL once the host works",
			host, down.Round(time.Second), config.MaxWait, rest.Round(time.Second))}
	case rest > config.MaxWait:
		return verdict{action: actionBury, reason: outcome.HostResting, detail: fmt.Sprintf(
			"%s must not be requested for another %s, longer than fetcher.max-wait (%s): requeue the URL later",
			host, rest.Round(time.Second), config.MaxWait)}
	case rest > 0:
		return verdict{action: actionWait, wait: rest}
	case now.Before(pause.First):
		return verdict{action: actionWait, wait: pause.First.Sub(now)}
	}
	return verdict{action: actionFetch}
}

// checkRules decides whether the robots.txt of a site allows a URL to be fetched. The
// rules of the site must be known.
func checkRules(known *site.Site, target weburl.Target, now time.Time, config Config) verdict {
	if known.Verdict.Access == robots.DisallowAll {
		// An unavailable robots.txt says nothing about the page. It is
		// requested again once the verdict has expired.
		return verdict{
			action: actionRetry, reason: outcome.RobotsUnreachable, wait: known.Verdict.Expires.Sub(now),
			detail: fmt.Sprintf("robots.txt of %s is unavailable (status %d), so nothing may be fetched from there for now",
				target.Host(), known.Verdict.Status),
		}
	}
	if allowed, line := known.Rules.Allowed(config.productToken(), target.PathQuery()); !allowed {
		return rejected(outcome.RobotsDenied, "robots.txt of %s disallows this URL (%s, status %d): "+
			"accept that, or ask the site for permission", target.Host(), line, known.Verdict.Status)
	}
	return verdict{action: actionFetch}
}

// pageRequest is a request for a page, as judge needs to know it.
type pageRequest struct {
	entry  *datelinev1.FrontierEntry
	target weburl.Target
	now    time.Time
	// conditional reports whether the request has If-None-Match or If-Modified-Since.
	conditional bool
}

// judge decides what the response to a request means for the entry. If err is not
// nil, there is no response.
func judge(req pageRequest, r *httpget.Response, err error, config Config) verdict {
	if err != nil {
		return judgeFailure(err)
	}
	host := req.target.Host()
	var made verdict
	switch {
	case r.Status/100 == 2:
		made = verdict{action: actionStore}
		if target := refreshTarget(req.target, r); target != "" && mayRefresh(req.entry.GetRequest().GetPurpose()) {
			made = judgeRedirect(req, r, target, config)
		}
	case r.Status/100 == 3 && r.Location != "":
		made = judgeRedirect(req, r, r.Location, config)
	case r.Status == http.StatusNotModified && !req.conditional:
		// Only a conditional request may be answered with 304 (RFC 9110, section
		// 15.4.5). Nothing is stored that the response could refer to.
		made = rejected(outcome.BadStatus, "%s answered 304 (not modified) to a request without a condition: "+
			"the site or a cache in front of it is at fault", host)
	case r.Status == http.StatusNotModified:
		made = verdict{
			action: actionEnd, outcome: datelinev1.Verdict_VERDICT_UNCHANGED, reason: outcome.NotModified,
			detail: fmt.Sprintf("%s reports that the page has not changed since it was last fetched: "+
				"set force to fetch it anyway", host),
		}
	case r.Status == http.StatusNotFound, r.Status == http.StatusGone:
		made = rejected(outcome.NotFound, "%s answered %d: the page does not exist", host, r.Status)
	case r.Status == http.StatusTooManyRequests, r.Status == http.StatusRequestTimeout, r.Status >= 500:
		reason := outcome.ServerError
		if r.Status == http.StatusTooManyRequests {
			reason = outcome.TooManyRequests
		}
		made = verdict{
			action: actionRetry, reason: reason, detail: fmt.Sprintf("%s answered %d, which may be temporary", host, r.Status),
			wait: min(site.RetryAfter(r.Header, req.now), config.MaxRetryAfter), hostFails: true,
		}
	case r.Status == http.StatusUnauthorized, r.Status == http.StatusForbidden,
		r.Status == http.StatusUnavailableForLegalReasons:
		made = rejected(outcome.Forbidden, "%s answered %d: the site does not let this crawler read the page", host, r.Status)
	default:
		made = rejected(outcome.BadStatus, "%s answered %d, which is not the status of a page", host, r.Status)
	}
	made.hostWorks = r.Status < 500 && r.Status != http.StatusTooManyRequests
	return made
}

// judgeFailure decides what a request without a usable response means.
func judgeFailure(err error) verdict {
	failure, ok := errors.AsType[*httpget.Error](err)
	if !ok || failure.Class == httpget.Canceled {
		return verdict{action: actionLeave, err: err}
	}
	reason := outcome.Reason(failure.Class)
	switch {
	case failure.Transient():
		return verdict{action: actionRetry, reason: reason, detail: err.Error(), hostFails: true}
	case failure.Class == httpget.BadType:
		return rejected(outcome.NotHTML, "%v", err)
	case failure.Class == httpget.BlockedAddress, failure.Class == httpget.BlockedPort:
		return rejected(reason, "%v", err)
	}
	return verdict{action: actionBury, reason: reason, detail: err.Error()}
}

// refreshTarget returns the URL that a page without content of its own leads to, or an
// empty string.
func refreshTarget(from weburl.Target, r *httpget.Response) string {
	return refresh.Target(from.String(), r.Header, r.ContentEncoding, r.Body)
}

// judgeRedirect decides whether a redirect or a refresh is followed. It follows the URL
// as the site gives it (RFC 9110, section 15.4).
func judgeRedirect(req pageRequest, r *httpget.Response, location string, config Config) verdict {
	target, err := weburl.ParseTarget(location)
	if err != nil {
		return rejected(outcome.BadRedirect, "%s redirects to an unusable URL: %v", req.target.Host(), err)
	}
	next := proto.CloneOf(req.entry)
	next.Redirects = append(next.Redirects, redirect(req.target, r, len(next.GetRedirects())))
	next.Url = target.String()
	next.Cookies = setCookies(next.GetCookies(), req.target, r.SetCookies)
	// A page that redirects to itself may check whether its cookie comes back.
	same := target == req.target && cookieHeader(next.GetCookies(), target) == cookieHeader(req.entry.GetCookies(), target)
	if len(next.Redirects) > config.MaxRedirects || same {
		return rejected(outcome.TooManyRedirects, "%d redirects did not lead to a page, the last one to %s: "+
			"open the URL in a browser and publish the URL that it ends at", len(next.Redirects), target)
	}
	return verdict{action: actionFollow, next: next, sameHost: target.Host() == req.target.Host()}
}

// limit turns a retry into a dead letter if the entry has no attempts left, or
// if the next attempt would be due too late. attempts is the number of attempts
// before this one.
func (made verdict) limit(attempts int32, config Config) verdict {
	late := made.wait > config.MaxWait
	if late {
		made.detail += fmt.Sprintf("; the next attempt would be due in %s, later than fetcher.max-wait (%s) allows: "+
			"requeue the URL then", made.wait.Round(time.Second), config.MaxWait)
	}
	if late || int(attempts)+1 >= config.MaxAttempts {
		made.action = actionBury
	}
	return made
}

// maxBackoff is the maximum delay before an attempt, unless the host requires a
// longer one.
const maxBackoff = time.Hour

// jitterShare limits the random addition to a delay to a share of the delay.
const jitterShare = 4

// slowToPass lists the failures that are retried later than others, with the
// factor for the retry delay. Name servers and machines come back within minutes
// rather than seconds, and a host that reports overload should not be requested
// again soon.
var slowToPass = map[outcome.Reason]int{
	outcome.DNS: 6, outcome.Connect: 3, outcome.TooManyRequests: 6, outcome.ServerError: 2,
}

// backoff returns the delay before the next attempt after a failure, without
// jitter. It quadruples after each further attempt. attempts is the number of
// attempts before the one that failed.
func backoff(reason outcome.Reason, attempts int32, config Config) time.Duration {
	delay := config.RetryDelay * time.Duration(max(1, slowToPass[reason]))
	for n := attempts; n > 0 && delay < maxBackoff; n-- {
		delay *= 4
	}
	return min(delay, maxBackoff)
}
