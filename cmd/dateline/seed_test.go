package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dateline-news/dateline/internal/outcome"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// extractorTestdata is the folder with the extractor's example pages.
var extractorTestdata = filepath.Join("..", "..", "services", "extractor", "article", "testdata")

// seedRecord is the record of the example article, as in record.json.
type seedRecord struct {
	Title, Section, Summary, Dateline, Language, Published string
	SiteName                                               string `json:"site_name"`
	Authors, Body                                          []string
	ReadingTimeMinutes                                     int32 `json:"reading_time_minutes"`
	Images                                                 []struct{ Alt, Caption, Credit string }
}

// TestSeed ingests one article in four markups. The record must be the same for each.
func TestSeed(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile(filepath.Join(extractorTestdata, "record.json"))
	if err != nil {
		t.Fatal(err)
	}
	var want seedRecord
	if err := json.Unmarshal(raw, &want); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.FileServer(http.Dir(extractorTestdata)))
	defer server.Close()
	for _, name := range []string{"utility", "classic", "jsonld", "print"} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			url := server.URL + "/" + name + ".html"
			if code, ends := ingest(t, dir, url); code != 0 {
				t.Fatalf("ingest: %+v", ends)
			}
			hit, err := openStore(t, dir).Article(t.Context(), url)
			if err != nil {
				t.Fatal(err)
			}
			checkSeed(t, hit.Article, want)
		})
	}
}

func checkSeed(t *testing.T, got *datelinev1.Article, want seedRecord) {
	t.Helper()
	var authors, body []string
	for _, a := range got.GetAuthors() {
		authors = append(authors, a.GetName())
	}
	for _, block := range got.GetBody() {
		if block.GetText() != "" {
			body = append(body, block.GetText())
		}
	}
	compare := func(field string, got, want any) {
		t.Helper()
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s is %q, want %q", field, got, want)
		}
	}
	compare("title", got.GetTitle(), want.Title)
	compare("site_name", got.GetSiteName(), want.SiteName)
	compare("section", got.GetSection(), want.Section)
	compare("authors", authors, want.Authors)
	compare("summary", got.GetSummary(), want.Summary)
	compare("dateline", got.GetDateline(), want.Dateline)
	compare("language", got.GetLanguage(), want.Language)
	compare("reading time", got.GetReadingTimeMinutes(), want.ReadingTimeMinutes)
	compare("published", got.GetPublished().GetValue().AsTime().Format(time.DateOnly), want.Published)
	compare("body", body, want.Body)
	if len(got.GetImages()) != len(want.Images) {
		t.Fatalf("%d images, want %d", len(got.GetImages()), len(want.Images))
	}
	for i, image := range want.Images {
		compare("alt", got.GetImages()[i].GetAlt(), image.Alt)
		compare("caption", got.GetImages()[i].GetCaption(), image.Caption)
		compare("credit", got.GetImages()[i].GetCredit(), image.Credit)
	}
}

// TestSavedPage ingests a file, which the fetcher does not see.
func TestSavedPage(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	code, ends := ingest(t, dir, filepath.Join(extractorTestdata, "classic.html"))
	if code != 0 || len(ends) != 1 {
		t.Fatalf("exit code %d, ends %+v", code, ends)
	}
	checkLedger(t, dir, 1)
}

// TestRequeue ingests a URL whose site is broken, repairs the site and requeues the dead
// letter.
func TestRequeue(t *testing.T) {
	t.Parallel()
	broken := true
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/robots.txt":
			w.WriteHeader(http.StatusNotFound)
		case broken:
			w.WriteHeader(http.StatusBadGateway)
		default:
			http.ServeFile(w, r, filepath.Join(extractorTestdata, "classic.html"))
		}
	}))
	defer server.Close()
	dir, url := t.TempDir(), server.URL+"/story"
	if code, ends := ingest(t, dir, url); code != 1 || ends[url][0].Reason != outcome.ServerError {
		t.Fatalf("exit code %d, ends %+v", code, ends)
	}
	_, out, _ := dateline(t, "dead", "list", "--data", dir, "--json")
	if strings.Count(out, `"reason":"server_error"`) != 1 {
		t.Fatalf("dead list: %s", out)
	}
	// Numbers beside --all are contradictory: nothing may change.
	code, _, errText := dateline(t, "dead", "requeue", "1", "--all", "--data", dir)
	if code != 2 || !strings.Contains(errText, "either the numbers of dead letters or --all") {
		t.Errorf("dead requeue 1 --all: exit code %d, %s", code, errText)
	}
	if _, out, _ := dateline(t, "dead", "list", "--data", dir, "--json"); strings.Count(out, "\n") != 1 {
		t.Errorf("after a wrong call, the dead letters are %s", out)
	}
	broken = false
	code, out, errText = dateline(t, "dead", "requeue", "--data", dir, "--all")
	if code != 0 || !strings.Contains(out, "1 dead") {
		t.Fatalf("dead requeue: exit code %d\n%s%s", code, out, errText)
	}
	// The requeued URL is fetched by the next run on the folder.
	code, ends := ingest(t, dir, url)
	if code != 0 || ends[url][0].Article == nil {
		t.Fatalf("exit code %d, ends %+v", code, ends)
	}
	if _, out, _ := dateline(t, "explain", "--data", dir, url); !strings.Contains(out, "produced") {
		t.Errorf("explain: %s", out)
	}
}
