package body

import (
	"bytes"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html/atom"

	"github.com/dateline-news/dateline/services/extractor/article/internal/norm"
	"github.com/dateline-news/dateline/services/extractor/article/internal/page"
)

// findMainParent finds the element that directly contains most of the text that the rules
// keep. Boxes in the article are branches below it.
func (d *describer) findMainParent() {
	d.mainParent = -1
	direct := make(map[int32]float32)
	for _, i := range d.textRuns {
		r := &d.Runs[i]
		if d.verdicts[i] != Kept {
			continue
		}
		parent := d.blockParent(r.Elem)
		direct[parent] += float32(r.Chars)
		if direct[parent] > d.inParent {
			d.mainParent, d.inParent = parent, direct[parent]
		}
	}
}

// blockParent returns the element that contains the paragraph of a run.
func (d *describer) blockParent(elem int32) int32 {
	switch tag := d.Elems[elem].Node.DataAtom; {
	case tag == atom.P, tag == atom.Li, tag == atom.Blockquote, page.IsHeading(tag):
		return max(d.Elems[elem].Parent, 0)
	}
	return elem
}

// addBranch adds where a run lies relative to the parent of most text, and what the branch
// below that parent contains: the text's paragraphs are near it, boxes are deeper.
func (d *describer) addBranch(out *featureRow, k int) {
	at, branch, levels := d.blockParent(d.Runs[d.textRuns[k]].Elem), int32(-1), float32(0)
	for at > d.mainParent && at > 0 {
		branch = at
		at = d.Elems[at].Parent
		levels++
	}
	switch {
	case at != d.mainParent:
		levels, branch = -1, d.blockParent(d.Runs[d.textRuns[k]].Elem)
	case branch < 0:
		branch = d.Runs[d.textRuns[k]].Elem
	}
	out.add(min(levels, maxSteps), ratio(d.inParent, d.kept), logOf(d.chars[branch]),
		ratio(d.linked[branch], d.chars[branch]), logOf(float32(d.Elems[branch].End-branch)),
		ratio(d.keptIn[branch], d.chars[branch]))
}

// Bounds of texts that are compared with the names of pictures, in bytes, and of the
// distance of the pictures in runs.
const (
	minNamed    = 12
	maxNamed    = 600
	namedHead   = 40
	pictureRuns = 3
)

// captions reports whether run i, which has a text, starts as the alternative text of a
// picture beside it does.
func (d *describer) captions(i int, text []byte) bool {
	if len(text) < minNamed || len(text) > maxNamed {
		return false
	}
	head := ""
	for j := max(0, i-pictureRuns); j < len(d.Runs) && j <= i+pictureRuns; j++ {
		if d.Runs[j].Kind != page.ImageRun {
			continue
		}
		alt := page.Attr(d.Runs[j].Media, "alt")
		if len(alt) < minNamed {
			continue
		}
		if head == "" {
			head = foldedHead(text)
		}
		if foldedHead([]byte(alt)) == head {
			return true
		}
	}
	return false
}

func foldedHead(text []byte) string {
	text = text[:min(len(text), namedHead)]
	for len(text) > 0 && !utf8.Valid(text) {
		text = text[:len(text)-1]
	}
	return norm.Fold(string(text))
}

// maxCredit is the maximum length of a credit at the end of a caption, in bytes.
const maxCredit = 60

// endsWithCredit reports whether a text ends with the credit of a picture: names in
// parentheses, or without a sentence end after a slash or a bar.
func endsWithCredit(text []byte) bool {
	tail := text[max(0, len(text)-maxCredit):]
	if closed := bytes.TrimRight(tail, ". "); bytes.HasSuffix(closed, []byte(")")) {
		open := bytes.LastIndexByte(closed, '(')
		return open > 0 && allNames(closed[open+1:len(closed)-1])
	}
	at := bytes.LastIndexAny(tail, "/|")
	return at > 0 && endKind(text) == 0 && allNames(tail[at+1:])
}

// allNames reports whether each word of a text starts with a capital letter or a digit.
func allNames(text []byte) bool {
	names := 0
	for word := range bytes.FieldsFuncSeq(text, func(c rune) bool { return !unicode.IsLetter(c) && !unicode.IsDigit(c) }) {
		if c, _ := utf8.DecodeRune(word); unicode.IsLower(c) {
			return false
		}
		names++
	}
	return names > 0
}
