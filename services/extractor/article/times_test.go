package article_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/dateline-news/dateline/services/extractor/article"
)

// published returns the date of publication of a page, "" if it has none.
func published(t *testing.T, page string) string {
	t.Helper()
	a := extract(t, article.Page{Body: []byte(page)})
	if a.Published == nil {
		return ""
	}
	return a.Published.Value
}

func TestPublishedInSidebar(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ column, want string }{
		"one": {`<aside><p class="date">May 25, 2023</p></aside>`, "2023-05-25"},
		"twice": {
			`<aside><p class="date">May 25, 2023</p></aside><footer><span class="date">25 May 2023</span></footer>`,
			"2023-05-25",
		},
		"several":        {`<aside><p class="date">May 25, 2023</p><p class="date">May 26, 2023</p></aside>`, ""},
		"date of change": {`<aside><p class="date">Updated May 25, 2023</p></aside>`, "2023-05-25"},
		"copyright":      {`<aside><p class="date">© May 25, 2023</p></aside>`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			page := pageWith("<div>" + strings.Repeat(paragraph, 8) + "</div>" + c.column)
			if got := published(t, page); got != c.want {
				t.Errorf("published is %q, want %q", got, c.want)
			}
		})
	}
}

func TestPublishedAndModified(t *testing.T) {
	t.Parallel()
	const webpage = `<script type="application/ld+json">{"@type":"NewsArticle","headline":"Council agrees to ` +
		`repair the old bridge","datePublished":"%s","dateModified":"%s"}</script>`
	for name, c := range map[string]struct{ published, modified, line, want, changed string }{
		"both declared": {
			"2025-01-04T08:00:00Z", "2025-02-01T10:00:00Z", "Updated 1 February 2025", "2025-01-04T08:00:00Z",
			"2025-02-01T10:00:00Z",
		},
		"only modified": {"", "", "Last updated: 1 February 2025", "2025-02-01", "2025-02-01"},
		"modified declared as published": {
			"Feb 1, 2025", "Feb 1, 2025", "Published Jan 4, 2025", "2025-01-04", "2025-02-01",
		},
		"a later line of another article": {
			"Feb 1, 2025", "Feb 1, 2025", "Published Mar 4, 2025", "2025-02-01", "2025-02-01",
		},
		"shown in the zone of the site": {
			"2025-01-05T02:30:15Z", "", "Published January 4, 2025 at 9:30 p.m.", "2025-01-04T21:30:15-05:00", "",
		},
		"shown at another time": {
			"2025-01-05T02:30:15Z", "", "Published January 4, 2025 at 9:37 p.m.", "2025-01-05T02:30:15Z", "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			page := strings.Replace(pageWith("<p class=byline>"+c.line+"</p>"+strings.Repeat(paragraph, 8)), "<head>",
				"<head>"+fmt.Sprintf(webpage, c.published, c.modified), 1)
			a := extract(t, article.Page{Body: []byte(page)})
			value := func(ts *article.Timestamp) string {
				if ts == nil {
					return ""
				}
				return ts.Value
			}
			if got, changed := value(a.Published), value(a.Modified); got != c.want || changed != c.changed {
				t.Errorf("published is %q, want %q; modified %q, want %q", got, c.want, changed, c.changed)
			}
		})
	}
}

func TestRelativeTimes(t *testing.T) {
	t.Parallel()
	page := []byte(pageWith("<p class=meta>Ada Roe · 3 hours ago</p>" + strings.Repeat(paragraph, 8)))
	a := extract(t, article.Page{Body: page, FetchTime: time.Date(2025, 4, 20, 1, 30, 0, 0, time.UTC)})
	if a.Published == nil || a.Published.Value != "2025-04-19" || a.Published.Precision != article.PrecisionDay {
		t.Errorf("published is %+v", a.Published)
	}
	if a := extract(t, article.Page{Body: page}); a.Published != nil {
		t.Errorf("published without a fetch time is %+v", a.Published)
	}
}

func TestOrderOfDayAndMonth(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ lang, own, other, want string }{
		"another date has the month first": {"de", "10/12/2023", "12/18/2025", "2023-10-12"},
		"another date has the day first":   {"en", "10/12/2023", "18/12/2025", "2023-12-10"},
		"custom of an English page":        {"en", "10/12/2023", "", "2023-10-12"},
		"custom of a French page":          {"fr", "10/12/2023", "", "2023-12-10"},
	} {
		page := strings.Replace(pageWith("<p>"+c.own+"</p>"+strings.Repeat(paragraph,
			8)+"<footer><p>"+c.other+"</p></footer>"), "lang=en", "lang="+c.lang, 1)
		if got := published(t, page); got != c.want {
			t.Errorf("%s: published is %q, want %q", name, got, c.want)
		}
	}
}

func TestDateBesideHeadline(t *testing.T) {
	t.Parallel()
	teasers := strings.Repeat(`<div class="item"><h3><a href="/x">Ferry fares rise in the new year</a></h3><div `+
		`class="item-date">Mar 3, 2026</div></div>`, 3)
	page := pageWith("<div>February 6, 2026</div>" + strings.Repeat(paragraph, 8) + teasers)
	if got := published(t, page); got != "2026-02-06" {
		t.Errorf("published is %q", got)
	}
}

func TestDatesOfUnusualSystems(t *testing.T) {
	t.Parallel()
	teasers := strings.Repeat(`<div class="item"><h3><a href="/x">Ferry fares rise in the new year</a></h3><div `+
		`class="item-date">Mar 3, 2026</div><div>May 7, 2026</div></div>`, 3)
	body := strings.Repeat(paragraph, 8)
	for name, c := range map[string]struct{ page, want string }{
		"name that a system made up": {
			`<meta name="acme-published-date" content="2025-05-27"><meta name="acme-published-by" ` +
				`content="2024-01-01">` + pageWith(body),
			"2025-05-27",
		},
		"name for something else": {`<meta name="republished-date" content="2025-05-27">` + pageWith(body), ""},
		"signed line": {
			pageWith(body + `<p class="sidebar">Posted by Nora Feld on Friday December 19, 2025 @08:00PM from the ` +
				`harbour dept.</p>` + teasers + `<p>by Otto Kern on Monday May 4, 2026</p>`),
			"2025-12-19T20:00:00",
		},
		"from the future": {`<meta name="date" content="2078-07-08">` + pageWith(body), ""},
		"before the web":  {`<meta name="date" content="1978-07-08">` + pageWith(body), ""},
	} {
		if got := published(t, `<meta name="author" content="Nora Feld">`+c.page); got != c.want {
			t.Errorf("%s: published is %q, want %q", name, got, c.want)
		}
	}
}

func TestShownDateLongBeforeDeclaredDate(t *testing.T) {
	t.Parallel()
	for declared, want := range map[string]string{
		"2024-07-05T14:20:08Z": "2024-03-01",
		"2024-03-02T09:00:00Z": "2024-03-02T09:00:00Z",
		"2024-01-05T14:20:08Z": "2024-01-05T14:20:08Z",
	} {
		page := `<meta property="article:published_time" content="` + declared + `">` +
			pageWith("<div>March 1, 2024</div>"+strings.Repeat(paragraph, 8))
		if got := published(t, page); got != want {
			t.Errorf("declared %s: published is %q, want %s", declared, got, want)
		}
	}
}
