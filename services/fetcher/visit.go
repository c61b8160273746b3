package fetcher

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"github.com/dateline-news/dateline/internal/ledger"
	"github.com/dateline-news/dateline/internal/outcome"
	"github.com/dateline-news/dateline/internal/pages"
	"github.com/dateline-news/dateline/internal/stage"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/tracing"
	"github.com/dateline-news/dateline/internal/weburl"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/fetcher/internal/frontier"
	"github.com/dateline-news/dateline/services/fetcher/internal/httpget"
	"github.com/dateline-news/dateline/services/fetcher/internal/pace"
	"github.com/dateline-news/dateline/services/fetcher/internal/seen"
	"github.com/dateline-news/dateline/services/fetcher/internal/site"
)

// visitor processes the entries of the frontier.
type visitor struct {
	config     Config
	client     *httpget.Client
	sites      *site.Sites
	pauses     *site.Pauses
	paces      *pace.File
	neighbours *pace.Neighbours
	seen       *seen.Marks
	pages      *pages.Writer
	writer     *ledger.Writer
	metrics    *stage.Metrics
	fetch      *fetchMetrics
	log        *slog.Logger
	traces     *tracing.Tracer
	now        func() time.Time
}

// visit is one turn of an entry: at most one request, and its consequences.
type visit struct {
	*visitor
	entry     *frontier.Entry
	target    weburl.Target // to fetch now, after the redirects so far
	url       weburl.URL    // the target's canonical form
	requested weburl.URL    // the URL that was published
	mark      seen.Mark     // of the requested URL, at the start of the visit
	start     time.Time
	// crawlDelay is what the site's robots.txt demands, once that is known.
	crawlDelay time.Duration
	// ended is the outcome of an entry that has ended, and postponed the reason
	// for a later attempt. Both are nil if the entry goes on at another host.
	ended     *datelinev1.Outcome
	postponed error
	// other is the exchange for the archiver if it was not for a page, or nil.
	other *datelinev1.Page
}

// Visit implements frontier.Visitor.
func (v *visitor) Visit(ctx context.Context, entry *frontier.Entry) (decision frontier.Decision, err error) {
	one := &visit{visitor: v, entry: entry, start: v.now()}
	if one.target, err = weburl.ParseTarget(entry.GetUrl()); err != nil {
		return frontier.Decision{}, v.Refuse(ctx, entry, err)
	}
	one.url = one.target.Page()
	if one.requested = one.url; entry.GetRequest().GetUrl() != entry.GetUrl() {
		if one.requested, err = weburl.Parse(entry.GetRequest().GetUrl()); err != nil {
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

// Refuse implements frontier.Visitor. The outcome names the request and the requested
// URL as far as they can be decoded, because the ledger matches it by these with the
// outcome of the intake.
func (v *visitor) Refuse(ctx context.Context, entry *frontier.Entry, cause error) error {
	request := entry.GetRequest()
	if requested, err := weburl.Parse(request.GetUrl()); err == nil {
		one := &visit{visitor: v, entry: entry, url: requested, requested: requested, start: v.now()}
		return one.bury(ctx, outcome.Malformed, cause.Error())
	}
	ended := &datelinev1.Outcome{
		InputId:   ledger.MessageID(subject.StreamFrontier, entry.Sequence, entry.Stored),
		RequestId: request.GetRequestId(),
		Reason:    string(outcome.Malformed), Detail: cause.Error(), Url: cmp.Or(request.GetUrl(), entry.GetUrl()),
		Attempt: entry.GetAttempts() + 1, Labels: request.GetLabels(),
	}
	return v.writer.Bury(ctx, ended, 0, source(entry))
}

// endSpan ends the span of an entry, which covers all of its visits.
func (v *visit) endSpan() {
	if v.ended == nil {
		v.ended = v.outcome(datelinev1.Verdict_VERDICT_UNSPECIFIED, "", "")
	}
	tracing.End(v.entry.Span, v.ended, v.postponed)
}

// guarded runs the visit and gives the entry up if the visit panics, so that one
// entry cannot crash the process again and again.
func (v *visit) guarded(ctx context.Context) (decision frontier.Decision, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			v.log.ErrorContext(ctx, "fetcher panicked", "url", v.url, "panic", cause, "stack", string(debug.Stack()))
			made := verdict{action: actionBury, reason: outcome.Panic, detail: fmt.Sprintf(
				"the fetcher panicked while processing this URL (%v): report a bug with the URL and the stack from the log",
				cause)}
			decision, err = v.settle(ctx, made, nil)
			decision.Pause = max(decision.Pause, v.pause(v.crawlDelay, v.took())) // a request may have been made
		}
	}()
	return v.run(ctx)
}

func (v *visit) run(ctx context.Context) (frontier.Decision, error) {
	if err := v.readMark(ctx); err != nil {
		return frontier.Decision{}, err
	}
	if v.mark.Done && v.mark.Request == v.entry.GetRequest().GetRequestId() {
		// The process crashed after storing the page and before removing the entry.
		return frontier.Decision{}, nil
	}
	known, err := v.sites.Get(ctx, v.url, v.entry.Taken)
	if err != nil {
		return frontier.Decision{}, err
	}
	pause, err := v.pauses.Get(ctx, v.url, v.entry.Taken)
	if err != nil {
		return frontier.Decision{}, err
	}
	if made := checkHost(known, pause, v.url.Host(), v.now(), v.config); made.action != actionFetch {
		return v.settle(ctx, made, nil)
	}
	if !v.entry.MayDial() {
		return frontier.Decision{}, site.ErrNotOurs
	}
	if known.Rules == nil {
		return v.inTurn(ctx, v.robots)
	}
	if made := checkRules(known, v.target, v.now(), v.config); made.action != actionFetch {
		if made.action == actionEnd {
			v.fetch.denied.Inc()
		}
		return v.settle(ctx, made, nil)
	}
	v.crawlDelay = known.Rules.CrawlDelay(v.config.productToken())
	return v.inTurn(ctx, v.page)
}

// readMark takes the mark that intake put into the entry. An inherited entry may
// have been processed since by a replica that crashed, so its mark is read again.
func (v *visit) readMark(ctx context.Context) (err error) {
	var carried bool
	if v.mark, carried = seen.Carried(v.entry.FrontierEntry); !carried || v.entry.Inherited {
		v.mark, _, err = v.seen.Get(ctx, v.key())
	}
	return err
}

// page fetches the page, judges the response, and settles the verdict.
func (v *visit) page(ctx context.Context) (frontier.Decision, error) {
	get := httpget.Request{URL: v.target.String(), Cookie: cookieHeader(v.entry.GetCookies(), v.target)}
	get.AnyType, get.MaxBodyBytes = bodyOf(v.entry.GetRequest().GetPurpose(), v.config)
	// A body that always ends early is stored after the last attempt.
	get.AcceptPartial = int(v.entry.GetAttempts())+1 >= v.config.MaxAttempts
	if known := v.mark.Version; !v.entry.GetRequest().GetForce() && known.URL == v.url.ID() {
		get.IfNoneMatch, get.IfModifiedSince = known.Validators()
	}
	v.entry.Begin(v.now())
	response, err := v.get(ctx, get)
	if err == nil {
		defer response.Release()
	}
	made := judge(pageRequest{
		entry: v.entry.FrontierEntry, target: v.target, now: v.now(),
		conditional: get.IfNoneMatch != "" || get.IfModifiedSince != "",
	}, response, err, v.config)
	v.fetch.observe(v.url.Host(), response, err)
	v.other = v.otherExchange(made, response, err)
	return v.settleRequest(ctx, made, response)
}

// settleRequest settles the verdict about a request. The host's pause comes first,
// so that a crash afterwards does not shorten it.
func (v *visit) settleRequest(
	ctx context.Context, made verdict, response *httpget.Response,
) (frontier.Decision, error) {
	pause := v.pause(v.crawlDelay, v.took())
	if err := v.pauses.Usual(ctx, v.url, pause); err != nil {
		return frontier.Decision{Pause: max(pause, made.wait)}, err
	}
	if err := v.pauses.Rest(ctx, v.url, made.wait); err != nil {
		return frontier.Decision{Pause: max(pause, made.wait)}, err
	}
	decision, err := v.settle(ctx, made, response)
	decision.Pause = max(decision.Pause, pause)
	if err != nil {
		decision.Pause = max(decision.Pause, made.wait)
	}
	return decision, err
}

func (v *visit) get(ctx context.Context, get httpget.Request) (*httpget.Response, error) {
	ctx, stop := v.entry.Guard(ctx)
	defer stop()
	ctx, span := v.traces.Client(ctx, "GET")
	response, err := v.client.Get(ctx, get)
	status := 0
	if err == nil {
		status = response.Status
	}
	tracing.EndRequest(span, v.url.Host(), status, err)
	return response, err
}

// robots requests the site's robots.txt; the page follows in a later visit. If
// the site does not answer at all, the entry fails as if the page had been
// requested.
func (v *visit) robots(ctx context.Context) (frontier.Decision, error) {
	v.fetch.robots.Inc()
	guarded, stop := v.entry.Guard(ctx)
	defer stop()
	traced, span := v.traces.Client(guarded, "GET robots.txt")
	err := v.sites.FetchRobots(traced, v.url, v.entry.MayDial, v.captureRobots)
	tracing.EndRequest(span, v.url.Host(), 0, err)
	if _, noAnswer := errors.AsType[*httpget.Error](err); noAnswer {
		v.fetch.observe(v.url.Host(), nil, err)
		return v.settleRequest(ctx, judgeFailure(err), nil)
	}
	decision := frontier.Decision{Again: v.entry.FrontierEntry, Pause: v.pause(0, v.took())}
	if err != nil {
		return decision, err
	}
	return decision, v.pauses.Usual(ctx, v.url, decision.Pause)
}

// inTurn makes a request if it is the host's turn among the hosts on its
// address, and waits otherwise.
func (v *visit) inTurn(
	ctx context.Context, request func(context.Context) (frontier.Decision, error),
) (frontier.Decision, error) {
	if err := v.pauses.Usual(ctx, v.url, v.pause(v.crawlDelay, 0)); err != nil {
		return frontier.Decision{}, err
	}
	if !v.config.PerAddress {
		return request(ctx)
	}
	address, err := v.client.Address(ctx, v.url.Scheme(), v.url.Host())
	if err != nil {
		return request(ctx) // which fails for the same reason, and reports it
	}
	interval, given := v.paces.Network(address.Addr())
	if given && interval == 0 {
		return request(ctx)
	}
	if !given {
		interval = v.config.Delay
	}
	if wait := v.neighbours.Enter(address, v.url.Host(), interval, v.entry.Taken); wait > 0 {
		if err := v.pauses.Queue(v.url, wait, v.neighbours.Others(address)); err != nil {
			v.log.Warn("storing why a host waits failed", "host", v.url.Host(), "error", err)
		}
		return frontier.Decision{Again: v.entry.FrontierEntry, Pause: wait}, nil
	}
	v.start = v.now() // the time so far is not the host's response time
	defer func() {
		if !given {
			interval = v.pause(0, v.took())
		}
		v.neighbours.Leave(address, interval)
	}()
	return request(ctx)
}

// took returns how long the request took so far.
func (v *visit) took() time.Duration { return v.now().Sub(v.start) }

// pause returns how long the host rests after a request that took some time. It is
// the pace file's delay for the host, or the longest of the configured delay, the
// Crawl-delay of robots.txt and a multiple of the host's response time. A
// Crawl-delay longer than the pace file's is obeyed.
func (v *visit) pause(crawlDelay, took time.Duration) time.Duration {
	if delay, ok := v.paces.Host(v.url.Host()); ok {
		return max(delay, min(crawlDelay, v.config.MaxDelay))
	}
	longest := max(v.config.Delay, crawlDelay, time.Duration(v.config.DelayFactor*float64(took)))
	return min(longest, max(v.config.Delay, v.config.MaxDelay))
}
