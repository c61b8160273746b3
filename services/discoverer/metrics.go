package discoverer

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/dateline-news/dateline/internal/subject"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/discoverer/sources"
)

// countInterval is the time between two counts of the endpoints.
const countInterval = 5 * time.Minute

// forgetAfter is the time after which a retired sitemap of an index is deleted.
const forgetAfter = 30 * 24 * time.Hour

// discoverMetrics are the metrics of the stage besides those of every stage. The label
// purpose is the kind of the endpoint.
type discoverMetrics struct {
	polls, found     *prometheus.CounterVec
	backfill         *prometheus.CounterVec
	backfills        prometheus.Gauge
	pushes           *prometheus.CounterVec
	hubRequests      *prometheus.CounterVec
	subscriptions    *prometheus.GaugeVec
	visits, searches prometheus.Counter
	endpoints        *prometheus.GaugeVec
	sources          *prometheus.GaugeVec
	overdue          prometheus.Gauge
	delay            prometheus.Histogram
}

func newDiscoverMetrics(reg prometheus.Registerer) *discoverMetrics {
	m := &discoverMetrics{
		polls: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "dateline_discover_polls_total", Help: "Requests for endpoints, by purpose.",
		}, []string{"purpose"}),
		found: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "dateline_discover_articles_found_total",
			Help: "URLs of articles that an endpoint listed for the first time, by purpose of the endpoint.",
		}, []string{"purpose"}),
		visits: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "dateline_discover_visits_total", Help: "Requests for known articles, to see whether they have changed.",
		}),
		searches: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "dateline_discover_searches_total",
			Help: "Searches for the endpoints of sources whose endpoints had died or that had fallen silent.",
		}),
		endpoints: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "dateline_discover_endpoints", Help: "Endpoints in the store, by state.",
		}, []string{"state"}),
	}
	m.sources = prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "dateline_discover_sources",
		Help: "Sources by state: active, paused, dead (active, but no endpoint works), spent (active, but without budget).",
	}, []string{"state"})
	m.overdue = prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "dateline_discover_overdue_seconds", Help: "Time since the most overdue poll became due, in seconds.",
	})
	m.delay = prometheus.NewHistogram(prometheus.HistogramOpts{
		Name:    "dateline_discover_delay_seconds",
		Help:    "Time from the publication of an article, as its listing states it, to its discovery by a later poll.",
		Buckets: []float64{60, 180, 300, 600, 900, 1800, 3600, 3 * 3600, 12 * 3600, 24 * 3600},
	})
	m.backfill = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "dateline_discover_backfill_requests_total",
		Help: "Requests of backfills, by purpose: article, sitemap or robots.",
	}, []string{"purpose"})
	m.backfills = prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "dateline_discover_backfills", Help: "Backfills that are running.",
	})
	m.registerHubs(reg)
	reg.MustRegister(m.sources, m.overdue, m.delay, m.backfill, m.backfills)
	for _, purpose := range []datelinev1.Purpose{
		datelinev1.Purpose_PURPOSE_ARTICLE, datelinev1.Purpose_PURPOSE_SITEMAP, datelinev1.Purpose_PURPOSE_ROBOTS,
	} {
		m.backfill.WithLabelValues(subject.PurposeName(purpose))
	}
	reg.MustRegister(m.polls, m.found, m.visits, m.searches, m.endpoints)
	for number := range datelinev1.Purpose_name {
		if purpose := datelinev1.Purpose(number); subject.IsListing(purpose) {
			m.polls.WithLabelValues(subject.PurposeName(purpose))
			m.found.WithLabelValues(subject.PurposeName(purpose))
		}
	}
	for _, state := range []string{sources.Candidate, sources.Active, sources.Retired} {
		m.endpoints.WithLabelValues(state)
	}
	for _, state := range []string{sources.Active, sources.Paused, sources.DeadSource, sources.Spent} {
		m.sources.WithLabelValues(state)
	}
	return m
}

// countEndpoints updates the gauges of endpoints and sources, and deletes old retired sitemaps.
func (d *Discoverer) countEndpoints(ctx context.Context) error {
	counts, err := d.sources.Count(ctx)
	if err != nil {
		if ctx.Err() == nil {
			d.log.Warn("counting endpoints failed", "stage", "discover", "error", err)
		}
		return nil
	}
	states, overdue, err := d.sources.Health(ctx, d.now())
	if err != nil {
		if ctx.Err() == nil {
			d.log.Warn("counting sources failed", "stage", "discover", "error", err)
		}
		return nil
	}
	running, err := d.sources.RunningBackfills(ctx)
	if err != nil {
		if ctx.Err() == nil {
			d.log.Warn("counting backfills failed", "stage", "discover", "error", err)
		}
		return nil
	}
	d.metrics.backfills.Set(float64(running))
	d.countSubscriptions(ctx)
	for state, n := range states {
		d.metrics.sources.WithLabelValues(state).Set(float64(n))
	}
	d.metrics.overdue.Set(overdue.Seconds())
	if err := d.sources.Forget(ctx, sources.HintIndex, d.now().Add(-forgetAfter)); err != nil && ctx.Err() == nil {
		d.log.Warn("deleting retired endpoints failed", "stage", "discover", "error", err)
	}
	for _, state := range []string{sources.Candidate, sources.Active, sources.Retired} {
		d.metrics.endpoints.WithLabelValues(state).Set(float64(counts[state]))
	}
	return nil
}

// maxDelay is the longest delay that counts. Older articles are corrections, or were found
// by another endpoint.
const maxDelay = 24 * time.Hour

// delaysOf returns how long ago articles were published that a source lists for the first time.
func delaysOf(published []time.Time, now time.Time) []time.Duration {
	var delays []time.Duration
	for _, at := range published {
		if delay := now.Sub(at); !at.IsZero() && delay >= 0 && delay <= maxDelay {
			delays = append(delays, delay)
		}
	}
	return delays
}
