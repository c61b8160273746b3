package top

import (
	"cmp"
	"math"
	"slices"
	"time"

	dto "github.com/prometheus/client_model/go"

	"github.com/dateline-news/dateline/internal/outcome"
	"github.com/dateline-news/dateline/internal/subject"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/notifier/subscriptions"
)

// Snapshot is the state of the pipeline. Rates are per second, measured over Seconds.
type Snapshot struct {
	Time      time.Time `json:"time"`
	Seconds   float64   `json:"seconds"`
	Processes int       `json:"processes"`
	Silent    []string  `json:"silent,omitempty"`

	Stages    []Stage   `json:"stages"`
	Streams   []Stream  `json:"streams"`
	Freshness Freshness `json:"freshness"`
	// Dead counts the dead letters since the processes started, most frequent first.
	Dead  []Reason `json:"dead"`
	Hosts Hosts    `json:"hosts"`
	// Sources counts the sources by state, and Silence the silent ones by cause.
	Sources       map[string]int64 `json:"sources"`
	Silence       map[string]int64 `json:"silence"`
	Subscriptions Subscriptions    `json:"subscriptions"`
	// Articles and StoreBytes describe the store, and FreeBytes the free space on its
	// disk. They are zero if no process reports them.
	Articles   int64 `json:"articles"`
	StoreBytes int64 `json:"store_bytes"`
	FreeBytes  int64 `json:"free_bytes"`
	// Unaccounted is the number of inputs that have no outcome and wait nowhere.
	Unaccounted int64 `json:"unaccounted"`
}

// Stage is the state of a stage.
type Stage struct {
	Name string `json:"name"`
	// Ended is the rate of inputs that end. Produced and Dead are parts of it.
	Ended    float64 `json:"ended"`
	Produced float64 `json:"produced"`
	Dead     float64 `json:"dead"`
	Retries  float64 `json:"retries"`
	InFlight int64   `json:"in_flight"`
	// Waiting is the number of inputs that have not been delivered, and Unacked the
	// number of those that have but are not acked. Oldest is how long the oldest of
	// them has waited, in seconds.
	Waiting int64   `json:"waiting"`
	Unacked int64   `json:"unacked"`
	Oldest  float64 `json:"oldest"`
	// Median is the median duration of an attempt in seconds, or zero without attempts.
	Median float64 `json:"median"`
}

// Stream is the fill level of a stream. Oldest is the age of its oldest message in
// seconds.
type Stream struct {
	Name     string  `json:"name"`
	Messages int64   `json:"messages"`
	Bytes    int64   `json:"bytes"`
	Limit    int64   `json:"limit"`
	Oldest   float64 `json:"oldest"`
}

// Freshness is the time from the publication of a URL until its article was stored, in
// seconds, for the articles stored between the two samples.
type Freshness struct {
	Articles int64   `json:"articles"`
	Median   float64 `json:"median"`
	Slow     float64 `json:"slow"` // 95th percentile
}

// Reason counts the dead letters of a stage for a reason.
type Reason struct {
	Stage  string `json:"stage"`
	Reason string `json:"reason"`
	Count  int64  `json:"count"`
}

// Hosts counts the hosts of the fetchers.
type Hosts struct {
	Active   int64 `json:"active"`
	Queued   int64 `json:"queued"`
	Breakers int64 `json:"breakers_open"`
	Refusing int64 `json:"refusing"`
	// Sharing hosts take turns, because they have only SharedAddresses together.
	Sharing         int64 `json:"sharing"`
	SharedAddresses int64 `json:"shared_addresses"`
}

// Subscriptions counts the subscriptions by state.
type Subscriptions struct {
	Active    int64 `json:"active"`
	Failing   int64 `json:"failing"`
	Suspended int64 `json:"suspended"`
	// FailingTime is the longest time for which a target has failed, and Behind the age of the oldest revision that was
	// not matched, in seconds.
	FailingTime float64 `json:"failing_time"`
	Behind      float64 `json:"behind"`
}

// stageInput is where a stage reads its inputs from. The fetcher reads the frontier
// without a consumer.
type stageInput struct{ stage, stream, consumer string }

func stageInputs() []stageInput {
	stage := subject.StageName
	return []stageInput{
		{stage(datelinev1.Stage_STAGE_INTAKE), subject.StreamURLs, subject.ConsumerIntake},
		{stage(datelinev1.Stage_STAGE_FETCH), subject.StreamFrontier, ""},
		{stage(datelinev1.Stage_STAGE_EXTRACT), subject.StreamPages, subject.ConsumerExtract},
		{stage(datelinev1.Stage_STAGE_INDEX), subject.StreamArticles, subject.ConsumerIndex},
		{outcome.LedgerStage, subject.StreamOutcomes, subject.ConsumerLedger},
	}
}

// NewSnapshot compares two samples of the same processes.
func NewSnapshot(before, now Sample) Snapshot {
	s := Snapshot{
		Time: now.Time, Seconds: now.Time.Sub(before.Time).Seconds(),
		Processes: len(now.processes), Silent: now.Silent,
		Dead:        deadReasons(now),
		Sources:     countByLabel(now, "dateline_source_hosts", "state"),
		Silence:     countByLabel(now, "dateline_source_silent_hosts", "cause"),
		Articles:    int64(now.shared("dateline_store_articles")),
		StoreBytes:  int64(now.shared("dateline_store_bytes")),
		FreeBytes:   int64(now.shared("dateline_disk_free_bytes")),
		Unaccounted: int64(now.shared("dateline_ledger_unaccounted")),
		Hosts: Hosts{
			Active:   int64(now.sum("dateline_frontier_hosts_active")),
			Queued:   int64(now.sum("dateline_frontier_hosts")),
			Breakers: int64(now.sum("dateline_fetch_breakers_open")),
			Refusing: int64(now.sum("dateline_fetch_refusing_hosts")),

			Sharing:         int64(now.sum("dateline_fetch_sharing_hosts")),
			SharedAddresses: int64(now.sum("dateline_fetch_shared_addresses")),
		},
	}
	for _, in := range stageInputs() {
		s.Stages = append(s.Stages, newStage(before, now, in))
	}
	s.Stages = append(s.Stages, newNotify(before, now))
	states := countByLabel(now, "dateline_notify_subscriptions", "state")
	s.Subscriptions = Subscriptions{
		Active: states[subscriptions.Active], Failing: states[subscriptions.Failing],
		Suspended:   states[subscriptions.Suspended],
		FailingTime: now.shared("dateline_notify_failing_seconds"), Behind: now.shared("dateline_notify_behind_seconds"),
	}
	for _, name := range subject.Streams() {
		s.Streams = append(s.Streams, Stream{
			Name:     name,
			Messages: int64(now.shared("dateline_stream_messages", "stream", name)),
			Bytes:    int64(now.shared("dateline_stream_bytes", "stream", name)),
			Limit:    int64(now.shared("dateline_stream_limit_bytes", "stream", name)),
			Oldest:   now.shared("dateline_stream_oldest_age_seconds", "stream", name),
		})
	}
	fresh := bucketGrowth(before, now, "dateline_index_freshness_seconds")
	s.Freshness = Freshness{
		Articles: int64(fresh[math.Inf(1)]), Median: quantile(fresh, 0.5), Slow: quantile(fresh, 0.95),
	}
	return s
}

func newStage(before, now Sample, in stageInput) Stage {
	seconds := now.Time.Sub(before.Time).Seconds()
	rate := func(name string, selected ...string) float64 {
		if seconds <= 0 {
			return 0
		}
		return now.growth(before, name, selected...) / seconds
	}
	s := Stage{
		Name:     in.stage,
		Ended:    rate("dateline_stage_outcomes_total", "stage", in.stage),
		Produced: rate("dateline_stage_outcomes_total", "stage", in.stage, "verdict", "produced"),
		Dead:     rate("dateline_stage_outcomes_total", "stage", in.stage, "verdict", "dead"),
		Retries:  rate("dateline_stage_retries_total", "stage", in.stage),
		InFlight: int64(now.sum("dateline_stage_in_flight", "stage", in.stage)),
		Median:   quantile(bucketGrowth(before, now, "dateline_stage_duration_seconds", "stage", in.stage), 0.5),
	}
	if in.consumer == "" {
		s.Waiting = max(0, int64(now.shared("dateline_stream_messages", "stream", in.stream))-s.InFlight)
		s.Oldest = now.shared("dateline_stream_oldest_age_seconds", "stream", in.stream)
		return s
	}
	s.Waiting = int64(now.shared("dateline_consumer_pending", "consumer", in.consumer))
	s.Unacked = int64(now.shared("dateline_consumer_ack_pending", "consumer", in.consumer))
	s.Oldest = now.shared("dateline_consumer_oldest_waiting_seconds", "consumer", in.consumer)
	return s
}

// newNotify returns the notifier as a stage. Its inputs are deliveries, which wait in the store.
func newNotify(before, now Sample) Stage {
	seconds := now.Time.Sub(before.Time).Seconds()
	rate := func(result string) float64 {
		if seconds <= 0 {
			return 0
		}
		return now.growth(before, "dateline_notify_deliveries_total", "result", result) / seconds
	}
	s := Stage{
		Name: subscriptions.Stage, Produced: rate("delivered"), Dead: rate("failed"), Retries: rate("retried"),
		Waiting: int64(now.shared("dateline_notify_pending")), Oldest: now.shared("dateline_notify_overdue_seconds"),
	}
	s.Ended = s.Produced + s.Dead + rate("skipped")
	return s
}

// countByLabel returns the values of a gauge by the value of a label.
func countByLabel(now Sample, name, by string) map[string]int64 {
	counts := map[string]int64{}
	now.each(name, nil, func(_ int, m *dto.Metric) {
		key := label(m, by)
		counts[key] = max(counts[key], int64(value(m)))
	})
	return counts
}

func deadReasons(now Sample) []Reason {
	type key struct{ stage, reason string }
	counts := map[key]int64{}
	now.each("dateline_stage_outcome_reasons_total", labels{"verdict", "dead"}, func(_ int, m *dto.Metric) {
		counts[key{label(m, "stage"), label(m, "reason")}] += int64(value(m))
	})
	all := []Reason{}
	for k, count := range counts {
		if count > 0 {
			all = append(all, Reason{k.stage, k.reason, count})
		}
	}
	slices.SortFunc(all, func(a, b Reason) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Stage, b.Stage), cmp.Compare(a.Reason, b.Reason))
	})
	return all
}
