package indexer

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/dateline-news/dateline/services/indexer/library"
	"github.com/dateline-news/dateline/services/indexer/store"
)

const (
	// maxListedSources is the maximum number of hosts that are a label of a metric.
	maxListedSources = 100
	// listedPeriod is how long a host without articles is listed after its last outcome.
	listedPeriod = 24 * time.Hour
)

// sourceList exports the state of sources by host. It is a table for dashboards, not a
// record of all sources, and therefore bounded.
type sourceList struct {
	sources *library.Library
	info    *prometheus.GaugeVec
	// listed has the labels of the current series.
	listed map[listedSource]bool
}

// listedSource has the labels of a series: host, state, cause.
type listedSource [3]string

func newSourceList(sources *library.Library, reg prometheus.Registerer) *sourceList {
	l := &sourceList{
		sources: sources,
		info: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "dateline_source_info",
			Help: "Always 1. The labels are the state of a host, and why it is silent, for up to 100 hosts, silent ones first.",
		}, []string{"host", "state", "cause"}),
		listed: map[listedSource]bool{},
	}
	reg.MustRegister(l.info)
	l.set(map[listedSource]bool{{}: true}) // a series without labels, while no host is known
	return l
}

// update lists the silent sources, then others while there is room.
func (l *sourceList) update(ctx context.Context, now time.Time) error {
	hosts := map[string]listedSource{}
	for _, silent := range []bool{true, false} {
		page, err := l.sources.SourcesHealth(ctx, store.SourceQuery{
			Since: now.Add(-listedPeriod), At: now, Silent: silent, Limit: maxListedSources,
		})
		if err != nil {
			return err
		}
		for _, source := range page {
			if _, found := hosts[source.Host]; !found && len(hosts) < maxListedSources {
				hosts[source.Host] = listedSource{source.Host, source.State, string(source.Cause)}
			}
		}
	}
	listed := map[listedSource]bool{}
	for _, source := range hosts {
		listed[source] = true
	}
	if len(listed) == 0 {
		listed[listedSource{}] = true
	}
	l.set(listed)
	return nil
}

// set replaces the series. It adds the new ones first, so that no scrape finds none.
func (l *sourceList) set(listed map[listedSource]bool) {
	for one := range listed {
		l.info.WithLabelValues(one[:]...).Set(1)
	}
	for one := range l.listed {
		if !listed[one] {
			l.info.DeleteLabelValues(one[:]...)
		}
	}
	l.listed = listed
}
