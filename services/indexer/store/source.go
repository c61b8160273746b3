package store

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/baseline"
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

// sourceOutcome is a count of a host's outcomes within a time; later says that
// it is of the time after the host's last new article.
type sourceOutcome struct {
	host    string
	later   bool
	stage   datelinev1.Stage
	verdict datelinev1.Verdict
	reason  string
	count   int64
}

func (c sourceOutcome) of() Count { return Count{c.stage, c.verdict, c.reason, c.count} }

const (
	// rollUpHosts is how many hosts one transaction brings up to date.
	rollUpHosts = 500
	// rollUpDelay is how long after its end an hour is taken as complete: the
	// ledger is stored within seconds.
	rollUpDelay = 5 * time.Minute
	// hoursKept is how many hours counts are kept for, and baselineKept those of
	// a source that brings nothing new.
	hoursKept    = 40 * 24
	baselineKept = 90 * 24
	// beforeHours is how long before a silence outcomes are compared with.
	beforeHours = 28 * 24
)

// isNew is the condition in SQL for the outcomes that say that an article was
// new. It is that of the index source_hours_new.
const isNew = `stage = 4 AND verdict = 1 AND reason = 'new'`

// silentBaselines is the condition in SQL for a baseline b to be of a source
// that is silent in an hour, whose placeholder is to be filled in.
const silentBaselines = `b.silent_hour <= %s AND NOT EXISTS (
	SELECT 1 FROM source_hours h WHERE h.host = b.host AND h.hour > b.last_hour AND ` + isNew + ` AND count > 0)`

// baselineRow is a source's baseline as it is stored.
type baselineRow struct {
	host       string
	lastHour   int64
	silentHour *int64
	record     []byte
}

// withHour returns the row of a baseline with one more hour; record is what is
// stored of it, nil for nothing.
func withHour(host string, record []byte, hour int64, articles int) (baselineRow, error) {
	b := &baseline.Baseline{}
	if record != nil {
		var err error
		if b, err = baseline.Parse(record); err != nil {
			return baselineRow{}, fmt.Errorf("reading the baseline of %s: %w", host, err)
		}
	}
	b.Add(hour, articles)
	row := baselineRow{host: host, lastHour: b.Last, record: b.Bytes()}
	if silent, ok := b.SilentFrom(); ok {
		row.silentHour = &silent
	}
	return row, nil
}

// completed joins sources with what is stored of them in other tables: their
// counts, their baselines, and the counts of those that are silent.
type completed struct {
	sources []Source
	at      map[string]int
}

func completing(sources []Source) *completed {
	c := &completed{sources, make(map[string]int, len(sources))}
	for i, s := range sources {
		c.at[s.Host] = i
	}
	return c
}

func (c *completed) hosts() []string {
	hosts := make([]string, len(c.sources))
	for i, s := range c.sources {
		hosts[i] = s.Host
	}
	return hosts
}

func (c *completed) addOutcomes(counts []sourceOutcome) {
	for _, one := range counts {
		s := &c.sources[c.at[one.host]]
		s.Outcomes = append(s.Outcomes, one.of())
	}
}

// sourceBaseline is a baseline as it is read; isSilent says whether the source is.
type sourceBaseline struct {
	baselineRow
	isSilent bool
}

// addBaselines returns the hosts that are silent.
func (c *completed) addBaselines(baselines []sourceBaseline) (silent []string, err error) {
	for _, one := range baselines {
		s := &c.sources[c.at[one.host]]
		if s.Baseline, err = baseline.Parse(one.record); err != nil {
			return nil, fmt.Errorf("reading the baseline of %s: %w", one.host, err)
		}
		if one.isSilent {
			s.Silence = &Silence{Since: hourBegin(one.lastHour + 1), From: hourBegin(*one.silentHour)}
			silent = append(silent, one.host)
		}
	}
	return silent, nil
}

func (c *completed) addSilences(counts []sourceOutcome) {
	for _, one := range counts {
		silence := c.sources[c.at[one.host]].Silence
		if one.later {
			silence.Outcomes = append(silence.Outcomes, one.of())
		} else {
			silence.Before = append(silence.Before, one.of())
		}
	}
}

func hourBegin(hour int64) time.Time { return time.Unix(hour*3600, 0).UTC() }
