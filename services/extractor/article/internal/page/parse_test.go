package page

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// words returns the words of a tree outside scripts, styles and drawings. A block starts a
// new word.
func words(doc *html.Node) string {
	var b strings.Builder
	for n := range doc.Descendants() {
		switch {
		case n.Type == html.ElementNode && kindOf([]byte(n.Data)) == blockTag:
			b.WriteByte(' ')
		case n.Type == html.TextNode && visible(n):
			b.WriteString(n.Data)
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// shown returns the text of a tree outside scripts, styles and drawings.
func shown(doc *html.Node) string {
	var b strings.Builder
	for n := range doc.Descendants() {
		if n.Type == html.TextNode && visible(n) {
			b.WriteString(n.Data)
		}
	}
	return b.String()
}

// visible reports whether a text is outside scripts, styles and drawings.
func visible(n *html.Node) bool {
	for up := n.Parent; up != nil; up = up.Parent {
		if up.DataAtom == atom.Script || up.DataAtom == atom.Style || up.DataAtom == atom.Svg {
			return false
		}
	}
	return true
}

func TestParseLeavesOutOnlyHiddenText(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("render(); ", 60)
	for name, page := range map[string]string{
		"script":               "<p>a<script>" + long + "</script>b<p>c",
		"script with tags":     "<p>a<script>" + long + "var x = '<p>no</p>';</SCRIPT >b",
		"script with comment":  "<p>a<script><!--" + long + "<script>x</script>--></script>b",
		"script without end":   "<p>a<script>" + long + "<p>b",
		"tag in an attribute":  `<p title="<script>">a</p><p>b</p><script>` + long + "</script>c",
		"tag in single quotes": `<p title='<style>'>a</p><p>b</p><style>p{}</style>c`,
		"stray quote":          `<p class="x"">a</p><script>` + long + `</script><p class="y">b`,
		"comment":              "a<!-- <p>no</p> -->b<!--> c --> d<!-- -->e",
		"comment without end":  "<p>a<!-- b",
		"style":                "<style>p > a { color: red }</style><p>a",
		"textarea":             "<textarea><script></textarea><p>a<script>" + long + "</script>b",
		"drawing":              "a<svg><path d='M0 0'><text>no</text></svg>b<svg/>c<svg><svg></svg></svg>d",
		"data":                 `<script type="application/ld+json">{"a":"` + long + `"}</script><p>a`,
		"less than":            "<p>a < b <3 c</p><script>" + long + "</script>d",
		"cut in a tag":         `<p>a<a href="x`,
		"own attribute":        `<p data-x="<script>" class="y">a</p><p data-x='">'>b</p>`,
		"within a value":       `<p title=' data-x="y" '>a</p><p data-y=" class='z' " data-x>b`,
	} {
		want, err := html.Parse(strings.NewReader(page))
		if err != nil {
			t.Fatal(err)
		}
		got, _, err := parse([]byte(page), 1000, false)
		if err != nil {
			t.Fatal(err)
		}
		if shown(got) != shown(want) {
			t.Errorf("%s: the text is %q, want %q", name, shown(got), shown(want))
		}
		left, err := io.ReadAll(&survey([]byte(page), false).rest)
		if err != nil {
			t.Fatal(err)
		}
		if name == "script" && len(left) > scriptKept+60 {
			t.Errorf("%d of %d bytes are kept", len(left), len(page))
		}
		if name == "data" && !bytes.Contains(left, []byte(long)) {
			t.Error("data is left out")
		}
	}
}

func TestParseKeepsReadAttributes(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ page, want string }{
		{
			`<p data-page='{"a": "b"}' class="y" aria-label="z" data-testid="byline">a</p>`,
			`<p class="y" data-testid="byline">a</p>`,
		},
		{
			`<p title=' data-x="y" ' data-x="1"id="i">a</p>`,
			`<p title=" data-x=&#34;y&#34; " id="i">a</p>`,
		},
		{
			`<p title=data-x="y" data-src="s" data-x = "y" data-y=z data-w>a</p>`,
			`<p title="data-x=&#34;y&#34;" data-src="s" data-x="y" data-y="z" data-w="">a</p>`,
		},
		{`<p data-x="never ends>a</p>`, ``},
	} {
		doc, _, err := parse([]byte(test.page), 1000, false)
		if err != nil {
			t.Fatal(err)
		}
		var out strings.Builder
		for n := range doc.Descendants() {
			if n.DataAtom == atom.P {
				if err := html.Render(&out, n); err != nil {
					t.Fatal(err)
				}
			}
		}
		if out.String() != test.want {
			t.Errorf("%s is parsed as %s, want %s", test.page, out.String(), test.want)
		}
	}
	doc, _, err := parse([]byte(`<p data-x="y">a`), 1000, true)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := html.Render(&out, doc); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), `data-x="y"`) {
		t.Errorf("with all attributes, the page is %s", out.String())
	}
}

// readAttributes returns the attributes of all elements that the stages read, in order.
func readAttributes(doc *html.Node) string {
	var b strings.Builder
	for n := range doc.Descendants() {
		for _, a := range n.Attr {
			if n.DataAtom != atom.Svg && (a.Key == "class" || a.Key == "href" || a.Key == "datetime" || a.Key == "data-src") {
				fmt.Fprintf(&b, "%s %s=%q\n", n.Data, a.Key, a.Val)
			}
		}
	}
	return b.String()
}

// FuzzSurvey compares the words and the attributes of pages with those that the parser
// alone finds.
func FuzzSurvey(f *testing.F) {
	for _, page := range []string{
		"<p>a<script>x</script>b", "a<!-- x -->b<svg><path></svg>c", "<style>x</style><textarea><p></textarea>",
		"<a title=\"x>\" b='y'>t</a>", "<!x><?y></ z></p>", "<p data-x=\"a\" class='b' aria-x=c>t</p>",
		"> <p>", "<i>a</i> <td>b", "<form>a<form> <span>b</span> <form>c", "<div> a</div> <div> <b>b</b> </div> <p>c",
	} {
		f.Add([]byte(page))
	}
	f.Fuzz(func(t *testing.T, page []byte) {
		if survey(page, false).hostile {
			return
		}
		want, err := html.Parse(bytes.NewReader(page))
		if err != nil {
			return
		}
		got, _, err := parse(page, len(page)+1, false)
		if err != nil {
			t.Fatal(err)
		}
		if words(got) != words(want) {
			t.Errorf("the words of %q are %q, want %q", page, words(got), words(want))
		}
		if !bytes.Contains(bytes.ToLower(page), []byte("svg")) && readAttributes(got) != readAttributes(want) {
			t.Errorf("the attributes of %q are %q, want %q", page, readAttributes(got), readAttributes(want))
		}
	})
}
