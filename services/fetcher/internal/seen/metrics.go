package seen

import "github.com/prometheus/client_golang/prometheus"

// The values of the label "kept" of the number of marks.
const (
	keptAsEntry = "entry"
	keptPacked  = "packed"
)

// Metrics are those of packing.
type Metrics struct {
	marks    *prometheus.GaugeVec
	failures prometheus.Counter
}

// NewMetrics registers the metrics.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	m := &Metrics{
		marks: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "dateline_fetch_marks",
			Help: "Approximate number of marks of requested URLs: those with an entry of their own, and those that are packed.",
		}, []string{"kept"}),
		failures: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "dateline_fetch_packing_failures_total",
			Help: "Failed attempts to pack the marks of requested URLs, which take more memory of NATS until one succeeds.",
		}),
	}
	reg.MustRegister(m.marks, m.failures)
	m.set(Packed{})
	return m
}

// set notes how many marks there are.
func (m *Metrics) set(packed Packed) {
	m.marks.WithLabelValues(keptAsEntry).Set(float64(packed.Left))
	m.marks.WithLabelValues(keptPacked).Set(float64(packed.Total))
}
