package store

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// PostgreSQL's index of words also has, for each article, the periods that contain its time.
// A period has 2^8 seconds, or 16 times, 16^2 times and so on up to 2^36 seconds. Any range of
// time is the union of a few periods, so that the index finds the matches within it without
// reading all others. The function article_periods returns the keys of a time's periods.
const (
	shortestPeriod = 8 // as a power of two, in seconds
	periodGrowth   = 4 // likewise
	periodLevels   = 8
)

// periodsWithin returns the keys of the longest periods that cover the seconds from first to
// before, which is excluded. Periods at both ends may extend beyond the range.
func periodsWithin(first, before int64) []int64 {
	const children, longest = 1 << periodGrowth, periodLevels - 1
	var keys []int64
	add := func(number, level int64) { keys = append(keys, number*periodLevels+level) }
	from, until := first>>shortestPeriod, (before+1<<shortestPeriod-1)>>shortestPeriod
	for level := int64(0); from < until; level++ {
		for ; from < until && (from%children != 0 || level == longest); from++ {
			add(from, level)
		}
		for ; from < until && until%children != 0; until-- {
			add(until-1, level)
		}
		from, until = from>>periodGrowth, until>>periodGrowth
	}
	return keys
}

// timeRange is a range of seconds since 1970: from first, inclusive, to before, exclusive.
type timeRange struct{ first, before int64 }

// arrayOfPeriods returns the keys that cover the range in the syntax of an array.
func (r timeRange) arrayOfPeriods() string {
	var b strings.Builder
	b.WriteByte('{')
	for i, key := range periodsWithin(r.first, r.before) {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(strconv.FormatInt(key, 10))
	}
	b.WriteByte('}')
	return b.String()
}

// stepping is how a search divides time into steps: the newest one has about as many articles
// as first ones of a sample, and each step has growth times as many as the one before.
type stepping struct{ first, growth int }

// timeSample are the times of articles at equal distances in the store, newest first, in
// seconds since 1970.
type timeSample []int64

// steps divides a range into adjacent ranges, newest first. The first ones have few articles,
// so that a search that finds enough of them ends there.
func (s timeSample) steps(whole timeRange, by stepping) []timeRange {
	var steps []timeRange
	at, _ := slices.BinarySearchFunc(s, whole.before, func(one, before int64) int { return cmp.Compare(before, one+1) })
	before := whole.before
	for size := by.first; at+size < len(s); size *= by.growth {
		at += size
		if first := s[at]; first > whole.first && first < before {
			steps = append(steps, timeRange{first, before})
			before = first
		}
	}
	return append(steps, timeRange{whole.first, before})
}
