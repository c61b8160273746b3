package body

import (
	"math"
	"strings"

	"golang.org/x/net/html/atom"

	"github.com/dateline-news/dateline/services/extractor/article/internal/norm"
	"github.com/dateline-news/dateline/services/extractor/article/internal/page"
)

// The features of a run, by which the classifier decides, describe the run itself, its
// element and the hints around it, the verdict of the rules, its position in the page,
// the runs of the same shape, and its neighbours. No feature depends on the names of
// sites or languages. The order of the features is part of the model.
const (
	hintFeatures      = len(page.HintNames)
	ownFeatures       = 77 + hintFeatures
	neighbours        = 3 // on each side
	neighbourFeatures = 6 // of each
	featureCount      = ownFeatures + 2*neighbours*neighbourFeatures
)

// Values at which features saturate, because larger differences are meaningless, and
// values for missing neighbours.
const (
	maxEnds      = 20
	maxShapeRuns = 60
	maxDistance  = 40
	maxSteps     = 20
	noTitle      = 99
	noHeading    = 30
)

// featureRow collects the features of a run.
type featureRow struct {
	values []float32
	n      int
}

func (r *featureRow) add(values ...float32) { r.n += copy(r.values[r.n:], values) }

// describe fills in the features of text run k.
func (d *describer) describe(k int, out []float32) {
	r := featureRow{values: out}
	d.addText(&r, k)
	d.addElement(&r, k)
	d.addVerdict(&r, k)
	d.addSurroundings(&r, k)
	d.addRepeats(&r, k)
	d.addBranch(&r, k)
	n := ownFeatures
	for _, step := range [2]int{-1, 1} {
		for away := 1; away <= neighbours; away++ {
			d.neighbour(k, k+step*away, out[n:n+neighbourFeatures])
			n += neighbourFeatures
		}
	}
}

func (d *describer) addText(out *featureRow, k int) {
	r := &d.Runs[d.textRuns[k]]
	chars := float32(r.Chars)
	c := count(d.Text[r.From:r.To])
	out.add(logOf(chars), ratio(float32(r.LinkedChars), chars), float32(min(r.SentenceEnds, maxEnds)),
		ratio(float32(r.SentenceEnds)*100, chars), ratio(chars, c.words), ratio(c.capitals, c.words),
		ratio(c.digits, chars), c.end, c.start, c.address, c.copyright, c.bullets, c.lines, c.quotes)
}

func (d *describer) addElement(out *featureRow, k int) {
	elem := d.Runs[d.textRuns[k]].Elem
	e := &d.Elems[elem]
	tag := e.Node.DataAtom
	level := float32(0)
	if page.IsHeading(tag) {
		level = float32(e.Node.Data[1] - '0')
	}
	out.add(level, bit(tag == atom.P), bit(tag == atom.Li), bit(tag == atom.Td || tag == atom.Th),
		bit(tag == atom.Div || tag == atom.Section || tag == 0))
	a := d.ancestry(elem)
	out.add(a.link, a.form, a.list, a.table, a.quote, a.figure, a.aside, a.article, a.main, a.depth, styled(e.Node))
	for b := range hintFeatures {
		out.add(bit(d.within[elem]&(1<<b) != 0))
	}
	parent := max(e.Parent, 0)
	grandparent := max(d.Elems[parent].Parent, 0)
	around := e.Hints | d.Elems[parent].Hints | d.Elems[grandparent].Hints
	out.add(bit(around&page.HintsAgainst != 0), bit(around&page.LineHints != 0), bit(e.Hints != 0))
}

func (d *describer) addVerdict(out *featureRow, k int) {
	i := int(d.textRuns[k])
	verdict := d.verdicts[i]
	out.add(float32(verdict), bit(verdict == Kept), bit(i >= d.from && i < d.to), d.weights[i]/100)
	below, apart := d.fromBox(d.Runs[i].Elem)
	toTitle := float32(noTitle)
	if d.Headline.Run >= 0 {
		toTitle = distance(i - d.Headline.Run)
	}
	out.add(below, apart, ratio(d.before[k], d.all), ratio(d.keptBefore[k], d.kept), distance(k-d.first),
		distance(k-d.last), toTitle, logOf(d.kept), logOf(d.all), ratio(d.kept, d.inBox),
		ratio(d.good[d.box], d.good[0]))
}

func (d *describer) addSurroundings(out *featureRow, k int) {
	i := d.textRuns[k]
	r := &d.Runs[i]
	chars := float32(r.Chars)
	parent := max(d.Elems[r.Elem].Parent, 0)
	grand := max(d.Elems[parent].Parent, 0)
	all := d.good[0]
	out.add(ratio(d.good[parent], all), ratio(d.good[grand], all), ratio(d.linked[parent], d.chars[parent]),
		ratio(d.linked[grand], d.chars[grand]), logOf(d.chars[parent]), logOf(d.chars[grand]),
		logOf(float32(d.Elems[parent].End-parent)), ratio(chars, d.chars[parent]))
	s := d.shapes[d.keys[k]]
	others := s.kept
	if d.verdicts[i] == Kept {
		others -= chars
	}
	out.add(float32(min(s.runs, maxShapeRuns)), ratio(s.kept, s.chars), ratio(s.linked, s.chars),
		logOf(s.chars/float32(s.runs)), ratio(others, s.chars-chars))
}

const (
	maxPhraseFeature = 300 // characters of a run that is compared with phrases
	maxPhraseBytes   = 200 // bytes of its start, more than any phrase has
	maxCopy          = 200 // bytes of a run whose copies are counted
	keptNear         = 4   // text runs on each side
	keptFar          = 12
)

func (d *describer) addRepeats(out *featureRow, k int) {
	i := int(d.textRuns[k])
	r := &d.Runs[i]
	text := d.Text[r.From:r.To]
	phrase, copies := float32(0), float32(0)
	if r.Chars < maxPhraseFeature {
		phrase = bit(startsWithBoilerplate(strings.ToLower(string(text[:min(len(text), maxPhraseBytes)]))))
	}
	if len(text) < maxCopy {
		copies = float32(d.copies[string(text)])
	}
	image := float32(0)
	if i > 0 && d.Runs[i-1].Kind == page.ImageRun {
		image++
	}
	if i+1 < len(d.Runs) && d.Runs[i+1].Kind == page.ImageRun {
		image += 2
	}
	out.add(phrase, d.ending[k], copies, bit(d.repeatsSummary(text)), d.keptAround(k, keptNear),
		d.keptAround(k, keptFar), image, d.sinceHeading(k), bit(endsWithCredit(text)), bit(d.captions(i, text)))
}

// neighbour fills in the features of a run's neighbour.
func (d *describer) neighbour(k, other int, out []float32) {
	if other < 0 || other >= len(d.textRuns) {
		for i := range out {
			out[i] = -1
		}
		return
	}
	i := d.textRuns[other]
	r := &d.Runs[i]
	e := &d.Elems[r.Elem]
	out[0] = logOf(float32(r.Chars))
	out[1] = ratio(float32(r.LinkedChars), float32(r.Chars))
	out[2] = float32(d.verdicts[i])
	out[3] = bit(r.Prose()) + 2*bit(page.IsHeading(e.Node.DataAtom))
	out[4] = bit(d.keys[other] == d.keys[k])
	out[5] = bit(e.Parent == d.Elems[d.Runs[d.textRuns[k]].Elem].Parent)
}

// keptAround returns the share of characters that the rules keep among the text
// runs within a distance on both sides, without the run itself.
func (d *describer) keptAround(k, within int) float32 {
	from, to := max(0, k-within), min(len(d.textRuns)-1, k+within)
	i, last := d.textRuns[k], d.textRuns[to]
	kept, chars := d.keptBefore[to]-d.keptBefore[from], d.before[to]-d.before[from]
	chars += float32(d.Runs[last].Chars)
	if d.verdicts[last] == Kept {
		kept += float32(d.Runs[last].Chars)
	}
	chars -= float32(d.Runs[i].Chars)
	if d.verdicts[i] == Kept {
		kept -= float32(d.Runs[i].Chars)
	}
	return ratio(kept, chars)
}

// Bounds of texts that are compared with the page's description, in bytes.
const (
	minSummary     = 20 // of either
	summaryHead    = 60 // of the run that are compared
	minSummaryHead = 16 // of the compared bytes, folded
)

// repeatsSummary reports whether a run starts as the page's description does.
func (d *describer) repeatsSummary(text []byte) bool {
	if len(d.summary) < minSummary || len(text) < minSummary || letter(text[0]) && text[0]|0x20 != d.summary[0] {
		return false
	}
	head := norm.Fold(string(text[:min(len(text), summaryHead)]))
	return len(head) >= minSummaryHead &&
		strings.HasPrefix(d.summary, strings.ToValidUTF8(head, "")[:min(len(head), len(d.summary))])
}

// distance returns a distance in runs that saturates.
func distance(runs int) float32 { return float32(max(-maxDistance, min(maxDistance, runs))) }

// logOf grows like the logarithm to base 2 of v+1. It is the exponent and the
// leading bits of the number in the form of IEEE 754.
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
