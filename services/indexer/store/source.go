package store

import (
	"fmt"
	"time"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/baseline"
)

// SourceQuery selects sources.
type SourceQuery struct {
	// Since is the start of the period in which outcomes are counted. It is
	// rounded down to a whole hour.
	Since time.Time
	// At is the current time, by which a source is silent or not.
	At time.Time
	// Host selects one source. Silent selects the silent sources. If neither is
	// set, all sources are selected.
	Host   string
	Silent bool
	// After is the last host of the previous page.
	After string
	// Limit is the maximum number of sources, up to 1,000. 0 means none.
	Limit int
}

const maxSources = 1000

func (q SourceQuery) limit() int { return min(max(q.Limit, 0), maxSources) }

// Source is a host that articles or outcomes came from.
type Source struct {
	Host string
	// Name is the name that the site gave itself last. It is empty if unknown.
	Name                string
	Articles, Revisions int64
	// FirstSeen and LastSeen are the times of the first and the last fetch of an
	// article. LastNew is the time of the last fetch of a new article. They are
	// zero if there was no such fetch.
	FirstSeen, LastSeen, LastNew time.Time
	// Outcomes counts the outcomes since the time given in the query.
	Outcomes []Count
	// Baseline is what the source usually publishes. It is nil if unknown.
	Baseline *baseline.Baseline
	// Silence is nil unless the source is silent.
	Silence *Silence
}

// Silence is a period without new articles that is too long to be chance.
type Silence struct {
	// Since is the end of the last hour with a new article. From is when the
	// silence became too long to be chance.
	Since, From time.Time
	// Outcomes counts the outcomes since then, and Before those of the four weeks
	// before.
	Outcomes, Before []Count
}

// SourceStates counts sources by their state.
type SourceStates struct {
	// Learning sources have published too little for their silence to be judged.
	Learning, Publishing, Silent int64
}

const (
	// rollUpHosts is how many hosts one transaction rolls up.
	rollUpHosts = 500
	// rollUpDelay is how long after its end an hour is considered complete. The
	// ledger is stored within seconds.
	rollUpDelay = 5 * time.Minute
	// hoursKept is how many hours the hourly counts are kept.
	hoursKept = 40 * 24
	// baselineKept is how many hours the baseline of a silent source is kept.
	baselineKept = 90 * 24
	// hoursBefore is how many hours before a silence its outcomes are compared with.
	hoursBefore = 28 * 24
)

// producedNew is the SQL condition for hourly counts of new articles. It must
// match the condition of the index source_hours_new.
const producedNew = `stage = 4 AND verdict = 1 AND reason = 'new'`

// silentIn returns the SQL condition that the baseline b is of a source that is
// silent in an hour. hour is an expression, such as a placeholder.
func silentIn(hour string) string {
	return `b.silent_hour <= ` + hour + ` AND NOT EXISTS (
		SELECT 1 FROM source_hours h
		WHERE h.host = b.host AND h.hour > b.last_hour AND ` + producedNew + ` AND count > 0)`
}

// baselineRow is a row of the sources' baselines.
type baselineRow struct {
	host       string
	lastHour   int64
	silentHour *int64
	record     []byte
}

// addHour returns a source's baseline with an hour added. record is the stored
// baseline, or nil if there is none.
func addHour(host string, record []byte, hour int64, articles int) (baselineRow, error) {
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

// sourceSet is a page of sources, to which the contents of other tables are
// added: outcomes, baselines, and the outcomes around a silence.
type sourceSet struct {
	sources []Source
	at      map[string]int // by host
}

func newSourceSet(sources []Source) *sourceSet {
	s := &sourceSet{sources, make(map[string]int, len(sources))}
	for i, one := range sources {
		s.at[one.Host] = i
	}
	return s
}

func (s *sourceSet) source(host string) *Source { return &s.sources[s.at[host]] }

func (s *sourceSet) hosts() []string {
	hosts := make([]string, len(s.sources))
	for i, one := range s.sources {
		hosts[i] = one.Host
	}
	return hosts
}

// sourceCount is a count of a host's outcomes.
type sourceCount struct {
	host    string
	later   bool // whether it is from after the host's last new article
	stage   datelinev1.Stage
	verdict datelinev1.Verdict
	reason  string
	count   int64
}

func (c sourceCount) public() Count { return Count{c.stage, c.verdict, c.reason, c.count} }

func (s *sourceSet) addOutcomes(counts []sourceCount) {
	for _, one := range counts {
		source := s.source(one.host)
		source.Outcomes = append(source.Outcomes, one.public())
	}
}

// sourceBaseline is a baseline as a query returns it.
type sourceBaseline struct {
	baselineRow
	isSilent bool // whether the source is silent
}

// addBaselines adds the baselines and the silences, and returns the silent hosts.
func (s *sourceSet) addBaselines(baselines []sourceBaseline) (silent []string, err error) {
	for _, one := range baselines {
		source := s.source(one.host)
		if source.Baseline, err = baseline.Parse(one.record); err != nil {
			return nil, fmt.Errorf("reading the baseline of %s: %w", one.host, err)
		}
		if one.isSilent {
			source.Silence = &Silence{Since: startOfHour(one.lastHour + 1), From: startOfHour(*one.silentHour)}
			silent = append(silent, one.host)
		}
	}
	return silent, nil
}

// addSilences adds the outcomes around each silence.
func (s *sourceSet) addSilences(counts []sourceCount) {
	for _, one := range counts {
		silence := s.source(one.host).Silence
		if one.later {
			silence.Outcomes = append(silence.Outcomes, one.public())
		} else {
			silence.Before = append(silence.Before, one.public())
		}
	}
}
