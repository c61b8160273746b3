package article_test

import (
	"strings"
	"testing"

	"github.com/dateline-news/dateline/services/extractor/article"
)

// A consumer that wants only reliable texts sets a threshold on the confidence of the body.
func TestBodyConfidenceTellsClearFromDoubtfulPages(t *testing.T) {
	t.Parallel()
	confidence := func(body string) float64 {
		t.Helper()
		a, err := article.Extract(t.Context(), article.Page{URL: "https://example.com/a", Body: []byte(body)},
			article.Options{})
		if err != nil {
			t.Fatal(err)
		}
		return a.Provenance["body"].Confidence
	}
	certain := confidence(pageWith(`<article>` + strings.Repeat(paragraph, 8) + `</article>`))
	doubtful := confidence(`<title>Council repairs bridge</title><div><div>` +
		`<a href="/1">Ferry fares rise in the new year</a>` +
		`<p>The islands are not pleased about the fares, and say so.</p></div>` + strings.Repeat(`<div><b>Reader 12</b> `+
		`<span>10.2.2012 12:10</span><div>What a long meeting that was, and nobody asked the people who live beside `+
		`the canal.</div></div>`, 9) + `<div>The old bridge is repaired in spring, the council said on Monday. It was ` +
		`closed in the autumn after a survey of its piles.</div></div>`)
	if certain < 0.9 || doubtful > certain-0.02 {
		t.Errorf("the confidence is %.2f of a clear article, and %.2f of a doubtful text", certain, doubtful)
	}
}
