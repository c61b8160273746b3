package main

import (
	"bytes"
	"hash/crc32"
	"math/rand/v2"
	"strconv"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"github.com/dateline-news/dateline/services/extractor/article/evaluation"
)

// variations is the number of made variations of each page that the model of regions is
// trained on besides the page.
const variations = 3

// variant makes variations of one page. A model that has seen names removed, articles
// shortened, and foreign text around the article cannot rely on names and lengths.
type variant struct {
	*rand.Rand
	body    *html.Node
	truth   map[string]bool // the paragraphs of the truth, by their first tokens
	foreign []string        // paragraphs of another page
}

// vary returns a variation of a page in UTF-8, or nil if the page has no body element.
// The same number gives the same variation.
func vary(text []byte, pg *page, foreign string, number int) []byte {
	doc, err := html.Parse(bytes.NewReader(text))
	if err != nil {
		return nil
	}
	seed := crc32.ChecksumIEEE([]byte(pg.truth.ID))
	v := &variant{Rand: rand.New(rand.NewPCG(uint64(seed), uint64(number))), truth: map[string]bool{}}
	for line := range strings.Lines(pg.truth.Body) {
		v.truth[start(line)] = true
	}
	delete(v.truth, "")
	for line := range strings.Lines(foreign) {
		if line = strings.TrimSpace(line); len(line) > 80 {
			v.foreign = append(v.foreign, line)
		}
	}
	for n := range doc.Descendants() {
		if n.DataAtom == atom.Body {
			v.body = n
		}
	}
	if v.body == nil {
		return nil
	}
	v.change(doc)
	var out bytes.Buffer
	if err := html.Render(&out, doc); err != nil {
		return nil
	}
	return out.Bytes()
}

// start returns the first tokens of a text, by which paragraphs are compared.
func start(text string) string {
	tokens := evaluation.Tokens(text)
	if len(tokens) < 4 {
		return ""
	}
	return strings.Join(tokens[:min(len(tokens), 8)], " ")
}

// change applies some changes, each with a probability.
func (v *variant) change(doc *html.Node) {
	paragraphs := v.paragraphs()
	if len(paragraphs) > 4 && v.Float64() < 0.5 {
		keep := 1 + v.IntN(4)
		for _, p := range paragraphs[keep:] {
			p.Parent.RemoveChild(p)
		}
		paragraphs = paragraphs[:keep]
	}
	if len(paragraphs) > 0 && len(v.foreign) > 0 {
		if v.Float64() < 0.5 {
			v.addComments(paragraphs[len(paragraphs)-1])
		}
		if v.Float64() < 0.3 {
			v.addTeasers(paragraphs[0])
		}
		if v.Float64() < 0.3 {
			v.body.AppendChild(element("div", text("p", v.paragraph())))
		}
	}
	if v.Float64() < 0.5 {
		removeMetadata(doc)
	}
	if v.Float64() < 0.6 {
		anonymize(v.body)
	}
	if v.Float64() < 0.2 {
		v.useTables()
	}
	if v.Float64() < 0.15 {
		breakLines(v.body)
	}
}

// paragraphs returns the paragraphs of the truth in the page.
func (v *variant) paragraphs() []*html.Node {
	var found []*html.Node
	for n := range v.body.Descendants() {
		if n.DataAtom == atom.P && v.truth[start(textOf(n))] {
			found = append(found, n)
		}
	}
	return found
}

func textOf(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		}
	}
	return b.String()
}

func (v *variant) paragraph() string { return v.foreign[v.IntN(len(v.foreign))] }

func element(tag string, children ...*html.Node) *html.Node {
	n := &html.Node{Type: html.ElementNode, Data: tag, DataAtom: atom.Lookup([]byte(tag))}
	for _, c := range children {
		n.AppendChild(c)
	}
	return n
}

func text(tag, s string) *html.Node {
	return element(tag, &html.Node{Type: html.TextNode, Data: s})
}

// around returns an element some levels above n, below the body.
func (v *variant) around(n *html.Node) *html.Node {
	for range 1 + v.IntN(5) {
		if n.Parent == nil || n.Parent == v.body || n.Parent.DataAtom == atom.Html {
			break
		}
		n = n.Parent
	}
	return n
}

// addComments adds short posts with name and time some levels above the last paragraph,
// after it.
func (v *variant) addComments(last *html.Node) {
	list := element("div")
	if v.Float64() < 0.3 {
		list.AppendChild(text("h3", "Opinions ("+strconv.Itoa(v.IntN(90))+")"))
	}
	inner := []string{"p", "div", "span", "td"}[v.IntN(3)]
	for range 2 + v.IntN(12) {
		words := strings.Fields(v.paragraph())
		by := words[0] + " " + strconv.Itoa(v.IntN(28)+1) + "." + strconv.Itoa(v.IntN(12)+1) + ".2012 " +
			strconv.Itoa(v.IntN(24)) + ":" + strconv.Itoa(10+v.IntN(49))
		cut := words[:min(len(words), 3+v.IntN(90))]
		list.AppendChild(element("div", text("div", by), text(inner, strings.Join(cut, " "))))
	}
	at := v.around(last)
	at.Parent.InsertBefore(list, at.NextSibling)
}

// addTeasers adds headlines with teasers some levels above the first paragraph, before
// or after it.
func (v *variant) addTeasers(first *html.Node) {
	list := element("div")
	for range 3 + v.IntN(10) {
		words := strings.Fields(v.paragraph())
		link := text("a", strings.Join(words[:min(len(words), 8)], " "))
		link.Attr = []html.Attribute{{Key: "href", Val: "/" + strconv.Itoa(v.IntN(1000))}}
		list.AppendChild(element("div", element([]string{"h3", "div", "p"}[v.IntN(3)], link), text("p", v.paragraph())))
	}
	at := v.around(first)
	if v.Float64() < 0.5 {
		at.Parent.InsertBefore(list, at)
	} else {
		at.Parent.InsertBefore(list, at.NextSibling)
	}
}

// removeMetadata removes structured data and cards.
func removeMetadata(doc *html.Node) {
	var remove []*html.Node
	for n := range doc.Descendants() {
		kind := attribute(n, "type")
		if n.DataAtom == atom.Script && kind == "application/ld+json" ||
			n.DataAtom == atom.Meta && attribute(n, "charset") == "" {
			remove = append(remove, n)
		}
	}
	for _, n := range remove {
		n.Parent.RemoveChild(n)
	}
}

func attribute(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

// anonymize removes the names of elements, and uses div for elements that name parts of
// a page.
func anonymize(body *html.Node) {
	for n := range body.Descendants() {
		var kept []html.Attribute
		for _, a := range n.Attr {
			switch a.Key {
			case "href", "src", "datetime", "style", "hidden", "type":
				kept = append(kept, a)
			}
		}
		n.Attr = kept
		switch n.DataAtom {
		case atom.Article, atom.Main, atom.Aside, atom.Section, atom.Header, atom.Footer, atom.Nav:
			n.Data, n.DataAtom = "div", atom.Div
		}
	}
}

// useTables lays the page out with tables.
func (v *variant) useTables() {
	var divs []*html.Node
	for n := range v.body.Descendants() {
		if n.DataAtom == atom.Div && v.Float64() < 0.4 {
			divs = append(divs, n)
		}
	}
	for _, n := range divs {
		cell := element("td")
		for c := n.FirstChild; c != nil; c = n.FirstChild {
			n.RemoveChild(c)
			cell.AppendChild(c)
		}
		n.Data, n.DataAtom = "table", atom.Table
		n.AppendChild(element("tbody", element("tr", cell)))
	}
}

// breakLines uses line breaks instead of paragraphs.
func breakLines(body *html.Node) {
	var paragraphs []*html.Node
	for n := range body.Descendants() {
		if n.DataAtom == atom.P {
			paragraphs = append(paragraphs, n)
		}
	}
	for _, n := range paragraphs {
		n.Data, n.DataAtom, n.Attr = "span", atom.Span, nil
		n.Parent.InsertBefore(element("br"), n.NextSibling)
		n.Parent.InsertBefore(element("br"), n.NextSibling)
	}
}
