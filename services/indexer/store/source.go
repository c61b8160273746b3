package store

import (
	"cmp"
	"maps"
	"slices"
	"time"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// hourKey names a count of outcomes that ended alike.
type hourKey struct {
	host    string
	hour    int64 // since 1970
	stage   datelinev1.Stage
	verdict datelinev1.Verdict
	reason  string
}

type hourCounts map[hourKey]int

func (h hourCounts) add(r outcomeRow, n int) {
	o := r.outcome
	h[hourKey{o.GetHost(), hourOf(r.time), o.GetStage(), o.GetVerdict(), o.GetReason()}] += n
}

func hourOf(t time.Time) int64 { return t.Unix() / 3600 }

type hourRow struct {
	hourKey
	count int
}

// sorted returns the counts in one order for all writers, against deadlocks.
func (h hourCounts) sorted() []hourRow {
	var rows []hourRow
	for _, k := range slices.SortedFunc(maps.Keys(h), hourKey.compare) {
		if h[k] != 0 {
			rows = append(rows, hourRow{k, h[k]})
		}
	}
	return rows
}

func (k hourKey) compare(other hourKey) int {
	return cmp.Or(cmp.Compare(k.host, other.host), cmp.Compare(k.hour, other.hour), cmp.Compare(k.stage, other.stage),
		cmp.Compare(k.verdict, other.verdict), cmp.Compare(k.reason, other.reason))
}

// sourceOutcome is a count of a host's outcomes within a time.
type sourceOutcome struct {
	host    string
	stage   datelinev1.Stage
	verdict datelinev1.Verdict
	reason  string
	count   int64
}

// withOutcomes gives each source its counts.
func withOutcomes(sources []Source, counts []sourceOutcome) []Source {
	at := make(map[string]int, len(sources))
	for i, s := range sources {
		at[s.Host] = i
	}
	for _, c := range counts {
		if i, ok := at[c.host]; ok {
			sources[i].Outcomes = append(sources[i].Outcomes, Count{c.stage, c.verdict, c.reason, c.count})
		}
	}
	return sources
}
