package discoverer

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/dateline-news/dateline/internal/outcome"
	"github.com/dateline-news/dateline/internal/weburl"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/discoverer/internal/found"
	"github.com/dateline-news/dateline/services/discoverer/internal/hub"
	"github.com/dateline-news/dateline/services/discoverer/internal/schedule"
	"github.com/dateline-news/dateline/services/discoverer/sources"
)

const (
	// maxNew is the maximum number of articles that are taken from one response.
	maxNew = 5_000
	// maxUndated is the maximum number of articles without a date that are taken from the
	// first response of an endpoint.
	maxUndated = 100
	// maxHome and maxRobots are the maximum numbers of endpoints that are taken from a
	// home page and a robots.txt: with these two, a new site costs at most 30 requests.
	maxHome   = 20
	maxRobots = 8
	// maxChildren is the maximum number of sitemaps that are taken from an index.
	maxChildren = 20
	// robotsInterval is the time between two polls of a robots.txt.
	robotsInterval = 24 * time.Hour
	// maxPushed is the number of known articles above which a push adds none to the signature.
	maxPushed = 50_000
	// pushedShare is the share of the maximum interval after which an endpoint is polled whose hub
	// delivers, in case a push was lost.
	pushedShare = 6
	// hashSize is the size of one hash in a signature in bytes.
	hashSize = 8
)

// newArticle is an article that an endpoint lists for the first time.
type newArticle struct {
	url  weburl.URL
	item found.Item
}

// judgement is what a response means. Making it has no effects.
type judgement struct {
	verdict  datelinev1.Verdict
	reason   outcome.Reason
	detail   string
	endpoint sources.Endpoint // as changed by the response
	// signature has the hashes of what the endpoint lists, or is nil if they are those that
	// are stored.
	signature []byte
	fresh     []newArticle
	delays    []time.Time    // dates of the articles that the source did not list before
	leftOut   int            // articles that the policy of the source does not take
	announced *hub.Announced // by a feed that was polled, or nil
	named     []sources.Endpoint
}

// judge decides what the response to a poll means. It changes only shared.
func judge(
	e sources.Endpoint, source sources.Source, shared *peers, page *datelinev1.Page, body []byte, config Config,
	now time.Time,
) judgement {
	if e.Settled >= e.Poll && !e.Pushed || e.State == sources.Retired {
		made := judgement{endpoint: e}
		made.end(datelinev1.Verdict_VERDICT_UNCHANGED, outcome.NoNewItems,
			"a response to this or a later request was read before, or the endpoint is retired")
		if e.Poll == e.NewPoll && !e.Pushed { // this response: the process ended before its outcome was published
			made.end(datelinev1.Verdict_VERDICT_PRODUCED, "", e.NewDetail)
		}
		return made
	}
	first := len(e.Signature) == 0 && !e.Pushed
	if !e.Pushed {
		e.Settled, e.PollTime = e.Poll, now
	}
	made := judgement{endpoint: e}
	self := shared.join(e)
	seen := schedule.Observation{At: now, Requests: 1 + len(page.GetRedirects()), Partial: e.Pushed}
	switch reason := page.GetFailureReason(); {
	case reason == string(outcome.NotModified):
		seen.Outcome, seen.Fresh = schedule.Unchanged, fresh(page)
		made.end(datelinev1.Verdict_VERDICT_UNCHANGED, outcome.NoNewItems, "the endpoint has not changed")
		made.endpoint.Reason = ""
	case reason != "":
		seen.Outcome = schedule.Failed
		seen.RetryAfter = retryAfter(page, now)
		made.fail(outcome.FetchFailed, reason+": "+page.GetFailureDetail(), page.GetStatus() == http.StatusGone)
		if e.Hint == sources.HintHome && reason == string(outcome.NotHTML) {
			made.named = asGiven(source)
		}
	default:
		listing, err := read(page, body, e, source)
		if err != nil {
			seen.Outcome = schedule.Failed
			made.fail(outcome.NotListing, err.Error(), false)
			break
		}
		made.take(listing, source, first, config, now)
		if !e.Pushed { // a hub cannot move the endpoint
			made.follow(listing, source, shared, page, first)
			made.announced = announcedOf(page, listing.Hub, listing.Self)
		}
		seen.Listed, seen.TTL, seen.Fresh = len(listing.Items), listing.TTL, fresh(page)
		shared.list(self, made.fresh, &seen)
		if !first {
			made.delays = seen.New
		}
		seen.Disjoint = !first && !e.Pushed && len(listing.Items) > 0 && len(made.fresh) == len(listing.Items) &&
			4*len(seen.New) >= len(made.fresh)
	}
	made.reschedule(seen, shared, self, source, config, now)
	return made
}

func (made *judgement) end(verdict datelinev1.Verdict, reason outcome.Reason, detail string) {
	made.verdict, made.reason, made.detail = verdict, reason, detail
}

// fail records a failure. A candidate that fails is retired, and so is an endpoint that
// is gone.
func (made *judgement) fail(reason outcome.Reason, detail string, gone bool) {
	made.end(datelinev1.Verdict_VERDICT_REJECTED, reason, detail)
	made.endpoint.Reason = detail
	if gone || made.endpoint.State == sources.Candidate && made.endpoint.Hint != sources.HintHome {
		made.endpoint.State = sources.Retired
	}
}

// hintMoved marks an endpoint that a feed names as its new or own address.
const hintMoved = "moved"

// follow handles an endpoint that has moved. A permanent redirect changes its address. The
// address that a feed names in its text is a candidate first, and the endpoint is retired
// when that one is active: the address may be wrong.
func (made *judgement) follow(
	listing *found.Listing, source sources.Source, shared *peers, page *datelinev1.Page, first bool,
) {
	e := &made.endpoint
	if final, err := weburl.Parse(page.GetFinalUrl()); err == nil && isPermanent(page.GetRedirects()) {
		// The home page stays: only its readings name endpoints.
		if e.Hint != sources.HintHome && shared.hasOther(*e, final.String()) {
			e.State, e.Reason = sources.Retired, "it has moved to "+final.String()+", which is polled"
			return
		}
		e.URL = final.String()
	}
	if moved, err := weburl.Parse(listing.MovedTo); err == nil && moved.String() != e.URL {
		if shared.hasOther(*e, moved.String()) {
			e.State, e.Reason = sources.Retired, "it has moved to "+moved.String()+", which is polled"
			return
		}
		made.named = append(made.named, sources.NewEndpoint(source.ID, moved, e.Purpose, hintMoved))
	}
	// Many feeds name themselves with another scheme. The first reading names nothing, so
	// that the search for the endpoints of a new site stays within its bound.
	self, err := weburl.Parse(listing.Self)
	if err == nil && !first && withoutScheme(self.String()) != withoutScheme(e.URL) &&
		weburl.SameSite(self.String(), source.URL) {
		made.named = append(made.named, sources.NewEndpoint(source.ID, self, e.Purpose, hintMoved))
	}
}

func withoutScheme(url string) string {
	_, rest, _ := strings.Cut(url, "://")
	return rest
}

// retireStale retires a sitemap of an index that has listed nothing new for long: many sites
// begin another one each day or month.
func (made *judgement) retireStale(config Config, now time.Time) {
	e := &made.endpoint
	last := e.AddTime
	if e.NewTime.After(last) {
		last = e.NewTime
	}
	if e.Hint == sources.HintIndex && now.Sub(last) > config.MaxAge {
		e.State, e.Reason = sources.Retired, fmt.Sprintf("it has listed nothing new since %s", last.Format(time.DateOnly))
	}
}

// reschedule decides when the endpoint is polled next.
func (made *judgement) reschedule(
	seen schedule.Observation, shared *peers, self int, source sources.Source, config Config, now time.Time,
) {
	e, state := &made.endpoint, shared.states[self]
	state.Observe(seen)
	made.retireStale(config, now)
	if data, err := state.MarshalBinary(); err == nil {
		e.Schedule = data
	}
	limits := schedule.Defaults()
	limits.Min, limits.Max = config.MinInterval, config.MaxInterval
	plenty := source.Budget.Plenty(now, source.PollsIn24Hours(config.PollsPerDay, now), limits, shared.polled(self))
	e.NextPoll = state.Next(limits, plenty, rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64())))
	missed := !e.Pushed && len(seen.New) > 0
	if e.State == sources.Active && !missed && e.Subscription.Delivers(now) {
		safe := now.Add(config.MaxInterval / pushedShare)
		if safe.After(e.NextPoll) {
			e.NextPoll = safe
		}
	}
	if e.Purpose == datelinev1.Purpose_PURPOSE_ROBOTS {
		e.NextPoll = now.Add(robotsInterval)
	}
}

// asGiven returns the endpoints of a source whose URL is not a page: it is a feed or a
// sitemap then.
func asGiven(source sources.Source) []sources.Endpoint {
	url, err := weburl.Parse(source.URL)
	if err != nil {
		return nil
	}
	return []sources.Endpoint{
		sources.NewEndpoint(source.ID, url, datelinev1.Purpose_PURPOSE_FEED, "given"),
		sources.NewEndpoint(source.ID, url, datelinev1.Purpose_PURPOSE_SITEMAP, "given"),
	}
}

// fresh returns how long caches may return the same response: the max-age of
// Cache-Control, less Age, or 0.
func fresh(page *datelinev1.Page) time.Duration {
	var maxAge, age int
	for _, h := range page.GetHeaders() {
		switch h.GetName() {
		case "cache-control":
			for directive := range strings.SplitSeq(h.GetValue(), ",") {
				name, value, _ := strings.Cut(strings.TrimSpace(directive), "=")
				if seconds, err := strconv.Atoi(strings.Trim(value, `"`)); err == nil && strings.EqualFold(name, "max-age") {
					maxAge = seconds
				}
			}
		case "age":
			if seconds, err := strconv.Atoi(h.GetValue()); err == nil {
				age = max(seconds, 0)
			}
		}
	}
	return time.Duration(min(max(maxAge-age, 0), 86400)) * time.Second
}

// retryAfter returns the Retry-After header in seconds as a duration, or 0.
func retryAfter(page *datelinev1.Page, now time.Time) time.Duration {
	for _, h := range page.GetHeaders() {
		if h.GetName() != "retry-after" {
			continue
		}
		if seconds, err := strconv.Atoi(h.GetValue()); err == nil && seconds > 0 {
			return time.Duration(min(seconds, 86400)) * time.Second
		}
		if at, err := http.ParseTime(h.GetValue()); err == nil {
			return max(0, at.Sub(now))
		}
	}
	return 0
}
