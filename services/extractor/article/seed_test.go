package article_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dateline-news/dateline/services/extractor/article"
)

// record is the format of testdata/record.json: the record that all renderings of
// the same article must yield.
type record struct {
	URL                string          `json:"url"`
	Title              string          `json:"title"`
	SiteName           string          `json:"site_name"`
	Section            string          `json:"section"`
	Authors            []string        `json:"authors"`
	Published          string          `json:"published"`
	ReadingTimeMinutes int             `json:"reading_time_minutes"`
	Language           string          `json:"language"`
	Summary            string          `json:"summary"`
	Dateline           string          `json:"dateline"`
	Images             []article.Image `json:"images"`
	Body               []string        `json:"body"`
	NotInBody          []string        `json:"not_in_body"`
}

func TestSameArticleInFourMarkups(t *testing.T) {
	t.Parallel()
	want := readRecord(t)
	for _, name := range []string{"utility", "classic", "jsonld", "print"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := extractFixture(t, name+".html", want.URL)
			compare(t, a, want)
		})
	}
}

func readRecord(t *testing.T) record {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", "record.json"))
	if err != nil {
		t.Fatal(err)
	}
	var want record
	if err := json.Unmarshal(raw, &want); err != nil {
		t.Fatal(err)
	}
	return want
}

func extractFixture(t *testing.T, name, url string) *article.Article {
	t.Helper()
	body, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	a, err := article.Extract(t.Context(), article.Page{
		URL: url, ContentType: "text/html; charset=utf-8", Body: body,
		FetchTime: time.Date(2025, 4, 21, 8, 0, 0, 0, time.UTC),
	}, article.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func compare(t *testing.T, a *article.Article, want record) {
	t.Helper()
	check := func(field, got, want string) {
		t.Helper()
		if got != want {
			t.Errorf("%s is %q, want %q", field, got, want)
		}
	}
	check("url", a.URL, want.URL)
	check("canonical_url", a.CanonicalURL, want.URL)
	check("title", a.Title, want.Title)
	check("site_name", a.SiteName, want.SiteName)
	check("section", a.Section, want.Section)
	check("language", a.Language, want.Language)
	check("summary", a.Summary, want.Summary)
	check("dateline", a.Dateline, want.Dateline)
	check("direction", string(a.Direction), "ltr")
	var names []string
	for _, author := range a.Authors {
		names = append(names, author.Name)
	}
	if !slices.Equal(names, want.Authors) {
		t.Errorf("authors are %q, want %q", names, want.Authors)
	}
	if a.Published == nil || a.Published.Value != want.Published || a.Published.Precision != article.PrecisionDay {
		t.Errorf("published is %+v, want the day %s", a.Published, want.Published)
	}
	if a.ReadingTimeMinutes != want.ReadingTimeMinutes {
		t.Errorf("reading time is %d, want %d", a.ReadingTimeMinutes, want.ReadingTimeMinutes)
	}
	if len(a.Images) != len(want.Images) {
		t.Errorf("%d images, want %d: %+v", len(a.Images), len(want.Images), a.Images)
	} else {
		check("alt", a.Images[0].Alt, want.Images[0].Alt)
		check("caption", a.Images[0].Caption, want.Images[0].Caption)
		check("credit", a.Images[0].Credit, want.Images[0].Credit)
	}
	if paragraphs := strings.Split(a.Text, "\n\n"); !slices.Equal(paragraphs, want.Body) {
		t.Errorf("body is\n%s\nwant\n%s", a.Text, strings.Join(want.Body, "\n\n"))
	}
	for _, s := range want.NotInBody {
		if strings.Contains(a.Text, s) {
			t.Errorf("body contains %q", s)
		}
	}
	for _, field := range []string{"title", "authors", "published", "summary", "body"} {
		if p := a.Provenance[field]; p.Source == "" || p.Confidence <= 0 || p.Confidence > 1 {
			t.Errorf("provenance of %s is %+v", field, p)
		}
	}
}
