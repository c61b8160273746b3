package notifier

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/dateline-news/dateline/services/notifier/subscriptions"
)

// The results of attempts, in metrics.
const (
	resultDelivered = "delivered"
	resultRetried   = "retried"
	resultFailed    = "failed"
	resultSkipped   = "skipped"
)

type metrics struct {
	matches, missed, lost prometheus.Counter
	templateFailures      prometheus.Counter
	attempts              *prometheus.CounterVec
	delay                 prometheus.Histogram
	subscriptions         *prometheus.GaugeVec
	pending               prometheus.Gauge
	behind                prometheus.Gauge
	failing, overdue      prometheus.Gauge
}

func newMetrics(reg prometheus.Registerer) *metrics {
	m := &metrics{
		matches: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "dateline_notify_matches_total", Help: "Events of articles that were stored for delivery to a subscription.",
		}),
		missed: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "dateline_notify_missed_total",
			Help: "Events that are not delivered to a subscription, because it has notifier.max-pending deliveries that wait.",
		}),
		lost: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "dateline_notify_lost_revisions_total",
			Help: "Revisions that the stream had dropped before they were matched.",
		}),
		templateFailures: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "dateline_notify_template_failures_total",
			Help: "Messages in the default form, because the template of the subscription has failed on the article.",
		}),
		attempts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "dateline_notify_deliveries_total",
			Help: "Attempts at deliveries by result: delivered, retried, failed (given up) or skipped (erased meanwhile).",
		}, []string{"result"}),
		delay: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "dateline_notify_delay_seconds",
			Help:    "Time from storing a revision to its successful delivery in seconds, without collected deliveries.",
			Buckets: []float64{0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 3600, 21600, 86400, 259200},
		}),
		subscriptions: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "dateline_notify_subscriptions",
			Help: "Subscriptions by state: active, failing (the last request failed) or suspended.",
		}, []string{"state"}),
		pending: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "dateline_notify_pending", Help: "Deliveries that wait, of all subscriptions.",
		}),
		behind: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "dateline_notify_behind_seconds",
			Help: "Age in seconds of the oldest revision that was not matched, or 0 if all were.",
		}),
		failing: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "dateline_notify_failing_seconds",
			Help: "Longest time in seconds for which all requests to an active subscription have failed, or 0 if none fails.",
		}),
		overdue: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "dateline_notify_overdue_seconds",
			Help: "Longest time in seconds that a subscription with due deliveries has waited for its turn.",
		}),
	}
	for _, result := range []string{resultDelivered, resultRetried, resultFailed, resultSkipped} {
		m.attempts.WithLabelValues(result)
	}
	for _, state := range []string{subscriptions.Active, subscriptions.Failing, subscriptions.Suspended} {
		m.subscriptions.WithLabelValues(state)
	}
	reg.MustRegister(m.matches, m.missed, m.lost, m.templateFailures, m.attempts, m.delay, m.subscriptions, m.pending,
		m.behind, m.failing, m.overdue)
	return m
}

// show sets the metrics of the subscriptions.
func (m *metrics) show(s subscriptions.Summary, now time.Time) {
	m.pending.Set(float64(s.Pending))
	for state, count := range s.States {
		m.subscriptions.WithLabelValues(state).Set(float64(count))
	}
	since := func(start time.Time) float64 {
		if start.IsZero() {
			return 0
		}
		return max(0, now.Sub(start).Seconds())
	}
	m.failing.Set(since(s.FailingSince))
	m.overdue.Set(since(s.OverdueSince))
}

// count counts an attempt. Deliveries that a schedule has held back are not delayed.
func (m *metrics) count(d subscriptions.Delivery, isCollected bool, now time.Time) {
	switch d.State {
	case subscriptions.Pending:
		m.attempts.WithLabelValues(resultRetried).Inc()
	case subscriptions.Delivered:
		m.attempts.WithLabelValues(resultDelivered).Inc()
		if !isCollected {
			m.delay.Observe(now.Sub(d.EventTime).Seconds())
		}
	case subscriptions.Failed:
		m.attempts.WithLabelValues(resultFailed).Inc()
	case subscriptions.Skipped:
		m.attempts.WithLabelValues(resultSkipped).Inc()
	}
}
