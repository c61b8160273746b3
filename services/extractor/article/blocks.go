package article

import (
	"slices"
	"strings"

	"golang.org/x/net/html/atom"
)

// assemble makes the kept runs of a range into blocks.
func (r *reader) assemble(from, to int) {
	for i := from; i < to; {
		run := &r.runs[i]
		if run.verdict != kept {
			i++
			continue
		}
		switch {
		case run.kind == runImage:
			r.addPicture(run)
			i++
		case run.kind == runEmbed:
			r.addEmbed(run)
			i++
		default:
			i = r.addTextBlock(i, to)
		}
	}
}

// addTextBlock adds the block that begins with run i and returns the position
// behind it.
func (r *reader) addTextBlock(i, to int) int {
	run := &r.runs[i]
	if table := r.outer(run.elem, atom.Table); table >= 0 && r.dataTable(table) {
		return r.addTable(table, i, to)
	}
	if quote := r.outer(run.elem, atom.Blockquote); quote >= 0 {
		return r.addQuote(quote, i, to)
	}
	if list := r.listOf(run.elem); list >= 0 && r.inside(run.elem, atom.Li) {
		return r.addList(list, i, to)
	}
	b := Block{Kind: Paragraph}
	switch tag := r.elems[run.elem].node.DataAtom; {
	case isHeading(tag):
		b.Kind, b.Level = Heading, int(tag.String()[1]-'0')
	case tag == atom.Pre || r.inside(run.elem, atom.Pre):
		b.Kind = Code
	}
	b.Text, b.Links = r.textWithLinks(run, 0)
	r.out.Body = append(r.out.Body, b)
	return i + 1
}

// outer is the closest ancestor with a tag within the article's container, or -1.
func (r *reader) outer(elem int32, tag atom.Atom) int32 {
	for depth := 0; elem > r.box && depth < 12; depth++ {
		if r.elems[elem].node.DataAtom == tag {
			return elem
		}
		elem = r.elems[elem].parent
	}
	return -1
}

// each calls do for the kept text runs within an element from run i on and
// returns the position behind the last.
func (r *reader) each(elem int32, i, to int, do func(*run)) int {
	for ; i < to && r.runs[i].elem >= elem && r.runs[i].elem < r.elems[elem].end; i++ {
		if r.runs[i].verdict == kept && r.runs[i].kind == runText {
			do(&r.runs[i])
		}
	}
	return i
}

// joined is a block of several lines in the making.
type joined struct {
	Block
	text strings.Builder
}

// add adds a run's text.
func (b *joined) add(r *reader, run *run, sep string) string {
	if b.text.Len() > 0 {
		b.text.WriteString(sep)
	}
	text, links := r.textWithLinks(run, b.text.Len())
	b.text.WriteString(text)
	b.Links = append(b.Links, links...)
	return text
}

func (b *joined) block() Block {
	b.Text = b.text.String()
	return b.Block
}

func (r *reader) addQuote(quote int32, i, to int) int {
	b := joined{Block: Block{Kind: Quote, URL: r.postAddress(quote)}}
	next := r.each(quote, i, to, func(run *run) { b.add(r, run, "\n") })
	r.out.Body = append(r.out.Body, b.block())
	return next
}

// postMarks are the classes of the quotes that social networks give out for
// embedding.
var postMarks = []string{"twitter-tweet", "twitter-video", "instagram-media", "tiktok-embed", "bluesky-embed", "mastodon-embed", "reddit-embed", "reddit-card", "fb-post", "text-post-media"}

// postAddress is the address of the post that a quote embeds: that of its last
// link. Empty for any other quote.
func (r *reader) postAddress(quote int32) string {
	n := r.elems[quote].node
	class := attr(n, "class")
	if !slices.ContainsFunc(postMarks, func(mark string) bool { return strings.Contains(class, mark) }) {
		return ""
	}
	address := ""
	for d := range n.Descendants() {
		if d.DataAtom == atom.A {
			if u := resolve(r.base, attr(d, "href")); u != "" {
				address = u
			}
		}
	}
	for _, key := range []string{"cite", "data-instgrm-permalink", "data-bluesky-uri"} {
		if u := resolve(r.base, attr(n, key)); u != "" {
			return u
		}
	}
	return address
}

func (r *reader) addList(list int32, i, to int) int {
	b := joined{Block: Block{Kind: List, Ordered: r.elems[list].node.DataAtom == atom.Ol}}
	item := int32(-1)
	next := r.each(list, i, to, func(run *run) {
		li := r.outer(run.elem, atom.Li)
		sep := "\n"
		if li == item && li >= 0 {
			sep = " "
		}
		text := b.add(r, run, sep)
		if sep == " " && len(b.Items) > 0 {
			b.Items[len(b.Items)-1] += " " + text
		} else {
			b.Items = append(b.Items, text)
		}
		item = li
	})
	r.out.Body = append(r.out.Body, b.block())
	return next
}

// dataTable tells a table of data from one that lays out the page: its cells
// are short.
func (r *reader) dataTable(table int32) bool {
	if table <= r.box {
		return false
	}
	prose := 0
	for i := range r.runs {
		if e := r.runs[i].elem; e > table && e < r.elems[table].end && r.runs[i].letters > 400 {
			prose++
		}
	}
	return prose == 0
}

func (r *reader) addTable(table int32, i, to int) int {
	b := joined{Block: Block{Kind: Table}}
	row, cell := int32(-1), int32(-1)
	next := r.each(table, i, to, func(run *run) {
		tr, td := r.outer(run.elem, atom.Tr), r.cell(run.elem)
		sep := "\n"
		if tr == row && tr >= 0 {
			sep = "\t"
		}
		text := b.add(r, run, sep)
		switch {
		case sep == "\n":
			b.Rows = append(b.Rows, []string{text})
			if len(b.Rows) == 1 && td >= 0 && r.elems[td].node.DataAtom == atom.Th {
				b.HeaderRow = true
			}
		case td == cell:
			last := b.Rows[len(b.Rows)-1]
			last[len(last)-1] += " " + text
		default:
			b.Rows[len(b.Rows)-1] = append(b.Rows[len(b.Rows)-1], text)
		}
		row, cell = tr, td
	})
	r.out.Body = append(r.out.Body, b.block())
	return next
}

func (r *reader) cell(elem int32) int32 {
	if td := r.outer(elem, atom.Td); td >= 0 {
		return td
	}
	return r.outer(elem, atom.Th)
}

// textWithLinks is a run's text and its links, shifted by offset.
func (r *reader) textWithLinks(run *run, offset int) (string, []Link) {
	text := r.textOf(run)
	var links []Link
	for _, s := range r.links[run.links:run.linksTo] {
		if s.from < run.from || s.to > run.to || s.from >= s.to {
			continue
		}
		if u := resolve(r.base, s.href); u != "" {
			links = append(links, Link{Start: offset + int(s.from-run.from), End: offset + int(s.to-run.from), URL: u})
		}
	}
	return text, links
}

func (r *reader) addEmbed(run *run) {
	u := resolve(r.base, attr(run.media, "src"))
	if u == "" {
		u = resolve(r.base, attr(run.media, "data-src"))
	}
	if u == "" || strings.Contains(u, "googletagmanager") || strings.Contains(u, "doubleclick") {
		return
	}
	r.out.Body = append(r.out.Body, Block{Kind: Embed, URL: u})
}

// joinText is the body as plain text.
func joinText(body []Block) string {
	paragraphs := make([]string, 0, len(body))
	for i := range body {
		if body[i].Text != "" {
			paragraphs = append(paragraphs, body[i].Text)
		}
	}
	return strings.Join(paragraphs, "\n\n")
}
