package article_test

import (
	"strings"
	"testing"

	"github.com/dateline-news/dateline/services/extractor/article"
)

// What a template adds to a title, and a heading that is not the headline, are not taken
// for the title. Each kind has a case.
func TestTitleIsReadFromTemplates(t *testing.T) {
	t.Parallel()
	og := func(title string) string { return `<meta property="og:title" content="` + title + `">` }
	for name, c := range map[string]struct{ head, body, want string }{
		"separator without a name after it": {
			og("Ferry strikes the new pier -") + "<title>Ferry strikes the new pier -</title>",
			"<h1>Ferry strikes the new pier</h1>", "Ferry strikes the new pier",
		},
		"separator without a name before it": {
			"<title>| Ferry strikes the new pier</title>", "", "Ferry strikes the new pier",
		},
		"marks of Markdown": {
			og("## Ferry strikes the new pier") + "<title>## Ferry strikes the new pier</title>",
			"<h1>Ferry strikes the new pier</h1>", "Ferry strikes the new pier",
		},
		"archive of a blog": {
			"<title>Quayside Notes » Blog Archive » A letter from the pier</title>",
			"<h1>Quayside Notes</h1><h2>A letter from the pier</h2>", "A letter from the pier",
		},
		"Archiv eines Blogs": {
			"<title>Kaimauer » Blog-Archiv » Ein Brief vom Steg</title>",
			"<h1><a href='/'>Kaimauer</a></h1><h3>Ein Brief vom Steg</h3>", "Ein Brief vom Steg",
		},
		"name of a kind of page": {
			"<title>Home</title>", "<h1>The last tram goes at ten</h1>", "The last tram goes at ten",
		},
		"Startseite": {
			og("Startseite") + "<title>Startseite</title>", "<h1>Die letzte Bahn fährt</h1>", "Die letzte Bahn fährt",
		},
		"h1 resembles the title, a section repeats its start": {
			og("What is a spring tide, a short guide") + "<title>What is a spring tide, a short guide</title>",
			"<h1>A guide to spring tide tables for sailors</h1><h2>What is a spring tide</h2>",
			"A guide to spring tide tables for sailors",
		},
		"h1 is the name of the blog": {
			"<title>Pilot boards the wrong ship : Saltwater Remarks</title>",
			"<h1>Saltwater Remarks</h1><h2>Pilot boards the wrong ship</h2>", "Pilot boards the wrong ship",
		},
		"article before a declared title": {
			og("Oldest Lighthouses of the Northern Coast"),
			"<h1>The Oldest Lighthouses of the Northern Coast</h1>", "The Oldest Lighthouses of the Northern Coast",
		},
		"several h1, one with the words of the title": {
			og("Ferry strikes new pier, nobody hurt") + "<title>Ferry strikes new pier, nobody hurt</title>",
			"<h1>Letters from the harbour to all readers</h1><h1>Ferry strikes the new pier, and nobody is hurt</h1>" +
				"<h1>More of the coast for you this week</h1>", "Ferry strikes the new pier, and nobody is hurt",
		},
		"several h1, one with a part of the title": {
			"<title>The Quayside – Ferry strikes pier as nobody was hurt on board, says the coast guard</title>",
			"<h1>Letters to all readers</h1><h1>Ferry strikes pier, nobody hurt</h1>", "Ferry strikes pier, nobody hurt",
		},
		"several h1, none with the words of the title": {
			og("Ferry strikes new pier, nobody hurt"),
			"<h1>Letters from the harbour to all readers</h1><h1>More of the coast for you this week</h1>",
			"Ferry strikes new pier, nobody hurt",
		},
		"standfirst within the heading": {
			og("Pilot boards the wrong ship") + "<title>Pilot boards the wrong ship</title>",
			"<h1>Pilot boards the wrong ship <span>He noticed at dinner</span></h1>", "Pilot boards the wrong ship",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			page := "<html lang=en><head>" + c.head + "</head><body>" + c.body + "<div>" +
				strings.Repeat(paragraph, 6) + "</div></body></html>"
			a := extract(t, article.Page{URL: "https://127.0.0.1/a/1", Body: []byte(page)})
			if a.Title != c.want {
				t.Errorf("title is %q, want %q", a.Title, c.want)
			}
		})
	}
}

// Structured data with the page's address belongs to the page, whatever titles the page
// declares elsewhere.
func TestStructuredDataIsRecognisedByItsAddress(t *testing.T) {
	t.Parallel()
	const own, other = "https://www.example.com/coast/pier", "https://www.example.com/coast/tram"
	for name, c := range map[string]struct{ object, want string }{
		"page of the object":  {`"mainEntityOfPage":{"@id":"` + own + `#article"}`, "Ada Quill"},
		"address as a string": {`"mainEntityOfPage":"` + own + `/"`, "Ada Quill"},
		"url":                 {`"url":"http://example.com/coast/pier"`, "Ada Quill"},
		"another page":        {`"url":"` + other + `"`, ""},
		"the home page":       {`"url":"https://www.example.com/"`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			page := `<html lang=en><head><title>Ten things about piers</title><script type="application/ld+json">` +
				`{"@type":"Article","headline":"Why the old pier has to go","author":"Ada Quill",` + c.object +
				`}</script></head><body><h1>Piers explained in ten points</h1><div>` + strings.Repeat(paragraph, 6) +
				"</div></body></html>"
			a := extract(t, article.Page{URL: own + "?from=feed", Body: []byte(strings.Replace(page, "<head>",
				`<head><link rel=canonical href="`+own+`">`, 1))})
			got := ""
			if len(a.Authors) > 0 {
				got = a.Authors[0].Name
			}
			if got != c.want {
				t.Errorf("author is %q, want %q", got, c.want)
			}
		})
	}
}
