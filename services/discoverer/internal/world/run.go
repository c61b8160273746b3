package world

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// hostPause is the shortest time between two requests to a site.
const hostPause = 5

// onTime is the delay from the appearance of an article to its discovery that counts as on
// time.
const onTime = 15 * minute

// Report is what a policy reaches.
type Report struct {
	Name     string
	Articles int
	Found    int
	OnTime   int
	Delay    time.Duration // median
	// Requests are those per site and day, other than for articles: of the median site, of
	// the site at nine tenths, and the mean.
	Median, High, Mean float64
	// Denied counts requests against robots.txt.
	Denied int
}

// FoundShare is the share of the articles that were found.
func (r Report) FoundShare() float64 { return float64(r.Found) / float64(max(r.Articles, 1)) }

// OnTimeShare is the share of the found articles that were found on time.
func (r Report) OnTimeShare() float64 { return float64(r.OnTime) / float64(max(r.Found, 1)) }

// days is the length of the simulation, and end the time at which it ends.
const (
	days = 7
	end  = start + days*day
)

// run lets a policy follow sites until end.
func run(name string, sites []*site, follower func(*site, *rand.Rand) policy) Report {
	report := Report{Name: name}
	var requests []float64
	var delays []int64
	for i, s := range sites {
		random := rand.New(rand.NewPCG(uint64(i), 3))
		count, seen, denied := follow(s, follower(s, random))
		requests = append(requests, float64(count)/days)
		report.Denied += denied
		for article, at := range s.appears {
			// The last articles have no time to be found.
			if at < start || at >= end-hour {
				continue
			}
			report.Articles++
			if seen[article] == 0 {
				continue
			}
			report.Found++
			delay := seen[article] - at
			delays = append(delays, delay)
			if delay <= onTime {
				report.OnTime++
			}
		}
	}
	slices.Sort(requests)
	slices.Sort(delays)
	for _, r := range requests {
		report.Mean += r / float64(len(requests))
	}
	report.Median, report.High = requests[len(requests)/2], requests[len(requests)*9/10]
	if len(delays) > 0 {
		report.Delay = time.Duration(delays[len(delays)/2]) * time.Second
	}
	return report
}

// follow polls a site until end. It returns the number of requests and when each article
// was found, or 0.
func follow(s *site, p policy) (requests int, seen []int64, denied int) {
	seen = make([]int64, len(s.articles))
	moved := make([]bool, len(s.endpoints))
	last := int64(0)
	for {
		i, at := p.next()
		if i == -1 || at >= end {
			break
		}
		if o, ok := p.(*ours); ok {
			requests += o.extra
			o.extra = 0
		}
		if i < 0 {
			continue // nothing to poll until then
		}
		at = max(at, last+hostPause)
		e := s.endpoints[i]
		r := s.read(e, at, moved[i])
		moved[i] = e.moves > 0 && at >= e.moves
		requests += r.requests
		last = at + int64(r.requests-1)*hostPause
		if e.denied {
			denied++
		}
		for j := len(r.members) - 1; j >= 0; j-- {
			if article := r.members[j]; seen[article] == 0 {
				seen[article] = at
			}
		}
		p.observe(i, at, r)
	}
	return requests, seen, denied
}

// Table returns reports as a Markdown table.
func Table(reports []Report) string {
	var b strings.Builder
	b.WriteString("| policy | found | on time | median delay | requests, median site | 90% | mean |\n")
	b.WriteString("|---|---:|---:|---:|---:|---:|---:|\n")
	for _, r := range reports {
		fmt.Fprintf(&b, "| %s | %.1f %% | %.1f %% | %.1f min | %.0f | %.0f | %.0f |\n", r.Name,
			100*r.FoundShare(), 100*r.OnTimeShare(), r.Delay.Minutes(), r.Median, r.High, r.Mean)
	}
	return b.String()
}
