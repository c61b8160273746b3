package stage

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/dateline-news/dateline/internal/outcome"
	"github.com/dateline-news/dateline/internal/subject"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// Metrics are the metrics of one stage. Their labels (stage, verdict and reason)
// have bounded sets of values, never a URL or a host.
type Metrics struct {
	inFlight prometheus.Gauge
	duration prometheus.Observer
	outcomes *prometheus.CounterVec
	reasons  *prometheus.CounterVec
	retries  *prometheus.CounterVec
	unkept   prometheus.Counter
}

// NewMetrics registers the metrics of a stage. Every series exists from the
// start, so that the first event counts as an increase.
func NewMetrics(reg prometheus.Registerer, stage datelinev1.Stage) *Metrics {
	return newMetrics(reg, subject.StageName(stage))
}

// NewLedgerMetrics registers the metrics of the loop that stores outcomes. It is
// not a stage: the label stage of its series is outcome.LedgerStage.
func NewLedgerMetrics(reg prometheus.Registerer) *Metrics {
	return newMetrics(reg, outcome.LedgerStage)
}

func newMetrics(reg prometheus.Registerer, name string) *Metrics {
	reg = prometheus.WrapRegistererWith(prometheus.Labels{"stage": name}, reg)
	m := &Metrics{
		outcomes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "dateline_stage_outcomes_total", Help: "Inputs that have ended, by verdict.",
		}, []string{"verdict"}),
		reasons: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "dateline_stage_outcome_reasons_total",
			Help: "Inputs that have ended with a reason, by verdict and reason.",
		}, []string{"verdict", "reason"}),
		retries: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "dateline_stage_retries_total", Help: "Failed attempts that are retried, by reason.",
		}, []string{"reason"}),
		unkept: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "dateline_stage_dead_letters_unkept_total",
			Help: "Inputs that failed permanently and were not kept as dead letters, because the stream had no room.",
		}),
	}
	inFlight := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "dateline_stage_in_flight", Help: "Inputs that are being processed.",
	})
	duration := prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: "dateline_stage_duration_seconds", Help: "Duration of an attempt, in seconds.",
		Buckets:                     prometheus.ExponentialBuckets(0.001, 2.5, 13),
		NativeHistogramBucketFactor: 1.1, NativeHistogramMaxBucketNumber: 100,
	})
	m.inFlight, m.duration = inFlight, duration
	reg.MustRegister(m.outcomes, m.reasons, m.retries, m.unkept, inFlight, duration)
	m.createSeries(name)
	return m
}

// createSeries creates every series that the stage can count.
func (m *Metrics) createSeries(name string) {
	for number := range datelinev1.Verdict_name {
		if verdict := datelinev1.Verdict(number); verdict != datelinev1.Verdict_VERDICT_UNSPECIFIED {
			m.outcomes.WithLabelValues(subject.VerdictName(verdict))
		}
	}
	for _, entry := range outcome.OfStage(name) {
		if entry.Verdict != datelinev1.Verdict_VERDICT_UNSPECIFIED {
			m.reasons.WithLabelValues(subject.VerdictName(entry.Verdict), string(entry.Reason))
		}
		if entry.Retried {
			m.retries.WithLabelValues(string(entry.Reason))
		}
	}
}

// CountOutcome counts an outcome that has been stored. The reason may be empty.
func (m *Metrics) CountOutcome(verdict datelinev1.Verdict, reason outcome.Reason) {
	name := subject.VerdictName(verdict)
	m.outcomes.WithLabelValues(name).Inc()
	if reason != "" {
		m.reasons.WithLabelValues(name, string(reason)).Inc()
	}
}

// CountRetry counts a failed attempt that is retried.
func (m *Metrics) CountRetry(reason outcome.Reason) { m.retries.WithLabelValues(string(reason)).Inc() }

// CountUnkept counts a dead letter for which its stream has no room.
func (m *Metrics) CountUnkept() { m.unkept.Inc() }

// Begin counts an input that is being processed, for a stage that does not use
// Loop. Call end with the duration of the attempt in seconds.
func (m *Metrics) Begin() (end func(seconds float64)) {
	m.inFlight.Inc()
	return func(seconds float64) {
		m.inFlight.Dec()
		m.duration.Observe(seconds)
	}
}
