package extractor

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/dateline-news/dateline/internal/stage"
	"github.com/dateline-news/dateline/services/extractor/article"
)

// reasons are why an extraction can end, besides in an article.
func reasons() stage.Reasons {
	all := stage.Reasons{
		Permanent: []string{"malformed", "extraction", "encoding", "body_gone"}, Transient: []string{"timeout", "body"},
	}
	for _, reason := range article.Reasons {
		all.Rejected = append(all.Rejected, string(reason))
	}
	return all
}

// Fields of an article that are watched, by their names in its provenance.
var (
	sureFields    = []string{"title", "authors", "published", "body", "language"}
	missingFields = append(sureFields, "image")
)

// unread is the kind of a page that could not be read far enough to tell it.
const unread = "unread"

type extractMetrics struct {
	confidence *prometheus.HistogramVec
	missing    *prometheus.CounterVec
	pages      *prometheus.CounterVec
}

func newExtractMetrics(reg prometheus.Registerer) *extractMetrics {
	m := &extractMetrics{
		confidence: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "dateline_extract_confidence", Help: "The estimated chance, from 0 to 1, that a field of an article is right, where the page gives it.",
			Buckets:                     prometheus.LinearBuckets(0.1, 0.1, 10),
			NativeHistogramBucketFactor: 1.1, NativeHistogramMaxBucketNumber: 100,
		}, []string{"field"}),
		missing: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "dateline_extract_missing_total", Help: "Articles without a field.",
		}, []string{"field"}),
		pages: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "dateline_extract_pages_total", Help: "Pages by what they seem to be; unread ones could not be read far enough to tell.",
		}, []string{"kind"}),
	}
	reg.MustRegister(m.confidence, m.missing, m.pages)
	for _, field := range sureFields {
		m.confidence.WithLabelValues(field)
	}
	for _, field := range missingFields {
		m.missing.WithLabelValues(field)
	}
	for _, kind := range article.Kinds {
		m.pages.WithLabelValues(string(kind))
	}
	m.pages.WithLabelValues(unread)
	return m
}

// observe takes note of what came of a page.
func (m *extractMetrics) observe(found *article.Article, err error) {
	if found == nil {
		kind := unread
		if failure, ok := errors.AsType[*article.Error](err); ok && failure.Kind != "" {
			kind = string(failure.Kind)
		}
		m.pages.WithLabelValues(kind).Inc()
		return
	}
	m.pages.WithLabelValues(string(found.Kind)).Inc()
	for field, given := range map[string]bool{
		"title": found.Title != "", "authors": len(found.Authors) > 0, "published": found.Published != nil,
		"body": len(found.Body) > 0, "language": found.Language != "und" && found.Language != "", "image": len(found.Images) > 0,
	} {
		if !given {
			m.missing.WithLabelValues(field).Inc()
		}
	}
	for _, field := range sureFields {
		if p, ok := found.Provenance[field]; ok {
			m.confidence.WithLabelValues(field).Observe(p.Confidence)
		}
	}
}
