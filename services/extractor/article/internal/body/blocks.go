package body

import (
	"strings"

	"golang.org/x/net/html/atom"

	"github.com/dateline-news/dateline/services/extractor/article/internal/page"
	"github.com/dateline-news/dateline/services/extractor/article/internal/record"
)

// assemble makes blocks of the kept runs.
func (t *Text) assemble() {
	for i := t.from; i < t.to; {
		if t.verdicts[i] != Kept {
			i++
			continue
		}
		switch t.Runs[i].Kind {
		case page.ImageRun:
			if image := t.addImage(i); image >= 0 {
				t.Blocks = append(t.Blocks, record.Block{Kind: record.Picture, Image: image})
			}
			i++
		case page.EmbedRun:
			t.addEmbed(&t.Runs[i])
			i++
		default:
			i = t.addText(i)
		}
	}
}

// addText adds the block that starts with run i and returns the index after it.
func (t *Text) addText(i int) int {
	r := &t.Runs[i]
	if table := t.outer(r.Elem, atom.Table); table >= 0 && t.dataTable(table) {
		return t.addTable(table, i)
	}
	if quote := t.outer(r.Elem, atom.Blockquote); quote >= 0 {
		return t.addQuote(quote, i)
	}
	if list := t.listOf(r.Elem); list >= 0 && t.Inside(r.Elem, atom.Li) {
		return t.addList(list, i)
	}
	b := record.Block{Kind: record.Paragraph}
	switch tag := t.Tag(r); {
	case page.IsHeading(tag):
		b.Kind, b.Level = record.Heading, int(tag.String()[1]-'0')
	case tag == atom.Pre || t.Inside(r.Elem, atom.Pre):
		b.Kind = record.Code
	}
	b.Text, b.Links = t.textWithLinks(r, 0)
	t.Blocks = append(t.Blocks, b)
	return i + 1
}

// outerDepth is the maximum number of levels that outer climbs. Tables nest more
// levels than other blocks.
const outerDepth = 12

// outer returns the closest element with a tag, from elem upwards, within the
// article's container, or -1.
func (s *selection) outer(elem int32, tag atom.Atom) int32 {
	for depth := 0; elem > s.box && depth < outerDepth; depth++ {
		if s.Elems[elem].Node.DataAtom == tag {
			return elem
		}
		elem = s.Elems[elem].Parent
	}
	return -1
}

// each calls a function for the kept text runs within an element, starting with run i. It
// returns the index after the last run.
func (s *selection) each(elem int32, i int, do func(*page.Run)) int {
	for ; i < s.to && s.Contains(elem, s.Runs[i].Elem); i++ {
		if s.keptText(i) {
			do(&s.Runs[i])
		}
	}
	return i
}

// joined collects the lines of a block.
type joined struct {
	record.Block
	text strings.Builder
}

// add adds the text of a run after a separator, and returns it.
func (b *joined) add(s *selection, r *page.Run, sep string) string {
	if b.text.Len() > 0 {
		b.text.WriteString(sep)
	}
	text, links := s.textWithLinks(r, b.text.Len())
	b.text.WriteString(text)
	b.Links = append(b.Links, links...)
	return text
}

func (b *joined) block() record.Block {
	b.Text = b.text.String()
	return b.Block
}

func (t *Text) addQuote(quote int32, i int) int {
	b := joined{Block: record.Block{Kind: record.Quote, URL: t.postAddress(quote)}}
	next := t.each(quote, i, func(r *page.Run) { b.add(t.selection, r, "\n") })
	t.Blocks = append(t.Blocks, b.block())
	return next
}

func (t *Text) addList(list int32, i int) int {
	b := joined{Block: record.Block{Kind: record.List, Ordered: t.Elems[list].Node.DataAtom == atom.Ol}}
	item := int32(-1)
	next := t.each(list, i, func(r *page.Run) {
		li := t.outer(r.Elem, atom.Li)
		sameItem := li == item && li >= 0
		item = li
		if !sameItem {
			b.Items = append(b.Items, b.add(t.selection, r, "\n"))
			return
		}
		text := b.add(t.selection, r, " ")
		if len(b.Items) > 0 {
			b.Items[len(b.Items)-1] += " " + text
		} else {
			b.Items = append(b.Items, text)
		}
	})
	t.Blocks = append(t.Blocks, b.block())
	return next
}

// maxDataCell is the maximum length of a run in a table of data, in characters. A table
// with longer runs is used for the layout of the page.
const maxDataCell = 400

// dataTable reports whether a table contains data, and is not used for the layout of the
// page.
func (s *selection) dataTable(table int32) bool {
	if table <= s.box {
		return false
	}
	for i := range s.Runs {
		if e := s.Runs[i].Elem; e > table && e < s.Elems[table].End && s.Runs[i].Chars > maxDataCell {
			return false
		}
	}
	return true
}

func (t *Text) addTable(table int32, i int) int {
	b := joined{Block: record.Block{Kind: record.Table}}
	row, cell := int32(-1), int32(-1)
	next := t.each(table, i, func(r *page.Run) {
		tr, td := t.outer(r.Elem, atom.Tr), t.cell(r.Elem)
		if tr != row || tr < 0 {
			b.Rows = append(b.Rows, []string{b.add(t.selection, r, "\n")})
			if len(b.Rows) == 1 && td >= 0 && t.Elems[td].Node.DataAtom == atom.Th {
				b.HeaderRow = true
			}
		} else {
			text, last := b.add(t.selection, r, "\t"), &b.Rows[len(b.Rows)-1]
			if td == cell {
				(*last)[len(*last)-1] += " " + text
			} else {
				*last = append(*last, text)
			}
		}
		row, cell = tr, td
	})
	t.Blocks = append(t.Blocks, b.block())
	return next
}

func (s *selection) cell(elem int32) int32 {
	if td := s.outer(elem, atom.Td); td >= 0 {
		return td
	}
	return s.outer(elem, atom.Th)
}

// textWithLinks returns the text of a run and its links, moved by an offset.
func (s *selection) textWithLinks(r *page.Run, offset int) (string, []record.Link) {
	var links []record.Link
	for _, l := range s.Links[r.Links:r.LinksTo] {
		if l.From < r.From || l.To > r.To || l.From >= l.To {
			continue
		}
		if u := s.Resolve(l.Href); u != "" {
			start := offset + int(l.From-r.From)
			links = append(links, record.Link{Start: start, End: start + int(l.To-l.From), URL: u})
		}
	}
	return s.TextOf(r), links
}

// addEmbed adds an embed, unless it is an advertisement or a tracker.
func (t *Text) addEmbed(r *page.Run) {
	u := t.Resolve(page.Attr(r.Media, "src"))
	if u == "" {
		u = t.Resolve(page.Attr(r.Media, "data-src"))
	}
	if u == "" || strings.Contains(u, "googletagmanager") || strings.Contains(u, "doubleclick") {
		return
	}
	t.Blocks = append(t.Blocks, record.Block{Kind: record.Embed, URL: u})
}

// Plain returns the text of blocks, separated by blank lines.
func Plain(blocks []record.Block) string {
	paragraphs := make([]string, 0, len(blocks))
	for i := range blocks {
		if blocks[i].Text != "" {
			paragraphs = append(paragraphs, blocks[i].Text)
		}
	}
	return strings.Join(paragraphs, "\n\n")
}
