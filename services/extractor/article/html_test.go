package article_test

import (
	"strings"
	"testing"

	"github.com/dateline-news/dateline/services/extractor/article"
)

func TestHTMLRendersEachKindOfBlock(t *testing.T) {
	t.Parallel()
	a := &article.Article{
		Title: "Bridge & river", Language: "en", Direction: article.LeftToRight, Summary: "What <em>changes</em>.",
		Authors:   []article.Author{{Name: "Ada Roe", URL: "https://example.com/ada"}},
		Published: &article.Timestamp{Value: "2025-04-20"},
		Images: []article.Image{{URL: "https://example.com/a.jpg", Alt: "The \"old\" bridge",
			Caption: "From the south", Credit: "B. Doe", Lead: true}},
		Body: []article.Block{
			{Kind: article.Paragraph, Text: "One line\nand a link.",
				Links: []article.Link{{Start: 15, End: 19, URL: "https://example.com/?a=1&b=2"}}},
			{Kind: article.Heading, Level: 3, Text: "Costs"},
			{Kind: article.Quote, Text: "We waited."},
			{Kind: article.List, Ordered: true, Text: "First\nSecond", Items: []string{"First", "Second"}},
			{Kind: article.Table, HeaderRow: true, Rows: [][]string{{"Year"}, {"2024"}}},
			{Kind: article.Code, Text: "if a < b"},
			{Kind: article.Embed, URL: "https://video.example.com/embed/1"},
		},
	}
	got := article.HTML(a)
	for _, want := range []string{
		`<article lang="en" dir="ltr">`, "<h1>Bridge &amp; river</h1>",
		`<p class="summary">What &lt;em&gt;changes&lt;/em&gt;.</p>`,
		`<a href="https://example.com/ada" rel="nofollow">Ada Roe</a>, <time datetime="2025-04-20">2025-04-20</time>`,
		`<img src="https://example.com/a.jpg" alt="The &#34;old&#34; bridge"><figcaption>From the south <cite>B. ` +
			`Doe</cite></figcaption>`,
		`<p>One line<br>and a <a href="https://example.com/?a=1&amp;b=2" rel="nofollow">link</a>.</p>`,
		"<h3>Costs</h3>", "<blockquote><p>We waited.</p></blockquote>", "<ol>\n<li>First</li>\n<li>Second</li>\n</ol>",
		"<tr><th>Year</th></tr>\n<tr><td>2024</td></tr>", "<pre><code>if a &lt; b</code></pre>",
		`<figure class="embed"><a href="https://video.example.com/embed/1" ` +
			`rel="nofollow">video.example.com/embed/1</a></figure>`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("HTML lacks %s:\n%s", want, got)
		}
	}
}

func TestHTMLIsSanitised(t *testing.T) {
	t.Parallel()
	const script = `"><script>alert(1)</script><img src=x onerror=alert(1)>`
	a := &article.Article{
		Title: script, Language: script, Summary: script,
		Authors:   []article.Author{{Name: script, URL: "javascript:alert(1)"}},
		Published: &article.Timestamp{Value: script},
		Images:    []article.Image{{URL: "javascript:alert(1)", Alt: script, Caption: script, Credit: script, Lead: true}},
		Body: []article.Block{
			{Kind: article.Paragraph, Text: "click", Links: []article.Link{{End: 5, URL: " javascript:alert(1)"}}},
			{Kind: article.Table, Rows: [][]string{{script}}}, {Kind: article.Embed, URL: "data:text/html," + script},
		},
	}
	got := strings.ToLower(article.HTML(a))
	for _, bad := range []string{
		"<script", "<img src=\"x", "<img src=x", `href="javascript`, `href=" javascript`, `src="javascript`, `href="data:`,
	} {
		if strings.Contains(got, bad) {
			t.Errorf("HTML contains %s:\n%s", bad, got)
		}
	}
}
