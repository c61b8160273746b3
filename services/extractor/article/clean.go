package article

import (
	"strings"

	"github.com/dateline-news/dateline/services/extractor/article/internal/dates"
	"golang.org/x/net/html/atom"
)

// noticeWeight is how much prose, in letters, a paywall's notice has at most: an
// element of that name with more holds the text that is behind the paywall.
const noticeWeight = 450

// runsOf is the range of runs within an element. Runs stand in document order
// save that a block's text after an inner block follows it.
func (t *tree) runsOf(elem int32) (from, to int) {
	end := t.elems[elem].end
	from, to = len(t.runs), 0
	for i := range t.runs {
		if e := t.runs[i].elem; e >= elem && e < end {
			from, to = min(from, i), i+1
		}
	}
	return min(from, to), to
}

// clean decides for each run of the container whether it is part of the text,
// which does not repeat the title (in folded form).
func (t *tree) clean(container int32, title string) (from, to int) {
	from, to = t.runsOf(container)
	above := hint(0)
	if container > 0 {
		above = t.elems[container].within
	}
	for i := from; i < to; i++ {
		r := &t.runs[i]
		if r.verdict != undecided {
			continue
		}
		within := t.elems[r.elem].within &^ above
		r.verdict = t.judge(r, within, title)
	}
	t.dropLinkLists(from, to)
	t.trimStart(from, to, title)
	t.trimEnd(from, to)
	t.dropLooseHeadings(from, to)
	return from, to
}

func (t *tree) judge(r *run, within hint, title string) verdict {
	if within&t.against != 0 {
		return dropHint
	}
	if r.kind != runText {
		return kept
	}
	text := t.textOf(r)
	short := r.letters < 200
	switch {
	case within&(hintCaption|hintCredit) != 0 && r.letters < 600, t.inside(r.elem, atom.Figure) && t.elems[r.elem].node.DataAtom != atom.Pre && r.letters < 600 && !t.inside(r.elem, atom.Table) && !t.inside(r.elem, atom.Blockquote):
		return dropCaption
	case within&hintPullQuote != 0 && r.letters < 500:
		return dropRepeat
	case within&(hintByline|hintDate|hintKicker) != 0 && short && !prose(r):
		return dropMeta
	case within&hintPaywall != 0 && r.letters < 400 && t.elems[max(0, t.hintHolder(r.elem, hintPaywall))].good < noticeWeight:
		return dropTruncation
	}
	if short {
		if folded := fold(text); folded == title && folded != "" {
			return dropStated
		}
	}
	if r.letters < 160 || r.linked*2 > r.letters {
		if boilerplateLine(text, r) {
			return dropPhrase
		}
	}
	if r.linked*10 > r.letters*9 && r.letters < 120 && !isHeading(t.elems[r.elem].node.DataAtom) && r.stops == 0 && !t.inside(r.elem, atom.Blockquote) {
		return dropLinks
	}
	return kept
}

// boilerplateLine says that a short line is one of the trade's phrases. A
// sentence that merely begins like one has more to say than the phrase, and no
// link.
func boilerplateLine(text string, r *run) bool {
	lower := strings.ToLower(text)
	if !startsWithBoilerplate(lower) {
		return isEnding(text)
	}
	return r.linked > 0 || r.letters < 60 || strings.ContainsRune(lower[:min(len(lower), 24)], ':') || strings.HasPrefix(lower, "©") || r.stops == 0
}

// inside says that an element or one of its next ancestors has a tag.
func (t *tree) inside(elem int32, tag atom.Atom) bool {
	for range 6 {
		if elem <= 0 {
			return false
		}
		if t.elems[elem].node.DataAtom == tag {
			return true
		}
		elem = t.elems[elem].parent
	}
	return false
}

// dropLinkLists drops lists and tables whose items are mostly links.
func (t *tree) dropLinkLists(from, to int) {
	for i := from; i < to; {
		list := t.listOf(t.runs[i].elem)
		if list < 0 {
			i++
			continue
		}
		end := t.elems[list].end
		var letters, linked int32
		j := i
		for ; j < to && t.runs[j].elem >= list && t.runs[j].elem < end; j++ {
			letters += t.runs[j].letters
			linked += t.runs[j].linked
		}
		if linked*10 > letters*7 && j > i {
			for k := i; k < j; k++ {
				if t.runs[k].verdict == kept {
					t.runs[k].verdict = dropLinks
				}
			}
		}
		i = max(j, i+1)
	}
}

func (t *tree) listOf(elem int32) int32 {
	found := int32(-1)
	for depth := 0; depth < 8 && elem > 0; depth++ {
		switch t.elems[elem].node.DataAtom {
		case atom.Ul, atom.Ol:
			found = elem
		}
		elem = t.elems[elem].parent
	}
	return found
}

// trimStart drops what stands before the text: up to the headline, and then the
// short lines before the first prose or list.
func (t *tree) trimStart(from, to int, title string) {
	start := from
	first := t.firstProse(from, to)
	for i := from; i < first; i++ {
		if title != "" && t.runs[i].kind == runText && fold(t.textOf(&t.runs[i])) == title {
			start = i + 1
		}
	}
	for i := from; i < start; i++ {
		t.drop(i, dropBefore)
	}
	for i := start; i < first; i++ {
		r := &t.runs[i]
		if r.kind != runText || r.verdict != kept {
			continue
		}
		if r.letters < 150 && metaLine(t.textOf(r)) {
			t.drop(i, dropMeta)
			continue
		}
		tag := t.elems[r.elem].node.DataAtom
		if tag == atom.P && r.stops > 0 && r.letters > 20 && r.linked == 0 || tag == atom.Li || tag == atom.Blockquote || isHeading(tag) && i == first-1 || r.letters > 50 && r.linked*3 < r.letters && tag == atom.P {
			continue
		}
		t.drop(i, dropBefore)
	}
}

// metaLine says that a short line over the text is a byline, a date or a
// reading time.
func metaLine(text string) bool {
	if _, dated := dates.Find(text, true); dated || readingTime.MatchString(text) {
		return true
	}
	return runeCount(text) < 60 && hasByWord(text)
}

// dropCaptions drops the lines behind pictures that end in a credit, where no
// figure element says that they are captions.
func (t *tree) dropCaptions() {
	for i := range t.runs {
		if t.runs[i].kind != runImage || i+1 == len(t.runs) {
			continue
		}
		next := &t.runs[i+1]
		if next.kind != runText || next.letters > 400 || isHeading(t.elems[next.elem].node.DataAtom) {
			continue
		}
		if _, by := splitCredit(t.textOf(next)); by != "" && len(by) < 60 {
			next.verdict = dropCaption
		}
	}
}

func (t *tree) firstProse(from, to int) int {
	for i := from; i < to; i++ {
		if r := &t.runs[i]; r.verdict == kept && r.kind == runText && prose(r) && r.weight > 0 {
			return i
		}
	}
	return from
}

// trimEnd drops what follows a line that ends articles, unless more of the text
// stands behind it than before, and short lines behind the last prose.
func (t *tree) trimEnd(from, to int) {
	total := float32(0)
	for i := from; i < to; i++ {
		if t.runs[i].verdict == kept {
			total += max(t.runs[i].weight, 0)
		}
	}
	before := float32(0)
	for i := from; i < to; i++ {
		r := &t.runs[i]
		if r.kind == runText && r.letters < 60 && before > total*0.6 && isEnding(t.textOf(r)) && !t.goesOn(i, from, to) {
			for j := i; j < to; j++ {
				t.drop(j, dropAfter)
			}
			break
		}
		if r.verdict == kept {
			before += max(r.weight, 0)
		}
	}
	for i := to - 1; i >= from; i-- {
		r := &t.runs[i]
		if r.verdict != kept || r.kind != runText {
			continue
		}
		tag := t.elems[r.elem].node.DataAtom
		if r.letters < 60 && r.stops == 0 && hasByWord(t.textOf(r)) {
			t.drop(i, dropMeta)
			continue
		}
		if prose(r) || r.stops > 0 && r.linked*2 < r.letters && !isHeading(tag) || tag == atom.Li && r.linked == 0 || tag == atom.Td || tag == atom.Pre || t.inside(r.elem, atom.Blockquote) {
			break
		}
		if tag == atom.P && r.linked*3 < r.letters && r.letters > 12 {
			break
		}
		t.drop(i, dropAfter)
	}
}

// goesOn says that the prose before and behind a run stand side by side, and the
// run itself elsewhere: a box within the text, not its end.
func (t *tree) goesOn(i, from, to int) bool {
	before, behind := int32(-1), int32(-2)
	for j := i - 1; j >= from && before < 0; j-- {
		if r := &t.runs[j]; r.verdict == kept && prose(r) {
			before = t.elems[r.elem].parent
		}
	}
	for j := i + 1; j < to && behind < 0; j++ {
		if r := &t.runs[j]; r.verdict == kept && prose(r) {
			behind = t.elems[r.elem].parent
		}
	}
	return before == behind && t.elems[t.runs[i].elem].parent != before
}

// dropLooseHeadings drops headings whose section was dropped whole.
func (t *tree) dropLooseHeadings(from, to int) {
	for i := from; i < to; i++ {
		r := &t.runs[i]
		if r.verdict != kept || r.kind != runText || !isHeading(t.elems[r.elem].node.DataAtom) {
			continue
		}
		j, dropped := i+1, 0
		for ; j < to; j++ {
			next := &t.runs[j]
			if next.kind == runText && (next.verdict == kept || isHeading(t.elems[next.elem].node.DataAtom)) {
				break
			}
			if next.kind == runText {
				dropped++
			}
		}
		if j == to || dropped > 1 && isHeading(t.elems[t.runs[j].elem].node.DataAtom) {
			t.drop(i, dropLoose)
		}
	}
}

func (t *tree) drop(i int, v verdict) {
	if t.runs[i].verdict == kept || t.runs[i].verdict == undecided {
		t.runs[i].verdict = v
	}
}

// Bounds of a pull quote, in letters.
const (
	minPullQuote = 30
	maxPullQuote = 400
)

// dropPullQuotes drops what is set apart from the text (in a quote, an aside or a
// figure) and repeats a part of it word for word.
func (t *tree) dropPullQuotes(from, to int) {
	var text []string // folded, by run; filled when the first candidate is met
	for i := from; i < to; i++ {
		run := &t.runs[i]
		if run.verdict != kept || run.kind != runText || run.letters < minPullQuote || run.letters > maxPullQuote || !t.setApart(run.elem) {
			continue
		}
		if text == nil {
			text = make([]string, to)
			for j := from; j < to; j++ {
				if other := &t.runs[j]; other.verdict == kept && other.kind == runText && !t.setApart(other.elem) {
					text[j] = fold(t.textOf(other))
				}
			}
		}
		quote := fold(t.textOf(run))
		for _, other := range text[from:] {
			if len(other) > len(quote) && strings.Contains(other, quote) {
				run.verdict = dropRepeat
				break
			}
		}
	}
}

func (t *tree) setApart(elem int32) bool {
	return t.inside(elem, atom.Blockquote) || t.inside(elem, atom.Aside) || t.inside(elem, atom.Figure)
}
