package article

import (
	"bytes"
	"slices"
)

// findTitleLine finds the line that shows the headline where no heading does:
// a block of its own, or a line within a block whose lines only br elements
// part. Such a block is cut into its lines.
func (r *reader) findTitleLine() {
	r.titleRun = slices.IndexFunc(r.runs, func(run run) bool { return r.titleElem > 0 && run.elem == r.titleElem })
	want := fold(r.out.Title)
	if r.titleElem > 0 || want == "" {
		return
	}
	for i := range r.runs {
		run := &r.runs[i]
		if run.kind != runText || run.linked*2 > run.letters || int(run.to-run.from) > 4*len(r.out.Title)+600 {
			continue
		}
		lines := bytes.Split(r.text[run.from:run.to], []byte("\n"))
		at := slices.IndexFunc(lines, func(line []byte) bool { return fold(string(line)) == want })
		if at < 0 {
			continue
		}
		r.titleElem, r.titleRun = run.elem, i+at
		if len(lines) > 1 {
			r.runs = slices.Replace(r.runs, i, i+1, r.linesOf(*run)...)
		}
		return
	}
}

// linesOf cuts a run into one for each of its lines.
func (t *tree) linesOf(whole run) []run {
	var lines []run
	for from := whole.from; from < whole.to; {
		to := whole.to
		if at := bytes.IndexByte(t.text[from:to], '\n'); at >= 0 {
			to = from + int32(at)
		}
		line := run{kind: runText, elem: whole.elem, from: from, to: to, links: whole.links, linksTo: whole.links}
		for _, c := range string(t.text[from:to]) {
			letters, stops := countRune(c)
			line.letters += letters
			line.stops += stops
		}
		for i := whole.links; i < whole.linksTo; i++ {
			switch s := t.links[i]; {
			case s.to <= from:
				line.links, line.linksTo = i+1, i+1
			case s.from >= from && s.to <= to:
				line.linksTo = i + 1
				for _, c := range string(t.text[s.from:s.to]) {
					letters, _ := countRune(c)
					line.linked += letters
				}
			}
		}
		lines = append(lines, line)
		from = to + 1
	}
	return lines
}
