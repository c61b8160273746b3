package article_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/dateline-news/dateline/services/extractor/article"
)

func TestTitleOmitsSiteName(t *testing.T) {
	t.Parallel()
	const home = `<a href="/">The Old Quay Gazette</a>`
	const logo = `<a href="/"><img src="l.png" alt="The Old Quay Gazette"></a>`
	const legal = `<p>© 1997–2026 The Old Quay Gazette. All rights reserved</p>`
	for name, c := range map[string]struct{ head, top, foot, want string }{
		"colon, home link": {
			"<title>The Old Quay Gazette: Pilot boards wrong ship</title>", home, "", "Pilot boards wrong ship",
		},
		"colon, logo": {
			"<title>The Old Quay Gazette: Pilot boards wrong ship</title>", logo, "", "Pilot boards wrong ship",
		},
		"colon, copyright": {
			"<title>The Old Quay Gazette: Pilot boards wrong ship</title>", "", legal, "Pilot boards wrong ship",
		},
		"colon at the end": {
			"<title>Pilot boards wrong ship: The Old Quay Gazette</title>", home, "", "Pilot boards wrong ship",
		},
		"declared": {
			`<meta property="og:site_name" content="The Old Quay Gazette"><title>The Old Quay Gazette: Pilot ` +
				`boards wrong ship</title>`,
			"", "", "Pilot boards wrong ship",
		},
		"two colons": {
			"<title>The Old Quay Gazette :: Pilot boards wrong ship</title>", home, "", "Pilot boards wrong ship",
		},
		"bar": {
			"<title>Pilot boards wrong ship | The Old Quay Gazette</title>", home, "", "Pilot boards wrong ship",
		},
		"hyphen in front": {
			"<title>The Old Quay Gazette - Pilot boards wrong ship</title>", home, "", "Pilot boards wrong ship",
		},
		"short headline after the name": {
			"<title>The Old Quay Gazette - Contact</title>", home, "", "The Old Quay Gazette - Contact",
		},
		"short headline between colon and name": {
			"<title>Contact: The Old Quay Gazette</title>", home, "", "Contact: The Old Quay Gazette",
		},
		"short headline after name and colon": {
			"<title>The Old Quay Gazette: Contact</title>", home, "", "The Old Quay Gazette: Contact",
		},
		"dash": {
			"<title>Pilot boards wrong ship — The Old Quay Gazette</title>", home, "", "Pilot boards wrong ship",
		},
		"guillemet": {
			"<title>The Old Quay Gazette » Pilot boards wrong ship</title>", home, "", "Pilot boards wrong ship",
		},
		"dot": {
			"<title>Pilot boards wrong ship · The Old Quay Gazette</title>", home, "", "Pilot boards wrong ship",
		},
		"slash": {
			"<title>Pilot boards wrong ship / The Old Quay Gazette</title>", home, "", "Pilot boards wrong ship",
		},
		"headline with a colon": {
			"<title>Letters: In defence of the noon gun</title>", home, legal, "Letters: In defence of the noon gun",
		},
		"both": {
			"<title>The Old Quay Gazette: Letters: In defence of the noon gun</title>", home, legal,
			"Letters: In defence of the noon gun",
		},
		"home link without the name": {
			"<title>Home: a history of the hearth in five rooms</title>", `<a href="/">Home</a>`, "",
			"Home: a history of the hearth in five rooms",
		},
		"headline about the site": {
			"<title>The Old Quay Gazette: what we got wrong this year</title>",
			home + "<h1>The Old Quay Gazette: what we got wrong this year</h1>", "",
			"The Old Quay Gazette: what we got wrong this year",
		},
		"heading without the name": {
			"<title>Quay Herald: Pilot boards wrong ship</title>", "<h1>Pilot boards wrong ship</h1>", "",
			"Pilot boards wrong ship",
		},
		"escaped twice": {"<title>Salt &amp;amp; rope</title>", "", "", "Salt & rope"},
		"heading with a link to itself": {
			"<title>Pilot boards wrong ship</title>", "<h1>Pilot boards wrong ship<a href='#x'>¶</a></h1>", "",
			"Pilot boards wrong ship",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			page := "<html lang=en><head>" + c.head + "</head><body><div>" + c.top + "</div><div>" +
				strings.Repeat(paragraph, 5) + "</div>" + c.foot + "</body></html>"
			a := extract(t, article.Page{URL: "https://127.0.0.1/a/1", Body: []byte(page)})
			if a.Title != c.want {
				t.Errorf("title is %q, want %q", a.Title, c.want)
			}
		})
	}
}

func TestHeadlineOutsideHeadings(t *testing.T) {
	t.Parallel()
	page := `<html><head><title>The Old Quay Gazette: Pilot boards wrong ship</title></head>
<body><table><tr><td><a href="/">The Old Quay Gazette</a></td></tr>
<tr><td><font color=red><b>QUAYSIDE</b></font>` +
		`<br><font size=5><b>Pilot boards wrong ship</b></font>` +
		`<br><font size=2>By Maud Pettifer<br>11 November 2026, 11:30</font>` +
		strings.Repeat(paragraph, 4) + `</td></tr></table></body></html>`
	a := extract(t, article.Page{URL: "https://127.0.0.1/a?id=1", Body: []byte(page)})
	if len(a.Body) != 4 {
		t.Errorf("the body has %d blocks, want the 4 paragraphs: %q", len(a.Body), a.Text)
	}
	if len(a.Authors) != 1 || a.Authors[0].Name != "Maud Pettifer" {
		t.Errorf("authors are %v", a.Authors)
	}
	if a.Published == nil || a.Published.Value != "2026-11-11T11:30:00" {
		t.Errorf("published is %v", a.Published)
	}
	if a.Section != "QUAYSIDE" {
		t.Errorf("section is %q", a.Section)
	}
}

func TestListPagesAreRefused(t *testing.T) {
	t.Parallel()
	teaser := func(format string) string {
		var b strings.Builder
		for i := range 5 {
			fmt.Fprintf(&b, format, fmt.Sprintf("/story/%d", i), fmt.Sprintf("Ferry number %d returns to the bay", i),
				"After a long winter in dock the boat sails again, and the whole town came down to the quay to see it.")
		}
		return b.String()
	}
	for name, body := range map[string]string{
		"headings":    `<h1>Harbour</h1>` + teaser(`<article><h2><a href="%s">%s</a></h2><p>%s</p></article>`),
		"plain links": `<h1>Harbour</h1>` + teaser(`<div><a class=x href="%s">%s</a><div>%s</div></div>`),
		"breaks":      `<b>Harbour</b>` + teaser(`<p><a href="%s"><b>%s</b></a><br>%s</p>`),
		"dated": `<h1>Harbour</h1>` +
			teaser(`<div><a href="%s">%s</a><div class=d>12 March 2012</div><div>%s</div></div>`),
		"front page": `<h1>The Harrow Bay Ledger</h1>` + teaser(`<div><a href="%s">%s</a><div>%s</div></div>`),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			page := `<html lang=en><head><title>The Harrow Bay Ledger</title></head><body><div><a href="/">The ` +
				`Harrow Bay Ledger</a></div><div>` + body + `</div></body></html>`
			_, err := article.Extract(t.Context(),
				article.Page{URL: "https://127.0.0.1/section/harbour", Body: []byte(page)}, article.Options{})
			var refused *article.Error
			if !errors.As(err, &refused) || refused.Reason != article.ReasonNoArticle ||
				refused.Kind != article.KindList && name != "dated" {
				t.Errorf("error is %v, want reason no_article and kind list", err)
			}
		})
	}
}

func TestBoxWithinTheTextDoesNotEndIt(t *testing.T) {
	t.Parallel()
	box := `<div><div>Trending</div><div><a href="/x">Another story</a></div></div>`
	page := pageWith("<div>" + strings.Repeat(paragraph, 8) + box + strings.Repeat(paragraph, 2) + "</div>")
	a := extract(t, article.Page{Body: []byte(page)})
	if got := strings.Count(a.Text, "The council met"); got != 10 {
		t.Errorf("the text has %d paragraphs, want 10", got)
	}
}

func TestTextStopsAtEnding(t *testing.T) {
	t.Parallel()
	for name, behind := range map[string]string{
		"comments": `<p>Comments</p><div><b>Ann Lee</b> 3 May<p>I walk there every day, nice to see it ` +
			`done.</p></div><div><b>Joe</b> 4 May<p>Who is going to pay for all of this?</p></div>`,
		"related articles": `<h2>Related articles</h2><div><a href="/a">Ferry to the islands sails again</a>` +
			`<p>The first boat left at noon.</p></div><div><a href="/b">School gets a new roof</a><p>Pupils move ` +
			`back in May.</p></div>`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			page := pageWith("<div>" + strings.Repeat(paragraph, 8) + behind + "</div>")
			a := extract(t, article.Page{Body: []byte(page)})
			if got := strings.Count(a.Text, "The council met"); got != 8 {
				t.Errorf("the text has %d paragraphs, want 8", got)
			}
			for _, line := range []string{"Who is going", "Ann Lee", "Ferry", "Pupils move"} {
				if strings.Contains(a.Text, line) {
					t.Errorf("the text contains %q: %s", line, a.Text)
				}
			}
		})
	}
}

func TestPaywallKeepsTextAndDropsNotice(t *testing.T) {
	t.Parallel()
	page := pageWith("<div>" + strings.Repeat(paragraph, 4) + "<div class=paywall>" + strings.Repeat(paragraph, 8) +
		"</div><div class=paywall><p>Subscribe now to go on reading, from one euro a month, and cancel whenever " +
		"you want.</p></div></div>")
	a := extract(t, article.Page{Body: []byte(page)})
	if got := strings.Count(a.Text, "The council met"); got != 12 || strings.Contains(a.Text, "Subscribe") {
		t.Errorf("the text has %d of 12 paragraphs: %q", got, a.Text)
	}
}

func TestTitleAmongSeveralHeadings(t *testing.T) {
	t.Parallel()
	declared := `<meta property="og:title" content="Best chairs for back pain | Acme Spine"><meta ` +
		`property="og:site_name" content="Acme Spine">`
	body := strings.Repeat(paragraph, 8)
	for name, c := range map[string]struct{ page, want string }{
		"another wording": {
			declared + `<div class="title">Best chairs for back</div><h1>Which office chairs keep backs from ` +
				`hurting</h1>` + body,
			"Which office chairs keep backs from hurting",
		},
		"advanced heading": {
			declared + `<h1 class="kt-adv-heading8_7">Which office chairs keep backs from hurting</h1>` + body,
			"Which office chairs keep backs from hurting",
		},
		"once for each screen size": {
			declared + `<h1 class="wide">Which office chairs keep backs from hurting</h1><h1 ` +
				`class="narrow">Which office chairs keep backs from hurting</h1>` + body,
			"Which office chairs keep backs from hurting",
		},
		"beside other headings": {
			declared + `<h1 class="headline">Which chairs for back pain</h1>` + body +
				`<h1>Subscribe to the newsletter of the clinic</h1>`,
			"Which chairs for back pain",
		},
		"logo": {declared + `<h1>Acme Spine</h1>` + body, "Best chairs for back pain"},
	} {
		a, err := article.Extract(t.Context(), article.Page{Body: []byte("<html><head></head><body><main>" +
			c.page + "</main></body></html>")}, article.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if a.Title != c.want {
			t.Errorf("%s: the title is %q, want %q", name, a.Title, c.want)
		}
	}
}
