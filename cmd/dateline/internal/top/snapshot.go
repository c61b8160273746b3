package top

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"time"

	dto "github.com/prometheus/client_model/go"

	"github.com/dateline-news/dateline/internal/subject"
)

// Snapshot is how the pipeline runs. Rates are by the second, over Seconds.
type Snapshot struct {
	Time      time.Time `json:"time"`
	Seconds   float64   `json:"seconds"`
	Processes int       `json:"processes"`
	Silent    []string  `json:"silent,omitempty"`

	Stages    []Stage   `json:"stages"`
	Streams   []Stream  `json:"streams"`
	Freshness Freshness `json:"freshness"`
	// Dead are the dead letters since the processes started, the most first.
	Dead    []Reason         `json:"dead"`
	Hosts   Hosts            `json:"hosts"`
	Sources map[string]int64 `json:"sources"`
	Silence map[string]int64 `json:"silence"`
	// Articles and StoreBytes are those of the store, FreeBytes the room on the
	// disk; zero where no process says.
	Articles   int64 `json:"articles"`
	StoreBytes int64 `json:"store_bytes"`
	FreeBytes  int64 `json:"free_bytes"`
	// Unaccounted are inputs that have no outcome and wait nowhere.
	Unaccounted int64 `json:"unaccounted"`
}

// Stage is how a stage fares.
type Stage struct {
	Name string `json:"name"`
	// Ended is how many inputs end a second; Produced and Dead are part of them.
	Ended    float64 `json:"ended"`
	Produced float64 `json:"produced"`
	Dead     float64 `json:"dead"`
	Retries  float64 `json:"retries"`
	InFlight int64   `json:"in_flight"`
	// Waiting are the inputs that are not in work yet, Unacked those that were
	// delivered, Oldest how long the oldest of them has waited, in seconds.
	Waiting int64   `json:"waiting"`
	Unacked int64   `json:"unacked"`
	Oldest  float64 `json:"oldest"`
	// Median is how long an attempt takes, in seconds; zero where there was none.
	Median float64 `json:"median"`
}

// Stream is how full a stream is.
type Stream struct {
	Name     string  `json:"name"`
	Messages int64   `json:"messages"`
	Bytes    int64   `json:"bytes"`
	Limit    int64   `json:"limit"`
	Oldest   float64 `json:"oldest"`
}

// Freshness is how long it took from the publication of a URL until its article
// was stored, in seconds, for the articles of the time.
type Freshness struct {
	Articles int64   `json:"articles"`
	Median   float64 `json:"median"`
	Slow     float64 `json:"slow"` // 95 %
}

// Reason counts dead letters.
type Reason struct {
	Stage  string `json:"stage"`
	Reason string `json:"reason"`
	Count  int64  `json:"count"`
}

// Hosts is how the fetcher's hosts fare.
type Hosts struct {
	Active   int64 `json:"active"`
	Queued   int64 `json:"queued"`
	Breakers int64 `json:"breakers_open"`
	Refusing int64 `json:"refusing"`
}

// inputs are where the stages read from: a stream and a consumer; the fetcher
// reads the frontier itself.
var inputs = []struct{ stage, stream, consumer string }{
	{"intake", subject.StreamURLs, subject.ConsumerIntake},
	{"fetch", subject.StreamFrontier, ""},
	{"extract", subject.StreamPages, subject.ConsumerExtract},
	{"index", subject.StreamArticles, subject.ConsumerIndex},
	{"ledger", subject.StreamOutcomes, subject.ConsumerLedger},
}

// NewSnapshot compares two samples of the same processes.
func NewSnapshot(before, now Sample) Snapshot {
	s := Snapshot{Time: now.Time, Seconds: now.Time.Sub(before.Time).Seconds(), Processes: len(now.processes), Silent: now.Silent,
		Sources: map[string]int64{}, Silence: map[string]int64{}, Dead: []Reason{}}
	count := func(n float64, _ bool) int64 { return int64(n) }
	rate := func(name string, chosen ...string) float64 {
		if s.Seconds <= 0 {
			return 0
		}
		return now.growth(before, name, chosen...) / s.Seconds
	}
	for _, in := range inputs {
		stage := Stage{
			Name: in.stage, Ended: rate("dateline_stage_outcomes_total", "stage", in.stage),
			Produced: rate("dateline_stage_outcomes_total", "stage", in.stage, "verdict", "produced"),
			Dead:     rate("dateline_stage_outcomes_total", "stage", in.stage, "verdict", "dead"),
			Retries:  rate("dateline_stage_retries_total", "stage", in.stage),
			InFlight: count(now.sum("dateline_stage_in_flight", "stage", in.stage)),
		}
		stage.Median = quantile(grown(before, now, "dateline_stage_duration_seconds", "stage", in.stage), 0.5)
		if in.consumer == "" {
			stage.Waiting = max(0, count(now.most("dateline_stream_messages", "stream", in.stream))-stage.InFlight)
			stage.Oldest, _ = now.most("dateline_stream_oldest_age_seconds", "stream", in.stream)
		} else {
			stage.Waiting = count(now.most("dateline_consumer_pending", "consumer", in.consumer))
			stage.Unacked = count(now.most("dateline_consumer_ack_pending", "consumer", in.consumer))
			stage.Oldest, _ = now.most("dateline_consumer_oldest_waiting_seconds", "consumer", in.consumer)
		}
		s.Stages = append(s.Stages, stage)
	}
	for _, name := range subject.Streams() {
		stream := Stream{Name: name, Messages: count(now.most("dateline_stream_messages", "stream", name)),
			Bytes: count(now.most("dateline_stream_bytes", "stream", name)), Limit: count(now.most("dateline_stream_limit_bytes", "stream", name))}
		stream.Oldest, _ = now.most("dateline_stream_oldest_age_seconds", "stream", name)
		s.Streams = append(s.Streams, stream)
	}
	fresh := grown(before, now, "dateline_index_freshness_seconds")
	s.Freshness = Freshness{int64(fresh[math.Inf(1)]), quantile(fresh, 0.5), quantile(fresh, 0.95)}
	s.Dead = deadReasons(now)
	s.Hosts = Hosts{count(now.sum("dateline_frontier_hosts_active")), count(now.sum("dateline_frontier_hosts")),
		count(now.sum("dateline_fetch_breakers_open")), count(now.sum("dateline_fetch_refusing_hosts"))}
	for into, from := range map[*map[string]int64][2]string{&s.Sources: {"dateline_source_hosts", "state"}, &s.Silence: {"dateline_source_silent_hosts", "cause"}} {
		now.each(from[0], nil, func(_ int, m *dto.Metric) {
			name := label(m, from[1])
			(*into)[name] = max((*into)[name], int64(value(m)))
		})
	}
	s.Articles, s.StoreBytes = count(now.most("dateline_store_articles")), count(now.most("dateline_store_bytes"))
	s.FreeBytes = count(now.most("dateline_disk_free_bytes"))
	s.Unaccounted = count(now.most("dateline_ledger_unaccounted"))
	return s
}

func label(m *dto.Metric, name string) string {
	for _, pair := range m.GetLabel() {
		if pair.GetName() == name {
			return pair.GetValue()
		}
	}
	return ""
}

func deadReasons(now Sample) []Reason {
	counts := map[[2]string]int64{}
	now.each("dateline_stage_outcome_reasons_total", labels{"verdict", "dead"}, func(_ int, m *dto.Metric) {
		counts[[2]string{label(m, "stage"), label(m, "reason")}] += int64(value(m))
	})
	all := []Reason{}
	for key, count := range counts {
		if count > 0 {
			all = append(all, Reason{key[0], key[1], count})
		}
	}
	slices.SortFunc(all, func(a, b Reason) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Stage, b.Stage), cmp.Compare(a.Reason, b.Reason))
	})
	return all
}

// grown are the buckets of a histogram for what was observed between two
// samples; since the beginning where a process was started again meanwhile.
func grown(before, now Sample, name string, chosen ...string) map[float64]float64 {
	earlier, all := before.buckets(name, chosen...), now.buckets(name, chosen...)
	if earlier[math.Inf(1)] > all[math.Inf(1)] {
		return all
	}
	for bound := range all {
		all[bound] = max(0, all[bound]-earlier[bound])
	}
	return all
}

// quantile estimates a quantile from cumulative buckets, as Prometheus does:
// evenly within a bucket. It is 0 where nothing was observed.
func quantile(buckets map[float64]float64, q float64) float64 {
	bounds := slices.Sorted(maps.Keys(buckets))
	if len(bounds) == 0 || buckets[bounds[len(bounds)-1]] == 0 {
		return 0
	}
	rank := q * buckets[bounds[len(bounds)-1]]
	low, below := 0.0, 0.0
	for _, bound := range bounds {
		if count := buckets[bound]; count >= rank {
			if math.IsInf(bound, 1) {
				return low
			}
			return low + (bound-low)*(rank-below)/(count-below)
		} else {
			low, below = bound, count
		}
	}
	return low
}
