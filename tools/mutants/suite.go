package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// suite is what is known about the tests of a package: how long each takes, and which blocks it executes.
type suite struct {
	pkg     string
	tests   map[string]*test
	blocks  map[string][]block // by file
	initial map[string]map[int]bool
}

type test struct {
	name    string
	seconds float64
	failed  bool
	hits    map[string]map[int]bool // blocks by file
}

// block is a range of lines and columns of a file, without its end.
type block struct{ startLine, startCol, endLine, endCol uint32 }

func (b block) contains(line, col uint32) bool {
	return (line > b.startLine || line == b.startLine && col >= b.startCol) &&
		(line < b.endLine || line == b.endLine && col < b.endCol)
}

// smaller compares the extents of two blocks that contain the same place.
func smaller(a, b block) int {
	return cmp.Or(cmp.Compare(a.endLine-a.startLine, b.endLine-b.startLine), cmp.Compare(b.startCol, a.startCol))
}

// measureLimit is the maximum time of the run that measures which blocks the tests of a package execute.
const measureLimit = 20 * time.Minute

// measure runs the tests of a package once with counters. The result is kept in the cache for as long as neither
// the tests nor what they import change.
func (r *runner) measure(ctx context.Context, pkg string) (*suite, error) {
	fingerprint, err := r.module.fingerprint(pkg)
	if err != nil {
		return nil, err
	}
	file := filepath.Join(r.cache, strings.ReplaceAll(pkg, "/", "_")+"-"+fingerprint+".jsonl")
	if s, err := readSuite(pkg, file); err == nil || !errors.Is(err, os.ErrNotExist) {
		return s, err
	}
	overlay, err := r.instrumented(ctx)
	if err != nil {
		return nil, err
	}
	started := time.Now()
	program, err := r.compile(ctx, pkg, overlay)
	if err != nil {
		return nil, err
	}
	defer os.Remove(program)
	part := file + ".part"
	if err := os.Remove(part); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	command := exec.CommandContext(ctx, program, "-test.timeout", measureLimit.String(), "-test.parallel=1")
	if r.short {
		command.Args = append(command.Args, "-test.short")
	}
	command.Dir, command.WaitDelay = filepath.Join(r.module.dir, pkg), waitDelay
	command.Env = append(os.Environ(), "MUTANTS_PROBES="+part)
	output, failed := outputOf(command)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if failed != nil {
		r.progress("%s: some tests fail with counters, and are left out: %s", pkg,
			strings.Join(failing(string(output)), ", "))
	}
	r.progress("%s: measured in %.0f s", pkg, time.Since(started).Seconds())
	if _, err := os.Stat(part); errors.Is(err, os.ErrNotExist) { // the package has no test
		if err := os.WriteFile(part, nil, 0o600); err != nil {
			return nil, err
		}
	}
	if err := os.Rename(part, file); err != nil {
		return nil, err
	}
	return readSuite(pkg, file)
}

func readSuite(pkg, name string) (*suite, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	s := &suite{pkg: pkg, tests: map[string]*test{}, blocks: map[string][]block{}, initial: map[string]map[int]bool{}}
	for decoder := json.NewDecoder(file); ; {
		var line struct {
			Test    string
			Seconds float64
			Failed  bool
			Files   []struct {
				Name string
				Pos  []uint32
			}
			Hits map[string][]int
		}
		if err := decoder.Decode(&line); errors.Is(err, io.EOF) {
			return s, nil
		} else if err != nil {
			return nil, fmt.Errorf("reading %s: %w", name, err)
		}
		for _, f := range line.Files {
			s.blocks[f.Name] = nil
			for i := 0; i+2 < len(f.Pos); i += 3 {
				s.blocks[f.Name] = append(s.blocks[f.Name], block{f.Pos[i], f.Pos[i+2] & 0xffff, f.Pos[i+1], f.Pos[i+2] >> 16})
			}
		}
		hits := s.initial
		if line.Test != "" {
			t := s.tests[line.Test]
			if t == nil {
				t = &test{name: line.Test, hits: map[string]map[int]bool{}}
				s.tests[line.Test] = t
			}
			t.seconds, t.failed = max(t.seconds, line.Seconds), t.failed || line.Failed
			hits = t.hits
		}
		for file, blocks := range line.Hits {
			if hits[file] == nil {
				hits[file] = map[int]bool{}
			}
			for _, b := range blocks {
				hits[file][b] = true
			}
		}
	}
}

// executing returns the tests that execute the place of a mutant, the shortest first. Of a long test, it returns
// only the subtests that execute the place.
func (s *suite) executing(m mutant) []*test {
	blocks := s.blocks[m.file]
	var at []int
	for i, b := range blocks {
		if b.contains(m.line, m.col) && (len(at) == 0 || smaller(b, blocks[at[0]]) < 0) {
			at = []int{i}
		}
	}
	if len(at) == 0 { // such as the expression of a case
		for i, b := range blocks {
			if b.startLine >= m.functionStart && b.endLine <= m.functionEnd {
				at = append(at, i)
			}
		}
	}
	hit := func(hits map[string]map[int]bool) bool {
		return slices.ContainsFunc(at, func(i int) bool { return hits[m.file][i] })
	}
	always := m.functionStart == 0 && len(blocks) > 0 || hit(s.initial)
	children := map[string][]*test{}
	for name, t := range s.tests {
		if !t.failed && (always || hit(t.hits)) {
			parent := ""
			if i := strings.LastIndex(name, "/"); i >= 0 {
				parent = name[:i]
			}
			children[parent] = append(children[parent], t)
		}
	}
	var selected []*test
	var choose func(t *test)
	choose = func(t *test) {
		if t.seconds < longTest || len(children[t.name]) == 0 {
			selected = append(selected, t)
			return
		}
		for _, child := range children[t.name] {
			choose(child)
		}
	}
	for _, t := range children[""] {
		choose(t)
	}
	slices.SortFunc(selected, func(a, b *test) int {
		return cmp.Or(cmp.Compare(a.seconds, b.seconds), strings.Compare(a.name, b.name))
	})
	return selected
}

// longTest is the time in seconds from which only some of the subtests of a test run.
const longTest = 1.5

// pattern returns the pattern of -test.run for tests.
func pattern(tests []*test) string {
	var all []string
	for _, t := range tests {
		parts := strings.Split(t.name, "/")
		for i, part := range parts {
			parts[i] = "^" + regexp.QuoteMeta(part) + "$"
		}
		all = append(all, strings.Join(parts, "/"))
	}
	return strings.Join(all, "|")
}

// failLine matches the name of a test that failed, or that was running when the time was over.
var failLine = regexp.MustCompile(`(?m)^\s*--- FAIL: (\S+)|^\t\t(Test\S+) \([0-9hms.]+\)$`)

// failing returns the names of the tests that failed.
func failing(output string) []string {
	var names []string
	for _, found := range failLine.FindAllStringSubmatch(output, -1) {
		names = append(names, found[1]+found[2])
	}
	return names
}
