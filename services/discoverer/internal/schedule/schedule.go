// Package schedule decides when to poll an endpoint. It estimates the rate at which an
// endpoint brings new articles, by hour of day and day of week, and polls when a poll is
// likely to pay: a poll every TargetDelay while articles appear often, and few polls while
// they do not.
package schedule

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"time"
)

// Limits bound the polls of an endpoint.
type Limits struct {
	// Min and Max are the shortest and longest interval between two polls.
	Min, Max time.Duration
	// TargetDelay is the delay from the publication of an article to its discovery that
	// a site with many articles should have.
	TargetDelay time.Duration
	// Price is the number of articles that a poll must be expected to find within
	// TargetDelay of their publication, so that polls are TargetDelay apart.
	Price float64
	// Pending is the expected number of undiscovered articles at which an endpoint is
	// polled although no poll pays.
	Pending float64
}

// Defaults are the limits that TestWorld measures.
func Defaults() Limits {
	return Limits{
		Min: 2 * time.Minute, Max: 24 * time.Hour,
		TargetDelay: 12*time.Minute + 30*time.Second, Price: 0.047, Pending: 0.3,
	}
}

// Bounds of what publishers can ask for.
const (
	// maxFresh is the longest Cache-Control max-age that is respected. Before it ends, a
	// cache would return the same feed. Longer ones are mistakes on listings of news.
	maxFresh = time.Hour
	// maxTTL is the longest ttl or sy:updatePeriod that is respected. Blog software writes
	// an hour into all feeds, whatever their rate.
	maxTTL = 15 * time.Minute
	// maxRetryAfter is the longest Retry-After that is respected.
	maxRetryAfter = 24 * time.Hour
	// firstRetry is the wait after the first failed poll. It doubles with each.
	firstRetry = 10 * time.Minute
	// maxFailures bounds the doubling: 10 minutes times 2^8 is more than a day.
	maxFailures = 8
)

// Constants of the estimate.
const (
	// memory is the time in hours after which an observation counts 1/e.
	memory = 21 * 24
	// priorArticles in priorHours is the rate before any observation.
	priorArticles, priorHours = 0.5, 6.0
	// smoothing is the number of articles at the average rate with which each hour of day
	// and each day of week starts.
	smoothing = 2.0
	// historyHours is the maximum weight in hours of the dates that the first reading gives.
	historyHours = 7 * 24
	// probing is the time observed, in hours, before which the intervals grow by half of
	// it, from firstProbe: nothing else says how often an endpoint without dates changes.
	probing    = 24
	firstProbe = 10 * time.Minute
	// jitter is the maximum share of the interval by which a poll is moved.
	jitter = 0.08
)

// State is what the schedule knows about an endpoint. The zero value is a new endpoint,
// which is due now. Times are Unix seconds in UTC.
type State struct {
	last      int64 // the last poll, 0 before the first
	notBefore int64 // what the server asked for
	listed    float32
	overflow  float32 // longest interval in hours that a full window allows, 0 means unknown
	articles  float32 // new articles, decayed
	hours     float32 // time observed, decayed
	seen      float32 // articles that it listed, also those known from other endpoints
	lag       float32 // hours from publication until it lists an article
	failures  uint8
	extra     uint8 // requests of a poll after the first

	hourArticles, hourHours [24]float32
	dayArticles, dayHours   [7]float32
}

// Outcome is the result of a poll.
type Outcome uint8

// The outcomes of a poll.
const (
	Read      Outcome = iota // the endpoint was read
	Unchanged                // 304, or the same bytes
	Failed                   // no answer, an error, or not a listing
)

// Observation is the result of a poll.
type Observation struct {
	At      time.Time
	Outcome Outcome
	// Requests is the number of requests that the poll took, such as 2 for a sitemap index
	// and its newest sitemap. 0 means 1.
	Requests int
	// Listed is the number of items. New are those that no endpoint of the source gave
	// before; their times of publication, or zero times if unknown.
	Listed int
	New    []time.Time
	// Late are the times of publication of the items that are new on this endpoint and
	// known from others, or if unknown, the times when the others gave them.
	Late []time.Time
	// Disjoint means that no item was in the listing before, and that at least a quarter of
	// them are in New: items were missed that no other endpoint gave.
	Disjoint bool
	// Partial means that only some of the items are known, such as those that a hub has pushed. It
	// says nothing about the listing and how late it is.
	Partial bool
	// Fresh is the max-age of Cache-Control, less Age. TTL is what the feed asks for.
	// RetryAfter is the header of a 429 or 503. All are 0 if absent.
	Fresh, TTL, RetryAfter time.Duration
}

// Observe learns from a poll.
func (s *State) Observe(o Observation) {
	now := o.At.Unix()
	wait := max(min(o.Fresh, maxFresh), min(o.TTL, maxTTL), min(o.RetryAfter, maxRetryAfter))
	s.notBefore = now + int64(wait/time.Second)
	if o.Outcome == Failed {
		s.failures = min(s.failures+1, maxFailures)
		s.last = now
		return
	}
	s.failures, s.extra = 0, uint8(min(max(o.Requests-1, 0), math.MaxUint8))
	first := s.hours == 0
	from := s.last
	s.last = now
	if first {
		s.learnHistory(o)
		return
	}
	if from == 0 || from > now {
		from = now
	}
	s.pass(from, now)
	if o.Outcome == Unchanged {
		return
	}
	for _, t := range o.New {
		s.add(appeared(t.Unix(), from, now), 1)
	}
	if o.Partial {
		return
	}
	s.listed = float32(o.Listed)
	interval := float64(now-from) / 3600
	if o.Disjoint && interval > 0 {
		s.overflow = float32(interval / 2)
	} else if s.overflow > 0 {
		s.overflow *= 1.05 // the overflow was a burst: allow longer intervals again
		if s.overflow > 24 {
			s.overflow = 0
		}
	}
	s.learnLag(from, now, o.New)
	s.learnLag(from, now, o.Late)
}

// appeared returns the time at which an article became visible, if its date is between
// two polls, or else the middle of the interval.
func appeared(t, from, to int64) int64 {
	if t > from && t <= to {
		return t
	}
	return from + (to-from)/2
}

const (
	// maxLag is the longest lag that shortens intervals. Later dates are corrections.
	maxLag = 3600
	// lagFactor covers lags that are longer than the mean.
	// lagWeight is the weight of one article in the mean of the lag.
	lagWeight = 1.0 / 32
)

// learnLag learns how late the endpoint lists articles: because it is cached, or made from
// time to time. Without lag, the articles of a poll are half an interval old on average.
func (s *State) learnLag(from, now int64, dates []time.Time) {
	for _, t := range dates {
		u := t.Unix()
		if u <= from-maxLag || u > now {
			continue
		}
		lag := float32(now-u)/3600 - float32(now-from)/7200
		s.lag += lagWeight * (min(max(lag, -0.25), 1) - s.lag)
	}
}

// learnHistory starts the estimate with the dates of the first reading. The rate is that
// of the whole listing, so a listing without dates teaches nothing.
func (s *State) learnHistory(o Observation) {
	s.listed = float32(o.Listed)
	now := o.At.Unix()
	oldest := now
	for _, t := range o.New {
		if u := t.Unix(); u <= now && u > now-historyHours*3600 {
			oldest = min(oldest, u)
		}
	}
	span := max(now-oldest, 3600)
	s.pass(now-span, now)
	for _, t := range o.New {
		if u := t.Unix(); u <= now && u >= oldest && u > now-historyHours*3600 {
			s.add(u, 1)
		}
	}
}

// pass counts the time from one poll to the next as observed.
func (s *State) pass(from, to int64) {
	// After two weeks without polls, the hours are the same as after one.
	from = max(from, to-14*24*3600)
	elapsed := float64(to-from) / 3600
	decay := float32(math.Exp(-elapsed / memory))
	s.articles *= decay
	s.hours = s.hours*decay + float32(elapsed)
	s.seen *= decay
	scale(s.hourArticles[:], decay)
	scale(s.hourHours[:], decay)
	scale(s.dayArticles[:], decay)
	scale(s.dayHours[:], decay)
	for from < to {
		next := min(from-from%3600+3600, to)
		share := float32(next-from) / 3600
		hour, day := slot(from)
		s.hourHours[hour] += share
		s.dayHours[day] += share
		from = next
	}
}

func scale(values []float32, by float32) {
	for i := range values {
		values[i] *= by
	}
}

func slot(t int64) (hour, day int) {
	return int(t/3600) % 24, int(t/86400) % 7
}

func (s *State) add(t int64, n float32) {
	hour, day := slot(max(t, 0))
	s.articles = max(0, s.articles+n)
	s.hourArticles[hour] = max(0, s.hourArticles[hour]+n)
	s.dayArticles[day] = max(0, s.dayArticles[day]+n)
}

// Credit adds an article that was published at t and that another endpoint gave first,
// and Discredit takes one away that another endpoint would have given: see Credits.
func (s *State) Credit(t time.Time) { s.add(t.Unix(), 1) }

// Discredit is described at Credit.
func (s *State) Discredit(t time.Time) { s.add(t.Unix(), -1) }

// Rate returns the expected number of new articles an hour at time t.
func (s *State) Rate(t time.Time) float64 { return s.rate(t.Unix()) }

func (s *State) rate(t int64) float64 {
	mean := (float64(s.articles) + priorArticles) / (float64(s.hours) + priorHours)
	hour, day := slot(t)
	before, after := (hour+23)%24, (hour+1)%24
	articles := float64(s.hourArticles[before])/4 + float64(s.hourArticles[hour])/2 + float64(s.hourArticles[after])/4
	hours := float64(s.hourHours[before])/4 + float64(s.hourHours[hour])/2 + float64(s.hourHours[after])/4
	return mean * (articles + smoothing) / (mean*hours + smoothing) *
		(float64(s.dayArticles[day]) + smoothing) / (mean*float64(s.dayHours[day]) + smoothing)
}

// step is the precision of Next.
const step = 60

// Next returns when to poll next. plenty is the result of Budget.Plenty: the scarcer the
// requests, the more a poll must pay.
func (s *State) Next(l Limits, plenty float64, random *rand.Rand) time.Time {
	if s.last == 0 {
		return time.Unix(0, 0).UTC()
	}
	wait := s.interval(l, plenty)
	wait += int64(float64(wait) * jitter * (2*random.Float64() - 1))
	at := max(s.last+min(max(wait, int64(l.Min/time.Second)), int64(l.Max/time.Second)), s.notBefore)
	return time.Unix(at, 0).UTC()
}

// interval returns the seconds from the last poll to the next.
func (s *State) interval(l Limits, plenty float64) int64 {
	longest := int64(l.Max / time.Second)
	if s.failures > 0 {
		return min(int64(firstRetry/time.Second)<<(s.failures-1), longest)
	}
	target := s.target(l)
	scarcity := 1 / min(max(plenty, 1.0/maxScarcity), 1)
	price := l.Price * scarcity * s.cost()
	pending := 0.0
	if s.hours < probing {
		longest = min(longest, int64(firstProbe/time.Second)+int64(s.hours*3600/2))
	}
	rate := s.rate(s.last)
	for wait := int64(step); wait < longest; wait += step {
		if (s.last+wait)%3600 < step { // the rate changes with the hour
			rate = s.rate(s.last + wait)
		}
		pending += rate * step / 3600
		pays := wait >= target && rate*float64(target)/3600 >= price
		full := s.listed > 0 && pending >= float64(s.listed)/2
		over := s.overflow > 0 && float64(wait)/3600 >= float64(s.overflow)
		if pays || full || over || wait >= target && pending >= l.Pending*scarcity*s.cost() {
			return wait
		}
	}
	return longest
}

// target returns the seconds between polls at which articles are found on time. An endpoint
// that lists articles late is polled a little more often.
func (s *State) target(l Limits) int64 {
	target := int64(l.TargetDelay / time.Second)
	return max(target-int64(max(s.lag, 0)*3600), target*7/10)
}

// cost returns the requests of a poll.
func (s *State) cost() float64 { return 1 + float64(s.extra) }

// frequency returns the expected number of polls an hour at a rate. It is the inverse of
// interval for a constant rate.
func (s *State) frequency(l Limits, scarcity, rate float64) float64 {
	target := float64(s.target(l)) / 3600
	polls := rate / (l.Pending * scarcity * s.cost())
	if rate*target >= l.Price*scarcity*s.cost() {
		polls = 1 / target
	}
	polls = min(polls, 1/target)
	if s.listed > 0 {
		polls = max(polls, 2*rate/float64(s.listed))
	}
	return min(max(polls, 1/l.Max.Hours()), 1/l.Min.Hours())
}

// stateVersion is the first byte of a stored state.
const stateVersion = 1

// Size is the length of a stored state in bytes.
const Size = 3 + 2*8 + 6*4 + 2*(24+7)*4

// MarshalBinary returns the state in Size bytes.
func (s *State) MarshalBinary() ([]byte, error) {
	b := make([]byte, 0, Size)
	b = append(b, stateVersion, s.failures, s.extra)
	for _, v := range []int64{s.last, s.notBefore} {
		b = binary.LittleEndian.AppendUint64(b, uint64(v))
	}
	for _, v := range s.floats() {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(*v))
	}
	return b, nil
}

func (s *State) floats() []*float32 {
	all := []*float32{&s.listed, &s.overflow, &s.articles, &s.hours, &s.seen, &s.lag}
	for _, list := range [][]float32{s.hourArticles[:], s.hourHours[:], s.dayArticles[:], s.dayHours[:]} {
		for i := range list {
			all = append(all, &list[i])
		}
	}
	return all
}

var errState = errors.New("the stored schedule is damaged")

// UnmarshalBinary reads what MarshalBinary returned. It accepts no values that would
// break the estimate.
func (s *State) UnmarshalBinary(b []byte) error {
	if len(b) != Size || b[0] != stateVersion {
		return fmt.Errorf("%w: %d bytes, want %d", errState, len(b), Size)
	}
	read := State{failures: min(b[1], maxFailures), extra: b[2]}
	b = b[3:]
	for _, v := range []*int64{&read.last, &read.notBefore} {
		*v = int64(binary.LittleEndian.Uint64(b))
		b = b[8:]
	}
	for _, v := range read.floats() {
		*v = math.Float32frombits(binary.LittleEndian.Uint32(b))
		b = b[4:]
		if !(*v >= -1 && *v < 1e9) { // false for NaN
			return fmt.Errorf("%w: a count is %v", errState, *v)
		}
	}
	*s = read
	return nil
}
