package page

import (
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// parsed returns a page with the given contents of its body.
func parsed(t *testing.T, contents string) *Page {
	t.Helper()
	p, err := Parse(Source{HTML: []byte("<html><body>" + contents), URL: "https://a.example/x/y?q", MaxNodes: 10_000})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// element returns the first element with a tag.
func element(t *testing.T, contents string, tag atom.Atom) *html.Node {
	t.Helper()
	for n := range parsed(t, contents).Elems[0].Node.Descendants() {
		if n.DataAtom == tag {
			return n
		}
	}
	t.Fatalf("there is no %s in %s", tag, contents)
	return nil
}

func TestLinksToAuthors(t *testing.T) {
	t.Parallel()
	long := func(n int) string { return "/author/" + strings.Repeat("x", n-len("/author/")) }
	for href, want := range map[string]bool{
		"/author/ada": true, "https://a.example/author/ada": true, "https://a.example/x/author/ada?y=1": true,
		"https://author/ada": false, "https://a.example": false, "/author/": false, "/author/a": false, "/author/ab": true,
		"/authors": false, "#author/ada": false, "#author": false, "/x?u=/author/ada": false, "/x#/author/ada": false,
		"/people/ada": true, "/people/ada/": true, "/people/royals/ada": false, "": false, "/x/y": false,
		long(300): true, long(301): false,
	} {
		if got := AuthorLink(href); got != want {
			t.Errorf("%.60q leads to an author: %v, want %v", href, got, want)
		}
	}
}

func TestAddressesOfLinks(t *testing.T) {
	t.Parallel()
	p := parsed(t, "")
	for href, want := range map[string]string{
		"z": "https://a.example/x/z", " /z ": "https://a.example/z", "//b.example/z": "https://b.example/z", "#z": "", "": "",
		"data:x": "", "javascript:x": "", "mailto:ada@a.example": "mailto:ada@a.example", "ftp://a.example/": "",
		"https://user:password@b.example/z": "https://b.example/z", "https://a b/": "", "?z": "https://a.example/x/y?z",
	} {
		if got := p.Resolve(href); got != want {
			t.Errorf("%q leads to %q, want %q", href, got, want)
		}
	}
	for _, c := range []struct{ address, base, want string }{
		{"https://a.example/x?q", "", "https://a.example/x?q"},
		{"https://a.example/x?q", "http://b.example/y/?z", "http://b.example/x"},
		{"https://a.example/x?q", "/y/", "https://a.example/x"},
		{"https://a.example/x?q", "http://a b/", "https://a.example/x?q"},
		{"https://a b/", "", ""},
	} {
		got := ""
		if base := baseURL(c.address, c.base); base != nil {
			got = base.String()
		}
		if got != c.want {
			t.Errorf("the base %q of %s is %q, want %q", c.base, c.address, got, c.want)
		}
	}
}

func TestStylesThatHide(t *testing.T) {
	t.Parallel()
	for style, want := range map[string]bool{
		"display:none": true, "DISPLAY: NONE": true, "display:none; display:block": false,
		"display:block;display: none": true,
		"border:none":                 false, "display:block": false, "": false, "display:nonesuch": true,
	} {
		if got := displayNone(style); got != want {
			t.Errorf("%q hides: %v, want %v", style, got, want)
		}
	}
	for style, want := range map[string]bool{
		"position:absolute;clip:rect(0 0 0 0);width:1px": true, "position:absolute;clip:rect(0 0 0 0)": false,
		"position:absolute;width:1px": false, "clip:rect(0 0 0 0);width:1px": false, "font-size:0": true,
		"FONT-SIZE: 0px": true, "font-size:1px": false, "font-size:large": false, "left:-900px": true, "left:-899px": false,
		"text-indent:-9999em": true, "top:-1000px": true, "margin-left:-900px": true, "right:-900px": true,
		"margin-top:-9999px": false, "left:9999px": false, "left:auto": false, "left": false,
	} {
		if got := removedByStyle(style); got != want {
			t.Errorf("%q removes: %v, want %v", style, got, want)
		}
	}
	for value, want := range map[string]float64{"": 1, "0": 0, "-1.5px": -1.5, "auto": 1, "--": 1, "12": 12} {
		if got := number(value); got != want {
			t.Errorf("%q is the number %v, want %v", value, got, want)
		}
	}
}

// A word does not continue over the boundary of two elements.
func TestBoundariesOfElements(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		before, after string
		want          bool
	}{
		{"Roe", "January", true}, {"Roe", "2 May", true}, {"Roe", "said", false}, {"Roe", "“Yes", true},
		{"2026", "By", true}, {"2026", "7", true}, {"2026", "by", false}, {"ROE", "January", true}, {"ROE", "JANUARY", false},
		{"R", "January", false}, {"Roe.", "January", true}, {"Roe.", "said", false}, {"U.S.", "Army", false},
		{"Yes!", "„No", true}, {"By:", "Ada", true}, {"10:", "Ada", false}, {"Roe,", "Ben", true}, {"Roe,", "ben", false},
		{"Roe-", "Doe", false}, {"", "Ada", false}, {"艾", "达", false}, {"Roe", "", false}, {"Roe)", "Ada", true},
	} {
		if got := boundary(c.before, c.after); got != c.want {
			t.Errorf("%q and %q are apart: %v, want %v", c.before, c.after, got, c.want)
		}
	}
	for contents, want := range map[string]string{
		"<div><span>Jane Roe</span><span>January 2</span></div>":       "Jane Roe January 2",
		"<div><span>Jane</span><span>January</span></div>":             "Jane January",
		"<div><span>Ann</span><span>January</span></div>":              "AnnJanuary",
		"<div><b>Jane Roe</b><i>January</i></div>":                     "Jane Roe January",
		"<div><b>Jane</b><i>January</i></div>":                         "JaneJanuary",
		"<div>By <b>Jane Roe</b><i>January 2</i></div>":                "By Jane RoeJanuary 2",
		"<p><b>Jane Roe</b><i>January 2</i></p>":                       "Jane Roe January 2",
		"<p><b>Jane</b><i>January 2</i></p>":                           "JaneJanuary 2",
		"<div>Jane Roe<small>January 2</small></div>":                  "Jane Roe January 2",
		"<div>Jane Roe<b>January 2</b></div>":                          "Jane RoeJanuary 2",
		"<div><span>Jane Roe</span><!-- x --><span>May 2</span></div>": "Jane Roe May 2",
	} {
		if got := strings.Join(strings.Fields(textOfRuns(parsed(t, contents))), " "); got != want {
			t.Errorf("%s has the text %q, want %q", contents, got, want)
		}
	}
}

// textOfRuns returns the text of all runs.
func textOfRuns(p *Page) string {
	var texts []string
	for i := range p.Runs {
		texts = append(texts, p.TextOf(&p.Runs[i]))
	}
	return strings.Join(texts, "\n")
}

// The text of an element is that which readers see.
func TestTextsThatReadersSee(t *testing.T) {
	t.Parallel()
	aside := func(n int) string { return "<p>Seen <span class=hidden>" + strings.Repeat("x", n) + "</span></p>" }
	block := func(n int) string { return "<p>Seen</p><div hidden>" + strings.Repeat("x", n) + "</div>" }
	for contents, want := range map[string]string{
		"<p>Seen <span hidden>not</span></p>":                            "Seen",
		"<p>Seen <span hidden=until-found>too</span></p>":                "Seen too",
		"<p>Seen <span style='display:none'>not</span></p>":              "Seen",
		"<p>Seen <span class=sr-only>not</span></p>":                     "Seen",
		"<p><span class=sr-only>only</span></p>":                         "",
		"<p><span class=hidden>only</span></p>":                          "only",
		"<h2>Seen <span class=sr-only>not</span></h2>":                   "Seen",
		"<h2>Seen<span class=sr-only>:</span></h2>":                      "Seen:",
		"<p>Once <span aria-hidden=true>Seen</span></p>":                 "Once Seen",
		"<p><span>Seen</span><span aria-hidden=true>Seen</span></p>":     "Seen",
		"<p><span>Seen</span> too<span aria-hidden=true>Seen</span></p>": "Seen tooSeen",
		"<p>Seen</p><div hidden>not</div>":                               "Seen",
		aside(maxAside - 1):                                              "Seen",
		aside(maxAside):                                                  "Seen " + strings.Repeat("x", maxAside),
		block(maxUnseen - 1):                                             "Seen",
		block(maxUnseen):                                                 "Seen\n" + strings.Repeat("x", maxUnseen),
		"<p>Seen</p><main hidden>too</main>":                             "Seen\ntoo",
	} {
		if got := textOfRuns(parsed(t, contents)); got != want {
			t.Errorf("%.80s has the text %q, want %q", contents, got, want)
		}
	}
}

func TestValuesOfElements(t *testing.T) {
	t.Parallel()
	for contents, c := range map[string]struct {
		tag  atom.Atom
		want string
	}{
		"<span content=' a  b '>c</span>":                     {atom.Span, "a b"},
		"<time datetime=2026-05-03>May</time>":                {atom.Time, "2026-05-03"},
		"<time>3 May</time>":                                  {atom.Time, "3 May"},
		"<abbr title=2026-05-03>May</abbr>":                   {atom.Abbr, "2026-05-03"},
		"<abbr>May</abbr>":                                    {atom.Abbr, "May"},
		"<meta name=a>":                                       {atom.Meta, ""},
		"<div>By <span itemprop=name>Ada</span> today</div>":  {atom.Div, "Ada"},
		"<div>By <meta itemprop=name content='Ada'>x</div>":   {atom.Div, "Ada"},
		"<div>By <span itemprop=email>Ada</span> today</div>": {atom.Div, "By Ada today"},
		"<div><span hidden>Ada</span></div>":                  {atom.Div, "Ada"},
		"<div>a<script>b</script><button>c</button></div>":    {atom.Div, "a"},
	} {
		if got := Value(element(t, contents, c.tag)); got != c.want {
			t.Errorf("%s has the value %q, want %q", contents, got, c.want)
		}
	}
	for contents, want := range map[string]bool{
		"<amp-img src=/a></amp-img>": true, "<amp-img srcset=/a></amp-img>": true, "<amp-img></amp-img>": false,
		"<x-img src=/a.jpg?w=1></x-img>": true, "<x-img src=/a.WEBP></x-img>": true, "<x-img src=/a.svg></x-img>": false,
		"<x-img src=/a></x-img>": false, "<ximg src=/a.jpg></ximg>": false, "<x-img src=.gif></x-img>": true,
	} {
		var found bool
		for n := range parsed(t, contents).Elems[0].Node.Descendants() {
			found = found || n.Type == html.ElementNode && customImage(n)
		}
		if found != want {
			t.Errorf("%s is a picture: %v, want %v", contents, found, want)
		}
	}
}

// Data that a page has for its scripts is read within bounds.
func TestDataOfScripts(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", MinIslandChars)
	for program, want := range map[string]string{
		`"a\"b" + c`: `a"b`, `"a`: "", `""`: "", `"\u00e9"`: "é", `"\x"`: "",
	} {
		if got, width := leadingString([]byte(program), 0); got != want || width < 1 || width > len(program) {
			t.Errorf("%s starts with %q of %d bytes, want %q", program, got, width, want)
		}
	}
	if got, width := leadingString([]byte(`"abc"`), 5); got != "" || width != 5 {
		t.Errorf("a short string: %q, %d", got, width)
	}
	if got, _ := leadingString([]byte(`"abc"`), 4); got != "abc" {
		t.Errorf("a string of the minimum length: %q", got)
	}
	for data, want := range map[string][]string{
		"T3,abcdef": {"abc", "def"}, "Ta,0123456789x": {"0123456789", "x"}, "T5,abc": {"abc", ""}, "T0,abc": {"", "abc"},
		"T12345678,a": {"a", ""}, "T123456789,a": nil, "Tx,a": nil, "abc": nil, "": nil, "T": nil, "T3": nil,
	} {
		text, rest, ok := textRow([]byte(data))
		if ok != (want != nil) || ok && !slices.Equal([]string{string(text), string(rest)}, want) {
			t.Errorf("%q is the row %q before %q, %v; want %q", data, text, rest, ok, want)
		}
	}
	for rows, want := range map[string]int{
		"0:\"" + long + "\"\n": 1, "0:[" + long + "]\n1:{" + long + "}\n2:x" + long + "\n": 2, "0:\"short\"\n": 0,
		"0:" + long[:MinIslandChars-1] + "\"\n": 0, "0:\"" + long[:MinIslandChars-1] + "\n": 0, "no row": 0,
	} {
		if got := len(scriptedIslands([]byte(rows))); got != want {
			t.Errorf("%.40q has %d islands, want %d", rows, got, want)
		}
	}
	state := `window.__STATE__={"a":"` + long + `","b":"short"}`
	if got := string(appendScripted(nil, []byte(state))); got != "0:\""+long+"\"\n" {
		t.Errorf("the state has the data %.60q", got)
	}
	for _, script := range []string{
		`window.state={"a":"` + long + `"}`, `window.__` + strings.Repeat("x", maxStateName) + `={"a":"` + long + `"}`,
	} {
		if got := appendScripted(nil, []byte(script)); len(got) > 0 {
			t.Errorf("%.60q has the data %.60q", script, got)
		}
	}
	full := make([]byte, maxScripted-3)
	for chunk, want := range map[string]int{"abc": maxScripted, "abcd": len(full)} {
		if got := len(appendScripted(full, []byte(`self.__next_f.push([1,"`+chunk+`"])`))); got != want {
			t.Errorf("after the chunk %s: %d bytes, want %d", chunk, got, want)
		}
	}
}

// Runs are prose from a length on, which is lower if they have sentences.
func TestLengthsOfProse(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		chars, ends int32
		want        bool
	}{
		{sentenceChars, 1, true}, {sentenceChars - 1, 1, false}, {sentenceChars, 0, false}, {proseChars, 0, true},
		{proseChars - 1, 0, false},
	} {
		if got := (&Run{Chars: c.chars, SentenceEnds: c.ends}).Prose(); got != c.want {
			t.Errorf("%d characters with %d sentences are prose: %v, want %v", c.chars, c.ends, got, c.want)
		}
	}
	deep := func(n int) string {
		return "<blockquote>" + strings.Repeat("<div>", n) + "x" + strings.Repeat("</div>", n) + "</blockquote>"
	}
	for levels, want := range map[int]bool{0: true, insideDepth - 1: true, insideDepth: false} {
		p := parsed(t, deep(levels))
		if got := p.Inside(p.Runs[0].Elem, atom.Blockquote); got != want {
			t.Errorf("%d levels below a quote: inside %v, want %v", levels, got, want)
		}
	}
	p := parsed(t, "<div id=a><p>one</p><p>two</p></div><p>three</p>")
	div := p.ElemOf(element(t, "<div>", atom.Div))
	if div != -1 {
		t.Errorf("an element of another page is element %d", div)
	}
	for i := range p.Elems {
		if p.Elems[i].Node.DataAtom != atom.Div {
			continue
		}
		from, to := p.RunsOf(int32(i))
		if from != 0 || to != 2 || !p.Contains(int32(i), p.Runs[1].Elem) || p.Contains(int32(i), p.Runs[2].Elem) ||
			!p.Contains(int32(i), int32(i)) || p.ElemOf(p.Elems[i].Node) != int32(i) {
			t.Errorf("element %d has the runs from %d to %d", i, from, to)
		}
	}
}

// The words of names are hints, alone and in pairs.
func TestHintsOfNames(t *testing.T) {
	t.Parallel()
	for names, want := range map[string]Hint{
		"": 0, "byline": HintByline, "article-byline": HintByline, "articleByline": HintByline, "BYLINE": HintByline,
		"related-posts": HintRelated, "relatedPosts": HintRelated, "hidden": HintHidden, "overflow-hidden": 0,
		"hidden md:block": namedShown, "hidden md:hidden": HintHidden, "d-none d-md-block": HintHidden | namedShown,
		"sr-only": HintHidden | spokenName, "sr-only focus:not-sr-only": HintHidden | spokenName,
		"invisible": HintHidden | namedShown,
		strings.Repeat("x", MaxNames) + " byline":   0,
		strings.Repeat("x", MaxNames-8) + " byline": HintByline,
		strings.Repeat("x", maxName-6) + "-byline":  HintByline,
		strings.Repeat("x", maxName-5) + "-byline":  0,
	} {
		const of = HintByline | HintRelated | HintHidden | namedShown | spokenName
		if got := hintsOfNames(names) & of; got != want {
			t.Errorf("%.60q has the hints %b, want %b", names, got, want)
		}
	}
}
