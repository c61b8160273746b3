package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/dateline-news/dateline/services/extractor/article/evaluation"
)

// crossNames returns the pages by the name of their figures: those of each set, and those
// of each type of a set.
func crossNames(pages []*page) map[string][]*page {
	named := make(map[string][]*page)
	for _, pg := range pages {
		named[pg.set] = append(named[pg.set], pg)
		if pg.kind != "" {
			name := evaluation.CrossName(pg.set, pg.kind)
			named[name] = append(named[name], pg)
		}
	}
	return named
}

// figures returns the figures of results by the names of crossNames.
func (m *measurement) figures(results map[*page]*outcome) map[string]evaluation.BodyFigures {
	all := make(map[string]evaluation.BodyFigures)
	for name, pages := range crossNames(m.pages) {
		s := scoreOf(pages, results)
		var f evaluation.BodyFigures
		if s.bodies > 0 {
			exact := s.exactShare()
			f.F1, f.Exact = &s.f1, &exact
		}
		if s.snippets.Found+s.snippets.Missing > 0 {
			value := s.snippets.F1()
			f.SnippetsF1 = &value
		}
		all[name] = f
	}
	return all
}

// writeCross writes the figures of the three measurements, in the order trained on, without
// the site, without the set.
func (m *measurement) writeCross(path, models string) error {
	c := evaluation.Cross{Models: models, Sets: make(map[string]evaluation.CrossFigures)}
	for name, pages := range crossNames(m.pages) {
		c.Sets[name] = evaluation.CrossFigures{
			Pages: len(pages), Seen: m.cross[0][name], WithoutSite: m.cross[1][name], WithoutSet: m.cross[2][name],
		}
	}
	raw, err := json.MarshalIndent(c, "", "  ")
	if err == nil {
		err = os.WriteFile(path, append(raw, '\n'), 0o644)
	}
	if err != nil {
		return fmt.Errorf("writing cross-validated figures: %w", err)
	}
	return nil
}
