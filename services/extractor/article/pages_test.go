package article_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/dateline-news/dateline/services/extractor/article"
)

func TestPagesOfAnArticle(t *testing.T) {
	t.Parallel()
	const story = "https://valley.example/2026/03/bridge"
	for name, c := range map[string]struct {
		url, links string
		pages      int
	}{
		"one page":          {story, `<a href="/2026/03/other">Other</a> <a href="/2026/03/bridge#comments">2</a>`, 1},
		"numbers in a path": {story, `<a href="/2026/03/bridge/2">2</a> <a href="/2026/03/bridge/3">3</a>`, 3},
		"numbers in a query": {
			story, `<ul><li><a href="?page=2">2</a></li><li><a href="?page=4"><span>4</span></a></li></ul>`, 4,
		},
		"the next page":  {story, `<a rel="next" href="/2026/03/bridge/page/2/">Weiter</a>`, 2},
		"a link element": {story, `<link rel="next" href="/2026/03/bridge?seite=2">`, 2},
		"before the ending of a file": {
			story + ".html", `<a href="bridge-2.html">2</a> <a href="bridge-3.html">3</a>`, 3,
		},
		"the second page": {
			story + "/2", `<a href="/2026/03/bridge">1</a> <a href="/2026/03/bridge/3">3</a>`, 3,
		},
		"the last page": {story + "?page=3", `<a href="/2026/03/bridge">1</a> <a href="?page=2">2</a>`, 3},
		"the next article": {
			"https://valley.example/news/12", `<a rel="next" href="/news/13">Next story</a>`, 1,
		},
		"pages of comments": {story, `<a href="/2026/03/bridge/comment-page-2">2</a>`, 1},
		"other lists":       {story, `<a href="/2026/03/page/2">2</a> <a href="/news?page=3">3</a>`, 1},
		"years":             {story, `<a href="/2026/03/bridge/2026">2026</a>`, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			page := "<!DOCTYPE html><title>Council agrees to repair the old bridge</title><article><h1>Council agrees " +
				"to repair the old bridge</h1>" + strings.Repeat("<p>The council voted on Tuesday to repair the bridge "+
				"that was closed in spring, after the flood had damaged two of its piers.</p><p>Work starts in May and "+
				"will take until winter, the mayor said after the meeting.</p>", 1) + c.links + "</article>"
			a, err := article.Extract(t.Context(), article.Page{
				URL: c.url, ContentType: "text/html; charset=utf-8", Body: []byte(page),
			}, article.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if a.Pages != c.pages || a.Complete != (c.pages == 1) {
				t.Errorf("pages = %d, complete = %v, want %d pages", a.Pages, a.Complete, c.pages)
			}
		})
	}
}

func TestPagesOfThreadsAndLists(t *testing.T) {
	t.Parallel()
	const address = "https://valley.example/t/81"
	const links = `<a href="/t/81?page=2">2</a> <a href="/t/81?page=3">3</a>`
	text := "<p>The council voted on Tuesday to repair the bridge that was closed in spring, after the flood had " +
		"damaged two of its piers, and the mayor said that work starts in May.</p><p>It will take until winter, and " +
		"the ferry sails twice an hour until then, which is not enough for those who work on the other side.</p>"
	posts, teasers := "", ""
	for i := range 5 {
		posts += fmt.Sprintf("<div class=post><b>rider%d</b><div class=when>%d May 2026, 10:0%d</div>%s</div>",
			i, i+1, i, strings.ReplaceAll(text, "Tuesday", fmt.Sprintf("Tuesday %d", i)))
		teasers += fmt.Sprintf("<div><h2><a href=/a/%d>Bridge report number %d is out</a></h2>%s</div>",
			i, i, strings.ReplaceAll(text, "Tuesday", fmt.Sprintf("Tuesday %d", i)))
	}
	declared := func(kind string) string {
		return `<script type="application/ld+json">{"@context": "https://schema.org", "@type": "` + kind + `"}</script>`
	}
	for name, c := range map[string]struct {
		head, body string
		pages      int
	}{
		"an article":            {"", text, 3},
		"a thread":              {"", posts, 1},
		"a declared thread":     {declared("DiscussionForumPosting"), text, 1},
		"a declared list":       {declared("CollectionPage"), text + text, 1},
		"questions and answers": {declared("QAPage"), text, 1},
		"a list":                {"", teasers, 1},
		"an article with comments": {
			"", text + strings.ReplaceAll("<section class=comments>"+posts+"</section>", "class=post", "class=comment"), 3,
		},
		"a declared article with a time line": {`<meta property="og:type" content="article">`, posts, 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, err := article.Extract(t.Context(), article.Page{
				URL: address, ContentType: "text/html; charset=utf-8",
				Body: []byte("<!DOCTYPE html><html><head><title>What about the old bridge</title>" + c.head +
					"</head><body><main><h1>What about the old bridge</h1>" + c.body + "</main>" + links + "</body></html>"),
			}, article.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if a.Pages != c.pages || a.Complete != (c.pages == 1) {
				t.Errorf("pages = %d, complete = %v, want %d pages", a.Pages, a.Complete, c.pages)
			}
		})
	}
}
