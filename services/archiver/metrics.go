package archiver

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/dateline-news/dateline/services/archiver/captures"
)

type metrics struct {
	records  prometheus.Counter
	bytes    prometheus.Counter
	revisits prometheus.Counter
	blocked  prometheus.Gauge
	files    prometheus.Gauge
	size     prometheus.Gauge
	deleted  prometheus.Counter
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
		files: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "dateline_archive_files", Help: "Files of the archive.",
		}),
		size: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "dateline_archive_size_bytes", Help: "Size of all files of the archive in bytes.",
		}),
		deleted: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "dateline_archive_deleted_files_total",
			Help: "Files deleted because of archiver.max-age or archiver.max-bytes.",
		}),
		blocked: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "dateline_archive_blocked",
			Help: "1 if the archive or its index could not be written at the last attempt, so that pages wait, otherwise 0.",
		}),
	}
	reg.MustRegister(m.records, m.bytes, m.revisits, m.blocked, m.files, m.size, m.deleted)
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

// block records whether pages wait because the archive cannot be written.
func (m *metrics) block(blocked bool) {
	value := 0.0
	if blocked {
		value = 1
	}
	m.blocked.Set(value)
}

func (m *metrics) extent(size captures.Size) {
	m.files.Set(float64(size.Files))
	m.size.Set(float64(size.Bytes))
}
