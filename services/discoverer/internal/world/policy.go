package world

import (
	"math/rand/v2"

	"github.com/dateline-news/dateline/services/discoverer/internal/found"
	"github.com/dateline-news/dateline/services/discoverer/internal/schedule"
)

// policy decides when a site's endpoints are polled. A policy is used for one site.
type policy interface {
	// next returns the endpoint to poll next and when, or -1.
	next() (endpoint int, at int64)
	// observe gives the result of a poll.
	observe(endpoint int, now int64, r reading)
}

// basic polls a site's feeds and sitemaps, or its pages if it has none. It is the frame of
// the policies that are compared.
type basic struct {
	site     *site
	due      []int64
	interval func(endpoint int, now int64, r reading) int64
}

func newBasic(s *site, random *rand.Rand, interval func(int, int64, reading) int64) *basic {
	b := &basic{site: s, due: make([]int64, len(s.endpoints)), interval: interval}
	listed := false
	for _, e := range s.endpoints {
		listed = listed || e.kind < homePage && e.opens <= start
	}
	for i, e := range s.endpoints {
		b.due[i] = start + random.Int64N(5*minute)
		if e.denied || e.opens > start || listed && e.kind >= homePage {
			b.due[i] = -1
		}
	}
	return b
}

func (b *basic) next() (int, int64) { return earliest(b.due) }

func earliest(due []int64) (int, int64) {
	best := -1
	for i, at := range due {
		if at >= 0 && (best < 0 || at < due[best]) {
			best = i
		}
	}
	if best < 0 {
		return -1, 0
	}
	return best, due[best]
}

func (b *basic) observe(i int, now int64, r reading) { b.due[i] = now + b.interval(i, now, r) }

// fixed polls in a fixed interval.
func fixed(every int64) func(*site, *rand.Rand) policy {
	return func(s *site, random *rand.Rand) policy {
		return newBasic(s, random, func(int, int64, reading) int64 { return every })
	}
}

// byCount is the entry_frequency scheduler of Miniflux, as documented: a week divided by the
// number of entries of the last week, between 5 minutes and 24 hours.
func byCount(s *site, random *rand.Rand) policy {
	return newBasic(s, random, func(_ int, now int64, r reading) int64 {
		count := int64(0)
		for _, article := range r.members {
			if s.articles[article] > now-7*day {
				count++
			}
		}
		if r.failed || count == 0 {
			return day
		}
		return min(max(7*day/count, 5*minute), day)
	})
}

// byChange is the adaptive scheduler of StormCrawler, on which news-crawl runs, as
// documented: the interval halves when the endpoint has changed and grows by half when it
// has not, here from 5 minutes to 24 hours and from one hour at first.
func byChange(s *site, random *rand.Rand) policy {
	interval, last := make([]int64, len(s.endpoints)), make([]int, len(s.endpoints))
	return newBasic(s, random, func(i int, _ int64, r reading) int64 {
		newest := -1
		if len(r.members) > 0 {
			newest = r.members[len(r.members)-1]
		}
		switch {
		case interval[i] == 0:
			interval[i] = hour
		case newest > last[i]:
			interval[i] = max(interval[i]/2, 5*minute)
		default:
			interval[i] = min(interval[i]*3/2, day)
		}
		last[i] = max(last[i], newest)
		return interval[i]
	})
}

const (
	// searchRequests is the number of requests of a search for endpoints.
	searchRequests = 12
	// searchPause is the shortest time between two searches.
	searchPause = 6 * hour
	// dead is the number of failures in a row after which an endpoint that is gone is
	// given up.
	dead = 3
)

// ours is the policy of package schedule, with the rules of a source: credits, a budget,
// and a new search when endpoints stop.
type ours struct {
	site     *site
	limits   schedule.Limits
	perDay   int
	random   *rand.Rand
	states   []*schedule.State
	credits  schedule.Credits
	budget   schedule.Budget
	taken    schedule.Budget // articles found
	due      []int64
	last     []int // the newest article that the endpoint has listed, -1 at first
	failures []int
	searched int64
	extra    int // requests of a search that is not counted yet
}

func adaptive(limits schedule.Limits, perDay int) func(*site, *rand.Rand) policy {
	return func(s *site, random *rand.Rand) policy {
		n := len(s.endpoints)
		o := &ours{
			site: s, limits: limits, perDay: perDay, random: random, states: make([]*schedule.State, n),
			due: make([]int64, n), last: make([]int, n), failures: make([]int, n),
		}
		for i := range n {
			o.states[i], o.due[i], o.last[i] = &schedule.State{}, -1, -1
		}
		o.search(start)
		return o
	}
}

// search finds the endpoints that the site has now.
func (o *ours) search(now int64) {
	if o.searched > 0 && now-o.searched < searchPause {
		return
	}
	o.searched = now
	o.extra += searchRequests
	for i, e := range o.site.endpoints {
		if !e.denied && e.opens <= now && now < e.closes && o.due[i] < 0 {
			o.due[i], o.failures[i] = now, 0
		}
	}
}

func (o *ours) next() (int, int64) {
	i, at := earliest(o.due)
	if i < 0 {
		// All endpoints are gone: search again.
		o.search(o.searched + searchPause)
		i, at = earliest(o.due)
		if i < 0 {
			return -2, o.searched + searchPause
		}
	}
	ok, again := o.budget.Take(clock(at), o.polls(at))
	if !ok {
		o.due[i] = max(again.Unix(), at+1)
		return o.next()
	}
	return i, at
}

func (o *ours) observe(i int, now int64, r reading) {
	for range r.requests - 1 {
		o.budget.Take(clock(now), o.polls(now))
	}
	observation := schedule.Observation{At: clock(now), Listed: r.listed, Requests: r.requests}
	if r.failed {
		observation.Outcome = schedule.Failed
		o.failures[i]++
	} else {
		o.failures[i] = 0
		o.news(i, now, r, &observation)
	}
	o.states[i].Observe(observation)
	plenty := o.budget.Plenty(clock(now), o.polls(now), o.limits, o.alive())
	o.due[i] = o.states[i].Next(o.limits, plenty, o.random).Unix()
	if r.gone && o.failures[i] >= dead {
		o.due[i] = -1
	}
	if r.failed && o.failures[i] == dead {
		o.search(now)
	}
}

// polls returns the number of requests in 24 hours that are allowed at now.
func (o *ours) polls(now int64) int { return schedule.PerDay(o.perDay, o.taken.Used(clock(now))) }

// alive returns the endpoints that are polled.
func (o *ours) alive() []*schedule.State {
	var states []*schedule.State
	for i, s := range o.states {
		if o.due[i] >= 0 {
			states = append(states, s)
		}
	}
	return states
}

// news gives the schedule the dates of the articles that are new in a listing.
func (o *ours) news(i int, now int64, r reading, into *schedule.Observation) {
	first := o.last[i] < 0
	listing := &found.Listing{}
	var fresh []int
	for j := len(r.members) - 1; j >= 0 && r.members[j] > o.last[i]; j-- {
		fresh = append(fresh, r.members[j])
		listing.Items = append(listing.Items, found.Item{Published: clock(r.date(r.members[j]))})
	}
	listing.DistrustDates(clock(now))
	for j, article := range fresh {
		published := listing.Items[j].Published
		isNew, since := o.credits.List(o.states, i, uint64(article)*0x9E3779B97F4A7C15+1, published, clock(now))
		switch {
		case isNew:
			o.taken.Spend(clock(now), 1)
			into.New = append(into.New, published)
		case !published.IsZero():
			into.Late = append(into.Late, published)
		case !since.IsZero():
			into.Late = append(into.Late, since)
		}
		o.last[i] = max(o.last[i], article)
	}
	into.Disjoint = !first && len(fresh) > 0 && len(fresh) == len(r.members) && 4*len(into.New) >= len(fresh)
}
