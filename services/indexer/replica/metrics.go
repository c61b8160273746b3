package replica

import (
	"math"

	"github.com/prometheus/client_golang/prometheus"
)

type metrics struct {
	lag      prometheus.Gauge
	used     prometheus.Gauge
	up       *prometheus.GaugeVec
	reads    map[string]prometheus.Counter // by the server
	failures *prometheus.CounterVec
}

// RegisterMetrics registers the metrics of a Store that does not exist, for their reference.
func RegisterMetrics(reg prometheus.Registerer) { newMetrics(reg) }

func newMetrics(reg prometheus.Registerer) *metrics {
	reads := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "dateline_store_reads_total",
		Help: "Reads of the web page, the API and the tools for readers, by the database server that has answered.",
	}, []string{"server"})
	m := &metrics{
		lag: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "dateline_store_replica_lag_seconds",
			Help: "How far the replica of the database is behind in seconds, measured every second. NaN if that is not known.",
		}),
		used: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "dateline_store_replica_used",
			Help: "1 if the replica of the database answers reads of articles and sources, 0 if the primary does.",
		}),
		up: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "dateline_store_server_up",
			Help: "1 if a database server can be read, by server. A replica that is behind can be read.",
		}, []string{"server"}),
		failures: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "dateline_store_read_failures_total",
			Help: "Reads that a database server has not answered and that the other server was asked instead, by server and " +
				"reason: unavailable, conflict (with the recovery of the replica) or other.",
		}, []string{"server", "reason"}),
		reads: map[string]prometheus.Counter{},
	}
	for _, name := range []string{Primary, Replica} {
		m.reads[name] = reads.WithLabelValues(name)
		m.up.WithLabelValues(name)
		m.failures.WithLabelValues(name, string(unavailable))
	}
	m.failures.WithLabelValues(Replica, string(conflict))
	m.failures.WithLabelValues(Replica, string(otherReason))
	if reg != nil {
		reg.MustRegister(m.lag, m.used, m.up, reads, m.failures)
	}
	return m
}

func (m *metrics) observe(s Reading, replicaUp bool) {
	m.lag.Set(math.NaN())
	if s.Lag != nil {
		m.lag.Set(*s.Lag)
	}
	set := func(gauge prometheus.Gauge, on bool) {
		value := 0.0
		if on {
			value = 1
		}
		gauge.Set(value)
	}
	set(m.used, s.From == Replica)
	set(m.up.WithLabelValues(Primary), s.PrimaryProblem == "")
	set(m.up.WithLabelValues(Replica), replicaUp)
}
