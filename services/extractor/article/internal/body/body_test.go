package body

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"github.com/dateline-news/dateline/services/extractor/article/internal/facts"
	"github.com/dateline-news/dateline/services/extractor/article/internal/fields"
	"github.com/dateline-news/dateline/services/extractor/article/internal/page"
)

// weighFixture weighs a page of the article package's test data.
func weighFixture(t *testing.T, name string) (*Weighing, Input) {
	t.Helper()
	html, err := os.ReadFile(filepath.Join("..", "..", "testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return weighPage(t, html)
}

func weighPage(t *testing.T, html []byte) (*Weighing, Input) {
	t.Helper()
	p, err := page.Parse(page.Source{HTML: html, URL: "https://news.example/a", MaxNodes: 10_000})
	if err != nil {
		t.Fatal(err)
	}
	meta := facts.Read(p)
	title := fields.ReadTitle(p, meta, fields.ReadSite(p, meta))
	p, headline := p.LocateHeadline(title.Value, title.Elem)
	return Weigh(p, meta.ArticleBody, headline.Elem), Input{Facts: meta, Title: title.Value, Headline: headline}
}

func TestReadLeavesPageAndWeightsUnchanged(t *testing.T) {
	t.Parallel()
	models, err := Embedded()
	if err != nil {
		t.Fatal(err)
	}
	w, in := weighFixture(t, "classic.html")
	runs, weights, hints := slices.Clone(w.Runs), slices.Clone(w.weights), slices.Clone(w.within)
	first, second := Read(w, in, models), Read(w, in, models)
	if len(first.Blocks) == 0 || !reflect.DeepEqual(first.Blocks, second.Blocks) {
		t.Errorf("the blocks are %+v, and %+v when read again", first.Blocks, second.Blocks)
	}
	if !slices.Equal(w.Runs, runs) || !slices.Equal(w.weights, weights) || !slices.Equal(w.within, hints) {
		t.Error("reading the text changed the page or its weights")
	}
}

func TestReadWithoutModelsKeepsVerdictsOfRules(t *testing.T) {
	t.Parallel()
	w, in := weighFixture(t, "classic.html")
	text := Read(w, in, Models{})
	if len(text.Blocks) == 0 {
		t.Fatal("the rules keep no text")
	}
	for i := range text.Runs {
		if _, scored := text.Score(i); scored || text.Verdict(i) == DroppedLearned {
			t.Errorf("run %d was judged by a classifier", i)
		}
	}
}

func TestRowsMatchTextRuns(t *testing.T) {
	t.Parallel()
	w, in := weighFixture(t, "classic.html")
	rows := Rows(w, in, nil)
	textRuns, kept := 0, 0
	for i := range w.Runs {
		if w.Runs[i].Kind == page.TextRun {
			textRuns++
		}
	}
	for _, row := range rows {
		if len(row.Features) != featureCount {
			t.Fatalf("a row has %d features, want %d", len(row.Features), featureCount)
		}
		if row.Kept {
			kept++
		}
	}
	if len(rows) != textRuns || kept == 0 {
		t.Errorf("there are %d rows, %d of them kept, for %d text runs", len(rows), kept, textRuns)
	}
}

func TestRegionsAreDescribedAlike(t *testing.T) {
	t.Parallel()
	w, in := weighFixture(t, "classic.html")
	regions, texts := RegionRows(w, in)
	again, _ := RegionRows(w, in)
	if len(regions) < 2 || !reflect.DeepEqual(regions, again) {
		t.Fatalf("there are %d regions, and %d when described again", len(regions), len(again))
	}
	for _, r := range regions {
		if len(r.Features) != regionFeatures || len(r.Kept) != len(texts) {
			t.Errorf("a region has %d features, want %d, and %d runs, want %d",
				len(r.Features), regionFeatures, len(r.Kept), len(texts))
		}
	}
	// The last feature is set for every region, so that none is missing before it.
	if last := regions[0].Features[regionFeatures-1]; last != float32(len(regions)) {
		t.Errorf("the last feature is %v, want the number of regions, %d", last, len(regions))
	}
}
