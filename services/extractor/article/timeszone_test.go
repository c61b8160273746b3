package article_test

import (
	"strings"
	"testing"

	"github.com/dateline-news/dateline/services/extractor/article"
)

func TestDayByTheSitesClock(t *testing.T) {
	t.Parallel()
	utc := func(at string) string { return `<meta property="article:published_time" content="` + at + `">` }
	script := func(code string) string { return "<script>" + code + strings.Repeat(" ", 300) + "</script>" }
	for name, c := range map[string]struct{ url, head, want string }{
		"address gives the day before": {
			"https://example.com/2024/02/17/bridge", utc("2024-02-18T02:18:11Z"), "2024-02-17T23:18:11-03:00",
		},
		"address gives the day after": {
			"https://example.com/20240219/bridge", utc("2024-02-18T21:18:11Z"), "2024-02-19T00:18:11+03:00",
		},
		"no zone has that offset": {
			"https://example.com/2024/02/17/bridge", utc("2024-02-18T14:18:11Z"), "2024-02-18T14:18:11Z",
		},
		"address gives another day": {
			"https://example.com/2024/02/11/bridge", utc("2024-02-18T02:18:11Z"), "2024-02-18T02:18:11Z",
		},
		"declared with a zone": {
			"https://example.com/2024/02/17/bridge", utc("2024-02-18T02:18:11+01:00"), "2024-02-18T02:18:11+01:00",
		},
		"midnight means a date": {
			"https://example.com/2024/02/17/bridge", utc("2024-02-18T00:00:00Z"), "2024-02-18T00:00:00Z",
		},
		"time in a script": {
			"https://example.com/bridge",
			utc("2024-02-18T23:18:11Z") + script(`page.publication_date = '2024-02-19 00:18'`),
			"2024-02-19T00:18:11+01:00",
		},
		"date in a script": {
			"https://example.com/bridge", utc("2024-02-18T02:18:11Z") + script(`{"DateCreation":"2024-02-17"}`),
			"2024-02-17T23:18:11-03:00",
		},
		"several dates in scripts": {
			"https://example.com/bridge",
			utc("2024-02-18T02:18:11Z") + script(`{"DateCreation":"2024-02-17","publishDate":"2024-02-16"}`),
			"2024-02-18T02:18:11Z",
		},
		"local time called UTC in JSON-LD": {"https://example.com/bridge", utc("2024-02-18T21:25:06Z") +
			`<script type="application/ld+json">{"@type":"NewsArticle","headline":"Council agrees to repair the ` +
			`old bridge","datePublished":"2024-02-19T07:25:06Z"}</script>`, "2024-02-18T21:25:06Z"},
		"only in a script": {
			"https://example.com/bridge", script(`dataLayer = [{"datePublished": "2024-02-18"}]`), "2024-02-18",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			page := strings.Replace(pageWith(strings.Repeat(paragraph, 8)), "<head>", "<head>"+c.head, 1)
			a := extract(t, article.Page{URL: c.url, Body: []byte(page)})
			if a.Published == nil || a.Published.Value != c.want {
				t.Errorf("published is %+v, want %s", a.Published, c.want)
			}
		})
	}
}

func TestMachineReadableDates(t *testing.T) {
	t.Parallel()
	body := strings.Repeat(paragraph, 8)
	for name, c := range map[string]struct{ page, want string }{
		"time element with another text": {
			pageWith(`<p><time datetime="2023-10-12T19:38:01Z">10/12/2023</time></p>` + body), "2023-10-12T19:38:01Z",
		},
		"beside another date": {
			pageWith(`<p>12 October 2023, updated <time datetime="2024-01-02">2 January</time></p>` + body),
			"2023-10-12",
		},
		"a microformat": {
			pageWith(`<p>at <abbr itemprop="datePublished" title="2023-10-12T19:38:01+02:00">19:38</abbr></p>` + body),
			"2023-10-12T19:38:01+02:00",
		},
		"JSON-LD within a meta element": {
			`<meta name="script:ld+json" ` +
				`content="{&quot;@type&quot;:&quot;Article&quot;,&quot;headline&quot;:&quot;Council agrees to ` +
				`repair the old bridge&quot;,&quot;datePublished&quot;:&quot;2023-10-12&quot;}">` + pageWith(body),
			"2023-10-12",
		},
		"JSON-LD under the shown headline": {
			strings.Replace(pageWith(`<script type="application/ld+json">{"@type":"Article","headline":"Council `+
				`agrees to repair the old bridge","datePublished":"2023-10-12"}</script>`+body),
				"<title>Council agrees to repair the old bridge", "<title>Bridges of the town", 1),
			"2023-10-12",
		},
	} {
		if got := published(t, c.page); got != c.want {
			t.Errorf("%s: published is %q, want %q", name, got, c.want)
		}
	}
}
