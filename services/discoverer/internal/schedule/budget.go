package schedule

import (
	"encoding/binary"
	"math"
	"time"
)

// Budget counts the requests that a source has caused in the last 24 hours, by hour. A source
// that has spent its budget gets it back hour by hour, as it was spent. The zero value has
// caused none.
type Budget struct {
	hour int64               // hours since 1970 of the newest count
	used [windowHours]uint16 // by hour modulo windowHours
}

// DefaultRequests is the default number of requests of a source in 24 hours.
const DefaultRequests = 200

// PerDay returns the maximum number of requests in 24 hours of a source that has brought a number
// of articles in the last 24 hours: one more than usual for each, up to three times as many. A
// busy site that has only section pages cannot be followed on time with less. See
// docs/decisions/0030.
func PerDay(usual, articles int) int { return usual + min(articles, 2*usual) }

// windowHours is the length of the window: the current hour and the 23 before.
const windowHours = 24

// advance forgets the hours that have left the window.
func (b *Budget) advance(hour int64) {
	for b.hour = max(b.hour, hour-windowHours); b.hour < hour; {
		b.hour++
		b.used[b.hour%windowHours] = 0
	}
}

// Used returns the number of requests in the window.
func (b *Budget) Used(now time.Time) int {
	b.advance(now.Unix() / 3600)
	used := 0
	for _, n := range b.used {
		used += int(n)
	}
	return used
}

// Spend counts requests.
func (b *Budget) Spend(now time.Time, requests int) {
	b.advance(now.Unix() / 3600)
	n := &b.used[b.hour%windowHours]
	*n = uint16(min(int(*n)+requests, math.MaxUint16))
}

// Opens returns when a request is possible again: now, or the time at which enough of the
// requests have left the window.
func (b *Budget) Opens(now time.Time, perDay int) time.Time {
	used := b.Used(now)
	if used < perDay {
		return now
	}
	for hour := b.hour + 1; ; hour++ {
		used -= int(b.used[hour%windowHours])
		if used < perDay || hour >= b.hour+windowHours {
			return time.Unix(hour*3600, 0).UTC()
		}
	}
}

// Take takes a request for polling, of perDay requests in 24 hours. If none is left, it
// reports false and when to try again.
func (b *Budget) Take(now time.Time, perDay int) (ok bool, again time.Time) {
	if again = b.Opens(now, perDay); again.After(now) {
		return false, again
	}
	b.Spend(now, 1)
	return true, now
}

// budgetSize is the length of a stored budget in bytes.
const budgetSize = 8 + 2*windowHours

// Bytes returns the budget for storage.
func (b *Budget) Bytes() []byte {
	data := binary.LittleEndian.AppendUint64(make([]byte, 0, budgetSize), uint64(b.hour))
	for _, n := range b.used {
		data = binary.LittleEndian.AppendUint16(data, n)
	}
	return data
}

// BudgetOf returns the budget that was stored as data. One that is damaged starts again.
func BudgetOf(data []byte) Budget {
	var b Budget
	if len(data) != budgetSize {
		return b
	}
	b.hour = max(int64(binary.LittleEndian.Uint64(data)), 0)
	for i := range b.used {
		b.used[i] = binary.LittleEndian.Uint16(data[8+2*i:])
	}
	return b
}

// maxScarcity is the highest factor of the price of a poll.
const maxScarcity = 64

// precision is the maximum factor between the scarcity that Plenty finds and the least that is
// affordable. In coarser steps, hours go without polls for which requests are left.
const precision = 1.02

// forecastShare is the number of requests that a forecast expects for each that is made: polls
// wait for whole minutes, and less while a rate rises. Without it, a tenth of a scarce budget is
// left at the end of the day.
const forecastShare = 1.1

// Plenty returns how plentiful requests are, from 1 down to 0: see State.Next. states are
// the endpoints of the source. The result is 1 if the polls that they are expected to need
// in the next 24 hours are left at any time. If not, it is the share of plenty at which the
// requests that are left go to the polls that are expected to find most.
func (b *Budget) Plenty(now time.Time, perDay int, l Limits, states []*State) float64 {
	used := b.Used(now)
	left := make([]float64, 24) // requests that are possible until the end of each hour
	for i := range left {
		left[i] = forecastShare*float64(perDay) - float64(used)
		used -= int(b.used[(b.hour+1+int64(i))%windowHours])
	}
	hours := forecast(states, now.Unix())
	if affordable(hours, left, l, 1) {
		return 1
	}
	low, high := 1.0, float64(maxScarcity)
	for high > low*precision {
		middle := math.Sqrt(low * high)
		if affordable(hours, left, l, middle) {
			high = middle
		} else {
			low = middle
		}
	}
	return 1 / high
}

// hourly is an hour of an endpoint.
type hourly struct {
	state *State
	rate  float64 // articles an hour
}

// forecast returns the next 24 hours of endpoints.
func forecast(states []*State, from int64) [][]hourly {
	hours := make([][]hourly, 24)
	for i := range hours {
		hours[i] = make([]hourly, 0, len(states))
		for _, s := range states {
			hours[i] = append(hours[i], hourly{s, s.rate(from + int64(i)*3600)})
		}
	}
	return hours
}

// affordable reports whether the requests at a factor of the price are left in each hour.
func affordable(hours [][]hourly, left []float64, l Limits, scarcity float64) bool {
	requests := 0.0
	for i, hour := range hours {
		for _, h := range hour {
			requests += h.state.cost() * h.state.frequency(l, scarcity, h.rate)
		}
		if requests > left[i] {
			return false
		}
	}
	return true
}
