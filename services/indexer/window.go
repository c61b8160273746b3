package indexer

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/dateline-news/dateline/services/indexer/store"
)

// windowMetrics describe the window of articles among which copies are looked for, and its limits.
type windowMetrics struct{ seconds, articles, maxSeconds, maxArticles prometheus.Gauge }

func newWindowMetrics(reg prometheus.Registerer) windowMetrics {
	gauge := func(name, help string) prometheus.Gauge {
		g := prometheus.NewGauge(prometheus.GaugeOpts{Name: "dateline_index_copies_window_" + name, Help: help})
		reg.MustRegister(g)
		return g
	}
	return windowMetrics{
		seconds: gauge("seconds", "Time in seconds since the oldest article was stored that a new one is compared with "+
			"to find copies, as of the last batch."),
		articles: gauge("articles", "Articles that a new one is compared with to find copies, as of the last batch."),
		maxSeconds: gauge("limit_seconds",
			"Time in seconds for which an article is compared with new ones (indexer.copies-window)."),
		maxArticles: gauge("limit_articles",
			"Maximum number of articles that a new one is compared with (indexer.copies-memory)."),
	}
}

func (m windowMetrics) limit(limits store.CopyLimits) {
	m.maxSeconds.Set(limits.Window.Seconds())
	m.maxArticles.Set(float64(limits.Articles))
}

func (m windowMetrics) set(window store.CopiesWindow) {
	m.seconds.Set(window.Length.Seconds())
	m.articles.Set(float64(window.Articles))
}
