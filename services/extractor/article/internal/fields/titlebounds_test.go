package fields

import (
	"strings"
	"testing"

	"golang.org/x/net/html/atom"

	"github.com/dateline-news/dateline/services/extractor/article/internal/facts"
	"github.com/dateline-news/dateline/services/extractor/article/internal/norm"
	"github.com/dateline-news/dateline/services/extractor/article/internal/page"
	"github.com/dateline-news/dateline/services/extractor/article/internal/record"
)

// siteOf returns a site with names, at an address.
func siteOf(t *testing.T, address string, names ...string) *Site {
	t.Helper()
	s := &Site{base: mustParse(t, address)}
	for _, name := range names {
		s.names = append(s.names, norm.Fold(name))
	}
	return s
}

// A text names the site if it is one of its names, or much of one, or of its host.
func TestNamesOfSites(t *testing.T) {
	t.Parallel()
	site := siteOf(t, "https://www.valley-post.example/x", "Valley Post", "VP")
	for text, want := range map[string]bool{
		"Valley Post": true, "valley post": true, "Valley Post Online": true, "Valley": true, "Vall": true, "Val": true,
		"VP": true, "VP Sport": false, "": false, "—": false, "Hill Post": false, "post": false, "lleypost": true,
		"The Valley-Post": true, "The old Valley-Post of us": true, "The old Valley-Post of all of us": false,
		"Valley Post " + strings.Repeat("x", 48): true,
		"Valley Post " + strings.Repeat("x", 49): false,
	} {
		if got := site.Matches(text); got != want {
			t.Errorf("%q names the site: %v, want %v", text, got, want)
		}
	}
	for text, want := range map[string]bool{"VALLEY post": true, "vp": true, "Valley": false, "": false} {
		if got := site.IsNamed(text); got != want {
			t.Errorf("%q is a name of the site: %v, want %v", text, got, want)
		}
	}
	if file := (&Site{names: []string{"valleypost"}}); file.Matches("example") || !file.Matches("Valley Post") {
		t.Error("without an address, the site has other names")
	}
	for href, want := range map[string]bool{
		"/": true, "https://www.valley-post.example": true, "https://valley-post.example/": true,
		"//m.valley-post.example/": true,
		"https://hill.example/":    false, "/x": false, "": false, "#": false, "/#top": true, "/?x": false,
		"https://a b/": false,
		"https://valley-post.example/" + strings.Repeat("/", 72): true,
		"https://valley-post.example/" + strings.Repeat("/", 73): false,
	} {
		if got := isHome(site.base, href); got != want {
			t.Errorf("%q leads home: %v, want %v", href, got, want)
		}
	}
}

// The name of the site is that of the most reliable place that has a usable one.
func TestPlacesOfSiteNames(t *testing.T) {
	t.Parallel()
	long := func(n int) string { return strings.Repeat("n", n) }
	const logo = `<a href="/"><img alt="Valley Post"></a>`
	for name, c := range map[string]struct {
		head, body, want string
		source           record.Source
	}{
		"none": {"<title>Bridge</title>", "<p>x</p>", "", ""},
		"Open Graph": {`<meta property=og:site_name content="@Post"><meta name=application-name content=App>`, "",
			"Post", record.FromOpenGraph},
		"application": {`<meta property=og:site_name content="http://a"><meta name=application-name content=App>`, "",
			"App", record.FromMeta},
		"too long": {`<meta property=og:site_name content="` + long(80) + `"><meta name=application-name content=App>`, "",
			"App", record.FromMeta},
		"as long as allowed": {`<meta property=og:site_name content="` + long(79) + `">`, "", long(79), record.FromOpenGraph},
		"logo":               {"<title>Bridge opens | Valley Post</title>", logo, "Valley Post", record.FromStructure},
		"logo of another":    {"<title>Bridge opens | Hill Post</title>", logo, "", ""},
		"fifth logo": {"<title>Bridge opens | Valley Post</title>", strings.Repeat(`<a href="/">Home</a>`, 4) + logo,
			"Valley Post", record.FromStructure},
		"sixth logo": {"<title>Bridge opens | Valley Post</title>", strings.Repeat(`<a href="/">Home</a>`, 5) + logo, "", ""},
		"copyright": {"", "<p>x</p><p>© 2025-2026 Valley Post. All rights reserved</p>",
			"Valley Post", record.FromStructure},
		"title": {"<title>The bridge opens again | Valley Post</title>", "<h1>The bridge opens again</h1>",
			"Valley Post", record.FromMeta},
		"title, name first": {"<title>Valley Post | The bridge opens again</title>", "<h1>The bridge opens again</h1>",
			"Valley Post", record.FromMeta},
	} {
		p, err := page.Parse(page.Source{
			HTML: []byte("<html><head>" + c.head + "</head><body>" + c.body), URL: "https://news.example/a", MaxNodes: 1000,
		})
		if err != nil {
			t.Fatal(err)
		}
		got := ReadSite(p, facts.Read(p)).Name
		if got.Value != c.want || got.Source != c.source {
			t.Errorf("%s: the site is %q from %q, want %q from %q", name, got.Value, got.Source, c.want, c.source)
		}
	}
}

// Titles are cut at the separators next to the name of the site.
func TestCutTitles(t *testing.T) {
	t.Parallel()
	site := siteOf(t, "https://valley.example/x", "Valley Post")
	p, err := page.Parse(page.Source{
		HTML: []byte("<h1>Reports: bridge opens</h1>"), URL: "https://valley.example/x", MaxNodes: 100,
	})
	if err != nil {
		t.Fatal(err)
	}
	for title, want := range map[string]string{
		"Bridge opens - Valley Post": "Bridge opens", "Bridge opens! | Region | Valley Post": "Bridge opens!",
		"Bridge opens | Region | Valley Post": "Bridge opens | Region",
		"Valley Post - Bridge opens again":    "Bridge opens again", "Valley Post - Bridge": "Valley Post - Bridge",
		"Bridge opens - and closes": "Bridge opens - and closes", "Bridge opens |": "Bridge opens",
		"| Bridge opens":                  "Bridge opens",
		"Bridge opens in spring | Region": "Bridge opens in spring",
		"Bridge opens | Region and so on": "Bridge opens | Region and so on",
		"Valley Post: Bridge opens":       "Bridge opens", "Valley Post: Bridge": "Valley Post: Bridge",
		"Bridge opens: Valley Post": "Bridge opens", "Bridge: Valley Post": "Bridge: Valley Post",
		"Reports: bridge opens": "Reports: bridge opens", "# Bridge opens": "Bridge opens", "": "",
	} {
		if got := site.cutFrom(p, title); got != want {
			t.Errorf("%q is cut to %q, want %q", title, got, want)
		}
	}
	for text, want := range map[string][4]string{
		"a | b - c": {"a | b", "c", "a", "b - c"}, "a": {"a", "", "a", ""}, " | a": {"", "a", "", "a"},
		"a | ": {"a", "", "a", ""},
	} {
		head, tail, _ := cutLast(text, titleSeparators)
		lead, rest, _ := cutFirst(text, titleSeparators)
		if got := [4]string{head, tail, lead, rest}; got != want {
			t.Errorf("%q is cut to %q, want %q", text, got, want)
		}
	}
}

func titlesOf(texts ...string) titles {
	ts := make(titles, titleDocument+1)
	for i, text := range texts {
		ts[i].Value, ts[i].folded = text, norm.Fold(text)
	}
	return ts
}

// Declared titles agree with a heading as a whole, in part or in their words.
func TestAgreementOfTitles(t *testing.T) {
	t.Parallel()
	const bridge = "Council repairs the old bridge"
	folded := norm.Fold(bridge)
	for name, c := range map[string]struct {
		titles titles
		want   bool
	}{
		"two": {titlesOf(bridge, bridge), true}, "one": {titlesOf(bridge), false}, "none": {titlesOf(), false},
		"two and another": {titlesOf(bridge, bridge, "Other"), false},
		"all":             {titlesOf(bridge, bridge, bridge, bridge), true},
	} {
		if got := c.titles.unanimous(folded); got != c.want {
			t.Errorf("%s: unanimous %v, want %v", name, got, c.want)
		}
	}
	for heading, want := range map[string]bool{
		bridge: false, "Something else entirely": true, "The bridge": false, "Old bridge of the valley falls": false,
		"One bridge among many other things today":                true,
		"Council fears bridge repairs come much later than hoped": false,
	} {
		if got := titlesOf(bridge).unlike(heading); got != want {
			t.Errorf("%q is unlike the title: %v, want %v", heading, got, want)
		}
	}
	if titlesOf().unlike(bridge) || titlesOf("Home").unlike(bridge) {
		t.Error("without a title, a heading is unlike it")
	}
	for _, c := range []struct {
		text, other string
		want        bool
	}{
		{"council repairs bridge", "council, bridge", true}, {"council repairs", "bridge council", false},
		{"council", "council", false}, {"council old repairs bridge", "council repairs bridge falls", true},
		{"council repairs", "council repairs bridge falls", false}, {"the old", "the old", false},
	} {
		if got := hasWords(c.text, c.other); got != c.want {
			t.Errorf("%q has the words of %q: %v, want %v", c.text, c.other, got, c.want)
		}
	}
	for _, c := range []struct {
		heading, title string
		want           bool
	}{
		{"abcd" + strings.Repeat("x", 16), strings.Repeat("x", 16), true},
		{"abcd" + strings.Repeat("x", 15), strings.Repeat("x", 15), false},
		{strings.Repeat("x", 16), strings.Repeat("x", 16), false},
		{strings.Repeat("a", 23) + strings.Repeat("x", 16), strings.Repeat("x", 16), true},
		{strings.Repeat("a", 24) + strings.Repeat("x", 16), strings.Repeat("x", 16), false},
		{strings.Repeat("x", 16) + "abcd", strings.Repeat("x", 16), false},
	} {
		if got := properEnd(c.heading, c.title); got != c.want {
			t.Errorf("%s ends %s: %v, want %v", c.title, c.heading, got, c.want)
		}
	}
	for _, c := range []struct {
		heading, declared string
		begins, ends      bool // ends: the declared title ends with the heading
	}{
		{"Bridge opens | Region", "Bridge opens", true, false}, {"bridge OPENS - Region", "Bridge opens", true, false},
		{"Bridge opens: Region", "Bridge opens", false, false}, {"Bridge opens", "Bridge opens", false, false},
		{"Bridge opens again", "Bridge opens", false, false}, {"Bridge opens", "Roads: Bridge opens", false, true},
		{"Bridge opens", "Roads | Bridge opens", false, true}, {"Bridge opens", "Old Bridge opens", false, false},
	} {
		begins, ends := beginsApart(c.heading, c.declared), endsApart(c.declared, c.heading)
		if begins != c.begins || ends != c.ends {
			t.Errorf("%q and %q: begins %v, ends %v, want %v and %v", c.heading, c.declared, begins, ends, c.begins, c.ends)
		}
	}
	for text, want := range map[string]bool{
		"The bridge opens": true, "Roads: bridge opens": false, "Two words bridge opens": false, "bridge opens": false,
		"Thebridge opens": false, "The BRIDGE opens": true, "The tunnel opens": false,
	} {
		if got := oneWordBefore(text, "bridge opens"); got != want {
			t.Errorf("%q has one word before: %v, want %v", text, got, want)
		}
	}
}

// A heading that a declared title confirms in part is the headline if enough of both agrees.
func TestPartsOfTitles(t *testing.T) {
	t.Parallel()
	of := func(text string, tag atom.Atom) *heading {
		return &heading{text: text, whole: text, folded: norm.Fold(text), tag: tag}
	}
	long := strings.Repeat("x", 20)
	for name, c := range map[string]struct {
		heading *heading
		title   string
		leads   bool
		begins  bool
	}{
		"the title leads":       {of(long+" | Region", atom.H2), long, true, true},
		"in a paragraph":        {of(long+" | Region", atom.P), long, false, true},
		"less than half":        {of(long+" | "+strings.Repeat("y", 20), atom.H2), long, false, false},
		"a little more":         {of(long+" | "+strings.Repeat("y", 19), atom.H2), long, true, true},
		"short":                 {of(strings.Repeat("x", 12)+" | R", atom.H2), strings.Repeat("x", 12), false, false},
		"not so short":          {of(strings.Repeat("x", 13)+" | R", atom.H2), strings.Repeat("x", 13), true, true},
		"heading begins":        {of(strings.Repeat("x", 16), atom.H2), strings.Repeat("x", 16) + " and more", false, true},
		"heading begins, short": {of(strings.Repeat("x", 15), atom.H2), strings.Repeat("x", 15) + " and more", false, false},
		"heading ends in h1":    {of(long, atom.H1), "Roads: " + long, false, true},
		"heading ends in h2":    {of(long, atom.H2), "Roads: " + long, false, false},
		"no title":              {of(long, atom.H1), "", false, false},
	} {
		ts := titlesOf(c.title)
		leads, begins := declaredLeads(c.heading, ts, 0), oneBeginsOther(c.heading, ts, 0)
		if leads != c.leads || begins != c.begins {
			t.Errorf("%s: leads %v, begins %v, want %v and %v", name, leads, begins, c.leads, c.begins)
		}
	}
	for _, c := range []struct{ heading, title, want string }{
		{"Bridge opens", "Bridge opens", "Bridge opens"}, {"BRIDGE OPENS", "Bridge opens", "Bridge opens"},
		{"Bridgeopens", "Bridge opens", "Bridge opens"}, {"Bridge opens", "BRIDGE OPENS", "Bridge opens"},
		{"Bridge opens", "Bridgeopens", "Bridge opens"},
	} {
		ts := titlesOf(c.title)
		if got := fullerWording(of(c.heading, atom.H1), &ts[0]); got != c.want {
			t.Errorf("%q and %q give %q, want %q", c.heading, c.title, got, c.want)
		}
	}
}
