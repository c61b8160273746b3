package article_test

import (
	"strings"
	"testing"
	"time"

	"github.com/dateline-news/dateline/services/extractor/article"
)

// hintedStory is the text of the pages of these tests.
const hintedStory = `<p>The ferry between the two islands sails again from Monday, after a winter in which the
harbour was closed and the post came by helicopter once a week.</p><p>The new captain said that the first crossing is
free of charge, and that the school class of the northern island has already booked the whole upper deck.</p>
<p>Until June the ferry sails twice a day. In summer it sails every two hours, as it did before the storm.</p>`

func feedHints() article.Hints {
	return article.Hints{
		Source: article.FromFeed, Title: "Ferry sails again after a winter", Summary: "The islands are connected again.",
		Section: "Islands", Language: "en-GB", ImageURL: "https://isle.example/ferry.jpg",
		Authors: []string{"Maren Holt"}, Keywords: []string{"ferry", "harbour"},
		Published: time.Date(2026, 3, 2, 7, 30, 0, 0, time.UTC), Modified: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC),
	}
}

func extractHinted(t *testing.T, head, body string, hints article.Hints) *article.Article {
	t.Helper()
	a, err := article.Extract(t.Context(), article.Page{
		URL: "https://isle.example/ferry-sails", ContentType: "text/html; charset=utf-8", Hints: hints,
		Body:      []byte("<!DOCTYPE html><html><head>" + head + "</head><body><main>" + body + "</main></body></html>"),
		FetchTime: time.Date(2026, 3, 3, 12, 0, 0, 0, time.UTC),
	}, article.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestHintsFillWhatThePageLacks(t *testing.T) {
	t.Parallel()
	a := extractHinted(t, "", hintedStory, feedHints())
	if a.Title != "Ferry sails again after a winter" || a.Summary != "The islands are connected again." ||
		a.Section != "Islands" || strings.Join(a.Tags, ",") != "ferry,harbour" {
		t.Errorf("title %q, summary %q, section %q, tags %q", a.Title, a.Summary, a.Section, a.Tags)
	}
	if len(a.Authors) != 1 || a.Authors[0].Name != "Maren Holt" || a.Authors[0].Kind != article.Person {
		t.Errorf("authors %+v", a.Authors)
	}
	if a.Published == nil || a.Published.Value != "2026-03-02T07:30:00Z" ||
		a.Modified == nil || a.Modified.Value != "2026-03-02T09:00:00Z" {
		t.Errorf("published %+v, modified %+v", a.Published, a.Modified)
	}
	if len(a.Images) != 1 || a.Images[0].URL != "https://isle.example/ferry.jpg" || !a.Images[0].Lead {
		t.Errorf("images %+v", a.Images)
	}
	for _, field := range []string{
		"title", "summary", "section", "authors", "published", "modified", "tags", "images",
	} {
		if source := a.Provenance[field].Source; source != article.FromFeed {
			t.Errorf("the source of %s is %q, want feed", field, source)
		}
	}
}

func TestHintsNeverBeatWhatThePageStates(t *testing.T) {
	t.Parallel()
	const head = `<title>Ferry is back</title><meta property="og:title" content="Ferry is back">
		<meta name="author" content="Jan Voss"><meta property="article:published_time" content="2026-02-20T06:00:00Z">
		<meta property="article:section" content="Traffic"><meta property="article:tag" content="ships">
		<meta name="description" content="What the new captain plans for the summer."><html lang="en">`
	body := `<h1>Ferry is back</h1><img src="/own.jpg" width="800" height="500" alt="The ferry">` + hintedStory
	want := extractHinted(t, head, body, article.Hints{})
	got := extractHinted(t, head, body, feedHints())
	if got.Title != want.Title || got.Section != want.Section || got.Summary != want.Summary ||
		got.Published.Value != want.Published.Value || got.Authors[0].Name != "Jan Voss" ||
		strings.Join(got.Tags, ",") != "ships" || got.Images[0].URL != want.Images[0].URL {
		t.Errorf("with hints: %q %q %q %q %+v %q %+v", got.Title, got.Section, got.Summary, got.Published.Value,
			got.Authors, got.Tags, got.Images)
	}
	for field, p := range got.Provenance {
		if p.Source == article.FromFeed && field != "modified" {
			t.Errorf("the source of %s is the feed", field)
		}
	}
}

func TestHintsDecideBetweenValuesOfThePage(t *testing.T) {
	t.Parallel()
	const title = "Ferry sails again after a winter"
	for name, c := range map[string]struct {
		head, body, want string
	}{
		"a heading that is not the title": {
			"", "<h1>Notes from the islands</h1><h2>" + title + "</h2>" + hintedStory, title,
		},
		"a title that the page does not show": {
			"", "<h1>The captain and her first crossing</h1>" + hintedStory, "The captain and her first crossing",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if a := extractHinted(t, c.head, c.body, feedHints()); a.Title != c.want {
				t.Errorf("the title is %q, want %q", a.Title, c.want)
			}
		})
	}
}

func TestHintsThatAgreeRaiseTheConfidence(t *testing.T) {
	t.Parallel()
	const head = `<meta name="author" content="Maren Holt">`
	body := "<h1>Ferry sails again after a winter</h1><p>2 March 2026</p>" + hintedStory
	alone, both := extractHinted(t, head, body, article.Hints{}), extractHinted(t, head, body, feedHints())
	for _, field := range []string{"title", "authors", "published"} {
		was, now := alone.Provenance[field], both.Provenance[field]
		if was.Source != now.Source || now.Confidence <= was.Confidence {
			t.Errorf("%s: %+v alone, %+v with the feed, want more confidence from the same source", field, was, now)
		}
	}
}

func TestHintsThatMakeNoSenseAreIgnored(t *testing.T) {
	t.Parallel()
	a := extractHinted(t, "<title>Ferry is back</title>", "<h1>Ferry is back</h1>"+hintedStory, article.Hints{
		Source: article.FromSitemap, Title: strings.Repeat("long ", 200), Section: strings.Repeat("long ", 200),
		Summary: strings.Repeat("long ", 500), ImageURL: "javascript:alert(1)", Language: "<b>",
		Authors:   []string{"https://isle.example/", strings.Repeat("long ", 100)},
		Published: time.Date(2031, 1, 1, 0, 0, 0, 0, time.UTC), Modified: time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC),
	})
	for field, p := range a.Provenance {
		if p.Source == article.FromSitemap {
			t.Errorf("the source of %s is the sitemap: %+v", field, p)
		}
	}
	if a.Published != nil || a.Modified != nil || len(a.Authors) > 0 || len(a.Images) > 0 {
		t.Errorf("published %v, modified %v, authors %v, images %v", a.Published, a.Modified, a.Authors, a.Images)
	}
}
