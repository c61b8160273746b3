package evaluation

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/dateline-news/dateline/services/extractor/article"
)

// MadePage is a page of a made site.
type MadePage struct {
	Name string
	URL  string
	HTML string
	List bool // whether it only links to articles
}

// MadePages returns lists of articles, and short articles among links to others, in several
// languages.
func MadePages() []MadePage {
	const origin = "https://www.example.org"
	var pages []MadePage
	for i := range madeSites {
		s := &madeSites[i]
		for _, path := range slices.Sorted(maps.Keys(madeLists)) {
			pages = append(pages, MadePage{
				Name: s.lang + " " + path, URL: origin + path, HTML: madeLists[path](s), List: true,
			})
		}
		for _, layout := range slices.Sorted(maps.Keys(madeArticles)) {
			for n := 1; n <= len(s.teasers); n++ {
				text := "<p>" + strings.Join(append(s.teasers[:n:n], s.teasers[:n]...), "</p><p>") + "</p>"
				pages = append(pages, MadePage{
					Name: fmt.Sprintf("%s %s, %d sentences", s.lang, layout, n), URL: origin + "/2025/03/03/4711-pier-closes",
					HTML: s.page(s.headlines[0]+" | "+s.name, madeArticles[layout](s, text)),
				})
			}
		}
	}
	return pages
}

// RunMade extracts the made pages and measures the result.
func RunMade(ctx context.Context) (*Result, error) {
	res := &Result{}
	for _, made := range MadePages() {
		t := Truth{ID: made.Name, URL: made.URL, PageType: typeArticle}
		if made.List {
			t.PageType = typeListing
		}
		p, err := measure(ctx, func(ctx context.Context, page article.Page) (*article.Article, error) {
			return article.Extract(ctx, page, article.Options{})
		}, t, []byte(made.HTML))
		if err != nil {
			return nil, err
		}
		res.count(p)
		res.Pages = append(res.Pages, *p)
	}
	return res, nil
}

// items writes the items of a list. The format gets address, headline, teaser and date.
func (s *madeSite) items(n int, format string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, format, fmt.Sprintf("/story/%d", i), s.headlines[i%len(s.headlines)],
			s.teasers[i%len(s.teasers)], fmt.Sprintf(s.date, i+1))
	}
	return b.String()
}

func (s *madeSite) page(title, main string) string {
	return fmt.Sprintf(`<html lang=%s><head><title>%s</title></head><body><header><a href="/">%s</a><nav>`+
		`<a href="/a">%s</a> <a href="/b">%s</a></nav></header>%s<footer>© 2025 %s</footer></body></html>`,
		s.lang, title, s.name, s.section, s.more, main, s.name)
}

// madeLists are kinds of pages that consist of links to articles, by the path of their
// address.
var madeLists = map[string]func(s *madeSite) string{
	"/": func(s *madeSite) string {
		return s.page(s.name, `<main><h1>`+s.name+`</h1>`+
			s.items(12, `<article><h2><a href="%[1]s">%[2]s</a></h2><p>%[3]s</p></article>`)+`</main>`)
	},
	"/index.html": func(s *madeSite) string {
		return s.page(s.name, `<div><div>`+s.items(9, `<div class=box><a href="%[1]s"><b>%[2]s</b></a><br>%[3]s</div>`)+
			`</div></div>`)
	},
	"/harbour/": func(s *madeSite) string {
		return s.page(s.section+" | "+s.name, `<main><h1>`+s.section+`</h1>`+
			s.items(10, `<div><h3><a href="%[1]s">%[2]s</a></h3><time>%[4]s</time><p>%[3]s</p></div>`)+`</main>`)
	},
	"/tag/pier": func(s *madeSite) string {
		return s.page("#"+s.section+" - "+s.name, `<main><h1>#`+s.section+`</h1><ul>`+
			s.items(15, `<li><a href="%[1]s">%[2]s</a> <span>%[4]s</span></li>`)+`</ul></main>`)
	},
	"/search": func(s *madeSite) string {
		return s.page(s.section+" – "+s.name, `<main><h1>“`+s.section+`”</h1><form><input name=q></form>`+
			s.items(8, `<div><a href="%[1]s">%[2]s</a><div>%[4]s</div><div>… %[3]s …</div></div>`)+`</main>`)
	},
	"/pictures": func(s *madeSite) string {
		return s.page(s.section+" | "+s.name, `<main><h1>`+s.section+`</h1>`+
			s.items(16, `<figure><a href="%[1]s"><img src="/i.jpg"></a><figcaption><a href="%[1]s">%[2]s</a></figcaption>`+
				`</figure>`)+`</main>`)
	},
	"/category/boats": func(s *madeSite) string {
		return s.page(s.section+" | "+s.name, `<main><h1>`+s.section+`</h1><p>`+s.teasers[0]+`</p>`+
			s.items(9, `<div class=product><a href="%[1]s"><img src="/i.jpg"></a><h3><a href="%[1]s">%[2]s</a></h3>`+
				`<b>39,00 €</b></div>`)+`</main>`)
	},
	"/forum/boats": func(s *madeSite) string {
		return s.page(s.section+" | "+s.name, `<main><h1>`+s.section+`</h1><table>`+
			s.items(14, `<tr><td><a href="%[1]s">%[2]s</a></td><td>12 `+s.comments+`</td><td>%[4]s</td></tr>`)+`</table></main>`)
	},
	"/archive/2025": func(s *madeSite) string {
		return s.page("2025 | "+s.name, `<main><h1>2025</h1>`+
			s.items(20, `<p>%[4]s: <a href="%[1]s">%[2]s</a></p>`)+`</main>`)
	},
	"/author/ada-quill": func(s *madeSite) string {
		return s.page("Ada Quill | "+s.name, `<main><h1>Ada Quill</h1><p>`+s.teasers[1]+`</p>`+
			s.items(10, `<div><span>%[4]s</span><h2><a href="%[1]s">%[2]s</a></h2><p>%[3]s</p><a href="%[1]s">`+s.more+
				`</a></div>`)+`</main>`)
	},
}

// madeArticles are layouts of short articles among links to others.
var madeArticles = map[string]func(s *madeSite, text string) string{
	"between rails": func(s *madeSite, text string) string {
		return `<div>` + s.items(8, `<div><a href="%[1]s">%[2]s</a></div>`) + `</div><div><h1>` + s.headlines[0] +
			`</h1><div>` + fmt.Sprintf(s.date, 3) + `</div>` + text + `</div><div>` +
			s.items(8, `<div><h3><a href="%[1]s">%[2]s</a></h3><p>%[3]s</p></div>`) + `</div>`
	},
	"above teasers in the same column": func(s *madeSite, text string) string {
		return `<div><h1>` + s.headlines[0] + `</h1><p>` + fmt.Sprintf(s.date, 3) + `</p>` + text +
			s.items(6, `<div><a href="%[1]s">%[2]s</a><div>%[3]s</div></div>`) + `</div>`
	},
	"above dated teasers": func(s *madeSite, text string) string {
		return `<div><h1>` + s.headlines[0] + `</h1>` + text +
			s.items(9, `<div><h4><a href="%[1]s">%[2]s</a></h4><span>%[4]s</span><p>%[3]s</p></div>`) + `</div>`
	},
	"in a table": func(s *madeSite, text string) string {
		return `<table><tr><td>` + s.items(9, `<a href="%[1]s">%[2]s</a><br>`) + `</td><td><h1>` + s.headlines[0] + `</h1>` +
			fmt.Sprintf(s.date, 3) + `<br>` + text + `</td></tr></table>`
	},
}
