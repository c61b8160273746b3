package archiver

import "github.com/prometheus/client_golang/prometheus"

type metrics struct {
	records  prometheus.Counter
	bytes    prometheus.Counter
	revisits prometheus.Counter
}

func newMetrics(reg prometheus.Registerer) *metrics {
	m := &metrics{
		records: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "dateline_archive_records_total", Help: "Records written to the archive.",
		}),
		bytes: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "dateline_archive_written_bytes_total", Help: "Compressed bytes written to the archive.",
		}),
		revisits: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "dateline_archive_revisits_total",
			Help: "Pages whose body the archive had from an earlier capture, so that it was not written again.",
		}),
	}
	reg.MustRegister(m.records, m.bytes, m.revisits)
	return m
}

// wrote counts a page that was written.
func (m *metrics) wrote(records int, written int64, revisit bool) {
	m.records.Add(float64(records))
	m.bytes.Add(float64(written))
	if revisit {
		m.revisits.Inc()
	}
}
