package page

import (
	"bytes"
	"slices"

	"github.com/dateline-news/dateline/services/extractor/article/internal/norm"
)

// Headline is the place where a page shows its headline.
type Headline struct {
	Elem int32 // the element, 0 for none
	Run  int   // the run, -1 for none
}

// maxAroundTitle is the maximum size in bytes, beyond four times the headline, of a block
// that has the headline as one of its lines. Standfirst, byline and date share such
// blocks, but not the article's text.
const maxAroundTitle = 600

// LocateHeadline finds the run that shows the title. elem is the heading that shows the
// title, or 0 if no heading does. In that case, the lines of all blocks are searched. If
// the title is one of several lines of a block, that block is split into its lines in
// the returned page.
func (p *Page) LocateHeadline(title string, elem int32) (*Page, Headline) {
	want := norm.Fold(title)
	if elem > 0 || want == "" {
		run := slices.IndexFunc(p.Runs, func(r Run) bool { return elem > 0 && r.Elem == elem })
		return p, Headline{Elem: elem, Run: run}
	}
	for i := range p.Runs {
		r := &p.Runs[i]
		if r.Kind != TextRun || r.LinkedChars*2 > r.Chars || int(r.To-r.From) > 4*len(title)+maxAroundTitle {
			continue
		}
		lines := bytes.Split(p.Text[r.From:r.To], []byte("\n"))
		at := slices.IndexFunc(lines, func(line []byte) bool { return norm.Fold(string(line)) == want })
		if at < 0 {
			continue
		}
		found := Headline{Elem: r.Elem, Run: i + at}
		if len(lines) == 1 {
			return p, found
		}
		cut := *p
		cut.Runs = slices.Concat(p.Runs[:i], p.linesOf(r), p.Runs[i+1:])
		return &cut, found
	}
	return p, Headline{Run: -1}
}

// linesOf cuts a run into one run for each of its lines.
func (p *Page) linesOf(whole *Run) []Run {
	var lines []Run
	for from := whole.From; from < whole.To; {
		to := whole.To
		if at := bytes.IndexByte(p.Text[from:to], '\n'); at >= 0 {
			to = from + int32(at)
		}
		line := Run{Kind: TextRun, Elem: whole.Elem, From: from, To: to, Links: whole.Links, LinksTo: whole.Links}
		for _, c := range string(p.Text[from:to]) {
			chars, ends := countRune(c)
			line.Chars += chars
			line.SentenceEnds += ends
		}
		for i := whole.Links; i < whole.LinksTo; i++ {
			switch l := p.Links[i]; {
			case l.To <= from:
				line.Links, line.LinksTo = i+1, i+1
			case l.From >= from && l.To <= to:
				line.LinksTo = i + 1
				for _, c := range string(p.Text[l.From:l.To]) {
					chars, _ := countRune(c)
					line.LinkedChars += chars
				}
			}
		}
		lines = append(lines, line)
		from = to + 1
	}
	return lines
}
