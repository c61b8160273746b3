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
	bucket   *bucketMetrics
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
	m.bucket = newBucketMetrics(reg)
	return m
}

// bucketMetrics are the metrics of an archive in a bucket.
type bucketMetrics struct {
	waiting, spooled, limit, failing prometheus.Gauge
	uploads, rewrites                prometheus.Counter
}

func newBucketMetrics(reg prometheus.Registerer) *bucketMetrics {
	m := &bucketMetrics{
		waiting: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "dateline_archive_waiting_files", Help: "Complete files of the archive that are not uploaded yet.",
		}),
		spooled: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "dateline_archive_spool_bytes", Help: "Size of the files of the archive that are not uploaded yet, in bytes.",
		}),
		limit: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "dateline_archive_spool_limit_bytes",
			Help: "Size of the spool at which pages wait (archiver.max-spool), in bytes. 0 if the archive is in a folder.",
		}),
		failing: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "dateline_archive_bucket_failing",
			Help: "1 if the bucket of the archive could not be used at the last attempt, otherwise 0.",
		}),
		uploads: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "dateline_archive_uploads_total", Help: "Files of the archive that were uploaded.",
		}),
		rewrites: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "dateline_archive_rewrites_total",
			Help: "Files in the bucket of the archive that were replaced to erase captures.",
		}),
	}
	reg.MustRegister(m.waiting, m.spooled, m.limit, m.failing, m.uploads, m.rewrites)
	return m
}

func (m *bucketMetrics) spool(files int, size int64) {
	m.waiting.Set(float64(files))
	m.spooled.Set(float64(size))
}

func (m *bucketMetrics) failed(failed bool) {
	value := 0.0
	if failed {
		value = 1
	}
	m.failing.Set(value)
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
