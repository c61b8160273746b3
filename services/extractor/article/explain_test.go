package article_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/dateline-news/dateline/services/extractor/article"
)

func TestExplainGivesReasonForEachLine(t *testing.T) {
	t.Parallel()
	page := pageWith(`<nav class="menu"><p>Home</p></nav>` + strings.Repeat(paragraph, 3) +
		`<div class="related"><p><a href="/2">Ferry fares rise in the new year, and the islands are not pleased ` +
		`about it</a></p></div>` + paragraph)
	e, err := article.Explain(t.Context(), article.Page{URL: "https://example.com/a", Body: []byte(page)},
		article.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if e.Err != nil || e.Article == nil {
		t.Fatalf("no article: %v", e.Err)
	}
	if !strings.Contains(e.Article.Text, "old stone bridge") || strings.Contains(e.Article.Text, "Ferry fares") {
		t.Errorf("the text is %q", e.Article.Text)
	}
	found := map[string]article.Line{}
	for _, l := range e.Lines {
		found[strings.Fields(l.Text)[0]] = l
	}
	if l := found["The"]; !l.Kept || l.Why != article.WhyBody || l.Score == nil || !strings.HasSuffix(l.Path, "body > p") {
		t.Errorf("the paragraph is %+v", l)
	}
	if l := found["The"]; len(l.Causes) == 0 || l.Causes[0].Feature == "" || l.Causes[0].Effect == 0 {
		t.Errorf("the causes of the paragraph are %+v", l.Causes)
	}
	if len(e.Regions) == 0 || !e.Regions[0].Chosen || e.Regions[0].F1 < 0.5 || len(e.Regions[0].ProposedBy) == 0 {
		t.Errorf("the regions are %+v", e.Regions)
	}
	if l := found["Ferry"]; l.Kept || !slices.Contains(l.Hints, "related") ||
		!strings.HasSuffix(l.Path, "div.related > p") {
		t.Errorf("the related link is %+v", l)
	}
	if l := found["Council"]; l.Kept {
		t.Errorf("the headline is %+v", l)
	}
}

func TestExplainPageWithoutArticle(t *testing.T) {
	t.Parallel()
	e, err := article.Explain(t.Context(), article.Page{Body: []byte("<title>Contact</title><p>Call us.</p>")},
		article.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if e.Article != nil || article.ReasonOf(e.Err) != article.ReasonNoArticle || len(e.Lines) != 1 {
		t.Errorf("the explanation is %+v", e)
	}
	_, err = article.Explain(t.Context(), article.Page{}, article.Options{})
	if article.ReasonOf(err) != article.ReasonEmpty {
		t.Errorf("the error for an empty page is %v", err)
	}
}

func TestOverlayMarksLinesAndDisarmsPage(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join("testdata", "classic.html"))
	if err != nil {
		t.Fatal(err)
	}
	hostile := strings.Replace(string(page), "</body>", `<script>alert(1)</script><img src=x onerror=alert(1)><a `+
		`href=" JavaScript:alert(1)">x</a><iframe srcdoc="<script>alert(1)</script>"></iframe></body>`, 1)
	e, err := article.Explain(t.Context(), article.Page{URL: "https://example.com/a", Body: []byte(hostile)},
		article.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := e.WriteOverlay(&b); err != nil {
		t.Fatal(err)
	}
	got := b.String()
	if kept := strings.Count(got, `data-dateline="body`); kept < len(e.Article.Body)/2 {
		t.Errorf("only %d of %d blocks are marked", kept, len(e.Article.Body))
	}
	for _, bad := range []string{"alert(1)", "<iframe", "<script"} {
		if strings.Contains(got, bad) {
			t.Errorf("the overlay contains %s", bad)
		}
	}
	for _, want := range []string{
		`<base href="https://example.com/a"`, "default-src &#39;none&#39;", `id="dateline-legend"`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the overlay lacks %s:\n%.2000s", want, got)
		}
	}
}
