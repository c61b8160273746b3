package article_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/dateline-news/dateline/services/extractor/article"
)

// allowedAttributes lists the elements that article.HTML may write, with their
// attributes.
var allowedAttributes = map[string][]string{
	"article": {"lang", "dir"}, "header": nil, "h1": nil, "h2": nil, "h3": nil, "h4": nil, "h5": nil, "h6": nil,
	"p": {"class"}, "br": nil, "ul": nil, "ol": nil, "li": nil, "blockquote": nil, "pre": nil, "code": nil,
	"table": nil, "tr": nil, "th": nil, "td": nil, "figure": {"class"}, "figcaption": nil, "cite": nil,
	"time": {"datetime"}, "a": {"href", "rel"}, "img": {"src", "alt"},
}

// checkSafe reports every element, attribute and address in markup that is not allowed.
func checkSafe(t *testing.T, markup string) {
	t.Helper()
	tokens := html.NewTokenizer(strings.NewReader(markup))
	for kind := tokens.Next(); kind != html.ErrorToken; kind = tokens.Next() {
		token := tokens.Token()
		if kind == html.TextToken || kind == html.EndTagToken {
			continue
		}
		attributes, allowed := allowedAttributes[token.Data]
		if kind != html.StartTagToken || !allowed {
			t.Errorf("HTML contains %s:\n%s", token, markup)
			continue
		}
		for _, attribute := range token.Attr {
			if !slices.Contains(attributes, attribute.Key) {
				t.Errorf("%s has attribute %q:\n%s", token.Data, attribute.Key, markup)
			}
			if attribute.Key != "href" && attribute.Key != "src" {
				continue
			}
			u, err := url.Parse(attribute.Val)
			if err != nil || !slices.Contains([]string{"http", "https", "mailto"}, u.Scheme) {
				t.Errorf("%s has address %q:\n%s", token.Data, attribute.Val, markup)
			}
		}
	}
}

// everywhere returns an article that contains the same text and address in each field
// that HTML renders.
func everywhere(text, address string) *article.Article {
	link := []article.Link{{End: len(text), URL: address}}
	return &article.Article{
		Title: text, Language: text, Direction: article.Direction(text), Summary: text,
		Authors:   []article.Author{{Name: text, URL: address}},
		Published: &article.Timestamp{Value: text},
		Images:    []article.Image{{URL: address, Alt: text, Caption: text, Credit: text, Lead: true}},
		Body: []article.Block{
			{Kind: article.Paragraph, Text: text, Links: link},
			{Kind: article.Heading, Level: 2, Text: text, Links: link},
			{Kind: article.Quote, Text: text, Links: link, URL: address},
			{Kind: article.List, Text: text, Links: link},
			{Kind: article.Table, HeaderRow: true, Rows: [][]string{{text}, {text}}},
			{Kind: article.Picture, Image: 0},
			{Kind: article.Code, Text: text},
			{Kind: article.Embed, URL: address},
		},
	}
}

// hostileTexts try to leave the text or the attribute in which they are rendered.
var hostileTexts = []string{
	`"><script>alert(1)</script>`,
	`' onmouseover='alert(1)`,
	`"onfocus=alert(1) autofocus="`,
	`\"><img src=x onerror=alert(1)>`,
	`</code></pre><iframe src="javascript:alert(1)"></iframe>`,
	`</article><style>body{display:none}</style><!--`,
	`]]><svg/onload=alert(1)>`,
	"&lt;script&gt;alert(1)&lt;/script&gt;\n<br onclick=alert(1)>",
}

// hostileAddresses run a script, or leave the attribute in which they are rendered.
var hostileAddresses = []string{
	"javascript:alert(1)", " javascript:alert(1)", "JavaScript:alert(1)", "java\tscript:alert(1)",
	"\x01javascript:alert(1)",
	"data:text/html,<script>alert(1)</script>", "vbscript:msgbox(1)", "//example.com/x", "file:///etc/passwd",
	`https://example.com/"onerror="alert(1)`, "https://example.com/?a=1&b=<script>",
}

func TestHTMLEscapesEveryField(t *testing.T) {
	t.Parallel()
	for _, text := range hostileTexts {
		for _, address := range hostileAddresses {
			checkSafe(t, article.HTML(everywhere(text, address)))
		}
	}
}

func TestHTMLKeepsHostileTextReadable(t *testing.T) {
	t.Parallel()
	const text = `a < b & "c" > 'd' <script>`
	root, err := html.Parse(strings.NewReader(article.HTML(&article.Article{Title: text})))
	if err != nil {
		t.Fatal(err)
	}
	for n := range root.Descendants() {
		if n.Data == "h1" {
			if got := n.FirstChild.Data; got != text {
				t.Errorf("title = %q, want %q", got, text)
			}
			return
		}
	}
	t.Error("found no h1")
}

func FuzzHTML(f *testing.F) {
	for i, address := range hostileAddresses {
		f.Add(hostileTexts[i%len(hostileTexts)], address)
	}
	f.Fuzz(func(t *testing.T, text, address string) {
		checkSafe(t, article.HTML(everywhere(text, address)))
	})
}
