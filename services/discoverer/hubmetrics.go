package discoverer

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/dateline-news/dateline/services/discoverer/sources"
)

// registerHubs registers the metrics of subscriptions.
func (m *discoverMetrics) registerHubs(reg prometheus.Registerer) {
	m.pushes = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "dateline_discover_pushes_total",
		Help: "Pushes of hubs by result: taken, repeated, forged (wrong signature), other_topic, too_large, too_many, " +
			"unwanted (paused or ended), or unknown (no such subscription).",
	}, []string{"result"})
	m.hubRequests = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "dateline_discover_hub_requests_total",
		Help: "Requests to hubs to begin, renew or end a subscription, by result: accepted, refused or failed.",
	}, []string{"result"})
	m.subscriptions = prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "dateline_discover_subscriptions",
		Help: "Subscriptions to hubs by state: requested, subscribed, refused or leaving.",
	}, []string{"state"})
	reg.MustRegister(m.pushes, m.hubRequests, m.subscriptions)
	for _, result := range []string{
		pushTaken, pushRepeated, pushForged, pushOtherTopic, pushTooLarge, pushTooMany, pushUnwanted, pushUnknown,
	} {
		m.pushes.WithLabelValues(result)
	}
	for _, result := range []string{"accepted", "refused", "failed"} {
		m.hubRequests.WithLabelValues(result)
	}
	m.setSubscriptions(nil)
}

func (m *discoverMetrics) setSubscriptions(counts map[string]int64) {
	for _, state := range []string{
		sources.SubscriptionRequested, sources.SubscriptionSubscribed, sources.SubscriptionRefused,
		sources.SubscriptionLeaving,
	} {
		m.subscriptions.WithLabelValues(state).Set(float64(counts[state]))
	}
}

func (d *Discoverer) countSubscriptions(ctx context.Context) {
	counts, err := d.sources.CountSubscriptions(ctx)
	if err != nil {
		if ctx.Err() == nil {
			d.log.Warn("counting subscriptions failed", "stage", "discover", "error", err)
		}
		return
	}
	d.metrics.setSubscriptions(counts)
}
