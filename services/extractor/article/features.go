package article

import (
	"math"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// The features of a run are what the classifier decides by: the run itself, its
// element and the hints around it, the rules' verdict, its place in the page,
// the runs of the same shape, and its neighbours. Nothing in them names a site
// or a language.
const (
	neighbours        = 3  // on each side
	neighbourValues   = 6  // of each
	hintBits          = 23 // bits of hint
	ownFeatures       = 92
	featureCount      = ownFeatures + 2*neighbours*neighbourValues
	maxFeatureLetters = 1 << 16
)

// shape collects the runs whose element and parent have the same tags and
// classes.
type shape struct {
	runs, keptRuns        int32
	letters, linked, kept float32
}

// describer computes the features of a page's runs.
type describer struct {
	*tree
	title   int // the headline's run, -1 for none
	summary string
	box     int32
	from    int // the container's runs
	to      int
	text    []int32 // the text runs
	shapes  map[uint32]*shape
	keys    []uint32  // of each text run
	letters []float32 // of each element's text, with its descendants'
	linked  []float32
	copies  map[string]int32 // of runs with the same text
	all     float32          // letters of the page
	inBox   float32
	kept    float32
	first   int // the first and last kept text runs, as positions in text
	last    int
	before  []float32 // letters before each text run
	window  []float32 // kept letters before each text run
	ending  []float32 // how far above each text run the last line that ends articles stands
}

func (r *reader) newDescriber(box int32, from, to int) *describer {
	d := &describer{tree: r.tree, title: r.titleRun, box: box, from: from, to: to, first: -1,
		shapes: make(map[uint32]*shape, 64), copies: make(map[string]int32, 64), summary: fold(r.firstMeta("og:description", "description")),
		letters: make([]float32, len(r.elems)), linked: make([]float32, len(r.elems))}
	d.text = make([]int32, 0, len(d.runs))
	ended := -1
	for i := range d.runs {
		run := &d.runs[i]
		if run.kind != runText {
			continue
		}
		key := d.shapeOf(run.elem)
		s := d.shapes[key]
		if s == nil {
			s = &shape{}
			d.shapes[key] = s
		}
		letters := float32(run.letters)
		d.before = append(d.before, d.all)
		d.window = append(d.window, d.kept)
		d.all += letters
		s.runs++
		s.letters += letters
		s.linked += float32(run.linked)
		if i >= from && i < to {
			d.inBox += letters
		}
		if run.verdict == kept {
			s.keptRuns++
			s.kept += letters
			d.kept += letters
			if d.first < 0 {
				d.first = len(d.text)
			}
			d.last = len(d.text)
		}
		d.letters[run.elem] += letters
		d.linked[run.elem] += float32(run.linked)
		if run.to-run.from < 200 {
			d.copies[string(d.tree.text[run.from:run.to])]++
		}
		if d.first >= 0 && run.letters < 60 && isEnding(string(d.tree.text[run.from:run.to])) {
			ended = len(d.text)
		}
		if ended >= 0 {
			d.ending = append(d.ending, span32(len(d.text)-ended))
		} else {
			d.ending = append(d.ending, -1)
		}
		d.keys = append(d.keys, key)
		d.text = append(d.text, int32(i))
	}
	for i := len(d.elems) - 1; i > 0; i-- {
		p := d.elems[i].parent
		d.letters[p] += d.letters[i]
		d.linked[p] += d.linked[i]
	}
	return d
}

// shapeOf is a hash (FNV-1a) of an element's and its parent's tag and class.
func (t *tree) shapeOf(elem int32) uint32 {
	h := uint32(2166136261)
	for range 2 {
		if elem <= 0 {
			break
		}
		n := t.elems[elem].node
		for _, s := range [2]string{n.Data, attr(n, "class")} {
			for i := 0; i < len(s) && i < maxNames; i++ {
				h = (h ^ uint32(s[i])) * 16777619
			}
			h = (h ^ 0xff) * 16777619
		}
		elem = t.elems[elem].parent
	}
	return h
}

// logOf grows as the logarithm to base 2 of v+1 does: the exponent and the
// leading bits of the number as the machine holds it (IEEE 754).
func logOf(v float32) float32 {
	return float32(math.Float32bits(v+1))/(1<<23) - 127
}

func ratio(a, b float32) float32 {
	if b <= 0 {
		return 0
	}
	return a / b
}

func bit(b bool) float32 {
	if b {
		return 1
	}
	return 0
}

// row fills in the features of text run k.
func (d *describer) row(k int, out []float32) {
	i := int(d.text[k])
	run := &d.runs[i]
	e := &d.elems[run.elem]
	parent := max(e.parent, 0)
	grand := max(d.elems[parent].parent, 0)
	letters := float32(run.letters)
	n := 0
	add := func(values ...float32) {
		n += copy(out[n:], values)
	}
	text := d.tree.text[run.from:run.to]
	c := survey32(text)
	add(logOf(letters), ratio(float32(run.linked), letters), float32(min(run.stops, 20)), ratio(float32(run.stops)*100, letters),
		ratio(letters, c.words), ratio(c.capitals, c.words), ratio(c.digits, letters), c.end, c.start, c.address, c.mark, c.sign, c.lines, c.quotes)

	tag := e.node.DataAtom
	level := float32(0)
	if isHeading(tag) {
		level = float32(e.node.Data[1] - '0')
	}
	inLink, inForm, inList, inTable, inQuote, inFigure, inAside, inArticle, inMain, depth := d.ancestry(run.elem)
	add(level, bit(tag == atom.P), bit(tag == atom.Li), bit(tag == atom.Td || tag == atom.Th), bit(tag == atom.Div || tag == atom.Section || tag == 0),
		inLink, inForm, inList, inTable, inQuote, inFigure, inAside, inArticle, inMain, depth, d.styled(e.node))

	for b := range hintBits {
		add(bit(e.within&(1<<b) != 0))
	}
	around := e.hints | d.elems[parent].hints | d.elems[grand].hints
	add(bit(around&hintsAgainst != 0), bit(around&hintsOfLines != 0), bit(e.hints != 0))

	within := i >= d.from && i < d.to
	add(float32(run.verdict), bit(run.verdict == kept), bit(within), run.weight/100)
	above, apart := d.fromBox(run.elem)
	add(above, apart)
	add(ratio(d.before[k], d.all), ratio(d.window[k], d.kept), span32(k-d.first), span32(k-d.last))
	toTitle := float32(99)
	if d.title >= 0 {
		toTitle = span32(i - d.title)
	}
	add(toTitle, logOf(d.kept), logOf(d.all), ratio(d.kept, d.inBox), ratio(d.elems[d.box].good, d.elems[0].good))

	all := d.elems[0].good
	add(ratio(d.elems[parent].good, all), ratio(d.elems[grand].good, all), ratio(d.linked[parent], d.letters[parent]), ratio(d.linked[grand], d.letters[grand]),
		logOf(d.letters[parent]), logOf(d.letters[grand]), logOf(float32(d.elems[parent].end-parent)), ratio(letters, d.letters[parent]))

	s := d.shapes[d.keys[k]]
	others := s.kept
	if run.verdict == kept {
		others -= letters
	}
	add(float32(min(s.runs, 60)), ratio(s.kept, s.letters), ratio(s.linked, s.letters), logOf(s.letters/float32(s.runs)), ratio(others, s.letters-letters))

	phrase := float32(0)
	if run.letters < 300 {
		phrase = bit(startsWithBoilerplate(strings.ToLower(string(text))))
	}
	copies := float32(0)
	if len(text) < 200 {
		copies = float32(d.copies[string(text)])
	}
	add(phrase, d.ending[k], copies, bit(d.repeatsSummary(text)), d.keptAround(k, 4), d.keptAround(k, 12))
	image := float32(0)
	if i > 0 && d.runs[i-1].kind == runImage {
		image++
	}
	if i+1 < len(d.runs) && d.runs[i+1].kind == runImage {
		image += 2
	}
	add(image, d.sinceHeading(k))
	n = ownFeatures
	for _, step := range [2]int{-1, 1} {
		for away := 1; away <= neighbours; away++ {
			d.neighbour(k, k+step*away, out[n:n+neighbourValues])
			n += neighbourValues
		}
	}
}

// neighbour fills in what a run's neighbour says of it.
func (d *describer) neighbour(k, other int, out []float32) {
	if other < 0 || other >= len(d.text) {
		for i := range out {
			out[i] = -1
		}
		return
	}
	run := &d.runs[d.text[other]]
	e := &d.elems[run.elem]
	out[0] = logOf(float32(run.letters))
	out[1] = ratio(float32(run.linked), float32(run.letters))
	out[2] = float32(run.verdict)
	out[3] = bit(prose(run)) + 2*bit(isHeading(e.node.DataAtom))
	out[4] = bit(d.keys[other] == d.keys[k])
	out[5] = bit(e.parent == d.elems[d.runs[d.text[k]].elem].parent)
}

// span32 is a distance that saturates.
func span32(distance int) float32 { return float32(max(-40, min(40, distance))) }

// keptAround is the share of letters that the rules keep among the text runs up
// to reach on both sides, without the run itself.
func (d *describer) keptAround(k, reach int) float32 {
	from, to := max(0, k-reach), min(len(d.text)-1, k+reach)
	run := &d.runs[d.text[k]]
	keptLetters, letters := d.window[to]-d.window[from], d.before[to]-d.before[from]
	last := &d.runs[d.text[to]]
	letters += float32(last.letters)
	if last.verdict == kept {
		keptLetters += float32(last.letters)
	}
	letters -= float32(run.letters)
	if run.verdict == kept {
		keptLetters -= float32(run.letters)
	}
	return ratio(keptLetters, letters)
}

// sinceHeading is how many text runs ago the last heading stood, negative if
// the rules dropped it.
func (d *describer) sinceHeading(k int) float32 {
	for j := k - 1; j >= 0 && k-j < 30; j-- {
		run := &d.runs[d.text[j]]
		if isHeading(d.elems[run.elem].node.DataAtom) {
			if run.verdict == kept {
				return float32(k - j)
			}
			return -float32(k - j)
		}
	}
	return 30
}

// fromBox is how many steps an element lies below the container, or else how
// many steps above the container their common ancestor lies.
func (d *describer) fromBox(elem int32) (below, apart float32) {
	box := &d.elems[d.box]
	if elem >= d.box && elem < box.end {
		for ; elem > d.box && below < 20; below++ {
			elem = d.elems[elem].parent
		}
		return below, 0
	}
	at := d.box
	for apart = 1; apart < 20 && at > 0; apart++ {
		at = d.elems[at].parent
		if elem >= at && elem < d.elems[at].end {
			break
		}
	}
	return -1, apart
}

// ancestry says what an element stands in.
func (d *describer) ancestry(elem int32) (link, form, list, table, quote, figure, aside, article, main, depth float32) {
	for ; elem > 0 && depth < 40; depth++ {
		switch d.elems[elem].node.DataAtom {
		case atom.A:
			link = 1
		case atom.Form, atom.Fieldset:
			form = 1
		case atom.Ul, atom.Ol, atom.Dl:
			list++
		case atom.Table:
			table++
		case atom.Blockquote:
			quote = 1
		case atom.Figure:
			figure = 1
		case atom.Aside, atom.Footer, atom.Nav, atom.Header:
			aside = 1
		case atom.Article:
			article++
		case atom.Main:
			main = 1
		}
		elem = d.elems[elem].parent
	}
	return
}

// styled says that one formatting element holds all of an element's text: 1
// italic, 2 bold, 3 small.
func (d *describer) styled(n *html.Node) float32 {
	found := float32(0)
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if c.Type == html.TextNode {
			if strings.TrimSpace(c.Data) != "" {
				return 0
			}
			continue
		}
		if found != 0 {
			return 0
		}
		switch c.DataAtom {
		case atom.Em, atom.I:
			found = 1
		case atom.Strong, atom.B:
			found = 2
		case atom.Small:
			found = 3
		case atom.Span, atom.Font:
			return d.styled(c)
		default:
			return 0
		}
	}
	return found
}

// repeatsSummary says that a run opens as the page's description does.
func (d *describer) repeatsSummary(text []byte) bool {
	if len(d.summary) < 20 || len(text) < 20 {
		return false
	}
	head := fold(string(text[:min(len(text), 60)]))
	return len(head) >= 16 && strings.HasPrefix(d.summary, strings.ToValidUTF8(head, "")[:min(len(head), len(d.summary))])
}

// counts are what the letters of a text say of it.
type counts struct {
	words, capitals, digits, end, start, address, mark, sign, lines, quotes float32
}

func survey32(text []byte) counts {
	var c counts
	inWord := false
	for i := 0; i < len(text) && i < maxFeatureLetters; {
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
			c.mark = 1
		case r == '|' || r == '•' || r == '·' || r == '»' || r == '›' || r == '→':
			c.sign++
		case r == '"' || r == '“' || r == '„' || r == '«' || r == '「':
			c.quotes++
		}
		if !inWord {
			inWord = true
			c.words++
			c.capitals += bit(r >= 'A' && r <= 'Z' || r >= utf8.RuneSelf && unicode.IsUpper(r))
		}
	}
	c.sign, c.quotes, c.lines = min(c.sign, 5), min(c.quotes, 5), min(c.lines, 9)
	first, _ := utf8.DecodeRune(text)
	switch {
	case unicode.IsUpper(first) || unicode.Is(unicode.Lo, first):
		c.start = 1
	case unicode.IsLower(first):
		c.start = 2
	case unicode.IsDigit(first):
		c.start = 3
	case unicode.In(first, unicode.Pi, unicode.Ps) || first == '"':
		c.start = 4
	}
	switch last, _ := utf8.DecodeLastRune(text); {
	case strings.ContainsRune(".!?…。؟।”\"»)", last):
		c.end = 1
	case last == ':' || last == '：':
		c.end = 2
	case unicode.IsPunct(last):
		c.end = 3
	}
	return c
}
