package extractor

import (
	"errors"
	"slices"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/dateline-news/dateline/internal/outcome"
	"github.com/dateline-news/dateline/internal/subject"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/extractor/article"
)

// The package article is a library of its own and cannot use the table.
func TestTheTableOfOutcomesListsTheReasonsOfArticles(t *testing.T) {
	var listed []article.Reason
	for _, e := range outcome.OfStage(subject.StageName(datelinev1.Stage_STAGE_EXTRACT)) {
		// A page that does not continue an article may be one of its own.
		if e.Verdict == datelinev1.Verdict_VERDICT_REJECTED && e.Reason != outcome.NotContinued {
			listed = append(listed, article.Reason(e.Reason))
		}
	}
	if want := slices.Sorted(slices.Values(article.Reasons)); !slices.Equal(listed, want) {
		t.Errorf("the table lists %q, want %q", listed, want)
	}
}

// TestMetricsCountWhatIsMissing extracts an article that has everything, and ones that lack a field each.
func TestMetricsCountWhatIsMissing(t *testing.T) {
	full := func() *article.Article {
		return &article.Article{
			Kind: article.KindArticle, Title: "Ferry returns", Authors: []article.Author{{Name: "Ann Lee"}},
			Published: &article.Timestamp{Value: "2026-03-01"}, Body: []article.Block{{Text: "The ferry is back."}},
			Language: "en", Images: []article.Image{{URL: "https://a.example/1.jpg"}},
		}
	}
	for name, c := range map[string]struct {
		change  func(*article.Article)
		missing string
	}{
		"nothing":               {func(*article.Article) {}, ""},
		"title":                 {func(a *article.Article) { a.Title = "" }, "title"},
		"authors":               {func(a *article.Article) { a.Authors = nil }, "authors"},
		"published":             {func(a *article.Article) { a.Published = nil }, "published"},
		"body":                  {func(a *article.Article) { a.Body = nil }, "body"},
		"language":              {func(a *article.Article) { a.Language = "" }, "language"},
		"undetermined language": {func(a *article.Article) { a.Language = "und" }, "language"},
		"image":                 {func(a *article.Article) { a.Images = nil }, "image"},
	} {
		m := newExtractMetrics(prometheus.NewRegistry())
		found := full()
		c.change(found)
		m.observe(found, nil)
		for _, field := range missingFields {
			want := 0.0
			if field == c.missing {
				want = 1
			}
			if got := testutil.ToFloat64(m.missing.WithLabelValues(field)); got != want {
				t.Errorf("%s: %v articles lack a %s, want %v", name, got, field, want)
			}
		}
		if got := testutil.ToFloat64(m.pages.WithLabelValues(string(article.KindArticle))); got != 1 {
			t.Errorf("%s: %v articles, want 1", name, got)
		}
	}
	m := newExtractMetrics(prometheus.NewRegistry())
	m.observe(nil, errors.New("not HTML"))
	m.observe(nil, &article.Error{})
	m.observe(nil, &article.Error{Kind: article.KindList})
	for kind, want := range map[string]float64{
		kindUnread: 2, string(article.KindList): 1, string(article.KindArticle): 0,
	} {
		if got := testutil.ToFloat64(m.pages.WithLabelValues(kind)); got != want {
			t.Errorf("%v pages have the kind %s, want %v", got, kind, want)
		}
	}
}

// TestMetricsCountConfidence extracts an article with the confidence of one field.
func TestMetricsCountConfidence(t *testing.T) {
	registry := prometheus.NewRegistry()
	newExtractMetrics(registry).observe(&article.Article{
		Provenance: map[string]article.Provenance{"title": {Confidence: 0.75}, "unknown": {Confidence: 0.5}},
	}, nil)
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		if family.GetName() != "dateline_extract_confidence" {
			continue
		}
		for _, metric := range family.GetMetric() {
			want := 0.0
			if metric.GetLabel()[0].GetValue() == "title" {
				want = 0.75
			}
			histogram := metric.GetHistogram()
			if histogram.GetSampleSum() != want || histogram.GetSampleCount() != uint64(want+0.5) {
				t.Errorf("%v: %d observations of %v, want %v", metric.GetLabel(), histogram.GetSampleCount(),
					histogram.GetSampleSum(), want)
			}
		}
		return
	}
	t.Error("the metric is missing")
}
