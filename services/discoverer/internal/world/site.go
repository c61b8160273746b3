// Package world is a simulation of news sites to measure polling policies in: how many
// articles they find, how soon, and with how many requests. Its sites are made: they
// publish by hour of week, and have feeds, sitemaps and pages that are short, long, cached,
// delayed, frozen, moved, broken and redesigned. Time is simulated, and endpoints are
// lists of articles, not bytes.
package world

import (
	"math"
	"math/rand/v2"
	"sort"
	"time"
)

const (
	minute = int64(60)
	hour   = 60 * minute
	day    = 24 * hour
	// history is how long the sites have published before the simulation starts.
	history = 21 * day
	// start is a Monday.
	start = int64(1777852800) // 2026-05-04T00:00:00Z
)

type kind uint8

const (
	feedKind kind = iota
	newsMap       // a news sitemap of two days
	hourMaps      // a sitemap index with a sitemap for each hour
	homePage
	sectionPage
)

// lie is what is wrong with an endpoint's dates.
type lie uint8

const (
	right  lie = iota
	absent     // none
	built      // all are the time of the response
	ahead      // in the future
)

// endpoint lists some of a site's articles.
type endpoint struct {
	kind    kind
	members []int // indexes of articles, in order of publication
	visible []int64
	window  int   // number of articles that are listed
	age     int64 // maximum age of the articles that are listed, or 0
	dates   lie
	cost    int // requests for a reading
	denied  bool
	moves   int64 // when it starts to redirect, or 0

	opens, closes int64 // 404 outside of this
	frozen        int64 // nothing new from then on, or 0
	broken        [2]int64
}

// site is a made site.
type site struct {
	articles  []int64 // times of publication
	appears   []int64 // when the first endpoint lists each article
	endpoints []*endpoint
}

// reading is the result of a request to an endpoint.
type reading struct {
	failed, gone bool
	requests     int
	listed       int
	members      []int // the articles that are listed
	date         func(article int) int64
}

func (s *site) read(e *endpoint, now int64, moved bool) reading {
	r := reading{requests: e.cost}
	if e.moves > 0 && now >= e.moves && !moved {
		r.requests++
	}
	switch {
	case now < e.opens || now >= e.closes:
		return reading{failed: true, gone: true, requests: 1}
	case now >= e.broken[0] && now < e.broken[1]:
		return reading{failed: true, requests: 1}
	}
	seen := now
	if e.frozen > 0 {
		seen = min(seen, e.frozen)
	}
	to := sort.Search(len(e.visible), func(i int) bool { return e.visible[i] > seen })
	from := max(0, to-e.window)
	if e.age > 0 {
		from = max(from, sort.Search(to, func(i int) bool { return s.articles[e.members[i]] >= now-e.age }))
	}
	r.members, r.listed = e.members[from:to], to-from
	r.date = func(article int) int64 {
		switch e.dates {
		case absent:
			return 0
		case built:
			return now
		case ahead:
			return s.articles[article] + 20*hour
		default:
			return s.articles[article]
		}
	}
	return r
}

// newSites makes sites whose articles are published from history before start until end.
func newSites(n int, seed uint64) []*site {
	random := rand.New(rand.NewPCG(seed, 42))
	sites := make([]*site, n)
	for i := range sites {
		sites[i] = newSite(i, n, random)
	}
	return sites
}

// newSite makes site i of n. The rates are spread evenly on a logarithmic scale, from one
// article a month to 40 in the busiest hour.
func newSite(i, n int, random *rand.Rand) *site {
	const least, most = 1.0 / (30 * 24), 18.0
	rate := least * math.Pow(most/least, float64(i)/float64(max(n-1, 1)))
	s := &site{articles: publish(rate, random)}
	s.build(random)
	return s
}

// publish returns the times of publication of a site with a mean rate in articles an hour.
func publish(rate float64, random *rand.Rand) []int64 {
	zone := int64(random.IntN(24))
	weekend := 0.15 + 0.7*random.Float64()
	night := 0.02 + 0.15*random.Float64()
	var shape [168]float64
	sum := 0.0
	for h := range shape {
		local := (int64(h) + zone) % 168
		clock := float64(local % 24)
		morning, afternoon := (clock-10)/3, (clock-16)/3
		v := night + math.Exp(-morning*morning) + 0.8*math.Exp(-afternoon*afternoon)
		if local/24 >= 5 {
			v *= weekend
		}
		shape[h] = v
		sum += v
	}
	var times []int64
	for at := start - history; at < end; at += hour {
		mean := rate * shape[(at-start+52*7*day)/hour%168] * 168 / sum
		for range poisson(min(mean, 40), random) {
			times = append(times, at+random.Int64N(hour))
		}
	}
	sort.Slice(times, func(i, j int) bool { return times[i] < times[j] })
	return times
}

func poisson(mean float64, random *rand.Rand) int {
	limit, p, n := math.Exp(-mean), random.Float64(), 0
	for p > limit {
		p *= random.Float64()
		n++
	}
	return n
}

// build gives the site endpoints and habits.
func (s *site) build(random *rand.Rand) {
	section := make([]int, len(s.articles))
	sections := 3 + random.IntN(6)
	for i := range section {
		section[i] = random.IntN(sections)
	}
	s.generation(section, sections, start-history, end+day, random)
	if chance(random, 0.05) { // a redesign: all addresses change
		at := start + day + random.Int64N(4*day)
		for _, e := range s.endpoints {
			e.closes = at
		}
		s.generation(section, sections, at, end+day, random)
	}
	s.appears = make([]int64, len(s.articles))
	for _, e := range s.endpoints {
		for i, article := range e.members {
			v := e.visible[i]
			gone := v < e.opens || v >= e.closes || e.denied || e.frozen > 0 && v > e.frozen
			if !gone && (s.appears[article] == 0 || v < s.appears[article]) {
				s.appears[article] = v
			}
		}
	}
}

func chance(random *rand.Rand, p float64) bool { return random.Float64() < p }

func pick[T any](random *rand.Rand, list ...T) T { return list[random.IntN(len(list))] }

// generation adds the endpoints that the site has between two times.
func (s *site) generation(section []int, sections int, opens, closes int64, random *rand.Rand) {
	add := func(e *endpoint, share float64, only int, delay, cache int64) *endpoint {
		e.opens, e.closes, e.cost = opens, closes, max(e.cost, 1)
		for i := range s.articles {
			if (only < 0 || section[i] == only) && chance(random, share) {
				v := s.articles[i] + delay
				if cache > 0 {
					v = (v + cache - 1) / cache * cache
				}
				e.members, e.visible = append(e.members, i), append(e.visible, v)
			}
		}
		s.endpoints = append(s.endpoints, e)
		return e
	}
	onlySections := chance(random, 0.1)
	if !onlySections {
		e := &endpoint{kind: feedKind, window: pick(random, 10, 10, 15, 20, 20, 30, 50, 100, 500, 5000)}
		e.dates = pick(random, right, right, right, right, right, right, absent, built, ahead)
		share, delay := pick(random, 1, 1, 1, 0.95), pick(random, 0, 0, 0, 2*minute, 5*minute)
		add(e, share, -1, delay, pick(random, 0, 0, minute, 5*minute, 10*minute))
		s.misfortune(e, random)
	}
	if !onlySections && chance(random, 0.4) {
		add(&endpoint{kind: newsMap, window: 1000, age: 2 * day}, 1, -1, 0, pick(random, 0, minute, 5*minute))
	} else if chance(random, 0.2) {
		e := &endpoint{kind: hourMaps, window: 1000, age: 2 * hour, cost: 2, dates: built}
		add(e, 1, -1, 0, pick(random, 0, 5*minute))
	}
	share := 0.85
	if onlySections {
		share = 0.2
	}
	home := add(&endpoint{kind: homePage, window: 40, dates: absent}, share, -1, 0, pick(random, 0, 0, minute, 5*minute))
	home.denied = !onlySections && chance(random, 0.03)
	for i := range sections {
		add(&endpoint{kind: sectionPage, window: 25, dates: absent}, 0.97, i, 0, pick(random, 0, 0, minute, 5*minute))
	}
}

// misfortune lets feeds freeze, move and break.
func (s *site) misfortune(e *endpoint, random *rand.Rand) {
	at := start + random.Int64N(6*day)
	if chance(random, 0.04) {
		e.frozen = at
		return
	}
	if chance(random, 0.04) {
		e.moves = at
		return
	}
	if chance(random, 0.06) {
		e.broken = [2]int64{at, at + random.Int64N(2*day)}
		return
	}
	if chance(random, 0.02) {
		e.closes = at
	}
}

// clock returns Unix seconds as a time, and 0 as the zero time.
func clock(t int64) time.Time {
	if t == 0 {
		return time.Time{}
	}
	return time.Unix(t, 0).UTC()
}
