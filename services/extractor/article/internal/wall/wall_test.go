package wall

import (
	"strings"
	"testing"

	"github.com/dateline-news/dateline/services/extractor/article/internal/facts"
	"github.com/dateline-news/dateline/services/extractor/article/internal/fields"
	"github.com/dateline-news/dateline/services/extractor/article/internal/page"
	"github.com/dateline-news/dateline/services/extractor/article/internal/record"
)

// evidenceOf returns the evidence of a page.
func evidenceOf(t *testing.T, html string) Evidence {
	t.Helper()
	p, err := page.Parse(page.Source{HTML: []byte(html), URL: "https://valley.example/x", MaxNodes: 1000})
	if err != nil {
		t.Fatal(err)
	}
	f := facts.Read(p)
	return Evidence{Page: p, Facts: f, Site: fields.ReadSite(p, f)}
}

// paragraphs returns blocks with the given texts.
func paragraphs(texts ...string) (blocks []record.Block) {
	for _, text := range texts {
		blocks = append(blocks, record.Block{Kind: record.Paragraph, Text: text})
	}
	return blocks
}

// Signs of a wall and of an article are weighed against each other.
func TestWeights(t *testing.T) {
	t.Parallel()
	const (
		heading  = "<h1>Page not found</h1>"
		gone     = "The page has been moved or deleted."
		notFound = record.ReasonNotFound
		council  = "<h1>Council repairs the bridge</h1>"
	)
	text := func(n int) string { return strings.Repeat("x", n) }
	dated := func(e *Evidence) { e.Dated = true }
	blocks := func(texts ...string) func(*Evidence) {
		return func(e *Evidence) { e.Blocks = paragraphs(texts...) }
	}
	headed := func(e *Evidence) { e.Blocks = []record.Block{{Kind: record.Heading, Text: text(someProse)}} }
	refused := func(e *Evidence) { e.Refused, e.Blocks = true, paragraphs(gone, gone) }
	filled := heading + "<p>" + text(tinyPage) + "</p>"
	for name, c := range map[string]struct {
		html   string
		change func(*Evidence)
		want   record.Reason
	}{
		"heading on a tiny page":       {heading, nil, notFound},
		"just tiny":                    {heading + "<p>" + text(tinyPage-len("Pagenotfound")-1), nil, notFound},
		"not tiny":                     {heading + "<p>" + text(tinyPage-len("Pagenotfound")), nil, ""},
		"not to be indexed":            {`<meta name=robots content="NOINDEX">` + filled, nil, notFound},
		"to be indexed":                {`<meta name=robots content="index">` + filled, nil, ""},
		"refused":                      {filled, func(e *Evidence) { e.Refused = true }, notFound},
		"refused, dated":               {filled, func(e *Evidence) { e.Refused, e.Dated = true, true }, ""},
		"authored":                     {heading, func(e *Evidence) { e.Authored = true }, ""},
		"authored and refused":         {heading, func(e *Evidence) { e.Authored, e.Refused = true, true }, notFound},
		"title":                        {"<title>404 | Post</title>" + filled, nil, notFound},
		"title, dated":                 {"<title>404 | Post</title>" + heading, dated, ""},
		"class, dated":                 {"<title>404 | Post</title><body class=error404>" + heading, dated, notFound},
		"address":                      {`<link rel=canonical href="/404.html">` + filled, nil, notFound},
		"sentence":                     {filled + "<p>" + gone, nil, notFound},
		"some prose":                   {heading, blocks(text(someProse)), ""},
		"less prose":                   {heading, blocks(text(someProse - 1)), notFound},
		"prose under a heading":        {heading, headed, notFound},
		"as long as an article":        {"<title>404</title>" + heading, blocks(text(articleLong)), ""},
		"shorter than an article":      {"<title>404</title>" + heading, blocks(text(articleLong - 1)), notFound},
		"most paragraphs":              {"", blocks(gone, gone, "x"), notFound},
		"half of the paragraphs":       {"", blocks(gone, gone, "x", "y"), ""},
		"one paragraph":                {"", blocks(gone), ""},
		"an empty one":                 {"", blocks(gone, gone, "x", ""), notFound},
		"another headline":             {council + "<p>" + gone, blocks(gone, gone), ""},
		"another headline and refused": {council, refused, notFound},
		"nothing":                      {"<p>x", func(e *Evidence) { e.Refused = true }, ""},
		"declared as not free": {"<meta property=og:type content=article><p>x",
			func(e *Evidence) { e.Refused, e.Access = true, record.AccessPaywalled }, record.ReasonBlocked},
		"declared as free": {"<meta property=og:type content=article><p>x",
			func(e *Evidence) { e.Refused, e.Access = true, record.AccessFree }, ""},
		"no article declared": {"<p>x", func(e *Evidence) { e.Refused, e.Access = true, record.AccessPaywalled }, ""},
		"with an article": {"<meta property=og:type content=article><p>x",
			func(e *Evidence) { e.Access = record.AccessPaywalled }, ""},
		"second heading":    {council + "<h1>Page not found</h1>", nil, ""},
		"lower heading":     {"<h1>Valley</h1><h2>Page not found</h2>", nil, ""},
		"first of several":  {"<h2>Page not found</h2><h3>Council repairs the bridge</h3>", nil, notFound},
		"second of several": {"<h2>Valley news</h2><h3>Page not found</h3>", nil, ""},
	} {
		e := evidenceOf(t, c.html)
		if c.change != nil {
			c.change(&e)
		}
		w := Find(e)
		if got := w != nil; got != (c.want != "") || got && (w.Reason != c.want || !strings.Contains(w.Message, "(")) {
			t.Errorf("%s: got %+v, want %q", name, w, c.want)
		}
	}
}

// Headings consist of a stock phrase, with a status code, filler words or the name of the site around it.
func TestStockPhrases(t *testing.T) {
	t.Parallel()
	s := &signs{Evidence: evidenceOf(t, `<meta property=og:site_name content="Valley Post">`)}
	for text, want := range map[string]kind{
		"Page not found": notFound, "Error 404: page not found!": notFound, "Sorry, page not found": notFound,
		"404":               notFound,
		"404 – Valley Post": notFound, "404 – Hill Post": "", "503": errorPage, "Bad Gateway": errorPage, "403": blocked,
		"":                             "",
		"Page not found in the valley": "", "Oops!": "", strings.Repeat("-", maxHeading-3) + "404": notFound,
		strings.Repeat("-", maxHeading-2) + "404": "",
	} {
		if got := s.stockPhrase(text); got != want {
			t.Errorf("%.60q is %q, want %q", text, got, want)
		}
	}
	for text, want := range map[string]string{
		"It’s  (not) 'found'!": "its not found", "azAZ09": "azaz09", "": "", "--a": "a", "a\u200cb": "ab", "नमस्ते": "नमस्ते",
	} {
		if got := plain(text); got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
	left := 10
	if found := s.readSentences(strings.Repeat("x", 20), &left); len(found) > 0 || left != 0 {
		t.Errorf("%d bytes are left, and %v found", left, found)
	}
}
