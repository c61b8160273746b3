package fetcher

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"runtime/debug"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/dateline-news/dateline/internal/ledger"
	"github.com/dateline-news/dateline/internal/stage"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/tracing"
	"github.com/dateline-news/dateline/internal/weburl"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/fetcher/internal/frontier"
	"github.com/dateline-news/dateline/services/fetcher/internal/httpget"
	"github.com/dateline-news/dateline/services/fetcher/internal/pace"
	"github.com/dateline-news/dateline/services/fetcher/internal/robots"
	"github.com/dateline-news/dateline/services/fetcher/internal/seen"
	"github.com/dateline-news/dateline/services/fetcher/internal/site"
)

// visitor does what the frontier's entries ask for.
type visitor struct {
	config     Config
	client     *httpget.Client
	sites      *site.Sites
	paces      *pace.File
	neighbours *pace.Neighbours
	seen       *seen.Marks
	pages      *pageWriter
	writer     *ledger.Writer
	metrics    *stage.Metrics
	fetch      *fetchMetrics
	log        *slog.Logger
	traces     *tracing.Tracer
	now        func() time.Time
}

// visit is one turn of one entry.
type visit struct {
	*visitor
	entry *frontier.Entry
	url   weburl.URL // to fetch now
	asked weburl.URL // that was requested
	mark  seen.Mark  // of that, as it was when the visit began
	start time.Time
	// ended is how the entry ended, and postponed why it did not; both nil where
	// it goes on at another host.
	ended     *datelinev1.Outcome
	postponed error
}

// Visit implements frontier.Visitor.
func (v *visitor) Visit(ctx context.Context, entry *frontier.Entry) (decision frontier.Decision, err error) {
	one := &visit{visitor: v, entry: entry, start: v.now()}
	if one.url, err = weburl.Parse(entry.GetUrl()); err != nil {
		return frontier.Decision{}, v.Refuse(ctx, entry, err)
	}
	if one.asked = one.url; entry.GetRequest().GetUrl() != entry.GetUrl() {
		if one.asked, err = weburl.Parse(entry.GetRequest().GetUrl()); err != nil {
			return frontier.Decision{}, v.Refuse(ctx, entry, err)
		}
	}
	end := v.metrics.Begin()
	defer func() { end(v.now().Sub(one.start).Seconds()) }()
	if entry.Span == nil {
		_, entry.Span = v.traces.Resume(ctx, "fetch", entry.GetTraceParent())
	}
	decision, err = one.guarded(entry.Trace(ctx))
	if err == nil && decision.Again == nil {
		one.endSpan()
	}
	return decision, err
}

// endSpan ends the span of an entry, which lasts for all of its visits.
func (v *visit) endSpan() {
	if v.ended == nil {
		v.ended = v.outcome(datelinev1.Verdict_VERDICT_UNSPECIFIED, "", "")
	}
	tracing.End(v.entry.Span, v.ended, v.postponed)
}

// guarded gives an entry up that the program panics over, so that it cannot
// take the process down again and again.
func (v *visit) guarded(ctx context.Context) (decision frontier.Decision, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			v.log.ErrorContext(ctx, "the fetcher panicked", "url", v.url, "panic", cause, "stack", string(debug.Stack()))
			decision, err = frontier.Decision{}, v.bury(ctx, "panic",
				fmt.Sprintf("the program panicked over this URL (%v): report it with the URL; the log has the stack", cause))
		}
	}()
	return v.run(ctx)
}

// Refuse implements frontier.Visitor.
func (v *visitor) Refuse(ctx context.Context, entry *frontier.Entry, cause error) error {
	outcome := &datelinev1.Outcome{
		InputId: fmt.Sprintf("%s:%d", subject.StreamFrontier, entry.Sequence), Reason: "malformed", Detail: cause.Error(),
		Url: entry.GetUrl(), Attempt: 1,
	}
	return v.writer.Bury(ctx, outcome, 0, source(entry))
}

func source(entry *frontier.Entry) ledger.Source {
	return ledger.Source{Sequence: entry.Sequence, Subject: entry.Subject, Data: entry.Data}
}

func (v *visit) run(ctx context.Context) (frontier.Decision, error) {
	if err := v.readMark(ctx); err != nil {
		return frontier.Decision{}, err
	}
	if v.mark.Done && v.mark.Request == v.entry.GetRequest().GetRequestId() {
		// A crash came between storing the page and removing the entry.
		return frontier.Decision{}, nil
	}
	known, err := v.sites.Get(ctx, v.url)
	if err != nil {
		return frontier.Decision{}, err
	}
	resting := known.Until.After(v.now())
	if down := v.now().Sub(known.FailingSince); resting && v.config.breaker().Open(known) && down > v.config.MaxWait {
		return frontier.Decision{}, v.bury(ctx, "host_down", fmt.Sprintf("%s has failed for %s, longer than the %s of fetcher.max-wait, and is asked again in %s: requeue it when the host works",
			v.url.Host(), down.Round(time.Second), v.config.MaxWait, known.Until.Sub(v.now()).Round(time.Second)))
	}
	if wait := known.Until.Sub(v.now()); wait > v.config.MaxWait {
		return frontier.Decision{}, v.bury(ctx, "host_resting", fmt.Sprintf("%s wants to be left alone for %s more, longer than the %s of fetcher.max-wait: requeue it later",
			v.url.Host(), wait.Round(time.Second), v.config.MaxWait))
	} else if wait > 0 {
		return frontier.Decision{Again: v.entry.FrontierEntry, Pause: wait}, nil
	}
	if !v.entry.MayDial() {
		return frontier.Decision{}, site.ErrNotOurs
	}
	if known.Rules == nil {
		return v.inTurn(ctx, v.robots)
	}
	if known.Verdict.Access == robots.DisallowAll {
		// That says nothing about the page: its robots.txt is asked for again
		// when the verdict runs out.
		return v.retry(ctx, "robots_unreachable", fmt.Sprintf("robots.txt of %s cannot be had (status %d), so nothing may be fetched from there; it may pass", v.url.Host(), known.Verdict.Status),
			known.Verdict.Expires.Sub(v.now()))
	}
	if allowed, line := known.Rules.Allowed(v.config.productToken(), v.url.PathQuery()); !allowed {
		v.fetch.denied.Inc()
		return frontier.Decision{}, v.end(ctx, datelinev1.Verdict_VERDICT_REJECTED, "robots_denied",
			fmt.Sprintf("robots.txt of %s does not allow it (%s, status %d): leave it, or ask the site", v.url.Host(), line, known.Verdict.Status))
	}
	return v.inTurn(ctx, func(ctx context.Context) (frontier.Decision, error) {
		return v.page(ctx, known.Rules.CrawlDelay(v.config.productToken()))
	})
}

// inTurn makes a request when it is the host's turn among those on its address.
func (v *visit) inTurn(ctx context.Context, request func(context.Context) (frontier.Decision, error)) (frontier.Decision, error) {
	if !v.config.PerAddress {
		return request(ctx)
	}
	address, err := v.client.Address(ctx, v.url.Scheme(), v.url.Host())
	if err != nil {
		return request(ctx) // which fails by the same cause, and says so
	}
	interval, given := v.paces.Network(address.Addr())
	if given && interval == 0 {
		return request(ctx)
	}
	if !given {
		interval = v.config.Delay
	}
	if wait := v.neighbours.Enter(address, v.url.Host(), interval); wait > 0 {
		return frontier.Decision{Again: v.entry.FrontierEntry, Pause: wait}, nil
	}
	v.start = v.now() // what came before says nothing about the host
	defer func() {
		if !given {
			interval = v.pause(0)
		}
		v.neighbours.Leave(address, interval)
	}()
	return request(ctx)
}

// page fetches the page and decides what that means.
func (v *visit) page(ctx context.Context, crawlDelay time.Duration) (frontier.Decision, error) {
	request := httpget.Request{URL: v.url.String(), Cookie: cookieHeader(v.entry.GetCookies(), v.url)}
	if known := v.mark.Version; !v.entry.GetRequest().GetForce() && known.URL == v.url.ID() {
		request.IfNoneMatch, request.IfModifiedSince = known.ETag, known.LastModified
	}
	v.entry.Begin(v.now())
	response, err := v.get(ctx, request)
	if err == nil {
		defer response.Release()
	}
	pause := v.pause(crawlDelay)
	decision, err := v.judge(ctx, response, err)
	decision.Pause = max(decision.Pause, pause)
	if err != nil || decision.Pause <= v.config.Delay+shortRest {
		return decision, err
	}
	return decision, v.sites.Rest(ctx, v.url, v.now().Add(decision.Pause))
}

func (v *visit) get(ctx context.Context, request httpget.Request) (*httpget.Response, error) {
	ctx, span := v.traces.Client(ctx, "GET")
	response, err := v.client.Get(ctx, request)
	status := 0
	if err == nil {
		status = response.Status
	}
	tracing.EndRequest(span, v.url.Host(), status, err)
	return response, err
}

// readMark takes the mark that intake gave the entry; one that has waited in the
// queue since may have been worked on by a process that did not end well.
func (v *visit) readMark(ctx context.Context) (err error) {
	carried := false
	if v.mark, carried = seen.Carried(v.entry.FrontierEntry); !carried || v.entry.Inherited {
		v.mark, _, err = v.seen.Get(ctx, v.asked.ID())
	}
	return err
}

// shortRest is how much longer than the usual delay a host's pause may be
// without being noted for the next owner of its partition, who waits for the
// usual delay only.
const shortRest = 5 * time.Second

// robots asks for the site's robots.txt; the page has its turn after that. A
// site that gives no answer at all fails as the page would.
func (v *visit) robots(ctx context.Context) (frontier.Decision, error) {
	v.fetch.robots.Inc()
	asking, span := v.traces.Client(ctx, "GET robots.txt")
	err := v.sites.FetchRobots(asking, v.url, v.entry.MayDial)
	tracing.EndRequest(span, v.url.Host(), 0, err)
	failure, noAnswer := errors.AsType[*httpget.Error](err)
	switch {
	case noAnswer:
		decision, err := v.failed(ctx, failure)
		decision.Pause = max(decision.Pause, v.pause(0))
		return decision, err
	case err != nil:
		return frontier.Decision{}, err
	}
	return frontier.Decision{Again: v.entry.FrontierEntry, Pause: v.pause(0)}, nil
}

// pause is how long the host rests after a request: the configured delay, what
// its robots.txt asks for, or a multiple of its own response time; or what the pace
// file has for it, if its robots.txt does not ask for more.
func (v *visit) pause(crawlDelay time.Duration) time.Duration {
	if delay, ok := v.paces.Host(v.url.Host()); ok {
		return max(delay, min(crawlDelay, v.config.MaxDelay))
	}
	took := v.now().Sub(v.start)
	return min(max(v.config.Delay, crawlDelay, time.Duration(v.config.DelayFactor*float64(took))), max(v.config.Delay, v.config.MaxDelay))
}

// judge decides what a response or its failure means.
func (v *visit) judge(ctx context.Context, r *httpget.Response, err error) (frontier.Decision, error) {
	if err != nil {
		return v.failed(ctx, err)
	}
	v.fetch.response(v.url.Host(), r)
	if r.Status < 500 && r.Status != http.StatusTooManyRequests {
		if err := v.answered(ctx); err != nil {
			return frontier.Decision{}, err
		}
	}
	switch {
	case r.Status/100 == 2:
		return frontier.Decision{}, v.produced(ctx, r)
	case r.Status/100 == 3 && r.Location != "":
		return v.redirected(ctx, r)
	case r.Status == http.StatusNotModified:
		return frontier.Decision{}, v.end(ctx, datelinev1.Verdict_VERDICT_UNCHANGED, "not_modified",
			fmt.Sprintf("%s says that the page is the one that was fetched last: set force to fetch it all the same", v.url.Host()))
	case r.Status == http.StatusNotFound, r.Status == http.StatusGone:
		return frontier.Decision{}, v.end(ctx, datelinev1.Verdict_VERDICT_REJECTED, "not_found",
			fmt.Sprintf("%s answered %d: there is no such page", v.url.Host(), r.Status))
	case r.Status == http.StatusTooManyRequests, r.Status == http.StatusRequestTimeout, r.Status >= 500:
		return v.refused(ctx, r)
	case r.Status == http.StatusUnauthorized, r.Status == http.StatusForbidden, r.Status == http.StatusUnavailableForLegalReasons:
		return frontier.Decision{}, v.end(ctx, datelinev1.Verdict_VERDICT_REJECTED, "forbidden",
			fmt.Sprintf("%s answered %d: the site does not let this crawler read the page", v.url.Host(), r.Status))
	}
	return frontier.Decision{}, v.end(ctx, datelinev1.Verdict_VERDICT_REJECTED, "bad_status",
		fmt.Sprintf("%s answered %d, which is no page", v.url.Host(), r.Status))
}

// failed handles a request without an answer.
func (v *visit) failed(ctx context.Context, err error) (frontier.Decision, error) {
	var failure *httpget.Error
	if !errors.As(err, &failure) || failure.Class == httpget.Canceled {
		return frontier.Decision{}, err
	}
	v.fetch.failures.WithLabelValues(string(failure.Class)).Inc()
	switch {
	case failure.Transient():
		return v.ailing(ctx, string(failure.Class), err.Error(), 0)
	case failure.Class == httpget.BadType:
		return frontier.Decision{}, v.end(ctx, datelinev1.Verdict_VERDICT_REJECTED, "not_html", err.Error())
	case failure.Class == httpget.BlockedAddress, failure.Class == httpget.BlockedPort:
		return frontier.Decision{}, v.end(ctx, datelinev1.Verdict_VERDICT_REJECTED, string(failure.Class), err.Error())
	}
	return frontier.Decision{}, v.bury(ctx, string(failure.Class), err.Error())
}

// refused handles a server that cannot or does not want to answer now.
func (v *visit) refused(ctx context.Context, r *httpget.Response) (frontier.Decision, error) {
	reason := "server_error"
	if r.Status == http.StatusTooManyRequests {
		reason = "too_many_requests"
	}
	wait := min(site.RetryAfter(r.Header, v.now()), v.config.MaxRetryAfter)
	return v.ailing(ctx, reason, fmt.Sprintf("%s answered %d; it may pass", v.url.Host(), r.Status), wait)
}

// ailing retries after a failure that is the host's, which counts for its breaker.
func (v *visit) ailing(ctx context.Context, reason, detail string, wait time.Duration) (frontier.Decision, error) {
	rest, failingSince, err := v.sites.Failed(ctx, v.url, v.config.breaker())
	if err != nil {
		return frontier.Decision{}, err
	}
	if rest > 0 {
		v.fetch.breakers.WithLabelValues("open").Inc()
		v.log.WarnContext(ctx, "a host fails and is left alone", "stage", "fetch", "host", v.url.Host(), "rest", rest, "reason", reason, "detail", detail)
	}
	decision, err := v.retry(ctx, reason, detail, max(wait, rest))
	if rest > 0 && v.now().Sub(failingSince) > v.config.MaxWait {
		decision.Pause = 0 // the others of the host need not wait to be given up
	}
	return decision, err
}

// answered closes the host's breaker.
func (v *visit) answered(ctx context.Context) error {
	closed, err := v.sites.Answered(ctx, v.url, v.config.breaker())
	if closed {
		v.fetch.breakers.WithLabelValues("close").Inc()
		v.log.InfoContext(ctx, "a host that failed works again", "stage", "fetch", "host", v.url.Host())
	}
	return err
}

// slowToPass is how many times longer than others some failures are waited for:
// names and machines come back in minutes rather than seconds, and whoever says
// that it is too much is not to be asked soon.
var slowToPass = map[string]time.Duration{
	string(httpget.DNS): 6, string(httpget.Connect): 3, "too_many_requests": 6, "server_error": 2,
}

// retry puts the entry back for later, or gives it up.
func (v *visit) retry(ctx context.Context, reason, detail string, wait time.Duration) (frontier.Decision, error) {
	attempt := int(v.entry.GetAttempts()) + 1
	if wait > v.config.MaxWait {
		detail += fmt.Sprintf("; the next attempt is due in %s, later than the %s of fetcher.max-wait allow: requeue it then", wait.Round(time.Second), v.config.MaxWait)
	}
	if attempt >= v.config.MaxAttempts || wait > v.config.MaxWait {
		return frontier.Decision{Pause: wait}, v.bury(ctx, reason, detail)
	}
	v.metrics.CountRetry(reason)
	backoff := min(max(1, slowToPass[reason])*v.config.RetryDelay<<min(2*(attempt-1), 20), time.Hour)
	backoff = max(wait, backoff+rand.N(backoff/4+1))
	v.log.InfoContext(ctx, "retry", "stage", "fetch", "reason", reason, "attempt", attempt, "delay", backoff, "url", v.url, "detail", detail)
	v.postponed = errors.New(detail)
	next := proto.CloneOf(v.entry.FrontierEntry)
	next.Attempts = int32(attempt)
	next.NotBeforeTime = timestamppb.New(v.now().Add(backoff))
	return frontier.Decision{Requeue: next, Pause: wait}, nil
}

// redirected follows a redirect: at once on the same host, through the other
// host's queue, robots.txt and pace otherwise.
func (v *visit) redirected(ctx context.Context, r *httpget.Response) (frontier.Decision, error) {
	target, err := weburl.Parse(r.Location)
	if err != nil {
		return frontier.Decision{}, v.end(ctx, datelinev1.Verdict_VERDICT_REJECTED, "bad_redirect",
			fmt.Sprintf("%s redirects to what is no usable URL: %v", v.url.Host(), err))
	}
	next := proto.CloneOf(v.entry.FrontierEntry)
	next.Redirects = append(next.Redirects, &datelinev1.Redirect{Url: v.url.String(), Status: int32(r.Status)})
	next.Url = target.String()
	next.Cookies = setCookies(next.GetCookies(), v.url, r.SetCookies)
	// A page that leads to itself may want to see whether its cookie comes back.
	same := target == v.url && cookieHeader(next.GetCookies(), target) == cookieHeader(v.entry.GetCookies(), target)
	if len(next.Redirects) > v.config.MaxRedirects || same {
		return frontier.Decision{}, v.end(ctx, datelinev1.Verdict_VERDICT_REJECTED, "too_many_redirects",
			fmt.Sprintf("%d redirects led to no page, the last to %s: open the URL in a browser and publish where it ends", len(next.Redirects), target))
	}
	if target.Host() == v.url.Host() {
		return frontier.Decision{Again: next}, nil
	}
	return frontier.Decision{Requeue: next}, nil
}

// produced stores the page.
func (v *visit) produced(ctx context.Context, r *httpget.Response) error {
	page, err := v.pages.write(ctx, v.entry.FrontierEntry, v.asked, v.url, r)
	if errors.Is(err, ledger.ErrTooLarge) {
		return v.bury(ctx, "too_large", err.Error())
	}
	if err != nil {
		return err
	}
	version := seen.VersionOf(v.url.ID(), r.Header)
	outcome := v.outcome(datelinev1.Verdict_VERDICT_PRODUCED, "", "")
	outcome.OutputId = page.GetId()
	if page.GetTruncated() {
		outcome.Reason, outcome.Detail = "truncated", fmt.Sprintf("the page is longer than %d bytes and was cut there", v.config.MaxBodyBytes)
		version = seen.Version{}
	}
	return v.store(ctx, outcome, version)
}

func (v *visit) outcome(verdict datelinev1.Verdict, reason, detail string) *datelinev1.Outcome {
	request := v.entry.GetRequest()
	return &datelinev1.Outcome{
		InputId: frontier.ID(request, v.asked), RequestId: request.GetRequestId(), Verdict: verdict, Reason: reason, Detail: detail,
		Url: v.asked.String(), Host: v.url.Host(), Attempt: v.entry.GetAttempts() + 1, Labels: request.GetLabels(),
	}
}

func (v *visit) end(ctx context.Context, verdict datelinev1.Verdict, reason, detail string) error {
	return v.store(ctx, v.outcome(verdict, reason, detail), seen.Version{})
}

func (v *visit) store(ctx context.Context, outcome *datelinev1.Outcome, version seen.Version) error {
	if err := v.writer.Outcome(ctx, outcome, v.now().Sub(v.start), v.entry.Sequence); err != nil {
		return err
	}
	v.ended = outcome
	return v.seen.Finish(ctx, v.asked.ID(), v.mark, outcome.GetRequestId(), version, v.now())
}

// bury gives the entry up. It can be asked for again at once.
func (v *visit) bury(ctx context.Context, reason, detail string) error {
	outcome := v.outcome(datelinev1.Verdict_VERDICT_DEAD, reason, detail)
	if err := v.writer.Bury(ctx, outcome, v.now().Sub(v.start), source(v.entry)); err != nil {
		return err
	}
	v.ended = outcome
	return v.seen.Forget(ctx, v.asked.ID())
}
