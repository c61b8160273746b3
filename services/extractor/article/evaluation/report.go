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

// Report holds the figures of sets by name. It can be saved and compared with later
// reports.
type Report map[string]Figures

// Figures are the figures of a set. A figure is nil if the truth of the set does not
// include it.
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
	// The share of required snippets among those that were found, and the reverse.
	SnippetsPrecision *float64 `json:"snippets_precision,omitempty"`
	SnippetsRecall    *float64 `json:"snippets_recall,omitempty"`
	SnippetsF1        *float64 `json:"snippets_f1,omitempty"`
	// First is the share of pages whose first required snippet is in the text.
	First *float64 `json:"first_snippet,omitempty"`
	// ArticlesRefused is the share of articles that yielded none, and ListsAccepted that
	// of lists that yielded one.
	ArticlesRefused *float64 `json:"articles_refused,omitempty"`
	ListsAccepted   *float64 `json:"lists_accepted,omitempty"`
	// CPU is the CPU time of extraction as a multiple of the CPU time of html.Parse.
	CPU float64 `json:"cpu_per_parse"`
	// Slowest is the highest such multiple of a single page.
	Slowest   float64 `json:"slowest_page"`
	SlowestID string  `json:"slowest_page_id,omitempty"`
	// Megabytes is the memory allocated per page, in units of 10^6 bytes.
	Megabytes float64 `json:"megabytes_per_page"`
	// Cross holds the cross-validated figures. It is nil if they were not requested or the
	// models were not measured on the set.
	Cross *CrossFigures `json:"cross,omitempty"`
	// PageF1 holds the F1 of each page with a known body, by id.
	PageF1 map[string]float64 `json:"page_f1,omitempty"`
}

// Figures returns the figures of a result.
func (res *Result) Figures() Figures {
	f := Figures{
		Pages: len(res.Pages), Refused: res.Refused,
		CPU:     float64(res.ExtractTime) / float64(max(res.ParseTime, 1)),
		Slowest: res.Slowest, SlowestID: res.SlowestID,
		Megabytes: float64(res.Allocated) / 1e6 / float64(max(len(res.Pages), 1)),
		Title:     res.Title.known(), Authors: res.Authors.known(), Date: res.Date.known(), Exact: res.Exact.known(),
		First: res.First.known(), ArticlesRefused: res.ArticlesRefused.known(), ListsAccepted: res.ListsAccepted.known(),
	}
	if s := res.Snippets; s != (Snippets{}) {
		precision, recall, f1 := s.Precision(), s.Recall(), s.F1()
		f.SnippetsPrecision, f.SnippetsRecall, f.SnippetsF1 = &precision, &recall, &f1
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

// known returns the value of a share, or nil if nothing was counted.
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

// Moved returns the pages in both f and was whose F1 differs, the largest difference
// first.
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

// Sets returns the names of the sets in a report, sorted.
func (r Report) Sets() []string { return slices.Sorted(maps.Keys(r)) }

// Write writes a report to a file as JSON.
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
		return nil, fmt.Errorf("reading figures in %s: name a file that was written by --save: %w", path, err)
	}
	return r, nil
}

// Extract is the result of extracting a page, in the form that other evaluation
// programs read.
type Extract struct {
	ID string `json:"id"`
	// Body is plain text without the headline. Blank lines separate paragraphs.
	Body      string   `json:"body"`
	Title     string   `json:"title"`
	Authors   []string `json:"authors"`
	Published string   `json:"published,omitempty"`
}

// Extract returns the extract of a page. If the page yielded no article, only its id is
// set.
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
