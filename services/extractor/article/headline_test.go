package article_test

import (
	"strings"
	"testing"

	"github.com/dateline-news/dateline/services/extractor/article"
)

// Pages show and declare different titles for few reasons; each has a case.
func TestTitlePrefersTheHeadline(t *testing.T) {
	t.Parallel()
	ld := func(headline string) string {
		return `<script type="application/ld+json">{"@type":"NewsArticle","headline":"` + headline + `"}</script>`
	}
	og := func(title string) string { return `<meta property="og:title" content="` + title + `">` }
	for name, c := range map[string]struct{ head, body, want string }{
		"kicker and headline are blocks of one heading": {
			og("Harbour news: Pilot boards the wrong ship again") + "<title>Wrong ship boarded by pilot in " +
				"Oldquay</title>",
			"<nav class=breadcrumb><h1>Wrong ship boarded by pilot in Oldquay</h1></nav><h2><span>Harbour news" +
				"</span><div>Pilot boards the wrong ship again</div></h2>",
			"Pilot boards the wrong ship again",
		},
		"all metadata includes the kicker": {
			og("Oldquay harbour: Pilot boards the wrong ship") + `<meta name="twitter:title" content="Oldquay ` +
				`harbour: Pilot boards the wrong ship"><title>Oldquay harbour: Pilot boards the wrong ship</title>`,
			`<h1><span class=kicker>Oldquay harbour</span><span>: </span><span>Pilot boards the wrong ship</span></h1>`,
			"Oldquay harbour: Pilot boards the wrong ship",
		},
		"some metadata omits the kicker": {
			og("Pilot boards the wrong ship") + "<title>Oldquay harbour: Pilot boards the wrong ship</title>",
			`<h1><span class=kicker>Oldquay harbour</span><span>: </span><span>Pilot boards the wrong ship</span></h1>`,
			"Pilot boards the wrong ship",
		},
		"a popup repeats the wording for search engines": {
			ld("Wrong ship boarded by pilot in Oldquay") + og("Pilot boards the wrong ship again") +
				"<title>Wrong ship boarded by pilot in Oldquay</title>",
			"<nav class=breadcrumb><h1>Wrong ship boarded by pilot in Oldquay</h1></nav><h2>Pilot boards the " +
				"wrong ship again</h2>" + strings.Repeat(paragraph, 2) + "<div class=modal><h3>Wrong ship " +
				"boarded by pilot in Oldquay</h3></div>",
			"Pilot boards the wrong ship again",
		},
		"only the Twitter card differs": {
			ld("Harbour pilot and captain disagree about a ship") + og("Harbour pilot and captain disagree about "+
				"a ship") + `<meta name="twitter:title" content="You will not believe which ship he boarded">` +
				`<title>Harbour pilot and captain disagree about a ship</title>`,
			"<h2>You will not believe which ship he boarded</h2>",
			"Harbour pilot and captain disagree about a ship",
		},
		"label after a bar": {
			ld("How tides wear down old bridges") + "<title>Tides and bridges</title>",
			"<h1>How tides wear down old bridges | Opinion</h1>",
			"How tides wear down old bridges",
		},
		"second half after a colon": {
			og("How tides wear down old bridges") + "<title>Tides and bridges</title>",
			"<h1>How tides wear down old bridges: a walk with the keeper</h1>",
			"How tides wear down old bridges: a walk with the keeper",
		},
		"heading in capitals": {
			og("Tides wear down old bridges") + "<title>Tides wear down old bridges</title>",
			"<h1>TIDES WEAR DOWN OLD BRIDGES</h1>",
			"Tides wear down old bridges",
		},
		"heading with other capitals": {
			og("Tides Wear Down Old Bridges") + "<title>Tides Wear Down Old Bridges</title>",
			"<h1>Tides wear down old bridges</h1>",
			"Tides wear down old bridges",
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
