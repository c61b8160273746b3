package discoverer

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

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

// take takes the new articles and the endpoints of a listing.
func (made *judgement) take(
	listing *found.Listing, source sources.Source, first bool, config Config, now time.Time,
) {
	e := &made.endpoint
	e.State, e.Reason = sources.Active, ""
	known := hashesOf(e.Signature)
	listed := make([]uint64, 0, len(listing.Items))
	if e.Pushed && len(known) <= maxPushed { // a push may have only the items that have changed
		listed = slices.AppendSeq(listed, maps.Keys(known))
	}
	undated, leftOut, waiting := 0, 0, int64(0)
	room := maxNew
	if limit := source.Policy.ArticlesPerDay; limit > 0 {
		room = min(room, max(0, limit-source.Taken.Used(now)))
	}
	for _, item := range listing.Items {
		url, err := weburl.Parse(item.URL)
		if err != nil {
			continue
		}
		hash := hashOf(url)
		isNew := !known[hash] && (!first && !e.Pushed || !tooOld(item, e.Purpose, config, now))
		if isNew && first && publishedAt(item).IsZero() {
			undated++
			isNew = undated <= maxUndated
		}
		takes := isNew && source.Policy.Takes(url, item.Language)
		if takes && len(made.fresh) >= room {
			waiting++ // it stays unknown, so that a later reading takes it
			continue
		}
		if !e.Pushed || !known[hash] {
			listed = append(listed, hash)
		}
		switch {
		case takes:
			known[hash] = true
			made.fresh = append(made.fresh, newArticle{url, item})
		case isNew:
			known[hash] = true
			leftOut++
		}
	}
	if !e.Pushed {
		e.Waiting = 0
	}
	e.Waiting += waiting
	if signature := signatureOf(listed); !bytes.Equal(signature, e.Signature) {
		e.Signature, made.signature = signature, signature
	}
	made.named = namedEndpoints(listing, source, *e, config, now)
	e.Articles += int64(len(made.fresh))
	detail := fmt.Sprintf("%d of %d articles are new", len(made.fresh), len(listing.Items))
	if leftOut > 0 {
		detail += fmt.Sprintf("; %d are left out by the policy", leftOut)
	}
	if waiting > 0 {
		detail += fmt.Sprintf("; %d wait for the daily maximum or a later reading", waiting)
	}
	made.leftOut = leftOut + int(waiting)
	if len(made.named) > 0 {
		detail += fmt.Sprintf("; %d endpoints are named", len(made.named))
	}
	if len(listing.Warnings) > 0 {
		detail += "; " + strings.Join(listing.Warnings, "; ")
	}
	if len(made.fresh) == 0 {
		made.end(datelinev1.Verdict_VERDICT_UNCHANGED, outcome.NoNewItems, detail)
		return
	}
	e.NewTime = now
	if !e.Pushed {
		e.NewPoll, e.NewDetail = e.Poll, detail
	}
	made.end(datelinev1.Verdict_VERDICT_PRODUCED, "", detail)
}

// tooOld reports whether an article is left out when its endpoint is read for the first
// time. Sitemaps without dates list whole archives.
func tooOld(item found.Item, purpose datelinev1.Purpose, config Config, now time.Time) bool {
	at := publishedAt(item)
	if at.IsZero() {
		return purpose == datelinev1.Purpose_PURPOSE_SITEMAP
	}
	return now.Sub(at) > config.MaxAge
}

func publishedAt(item found.Item) time.Time {
	if item.Published.IsZero() {
		return item.Modified
	}
	return item.Published
}

// namedEndpoints returns the endpoints that a listing names, as candidates. Pages other
// than the home page and robots.txt name too many to try.
func namedEndpoints(
	listing *found.Listing, source sources.Source, e sources.Endpoint, config Config, now time.Time,
) []sources.Endpoint {
	var named []sources.Endpoint
	add := func(address string, purpose datelinev1.Purpose, hint string) {
		if url, err := weburl.Parse(address); err == nil && url.String() != e.URL {
			named = append(named, sources.NewEndpoint(source.ID, url, purpose, hint))
		}
	}
	limit := 0
	switch {
	case e.Hint == sources.HintHome:
		limit = maxHome
	case e.Purpose == datelinev1.Purpose_PURPOSE_ROBOTS:
		limit = maxRobots
	}
	for _, c := range listing.Endpoints {
		if len(named) < limit {
			add(c.URL, purposeOf(c.Kind), c.Hint)
		}
	}
	for _, child := range listing.Children {
		if len(named) < maxChildren && (child.LastMod.IsZero() || now.Sub(child.LastMod) <= config.MaxAge) {
			add(child.URL, datelinev1.Purpose_PURPOSE_SITEMAP, sources.HintIndex)
		}
	}
	return named
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

// requests returns the requests for the new articles. Their ids are the same if the
// response is read again.
func (made *judgement) requests(source sources.Source, page *datelinev1.Page) []*datelinev1.FetchRequest {
	e := made.endpoint
	all := make([]*datelinev1.FetchRequest, 0, len(made.fresh))
	for _, a := range made.fresh {
		all = append(all, &datelinev1.FetchRequest{
			Url: a.url.String(), RequestId: foundID(page.GetRequest().GetRequestId(), a.item.Position+1),
			Priority: datelinev1.Priority_PRIORITY_FRESH, Labels: source.Labels, RequestTime: page.GetFetchTime(),
			Listed: listedOf(a.item),
			Origin: &datelinev1.Origin{
				Source: source.URL, EndpointUrl: e.URL, EndpointPurpose: e.Purpose,
				RequestId: page.GetRequest().GetRequestId(), Position: int32(a.item.Position + 1), FindTime: page.GetFetchTime(),
			},
		})
	}
	return all
}

// foundID returns the id of the request for an article by that of the poll or push that listed it.
func foundID(request string, position int) string {
	_, rest, _ := strings.Cut(request, ".")
	return fmt.Sprintf("found.%s.%d", rest, position)
}

// listedOf returns what a listing states about an article.
func listedOf(item found.Item) *datelinev1.ListedItem {
	listed := &datelinev1.ListedItem{
		Title: item.Title, Summary: item.Summary, Section: item.Section, Language: item.Language,
		ImageUrl: item.Image, Authors: item.Authors, Keywords: item.Keywords,
	}
	if !item.Published.IsZero() {
		listed.PublishedTime = timestamppb.New(item.Published)
	}
	if !item.Modified.IsZero() {
		listed.ModifiedTime = timestamppb.New(item.Modified)
	}
	return listed
}

// hashOf returns the hash of a URL in a signature.
func hashOf(url weburl.URL) uint64 { return sources.Hash(url.ID()) }

// signatureOf returns the signature of an endpoint that lists URLs with hashes, which it
// sorts: the order of a listing does not matter. It is not empty.
func signatureOf(hashes []uint64) []byte {
	slices.Sort(hashes)
	signature := append(make([]byte, 0, hashSize*len(hashes)+1), 1)
	for _, hash := range hashes {
		signature = binary.LittleEndian.AppendUint64(signature, hash)
	}
	return signature
}

// hashesOf returns the hashes in a signature.
func hashesOf(signature []byte) map[uint64]bool {
	known := make(map[uint64]bool, len(signature)/hashSize)
	if len(signature) == 0 {
		return known
	}
	for hash := range slices.Chunk(signature[1:], hashSize) {
		if len(hash) == hashSize {
			known[binary.LittleEndian.Uint64(hash)] = true
		}
	}
	return known
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
