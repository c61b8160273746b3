package article_test

import (
	"strings"
	"testing"

	"github.com/dateline-news/dateline/services/extractor/article"
)

// everything is an article with each kind of block.
func everything() *article.Article {
	return &article.Article{
		Title: "Bridge *opens*", Language: "en", Direction: article.LeftToRight, Summary: "After a year.",
		Authors:   []article.Author{{Name: "Ada Roe"}, {Name: "Ben Doe"}},
		Published: &article.Timestamp{Value: "2026-05-03"},
		Images: []article.Image{
			{URL: "https://a.example/a.jpg", Alt: "lead", Caption: "Caption", Credit: "Roe", Lead: true},
			{URL: "https://a.example/b.jpg", Alt: "second"},
		},
		Body: []article.Block{
			{Kind: article.Paragraph, Text: "One [line]\nand a link."},
			{Kind: article.Heading, Level: 3, Text: "Costs"},
			{Kind: article.Quote, Text: "We\nwaited.", URL: "https://b.example/x?y"},
			{Kind: article.List, Ordered: true, Text: "First\nSecond", Items: []string{"First", "Second"}},
			{Kind: article.List, Text: "Third", Items: []string{"Third"}},
			{Kind: article.Table, HeaderRow: true, Rows: [][]string{{"Year", "Cars"}, {"20|26"}}},
			{Kind: article.Picture, Image: 1},
			{Kind: article.Picture, Image: 2}, // which the article does not have
			{Kind: article.Code, Text: "a < b"},
			{Kind: article.Embed, URL: "https://video.example/1"},
		},
		Text: "The text.",
	}
}

func TestMarkdownOfEachBlock(t *testing.T) {
	t.Parallel()
	const want = `# Bridge \*opens\*

Ada Roe, Ben Doe, 2026-05-03

**After a year.**

![lead](<https://a.example/a.jpg>)

*Caption (Roe)*

One \[line\]  
and a link.

### Costs

> We
> waited.

1. First
2. Second

- Third

| Year | Cars |
| --- | --- |
| 20\|26 |  |

![second](<https://a.example/b.jpg>)


` + "```\na < b\n```" + `

<https://video.example/1>
`
	if got := article.Markdown(everything()); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// What an article lacks is left out, and what its body opens with is not repeated.
func TestPartsThatAreLeftOut(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*article.Article)
		text   string // plain
		lead   bool   // whether the lead image precedes the text
	}{
		"all": {func(*article.Article) {},
			"Bridge *opens*\n\nAda Roe, Ben Doe, 2026-05-03\n\nAfter a year.\n\nThe text.\n", true},
		"authors": {func(a *article.Article) { a.Authors = nil },
			"Bridge *opens*\n\n2026-05-03\n\nAfter a year.\n\nThe text.\n", true},
		"date": {func(a *article.Article) { a.Published = nil },
			"Bridge *opens*\n\nAda Roe, Ben Doe\n\nAfter a year.\n\nThe text.\n", true},
		"byline": {func(a *article.Article) { a.Authors, a.Published = nil, nil },
			"Bridge *opens*\n\nAfter a year.\n\nThe text.\n", true},
		"standfirst in the body": {func(a *article.Article) { a.Body[0].Text = "After\na  year." },
			"Bridge *opens*\n\nAda Roe, Ben Doe, 2026-05-03\n\nThe text.\n", true},
		"body": {func(a *article.Article) { a.Body, a.Text = nil, "" },
			"Bridge *opens*\n\nAda Roe, Ben Doe, 2026-05-03\n\nAfter a year.\n", true},
		"lead in the body": {func(a *article.Article) { a.Body[6].Image = 0 },
			"Bridge *opens*\n\nAda Roe, Ben Doe, 2026-05-03\n\nAfter a year.\n\nThe text.\n", false},
		"no lead": {func(a *article.Article) { a.Images[0].Lead = false },
			"Bridge *opens*\n\nAda Roe, Ben Doe, 2026-05-03\n\nAfter a year.\n\nThe text.\n", false},
		"no images": {func(a *article.Article) { a.Images = nil },
			"Bridge *opens*\n\nAda Roe, Ben Doe, 2026-05-03\n\nAfter a year.\n\nThe text.\n", false},
	} {
		a := everything()
		c.change(a)
		if got := article.PlainText(a); got != c.text {
			t.Errorf("%s: the text is %q, want %q", name, got, c.text)
		}
		markdown, html := article.Markdown(a), article.HTML(a)
		head, _, _ := strings.Cut(markdown, "One ")
		if got := strings.Contains(head, "![lead]"); got != c.lead && len(a.Body) > 0 && a.Body[0].Text[:3] == "One" {
			t.Errorf("%s: the lead image precedes the text: %v, want %v", name, got, c.lead)
		}
		if got := strings.Contains(html, "</header>\n<figure><img"); got != c.lead {
			t.Errorf("%s: the lead image precedes the HTML: %v, want %v", name, got, c.lead)
		}
		for part, want := range map[string]bool{
			`class="byline"`: len(a.Authors) > 0 || a.Published != nil, `class="summary"`: name != "standfirst in the body",
			"<time": a.Published != nil,
		} {
			if got := strings.Contains(html, part); got != want {
				t.Errorf("%s: the HTML has %s: %v, want %v", name, part, got, want)
			}
		}
	}
}

// Links are shown if they lie in the text, do not overlap, and lead to the web or to a mail address.
func TestLinksOfBlocks(t *testing.T) {
	t.Parallel()
	const href = "https://b.example/"
	for name, c := range map[string]struct {
		links          []article.Link
		markdown, html string
	}{
		"at the ends": {
			[]article.Link{{Start: 0, End: 3, URL: href}, {Start: 8, End: 13, URL: href}},
			"[One](<" + href + ">) two [three](<" + href + ">)",
			`<a href="` + href + `" rel="nofollow">One</a> two <a href="` + href + `" rel="nofollow">three</a>`,
		},
		"adjacent": {
			[]article.Link{{Start: 0, End: 3, URL: href}, {Start: 3, End: 4, URL: href}},
			"[One](<" + href + ">)[ ](<" + href + ">)two three",
			`<a href="` + href + `" rel="nofollow">One</a><a href="` + href + `" rel="nofollow"> </a>two three`,
		},
		"overlapping": {
			[]article.Link{{Start: 0, End: 3, URL: href}, {Start: 2, End: 7, URL: href}}, "[One](<" + href + ">) two three",
			`<a href="` + href + `" rel="nofollow">One</a> two three`,
		},
		"empty":    {[]article.Link{{Start: 3, End: 3, URL: href}}, "One two three", "One two three"},
		"reversed": {[]article.Link{{Start: 3, End: 2, URL: href}}, "One two three", "One two three"},
		"too long": {[]article.Link{{Start: 8, End: 14, URL: href}}, "One two three", "One two three"},
		"script": {[]article.Link{{Start: 0, End: 3, URL: "javascript:x"}}, "[One](<javascript:x>) two three",
			"One two three"},
		"mail": {
			[]article.Link{{Start: 0, End: 3, URL: " mailto:a@b.example "}}, "[One](< mailto:a@b.example >) two three",
			`<a href="mailto:a@b.example" rel="nofollow">One</a> two three`,
		},
		"with a space": {[]article.Link{{Start: 0, End: 3, URL: "https://b.example/x y"}},
			"[One](<https://b.example/x y>) two three", "One two three"},
	} {
		block := article.Block{Kind: article.Paragraph, Text: "One two three", Links: c.links}
		a := &article.Article{Title: "T", Body: []article.Block{block}}
		if got := article.Markdown(a); got != "# T\n\n"+c.markdown+"\n" {
			t.Errorf("%s: got the Markdown %q, want %q", name, got, c.markdown)
		}
		if got := article.HTML(a); !strings.Contains(got, "<p>"+c.html+"</p>") {
			t.Errorf("%s: got the HTML %q, want %q", name, got, c.html)
		}
	}
}

// Headings are between those of the title and the smallest.
func TestLevelsOfHeadings(t *testing.T) {
	t.Parallel()
	for level, want := range map[int]string{0: "2", 1: "2", 2: "2", 6: "6", 7: "6"} {
		a := &article.Article{Title: "T", Body: []article.Block{{Kind: article.Heading, Level: level, Text: "H"}}}
		if got := article.HTML(a); !strings.Contains(got, "<h"+want+">H</h"+want+">") {
			t.Errorf("level %d: %s", level, got)
		}
		if got := article.Markdown(a); !strings.Contains(got, "\n"+strings.Repeat("#", int(want[0]-'0'))+" H\n") {
			t.Errorf("level %d: %s", level, got)
		}
	}
	table := &article.Article{Body: []article.Block{{Kind: article.Table, Rows: [][]string{{"a"}, {"b", "c"}}}}}
	if got := article.HTML(table); !strings.Contains(got, "<tr><td>a</td></tr>\n<tr><td>b</td><td>c</td></tr>") {
		t.Errorf("a table without a header row: %s", got)
	}
	quote := &article.Article{Body: []article.Block{{Kind: article.Quote, Text: "A\nb", URL: "https://b.example/x?y"}}}
	want := `<blockquote><p>A</p>` + "\n" + `<p>b</p><p><cite><a href="https://b.example/x?y" rel="nofollow">` +
		`b.example/x</a></cite></p></blockquote>`
	if got := article.HTML(quote); !strings.Contains(got, want) {
		t.Errorf("a quote with a source: %s", got)
	}
	picture := &article.Article{
		Images: []article.Image{{URL: "https://a.example/a.jpg"}, {URL: "https://a.example/b.jpg", Credit: "Roe"}},
		Body:   []article.Block{{Kind: article.Picture}, {Kind: article.Picture, Image: 1}},
	}
	got := article.HTML(picture)
	if !strings.Contains(got, `<img src="https://a.example/a.jpg" alt=""></figure>`) ||
		!strings.Contains(got, `alt=""><figcaption><cite>Roe</cite></figcaption></figure>`) {
		t.Errorf("pictures without a caption: %s", got)
	}
}

// TestJoinedPages joins pages that have or lack something.
func TestJoinedPages(t *testing.T) {
	t.Parallel()
	text := func(text string) article.Block { return article.Block{Kind: article.Paragraph, Text: text} }
	const passage = "A passage of the first page."
	const twenty = "abcdefghij klmnopqrst" // letters
	first := &article.Article{
		Title: "The long voyage of a boat home", Summary: "The summary of the voyage.",
		Page: 1, Pages: 3, NextPage: "x?page=2",
		Body: []article.Block{
			text(passage), text("* * *"), {Kind: article.Picture, Image: 0}, text(twenty), text(twenty[1:]),
		},
		Images: []article.Image{{URL: "https://a.example/a.jpg", Lead: true}}, WordCount: 5, ReadingTimeMinutes: 9,
		Provenance: map[string]article.Provenance{
			"body": {Confidence: 0.8}, "reading_time_minutes": {Source: article.FromText},
		},
	}
	second := &article.Article{
		Page: 2, Pages: 3, NextPage: "x?page=3", Summary: "It was taken from the text.", Damaged: true,
		Images: []article.Image{
			{URL: "https://a.example/a.jpg"}, {URL: "https://a.example/b.jpg", Lead: true}, {Alt: "none"},
		},
		Body: []article.Block{
			text(passage), text("The summary of the voyage!"), text("THE LONG VOYAGE OF A BOAT HOME"),
			text("* * *"), text("New."), text("New."),
			{Kind: article.Picture, Image: 0}, {Kind: article.Picture, Image: 1}, {Kind: article.Picture, Image: 2},
			{Kind: article.Picture, Image: 3}, {Kind: article.Picture, Image: -1},
			{Kind: article.Embed, URL: "https://v.example/"}, text(twenty), text(twenty[1:]),
		},
		Provenance: map[string]article.Provenance{"body": {Confidence: 0.5}, "summary": {Source: article.FromStructure}},
	}
	a := article.Join(first, second)
	var got []string
	for _, b := range a.Body {
		got = append(got, string(b.Kind)+" "+b.Text+b.URL)
	}
	want := "paragraph " + passage + "|paragraph * * *|image |paragraph " + twenty + "|paragraph " + twenty[1:] +
		"|paragraph It was taken from the text.|paragraph * * *|paragraph New.|paragraph New.|image |image |" +
		"embed https://v.example/|paragraph " + twenty[1:]
	if strings.Join(got, "|") != want {
		t.Errorf("the body is %q, want %q", strings.Join(got, "|"), want)
	}
	if len(a.Images) != 3 || !a.Images[0].Lead || a.Images[1].Lead || a.Images[1].URL != "https://a.example/b.jpg" ||
		a.Body[9].Image != 1 || a.Body[10].Image != 2 {
		t.Errorf("the images are %+v", a.Images)
	}
	if a.Complete || a.Pages != 3 || !a.Damaged || a.NextPage != "x?page=3" || a.Provenance["body"].Confidence != 0.5 ||
		a.ReadingTimeMinutes != 1 || first.Provenance["body"].Confidence != 0.8 || len(first.Body) != 5 {
		t.Errorf("the article is %+v", a)
	}
	for name, c := range map[string]struct {
		last            article.Article
		pages           int
		complete        bool
		readingTime     int
		readingTimeFrom article.Source
	}{
		"last page":              {article.Article{Page: 3, Pages: 3}, 3, true, 1, article.FromText},
		"numbers that skip some": {article.Article{Page: 7, Pages: 7}, 3, true, 1, article.FromText},
		"a next page":            {article.Article{Page: 3, Pages: 3, NextPage: "x?page=4"}, 3, false, 1, article.FromText},
		"a higher number":        {article.Article{Page: 3, Pages: 4}, 4, false, 1, article.FromText},
		"stated reading time":    {article.Article{Page: 3, Pages: 3}, 3, true, 9, article.FromMeta},
	} {
		first.Provenance["reading_time_minutes"] = article.Provenance{Source: c.readingTimeFrom}
		a := article.Join(first, second, &c.last)
		if a.Pages != c.pages || a.Complete != c.complete || a.ReadingTimeMinutes != c.readingTime {
			t.Errorf("%s: %d pages, complete %v, %d minutes; want %+v", name, a.Pages, a.Complete, a.ReadingTimeMinutes, c)
		}
	}
}
