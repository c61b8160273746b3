package evaluation

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"os"
	"slices"
)

// Report holds the figures of sets by name, to be kept and compared.
type Report map[string]Figures

// Figures are what was measured on a set; nil where its truth says nothing of
// it.
type Figures struct {
	Pages     int      `json:"pages"`
	Refused   int      `json:"refused"`
	Precision *float64 `json:"precision,omitempty"`
	Recall    *float64 `json:"recall,omitempty"`
	F1        *float64 `json:"f1,omitempty"`
	F1Error   *float64 `json:"f1_error,omitempty"`
	Exact     *float64 `json:"exact,omitempty"`
	Title     *float64 `json:"title,omitempty"`
	Authors   *float64 `json:"authors,omitempty"`
	Date      *float64 `json:"date,omitempty"`
	// CPU is the CPU time of all extraction as a multiple of bare parsing.
	CPU float64 `json:"cpu_per_parse"`
	// Slowest is the highest such multiple of a page.
	Slowest   float64 `json:"slowest_page"`
	SlowestID string  `json:"slowest_page_id,omitempty"`
	// Megabytes is the memory allocated a page, in units of 10^6 bytes.
	Megabytes float64 `json:"megabytes_per_page"`
	// PageF1 is the F1 of each page with a known body.
	PageF1 map[string]float64 `json:"page_f1,omitempty"`
}

// Figures sums a result up.
func (res *Result) Figures() Figures {
	f := Figures{
		Pages: len(res.Pages), Refused: res.Refused,
		CPU: float64(res.ExtractTime) / float64(max(res.ParseTime, 1)), Slowest: res.Slowest, SlowestID: res.SlowestID,
		Megabytes: float64(res.Allocated) / 1e6 / float64(max(len(res.Pages), 1)),
		Title:     res.Title.known(), Authors: res.Authors.known(), Date: res.Date.known(), Exact: res.Exact.known(),
	}
	if res.Bodies == 0 {
		return f
	}
	f.Precision, f.Recall, f.F1, f.F1Error = &res.Precision, &res.Recall, &res.F1, &res.F1Error
	f.PageF1 = make(map[string]float64, res.Bodies)
	for _, p := range res.Pages {
		if p.Truth.Body != "" {
			f.PageF1[p.Truth.ID] = p.Body.F1()
		}
	}
	return f
}

func (s Share) known() *float64 {
	if s.Of == 0 {
		return nil
	}
	v := s.Value()
	return &v
}

// Move is a page whose F1 changed.
type Move struct {
	ID       string
	Was, Now float64
}

// Moved are the pages of both whose F1 changed, the largest change first.
func (f Figures) Moved(was Figures) []Move {
	var moved []Move
	for id, now := range f.PageF1 {
		if before, ok := was.PageF1[id]; ok && math.Abs(now-before) > 1e-9 {
			moved = append(moved, Move{ID: id, Was: before, Now: now})
		}
	}
	slices.SortFunc(moved, func(a, b Move) int {
		return cmp.Or(cmp.Compare(math.Abs(b.Now-b.Was), math.Abs(a.Now-a.Was)), cmp.Compare(a.ID, b.ID))
	})
	return moved
}

// Sets are the names of a report's sets in order.
func (r Report) Sets() []string { return slices.Sorted(maps.Keys(r)) }

// Write writes a report as JSON.
func (r Report) Write(path string) error {
	raw, err := json.MarshalIndent(r, "", "  ")
	if err == nil {
		err = os.WriteFile(path, append(raw, '\n'), 0o644)
	}
	if err != nil {
		return fmt.Errorf("writing figures: %w", err)
	}
	return nil
}

// ReadReport reads a report that Write wrote.
func ReadReport(path string) (Report, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading figures: %w", err)
	}
	var r Report
	if err := json.Unmarshal(raw, &r); err != nil {
		return nil, fmt.Errorf("reading figures in %s, which must be a file that --save wrote: %w", path, err)
	}
	return r, nil
}

// Extract is what was found on a page, in the form that other scorers read.
type Extract struct {
	ID string `json:"id"`
	// Body is plain text, paragraphs parted by blank lines, without headline.
	Body      string   `json:"body"`
	Title     string   `json:"title"`
	Authors   []string `json:"authors"`
	Published string   `json:"published,omitempty"`
}

// Extract is the page's; empty but for the id where it was refused.
func (p *Page) Extract() Extract {
	e := Extract{ID: p.Truth.ID, Authors: []string{}}
	if p.Got == nil {
		return e
	}
	e.Body, e.Title = p.Got.Text, p.Got.Title
	for _, a := range p.Got.Authors {
		e.Authors = append(e.Authors, a.Name)
	}
	if p.Got.Published != nil {
		e.Published = p.Got.Published.Value
	}
	return e
}
