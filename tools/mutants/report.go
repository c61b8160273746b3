package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
)

// open reads the results of an earlier run from a file, to which further ones are added.
func (e *examination) open(name string) error {
	e.known = map[string]mutant{}
	if name == "" {
		return nil
	}
	file, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	e.file = file
	for decoder := json.NewDecoder(file); ; {
		var m mutant
		if err := decoder.Decode(&m); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("reading %s: %w", name, err)
		}
		e.known[m.key()] = m
	}
}

func (e *examination) close() {
	if e.file != nil {
		e.file.Close()
	}
}

// key identifies a mutant among those of the same source.
func (m *mutant) key() string { return m.Area + "\x00" + m.Place + "\x00" + m.Kind + "\x00" + m.Change }

func (e *examination) earlier(m mutant) (mutant, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	known, ok := e.known[m.key()]
	return known, ok
}

// keep adds a result to the file.
func (e *examination) keep(m mutant) error {
	if e.file == nil {
		return nil
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	return json.NewEncoder(e.file).Encode(m)
}

func printLines(out io.Writer, results []mutant) error {
	lines := json.NewEncoder(out)
	for _, m := range results {
		if err := lines.Encode(m); err != nil {
			return err
		}
	}
	return nil
}

// score counts faults.
type score struct{ noticed, all int }

func (s *score) add(m mutant) {
	s.all++
	if m.Result == noticed || m.Result == timedOut {
		s.noticed++
	}
}

// printTables prints the score by area and by kind, and then each fault that nothing noticed.
func printTables(out io.Writer, areas []area, results [][]mutant) error {
	kinds, total := map[string]*score{}, score{}
	row := func(name string, s score) {
		if s.all > 0 {
			fmt.Fprintf(out, "%-24s %3d of %3d noticed (%d %%)\n", name, s.noticed, s.all, 100*s.noticed/s.all)
		}
	}
	for i, a := range areas {
		var own score
		for _, m := range results[i] {
			if kinds[m.Kind] == nil {
				kinds[m.Kind] = &score{}
			}
			own.add(m)
			kinds[m.Kind].add(m)
			total.add(m)
		}
		if len(areas) > 1 {
			row(a.Name, own)
		}
	}
	for _, kind := range []string{kindCondition, kindBound, kindError, kindArguments, kindCall} {
		if s := kinds[kind]; s != nil {
			row(kind, *s)
		}
	}
	row("all", total)
	for _, own := range results {
		for _, m := range own {
			if m.Result == survived || m.Result == notExecuted {
				if _, err := fmt.Fprintf(out, "%s: %s: %s: %s\n", m.Result, m.Place, m.Kind, m.Change); err != nil {
					return err
				}
			}
		}
	}
	return nil
}
