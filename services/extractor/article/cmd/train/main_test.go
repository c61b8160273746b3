package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dateline-news/dateline/services/extractor/article/evaluation"
	"github.com/dateline-news/dateline/services/extractor/article/internal/body"
)

// writeCorpus writes two sets with pages of several sites and returns their folder.
func writeCorpus(t *testing.T) string {
	t.Helper()
	corpus := t.TempDir()
	for _, set := range []string{"north", "south"} {
		pages := filepath.Join(corpus, set, "pages")
		if err := os.MkdirAll(pages, 0o755); err != nil {
			t.Fatal(err)
		}
		var truths bytes.Buffer
		for site := range 8 {
			var text, markup []string
			for p := range 5 {
				line := fmt.Sprintf("In %s the council of district %d heard speaker %d on Monday, who asked for a new bridge "+
					"over the canal. The vote follows in %d weeks.", set, site, p, p+2)
				text = append(text, line)
				markup = append(markup, "<p>"+line+"</p>")
			}
			html := "<title>The council hears speakers</title><h1>The council hears speakers</h1><div>" +
				strings.Join(markup, "") + `</div><div class="comments"><p>What a long meeting that was, and nobody asked ` +
				`the people who live beside the canal about the noise of the building site.</p></div>`
			id := fmt.Sprintf("%s-%d", set, site)
			var page bytes.Buffer
			zip := gzip.NewWriter(&page)
			if _, err := zip.Write([]byte(html)); err != nil {
				t.Fatal(err)
			}
			if err := zip.Close(); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(pages, id+".html.gz"), page.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
			truth := map[string]string{
				"id": id, "url": fmt.Sprintf("https://paper-%d.example/%s", site, set), "body": strings.Join(text, "\n\n"),
			}
			if err := json.NewEncoder(&truths).Encode(truth); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.WriteFile(filepath.Join(corpus, set, "truth.jsonl"), truths.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return corpus
}

func TestCrossMeasuresWithoutSiteAndSet(t *testing.T) {
	t.Parallel()
	corpus, models := writeCorpus(t), filepath.Join(t.TempDir(), "new", "models")
	var out bytes.Buffer
	args := []string{
		"-corpus", corpus, "-sets", "north,south", "-others", "", "-trees", "3", "-out", models,
		"-cross", "site,set",
	}
	if err := run(t.Context(), args, &out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"trained on", "without the site", "without the set", "F1, without the set", "calibration error", "north", "south",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the output lacks %q:\n%s", want, out.String())
		}
	}
	for _, name := range []string{"regions.model", "body.model", "confidence.model"} {
		if raw, err := os.ReadFile(filepath.Join(models, name)); err != nil || !bytes.HasPrefix(raw, []byte("gbdt 2 ")) {
			t.Errorf("%s: %v, %.20q", name, err, raw)
		}
	}
	var cross evaluation.Cross
	raw, err := os.ReadFile(filepath.Join(models, "cross.json"))
	if err == nil {
		err = json.Unmarshal(raw, &cross)
	}
	if err != nil {
		t.Fatal(err)
	}
	north := cross.Sets["north"]
	if north.Pages != 8 || north.Seen.F1 == nil || north.WithoutSite.F1 == nil || north.WithoutSet.F1 == nil {
		t.Errorf("the figures of north are %+v, want F1 of 8 pages with and without the site and the set", north)
	}
	regions, _ := os.ReadFile(filepath.Join(models, "regions.model"))
	runs, _ := os.ReadFile(filepath.Join(models, "body.model"))
	if cross.Models != body.ModelsID(string(regions), string(runs)) {
		t.Error("the figures do not name the models that were written with them")
	}
}

func TestLeaveMeasuresOnlyNamedSets(t *testing.T) {
	t.Parallel()
	corpus, models := writeCorpus(t), t.TempDir()
	var out bytes.Buffer
	args := []string{
		"-corpus", corpus, "-sets", "north,south", "-others", "", "-trees", "3", "-out", models, "-cross", "set",
		"-leave", "south",
	}
	if err := run(t.Context(), args, &out); err != nil {
		t.Fatal(err)
	}
	if got := out.String(); strings.Contains(got, "north") || !strings.Contains(got, "south") {
		t.Errorf("the output is %s", got)
	}
	if files, err := os.ReadDir(models); err != nil || len(files) > 0 {
		t.Errorf("models were written: %v, %v", files, err)
	}
}

func TestUnknownNamesAreErrors(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{
		{"-cross", "sites"},
		{"-sets", "north", "-leave", "south"},
	} {
		if err := run(t.Context(), args, &bytes.Buffer{}); err == nil || !strings.Contains(err.Error(), args[len(args)-2]) {
			t.Errorf("%v: the error is %v", args, err)
		}
	}
}
