package indexer

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/dateline-news/dateline/internal/outcome"
	"github.com/dateline-news/dateline/internal/subject"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/library"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// balanced lists the stages whose inputs are the outputs of a preceding stage.
var balanced = []datelinev1.Stage{
	datelinev1.Stage_STAGE_FETCH, datelinev1.Stage_STAGE_EXTRACT, datelinev1.Stage_STAGE_INDEX,
}

type metrics struct {
	articles    *prometheus.CounterVec
	freshness   prometheus.Histogram
	copies      prometheus.Counter
	window      windowMetrics
	corrections prometheus.Counter
	puts        batches
	records     batches
	storeBytes  prometheus.Gauge
	free        prometheus.Gauge
	stored      prometheus.Gauge
	outcomes    prometheus.Gauge
	oldest      prometheus.Gauge
	unaccounted *prometheus.GaugeVec
	missing     *prometheus.GaugeVec
	replay      replayMetrics
}

// batches measures the transactions of one loop.
type batches struct{ size, seconds prometheus.Observer }

func (b batches) observe(size int, start time.Time) {
	b.size.Observe(float64(size))
	b.seconds.Observe(time.Since(start).Seconds())
}

func newMetrics(reg prometheus.Registerer) *metrics {
	size := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name:                        "dateline_index_batch_size",
		Help:                        "Articles or outcomes stored per transaction.",
		Buckets:                     []float64{1, 2, 5, 10, 20, 50, 100, 200, 500},
		NativeHistogramBucketFactor: 1.1, NativeHistogramMaxBucketNumber: 100,
	}, []string{"loop"})
	seconds := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name:                        "dateline_index_batch_seconds",
		Help:                        "Duration of transactions that store articles or outcomes, in seconds.",
		Buckets:                     prometheus.ExponentialBuckets(0.001, 2, 14),
		NativeHistogramBucketFactor: 1.1, NativeHistogramMaxBucketNumber: 100,
	}, []string{"loop"})
	m := &metrics{
		replay: newReplayMetrics(reg), window: newWindowMetrics(reg),
		articles: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "dateline_index_articles_total", Help: "Articles handed to the store, by result.",
		}, []string{"status"}),
		freshness: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "dateline_index_freshness_seconds",
			Help: "Seconds from the publication of a URL, or from its earliest permitted fetch, until its article is " +
				"committed to the store; requests with priority backfill are not included.",
			Buckets: []float64{
				0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21600, 43200, 86400,
			},
			NativeHistogramBucketFactor: 1.1, NativeHistogramMaxBucketNumber: 160,
		}),
		copies: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "dateline_index_copies_total", Help: "Articles found to be copies of another article.",
		}),
		corrections: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "dateline_index_corrections_total",
			Help: "New revisions in which the page states that it was corrected.",
		}),
		puts:    batches{size.WithLabelValues("articles"), seconds.WithLabelValues("articles")},
		records: batches{size.WithLabelValues("outcomes"), seconds.WithLabelValues("outcomes")},
		free: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "dateline_store_free_bytes",
			Help: "Free space inside the SQLite file in bytes, updated every one to two minutes. 0 with PostgreSQL.",
		}),
		storeBytes: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "dateline_store_bytes", Help: "Size of the store on disk in bytes, updated every one to two minutes.",
		}),
		stored: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "dateline_store_articles", Help: "Articles in the store, updated every one to two minutes.",
		}),
		outcomes: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "dateline_store_outcome_bytes",
			Help: "Estimated size of the outcomes in the store in bytes, updated every one to two minutes.",
		}),
		oldest: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "dateline_store_oldest_outcome_timestamp_seconds",
			Help: "Time of the oldest outcome in the store, in seconds since 1970, updated every one to two minutes. 0 if " +
				"the store has no outcomes.",
		}),
		unaccounted: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "dateline_ledger_unaccounted",
			Help: "Inputs that the preceding stage produced in the last three days and that neither wait nor have an " +
				"outcome, by stage. They are lost; dateline repair publishes them again.",
		}, []string{"stage"}),
		missing: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "dateline_store_missing_messages",
			Help: "Messages of a stream that are acked and that the store does not have, because it is older than the " +
				"stream. dateline repair reads them again.",
		}, []string{"stream"}),
	}
	reg.MustRegister(
		m.articles, m.freshness, m.copies, m.corrections, size, seconds, m.free, m.storeBytes, m.stored, m.unaccounted,
		m.missing, m.outcomes, m.oldest,
	)
	for _, status := range []store.Status{
		store.New, store.Changed, store.Unchanged, store.Outdated, store.Erased, store.ErasedCopy,
		store.ExtractedAgain, store.Restored, store.Superseded,
	} {
		m.articles.WithLabelValues(status.String())
	}
	m.articles.WithLabelValues(string(outcome.Completed))
	for _, s := range balanced {
		m.unaccounted.WithLabelValues(subject.StageName(s))
	}
	for _, name := range streamNames() {
		m.missing.WithLabelValues(name)
	}
	return m
}

// put records the result of storing an article.
func (m *metrics) put(record *datelinev1.Article, result store.PutResult, now time.Time) {
	label := result.Status.String()
	if result.Completes {
		label = string(outcome.Completed)
	}
	m.articles.WithLabelValues(label).Inc()
	if result.Copy {
		m.copies.Inc()
	}
	if result.Status == store.Changed && !result.Completes && library.Correction(record) != "" {
		m.corrections.Inc()
	}
	due := record.GetDueTime()
	refused := result.Status == store.Erased || result.Status == store.ErasedCopy
	late := record.GetReplay() != nil || record.GetPriority() == datelinev1.Priority_PRIORITY_BACKFILL
	if !refused && !late && due.IsValid() {
		m.freshness.Observe(max(0, now.Sub(due.AsTime()).Seconds()))
	}
}
