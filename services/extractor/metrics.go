package extractor

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/dateline-news/dateline/services/extractor/article"
)

// The monitored fields of an article, by their names in its provenance.
var (
	confidenceFields = []string{"title", "authors", "published", "body", "language"}
	missingFields    = append(confidenceFields, "image")
)

// kindUnread is the label of a page whose kind is unknown because it could not be
// read.
const kindUnread = "unread"

type extractMetrics struct {
	confidence *prometheus.HistogramVec
	missing    *prometheus.CounterVec
	pages      *prometheus.CounterVec
}

func newExtractMetrics(reg prometheus.Registerer) *extractMetrics {
	m := &extractMetrics{
		confidence: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "dateline_extract_confidence",
			Help: "Estimated probability, from 0 to 1, that an extracted field of an article is right. " +
				"For the body, the estimated F1 of the text.",
			Buckets:                     prometheus.LinearBuckets(0.1, 0.1, 10),
			NativeHistogramBucketFactor: 1.1, NativeHistogramMaxBucketNumber: 100,
		}, []string{"field"}),
		missing: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "dateline_extract_missing_total", Help: "Articles that lack a field, by field.",
		}, []string{"field"}),
		pages: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "dateline_extract_pages_total",
			Help: "Pages by kind, such as article or list. Pages that could not be read have the kind unread.",
		}, []string{"kind"}),
	}
	reg.MustRegister(m.confidence, m.missing, m.pages)
	for _, field := range confidenceFields {
		m.confidence.WithLabelValues(field)
	}
	for _, field := range missingFields {
		m.missing.WithLabelValues(field)
	}
	for _, kind := range article.Kinds {
		m.pages.WithLabelValues(string(kind))
	}
	m.pages.WithLabelValues(kindUnread)
	return m
}

// observe counts an extracted page: its article, or the error if it yielded none.
func (m *extractMetrics) observe(found *article.Article, err error) {
	if found == nil {
		kind := kindUnread
		if failure, ok := errors.AsType[*article.Error](err); ok && failure.Kind != "" {
			kind = string(failure.Kind)
		}
		m.pages.WithLabelValues(kind).Inc()
		return
	}
	m.pages.WithLabelValues(string(found.Kind)).Inc()
	for field, given := range map[string]bool{
		"title": found.Title != "", "authors": len(found.Authors) > 0, "published": found.Published != nil,
		"body": len(found.Body) > 0, "language": found.Language != "und" && found.Language != "",
		"image": len(found.Images) > 0,
	} {
		if !given {
			m.missing.WithLabelValues(field).Inc()
		}
	}
	for _, field := range confidenceFields {
		if p, ok := found.Provenance[field]; ok {
			m.confidence.WithLabelValues(field).Observe(p.Confidence)
		}
	}
}
