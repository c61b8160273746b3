package web

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/dateline-news/dateline/services/indexer/api"
	"github.com/dateline-news/dateline/services/indexer/library"
	"github.com/dateline-news/dateline/services/indexer/store"
	"github.com/dateline-news/dateline/services/indexer/textdiff"
)

// changesPage compares two revisions.
type changesPage struct {
	store.Hit
	Before, After store.Revision
	textdiff.Difference
	// SideBySide shows the revisions beside each other, in Rows.
	SideBySide bool
	Rows       []diffRow
	Views      []option
}

// diffRow has the paragraphs of two revisions that belong together.
type diffRow struct{ Before, After []textdiff.Run }

func (s *site) changes(w http.ResponseWriter, r *http.Request) {
	hit, err := s.Article(r.Context(), library.Name(r.PathValue("id")))
	if err != nil {
		s.showLibraryError(w, r, err)
		return
	}
	revisions, err := s.Revisions(r.Context(), hit.ID)
	if err != nil {
		s.showLibraryError(w, r, err)
		return
	}
	v := r.URL.Query()
	from, _ := strconv.Atoi(v.Get("from")) // not a number: 0, which means the default
	to, _ := strconv.Atoi(v.Get("to"))
	before, after, err := api.ChooseRevisions(revisions, from, to)
	if err != nil {
		s.showError(w, r, http.StatusBadRequest, err)
		return
	}
	page := changesPage{Hit: hit, Before: before, After: after, Difference: textdiff.Of(before.Article, after.Article)}
	if page.SideBySide = v.Get("view") == "side"; page.SideBySide {
		headline := diffRow{runsWithout(page.Title, textdiff.Added), runsWithout(page.Title, textdiff.Removed)}
		page.Rows = append([]diffRow{headline}, rowsOf(page.Text)...)
	}
	path := "/articles/" + url.PathEscape(hit.ID) + "/changes?"
	numbers := url.Values{"from": {strconv.Itoa(before.Number)}, "to": {strconv.Itoa(after.Number)}}
	page.Views = []option{
		{"Inline", path + numbers.Encode(), !page.SideBySide},
		{"Side by side", path + with(numbers, "view", "side"), page.SideBySide},
	}
	s.show(w, r, http.StatusOK, "changes", "Changes: "+after.Article.GetTitle(), page)
}

// runsWithout returns the runs that are not of a kind.
func runsWithout(runs []textdiff.Run, kind string) []textdiff.Run {
	var rest []textdiff.Run
	for _, run := range runs {
		if run.Kind != kind {
			rest = append(rest, run)
		}
	}
	return rest
}

// rowsOf splits a difference into rows where both revisions begin a new paragraph.
func rowsOf(runs []textdiff.Run) []diffRow {
	rows := []diffRow{{}}
	for _, run := range runs {
		if run.Kind != textdiff.Same {
			last := &rows[len(rows)-1]
			last.add(run)
			continue
		}
		for i, part := range strings.Split(run.Text, "\n\n") {
			if i > 0 {
				rows = append(rows, diffRow{})
			}
			if part != "" {
				last := &rows[len(rows)-1]
				last.add(textdiff.Run{Kind: textdiff.Same, Text: part})
			}
		}
	}
	return rows
}

// add adds a run to the revisions that contain it.
func (d *diffRow) add(run textdiff.Run) {
	if run.Kind != textdiff.Added {
		d.Before = append(d.Before, run)
	}
	if run.Kind != textdiff.Removed {
		d.After = append(d.After, run)
	}
}

// spaced returns the runs with the spaces around changed words outside of the changes, so
// that what marks a change encloses words only.
func spaced(runs []textdiff.Run) []textdiff.Run {
	var all []textdiff.Run
	add := func(kind, text string) {
		if text != "" {
			all = append(all, textdiff.Run{Kind: kind, Text: text})
		}
	}
	for _, run := range runs {
		words := strings.TrimSpace(run.Text)
		if run.Kind == textdiff.Same || words == "" {
			add(run.Kind, run.Text)
			continue
		}
		at := strings.Index(run.Text, words)
		add(textdiff.Same, run.Text[:at])
		add(run.Kind, words)
		add(textdiff.Same, run.Text[at+len(words):])
	}
	return all
}
