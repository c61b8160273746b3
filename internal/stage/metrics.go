package stage

import (
	"slices"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/dateline-news/dateline/internal/subject"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// Metrics of one stage. Labels are stage, verdict and reason: bounded sets,
// never a URL or host.
type Metrics struct {
	inFlight prometheus.Gauge
	duration prometheus.Observer
	outcomes *prometheus.CounterVec
	reasons  *prometheus.CounterVec
	retries  *prometheus.CounterVec
}

// Reasons are those that a stage can give, so that a series of each is there at
// zero before the first event. What every stage may say (a panic, a message too
// large) is added to them.
type Reasons struct {
	Produced, Duplicate, Unchanged, Rejected []string
	// Permanent ones end an input as dead at once, Transient ones when its
	// attempts are used up, and lead to a retry before that.
	Permanent, Transient []string
}

// The reasons that the run loop itself gives.
var (
	loopPermanent = []string{"panic", "poison", "too_large"}
	loopTransient = []string{unmarked}
	loopRetries   = []string{away}
)

// NewMetrics registers the metrics of a stage, its series at zero from the
// start so that a first event is seen as an increase.
func NewMetrics(reg prometheus.Registerer, stage datelinev1.Stage, reasons Reasons) *Metrics {
	return newMetrics(reg, subject.StageName(stage), reasons)
}

// NewLedgerMetrics registers the metrics of the loop that stores the ledger,
// which is no stage: its series have the stage "ledger".
func NewLedgerMetrics(reg prometheus.Registerer) *Metrics {
	return newMetrics(reg, "ledger", Reasons{Permanent: []string{"malformed"}})
}

func newMetrics(reg prometheus.Registerer, name string, reasons Reasons) *Metrics {
	reg = prometheus.WrapRegistererWith(prometheus.Labels{"stage": name}, reg)
	m := &Metrics{
		outcomes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "dateline_stage_outcomes_total", Help: "Inputs that ended, by verdict.",
		}, []string{"verdict"}),
		reasons: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "dateline_stage_outcome_reasons_total", Help: "Inputs that ended in something else than plain produced, by verdict and reason.",
		}, []string{"verdict", "reason"}),
		retries: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "dateline_stage_retries_total", Help: "Attempts that failed and are made again, by reason.",
		}, []string{"reason"}),
	}
	inFlight := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "dateline_stage_in_flight", Help: "Inputs that are being worked on.",
	})
	duration := prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: "dateline_stage_duration_seconds", Help: "How long an attempt took.",
		Buckets:                     prometheus.ExponentialBuckets(0.001, 2.5, 13),
		NativeHistogramBucketFactor: 1.1, NativeHistogramMaxBucketNumber: 100,
	})
	m.inFlight, m.duration = inFlight, duration
	reg.MustRegister(m.outcomes, m.reasons, m.retries, inFlight, duration)
	for number := range datelinev1.Verdict_name {
		if verdict := datelinev1.Verdict(number); verdict != datelinev1.Verdict_VERDICT_UNSPECIFIED {
			m.outcomes.WithLabelValues(subject.VerdictName(verdict))
		}
	}
	m.begin(reasons)
	return m
}

// begin makes a series of each reason that may be given.
func (m *Metrics) begin(reasons Reasons) {
	transient := append(slices.Clone(loopTransient), reasons.Transient...)
	for verdict, given := range map[datelinev1.Verdict][]string{
		datelinev1.Verdict_VERDICT_PRODUCED:  reasons.Produced,
		datelinev1.Verdict_VERDICT_DUPLICATE: reasons.Duplicate,
		datelinev1.Verdict_VERDICT_UNCHANGED: reasons.Unchanged,
		datelinev1.Verdict_VERDICT_REJECTED:  reasons.Rejected,
		datelinev1.Verdict_VERDICT_DEAD:      slices.Concat(loopPermanent, reasons.Permanent, transient),
	} {
		for _, reason := range given {
			m.reasons.WithLabelValues(subject.VerdictName(verdict), reason)
		}
	}
	for _, reason := range append(transient, loopRetries...) {
		m.retries.WithLabelValues(reason)
	}
}

// CountOutcome counts an outcome that is stored.
func (m *Metrics) CountOutcome(verdict, reason string) {
	m.outcomes.WithLabelValues(verdict).Inc()
	if reason != "" {
		m.reasons.WithLabelValues(verdict, reason).Inc()
	}
}

// CountRetry counts an attempt that is made again.
func (m *Metrics) CountRetry(reason string) { m.retries.WithLabelValues(reason).Inc() }

// Begin notes an input in work, for a stage with a loop of its own. Call what
// it returns with the seconds that the attempt took.
func (m *Metrics) Begin() (end func(seconds float64)) {
	m.inFlight.Inc()
	return func(seconds float64) {
		m.inFlight.Dec()
		m.duration.Observe(seconds)
	}
}
