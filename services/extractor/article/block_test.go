package article_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/dateline-news/dateline/services/extractor/article"
)

func TestBlocks(t *testing.T) {
	t.Parallel()
	page := pageWith(paragraph + `<h2>What comes next</h2>` +
		strings.Replace(paragraph, "the old stone bridge", `the <a href="/bridge">old stone bridge</a>`, 1) +
		`<ul><li>First, the northern arch is closed to all traffic.</li>
		<li>Then, the parapet is taken down stone by stone.</li></ul>
		<blockquote><p>We have waited for this for twenty years, and so has the bridge.</p></blockquote>
		<table><tr><th>Year</th><th>Cost</th></tr><tr><td>2024</td><td>12 million</td></tr></table>
		<iframe src="https://video.example.com/embed/1"></iframe>` + paragraph)
	a := extract(t, article.Page{URL: "https://example.com/a/b", Body: []byte(page)})
	var kinds []string
	for _, b := range a.Body {
		kinds = append(kinds, string(b.Kind))
		for _, l := range b.Links {
			if got := b.Text[l.Start:l.End]; got != "old stone bridge" || l.URL != "https://example.com/bridge" {
				t.Errorf("link is %q to %s", got, l.URL)
			}
		}
	}
	if got, want := strings.Join(kinds, " "), "paragraph heading paragraph list quote table embed paragraph"; got != want {
		t.Fatalf("blocks are %s, want %s", got, want)
	}
	if got := fmt.Sprint(a.Body[5].Rows, a.Body[5].HeaderRow); got != "[[Year Cost] [2024 12 million]] true" {
		t.Errorf("table is %s", got)
	}
	if a.Body[4].URL != "" {
		t.Errorf("a plain quote has the address %s", a.Body[4].URL)
	}
	md := article.Markdown(a)
	for _, want := range []string{
		"# Council agrees", "## What comes next", "[old stone bridge](<https://example.com/bridge>)", "- First, the northern",
		"> We have waited", "| Year | Cost |\n| --- | --- |\n| 2024 |", "<https://video.example.com/embed/1>",
	} {
		if !strings.Contains(md, want) {
			t.Errorf("Markdown lacks %q:\n%s", want, md)
		}
	}
}

func TestEmbeddedPostHasAddress(t *testing.T) {
	t.Parallel()
	page := pageWith(strings.Repeat(paragraph, 2) + `<blockquote class="twitter-tweet"><p>We will repair the ` +
		`bridge, all of it, and before the winter comes.</p>— Mayor (@mayor) <a ` +
		`href="https://twitter.com/mayor/status/1">April 20, 2025</a></blockquote>` +
		strings.Repeat(paragraph, 3))
	a := extract(t, article.Page{URL: "https://example.com/a/b", Body: []byte(page)})
	var quotes []string
	for _, b := range a.Body {
		if b.Kind == article.Quote {
			quotes = append(quotes, b.URL)
		}
	}
	if len(quotes) != 1 || quotes[0] != "https://twitter.com/mayor/status/1" {
		t.Errorf("the addresses of the quotes are %q", quotes)
	}
}
