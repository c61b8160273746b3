package article_test

import (
	"strings"
	"testing"

	"github.com/dateline-news/dateline/services/extractor/article"
)

const hiddenProse = "SECRET The harbour office keeps this draft for the autumn, when the ferry will sail half as " +
	"often as it did in the last year, and the fares rise by a tenth."

// Readers do not see hidden text, so the text does not contain it. SECRET marks it.
func TestHiddenTextIsNotInTheText(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ markup, want string }{
		"Bootstrap": {
			`<p>The masons found <a href="/x">a coin<span class="visually-hidden"> SECRET</span></a> in the arch.</p>`,
			"found a coin in the arch",
		},
		"Bootstrap 3":   {`<p>The masons<span class="sr-only">, SECRET</span> found a coin.</p>`, "masons found a"},
		"WordPress":     {`<p>A coin<span class="screen-reader-text"> SECRET</span> in the arch.</p>`, "A coin in"},
		"camel case":    {`<p>We dug <b>a coin<span class="ScreenReaderText_x1"> SECRET</span></b> in it.</p>`, "a coin in"},
		"module":        {`<p>We <a href=/x>dug it<span class="css-1 visuallyHidden__B"> SECRET</span></a>.</p>`, "dug it."},
		"Drupal":        {`<p>We dug <a href=/>it<span class="element-invisible">(SECRET)</span></a>.</p>`, "it."},
		"off screen":    {`<p>Read <a href=/x>the plan<span class="u-offscreen"> SECRET</span></a>.</p>`, "the plan."},
		"Salesforce":    {`<p>Read <a href=/x>the plan<span class="assistive-text"> SECRET</span></a>.</p>`, "the plan."},
		"Foundation":    {`<p>Read <a href=/x>the plan<span class="show-for-sr"> SECRET</span></a>.</p>`, "the plan."},
		"attribute":     {`<p>The masons<span hidden> SECRET</span> found a coin.</p>`, "masons found"},
		"style":         {`<p>Masons<em style="color:red; display : none !important"> SECRET</em> dig.</p>`, "Masons dig"},
		"capitals":      {`<p>The masons<b style="DISPLAY:NONE"> SECRET</b> found a coin.</p>`, "masons found"},
		"far left":      {`<p>The masons<i style="position:absolute;left:-9999px"> SECRET</i> found it.</p>`, "masons found"},
		"no size":       {`<p>The masons<span style="font-size: 0"> SECRET</span> found it.</p>`, "masons found"},
		"class hidden":  {`<p>The masons<span class="hidden"> SECRET</span> found a coin.</p>`, "masons found"},
		"class d-none":  {`<p>The masons<span class="d-none"> SECRET</span> found a coin.</p>`, "masons found"},
		"list item":     {`<ul><li>Masons<span class="sr-only"> SECRET</span> dig</li><li>Boats</li></ul>`, "Masons dig"},
		"block":         {`<div class="sr-only">SECRET end of the advertisement.</div>`, ""},
		"paragraph":     {`<p class="visually-hidden">SECRET this is the end of the advertisement.</p>`, ""},
		"heading":       {`<h2 class="screen-reader-text">SECRET links</h2><p>The masons found a coin.</p>`, "found a"},
		"box":           {`<div hidden><p>` + hiddenProse + `</p></div>`, ""},
		"longer box":    {`<div style="display:none"><p>` + hiddenProse + `</p><p>` + hiddenProse + `</p></div>`, ""},
		"section":       {`<section style="display: none;"><p>` + hiddenProse + `</p></section>`, ""},
		"spoken copy":   {`<p>It is <i aria-hidden="true">£5m</i><i class="sr-only">SECRET</i> now.</p>`, "is £5m now"},
		"animated copy": {`<p>We <span>found it</span><span aria-hidden=true>found it</span>.</p>`, "We found it."},
		"subheading":    {`<h2>Boats<span class="sr-only"> SECRET</span> return</h2>` + paragraph, "Boats return"},
		"quote":         {`<blockquote><p>We<span class="sr-only"> SECRET</span> dig.</p></blockquote>`, "We dig"},
		"focusable":     {`<p>See <a href=/>it<span class="sr-only focus:not-sr-only"> SECRET</span></a>.</p>`, "it."},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, after := range []string{paragraph, strings.Repeat(paragraph, 8)} {
				text := textOf(t, pageWith("<article>"+storyText+c.markup+after+"</article>"))
				text = strings.Join(strings.Fields(text), " ")
				if strings.Contains(text, "SECRET") || !strings.Contains(text, c.want) {
					t.Errorf("got %q, want %q and nothing hidden", text, c.want)
				}
			}
		})
	}
}

// Text that is shown, although something about it looks hidden.
func TestTextThatLooksHiddenIsKept(t *testing.T) {
	t.Parallel()
	grocer := func(tag string) string {
		return "<article>" + strings.ReplaceAll(storyText, "the grocer", tag+"the grocer</span>") + "</article>"
	}
	for name, page := range map[string]string{
		"faded in":            `<article style="opacity:0">` + storyText + `</article>`,
		"invisible at first":  `<article style="visibility:hidden">` + storyText + `</article>`,
		"revealed":            `<article style="display:none">` + storyText + `</article>`,
		"revealed box":        `<div class=content style="display:none">` + storyText + `</div>`,
		"faded in paragraphs": strings.ReplaceAll(storyText, "<p>", `<p style="opacity:0;visibility:hidden">`),
		"faded in words":      grocer(`<span style="opacity:0" class="invisible">`),
		"Tailwind":            grocer(`<span class="hidden md:inline">`),
		"Bootstrap":           grocer(`<span class="d-none d-md-inline">`),
		"shown for the eye":   grocer(`<span aria-hidden="true">`),
		"overflow":            grocer(`<span class="overflow-hidden">`),
		"no longer spoken":    grocer(`<span class="sr-only-text not-sr-only">`),
		"until found":         grocer(`<span hidden="until-found">`),
		"displayed after all": grocer(`<span style="display:none;display:inline">`),
		"small type":          grocer(`<span style="font-size:0.9em;left:-2px">`),
		"all of a paragraph": strings.ReplaceAll(strings.ReplaceAll(storyText, "<p>", `<p><span class=offscreen>`),
			"</p>", "</span></p>"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := textOf(t, pageWith(page))
			if !strings.Contains(text, "half as often") || strings.Count(text, "and the grocer doubled her") != 3 {
				t.Errorf("text is lost: %q", text)
			}
		})
	}
}

func TestHiddenTextIsInNoField(t *testing.T) {
	t.Parallel()
	const headline = "<h1>Ferry cut by half</h1>"
	figure := func(caption string) string {
		return headline + `<figure><img src="/a.jpg" width=900 height=600><figcaption>` + caption + `</figcaption></figure>`
	}
	for name, c := range map[string]struct{ lines, authors, caption string }{
		"label of an author": {
			lines:   headline + `<p class=byline><span class="sr-only">SECRET </span>By <a href="/author/x">Jane Roe</a></p>`,
			authors: "Jane Roe",
		},
		"link to an author": {
			lines:   headline + `<a rel=author href="/author/x">Jane Roe<span class="visually-hidden"> SECRET</span></a>`,
			authors: "Jane Roe",
		},
		"property": {
			lines: headline + `<div><span itemprop=author>Jane Roe<span hidden> SECRET</span></span></div>`, authors: "Jane Roe",
		},
		"style": {
			lines:   headline + `<div class=author>Jane Roe<span style="display:none"> SECRET</span></div>`,
			authors: "Jane Roe",
		},
		"name": {
			lines:   headline + `<div class=author-name>By Jane Roe<span class="screen-reader-text">, SECRET</span></div>`,
			authors: "Jane Roe",
		},
		"hidden property": {
			lines:   headline + `<div itemprop=author hidden><span itemprop=name>Jane Roe</span></div>`,
			authors: "Jane Roe",
		},
		"end of the title":   {lines: `<h1>Ferry cut by half<span class="sr-only"> SECRET</span></h1>`},
		"start of the title": {lines: `<h1><span class="visually-hidden">SECRET: </span>Ferry cut by half</h1>`},
		"attribute":          {lines: `<h1>Ferry cut by half<span hidden> SECRET</span></h1>`},
		"middle of a caption": {
			lines: figure(`The ferry<span class="visually-hidden"> SECRET</span> at sea`), caption: "The ferry at sea",
		},
		"label of a caption": {
			lines: figure(`<span class="sr-only">SECRET </span>The ferry at sea`), caption: "The ferry at sea",
		},
		"end of a caption": {
			lines: figure(`The ferry at sea<span style="display:none"> SECRET</span>`), caption: "The ferry at sea",
		},
		"credit": {
			lines:   figure(`The ferry at sea <span class=credit><span class="ui-offscreen">SECRET </span>Jo Doe</span>`),
			caption: "The ferry at sea Jo Doe",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := extractHTML(t, "<html lang=en><head><meta charset=utf-8></head><body><article>"+c.lines+storyText+
				"</article></body></html>")
			if got := authorNames(a); got != c.authors {
				t.Errorf("authors = %q, want %q", got, c.authors)
			}
			if a.Title != "Ferry cut by half" {
				t.Errorf("title = %q", a.Title)
			}
			if c.caption != "" && (len(a.Images) == 0 || a.Images[0].Caption != c.caption) {
				t.Errorf("images = %+v, want the caption %q", a.Images, c.caption)
			}
			if strings.Contains(a.Text+a.Kicker+a.Section+a.Summary, "SECRET") {
				t.Errorf("hidden text in %q, %q, %q or %q", a.Text, a.Kicker, a.Section, a.Summary)
			}
		})
	}
}

func authorNames(a *article.Article) string {
	var names []string
	for _, author := range a.Authors {
		names = append(names, author.Name)
	}
	return strings.Join(names, ", ")
}
