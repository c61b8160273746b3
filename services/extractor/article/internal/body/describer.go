package body

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/dateline-news/dateline/services/extractor/article/internal/norm"
	"github.com/dateline-news/dateline/services/extractor/article/internal/page"
)

// shape describes the runs whose elements and parents have the same tags and classes.
type shape struct {
	runs, keptRuns      int32
	chars, linked, kept float32
}

// describer computes the features of a page's text runs. Slices that are said to
// be by text run are indexed like textRuns.
type describer struct {
	*selection
	textRuns   []int32 // indices in Runs
	summary    string  // the page's description, folded
	shapes     map[uint32]*shape
	keys       []uint32  // by text run, the key in shapes
	chars      []float32 // by element, including its descendants
	linked     []float32 // by element, including its descendants
	copies     map[string]int32
	all        float32   // characters of the page
	inBox      float32   // characters of the container
	kept       float32   // characters that the rules keep
	first      int       // the first kept text run, -1 for none
	last       int       // the last kept text run
	before     []float32 // by text run, characters before it
	keptBefore []float32 // by text run, kept characters before it
	mainParent int32     // the element that directly contains most text that the rules keep, or -1
	inParent   float32   // characters of that text
	keptIn     []float32 // by element, including its descendants, kept characters
	ending     []float32 // by text run, distance from the last line that ends articles, or -1
}

// usualShapes is the number of different shapes, and of short texts, on a usual
// page.
const usualShapes = 64

func newDescriber(s *selection) *describer {
	d := &describer{
		selection: s,
		textRuns:  make([]int32, 0, len(s.Runs)),
		summary:   norm.Fold(s.Facts.First("og:description", "description")),
		shapes:    make(map[uint32]*shape, usualShapes),
		chars:     make([]float32, len(s.Elems)),
		linked:    make([]float32, len(s.Elems)),
		copies:    make(map[string]int32, usualShapes),
		keptIn:    make([]float32, len(s.Elems)),
		first:     -1,
	}
	ended := -1
	for i := range s.Runs {
		r := &s.Runs[i]
		if r.Kind != page.TextRun {
			continue
		}
		d.keys = append(d.keys, d.shapeOf(r.Elem))
		d.before = append(d.before, d.all)
		d.keptBefore = append(d.keptBefore, d.kept)
		d.count(i)
		if d.first >= 0 && r.Chars < maxEndLine && isEnding(s.TextOf(r)) {
			ended = len(d.textRuns)
		}
		fromEnding := float32(-1)
		if ended >= 0 {
			fromEnding = distance(len(d.textRuns) - ended)
		}
		d.ending = append(d.ending, fromEnding)
		d.textRuns = append(d.textRuns, int32(i))
	}
	d.findMainParent()
	for i := len(s.Elems) - 1; i > 0; i-- {
		parent := s.Elems[i].Parent
		d.chars[parent] += d.chars[i]
		d.linked[parent] += d.linked[i]
		d.keptIn[parent] += d.keptIn[i]
	}
	return d
}

// count adds run i, which is the next text run, to the sums.
func (d *describer) count(i int) {
	r := &d.Runs[i]
	key := d.keys[len(d.keys)-1]
	s := d.shapes[key]
	if s == nil {
		s = &shape{}
		d.shapes[key] = s
	}
	chars, linked := float32(r.Chars), float32(r.LinkedChars)
	d.all += chars
	s.runs++
	s.chars += chars
	s.linked += linked
	if i >= d.from && i < d.to {
		d.inBox += chars
	}
	if d.verdicts[i] == Kept {
		s.keptRuns++
		s.kept += chars
		d.kept += chars
		d.keptIn[r.Elem] += chars
		if d.first < 0 {
			d.first = len(d.textRuns)
		}
		d.last = len(d.textRuns)
	}
	d.chars[r.Elem] += chars
	d.linked[r.Elem] += linked
	if r.To-r.From < maxCopy {
		d.copies[d.TextOf(r)]++
	}
}

// The parameters of the hash FNV-1a with 32 bits.
const (
	fnvOffset = 2166136261
	fnvPrime  = 16777619
)

// shapeOf returns a hash of an element's and its parent's tag and class.
func (d *describer) shapeOf(elem int32) uint32 {
	h := uint32(fnvOffset)
	for range 2 {
		if elem <= 0 {
			break
		}
		n := d.Elems[elem].Node
		for _, s := range [2]string{n.Data, page.Attr(n, "class")} {
			for i := 0; i < len(s) && i < page.MaxNames; i++ {
				h = (h ^ uint32(s[i])) * fnvPrime
			}
			h = (h ^ 0xff) * fnvPrime
		}
		elem = d.Elems[elem].Parent
	}
	return h
}

// counts are the characters of a text by kind, as features.
type counts struct {
	words, capitals, digits, lines, bullets, quotes float32

	end, start         float32 // kinds of the last and the first character
	address, copyright float32 // whether the text has an address, or a copyright sign
}

// The kinds of the first and the last character of a text.
const (
	startUpper = 1
	startLower = 2
	startDigit = 3
	startQuote = 4

	endSentence = 1
	endColon    = 2
	endOther    = 3 // other punctuation
)

// Maximum counts. Higher counts carry no information.
const (
	maxCounted = 1 << 16 // bytes of a text
	maxSigns   = 5
	maxLines   = 9
)

func count(text []byte) counts {
	var c counts
	inWord := false
	for i := 0; i < len(text) && i < maxCounted; {
		r, size := rune(text[i]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeRune(text[i:])
		}
		i += size
		switch {
		case r == ' ' || r == '\n':
			inWord = false
			c.lines += bit(r == '\n')
			continue
		case r >= '0' && r <= '9':
			c.digits++
		case r == '@':
			c.address = 1
		case r == '/' && i > 2 && text[i-2] == ':':
			c.address = 1
		case r == '©':
			c.copyright = 1
		case r == '|' || r == '•' || r == '·' || r == '»' || r == '›' || r == '→':
			c.bullets++
		case r == '"' || r == '“' || r == '„' || r == '«' || r == '「':
			c.quotes++
		}
		if !inWord {
			inWord = true
			c.words++
			c.capitals += bit(r >= 'A' && r <= 'Z' || r >= utf8.RuneSelf && unicode.IsUpper(r))
		}
	}
	c.bullets, c.quotes, c.lines = min(c.bullets, maxSigns), min(c.quotes, maxSigns), min(c.lines, maxLines)
	c.start, c.end = startKind(text), endKind(text)
	return c
}

func startKind(text []byte) float32 {
	switch first, _ := utf8.DecodeRune(text); {
	case unicode.IsUpper(first) || unicode.Is(unicode.Lo, first):
		return startUpper
	case unicode.IsLower(first):
		return startLower
	case unicode.IsDigit(first):
		return startDigit
	case unicode.In(first, unicode.Pi, unicode.Ps) || first == '"':
		return startQuote
	}
	return 0
}

func endKind(text []byte) float32 {
	switch last, _ := utf8.DecodeLastRune(text); {
	case strings.ContainsRune(".!?…。؟।”\"»)", last):
		return endSentence
	case last == ':' || last == '：':
		return endColon
	case unicode.IsPunct(last):
		return endOther
	}
	return 0
}
