package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/schollz/progressbar/v3"

	"github.com/dateline-news/dateline/cmd/dateline/internal/ingest"
	"github.com/dateline-news/dateline/cmd/dateline/internal/replay"
	"github.com/dateline-news/dateline/internal/escape"
	"github.com/dateline-news/dateline/services/extractor/article"
)

// replayReport prints which records differ.
type replayReport struct {
	out, errs io.Writer
	asJSON    bool
	summary   replay.Summary
	bar       *progressbar.ProgressBar // nil unless standard error is a terminal
	inBytes   bool                     // whether the bar counts bytes rather than pages
	run       *replay.Run              // nil in a dry run
	page      string                   // file for the report in HTML, or ""
	failed    bool                     // whether a page, or a part of a web archive, could not be read
	started   time.Time
}

func newReplayReport(out, errs io.Writer, asJSON bool) *replayReport {
	return &replayReport{out: out, errs: errs, asJSON: asJSON, started: time.Now()}
}

// expect shows a progress bar on a terminal. It counts bytes of web archives, or else pages, of
// which there are nearly as many as articles.
func (r *replayReport) expect(selection replay.Selection, articles int64) {
	if !isTerminal(r.errs) {
		return
	}
	if r.inBytes = len(selection.Archives) > 0; r.inBytes {
		size := int64(0)
		for _, archive := range selection.Archives {
			size += archive.Size
		}
		r.bar = newByteBar(r.errs, size)
		r.bar.Describe("extracting")
		return
	}
	const columns, redraw = 30, 65 * time.Millisecond
	r.bar = progressbar.NewOptions64(articles, progressbar.OptionSetWriter(unescaped(r.errs)),
		progressbar.OptionSetDescription("extracting"), progressbar.OptionShowCount(), progressbar.OptionSetPredictTime(true),
		progressbar.OptionClearOnFinish(), progressbar.OptionSetWidth(columns), progressbar.OptionThrottle(redraw))
}

func (r *replayReport) progress(bytes int64) {
	if r.bar != nil && r.inBytes {
		_ = r.bar.Add64(bytes) // only the picture is wrong
	}
}

// add counts a page, and prints its differences as JSON, or why it could not be extracted.
func (r *replayReport) add(result replay.Result) error {
	r.summary.Add(result)
	if result.Status == replay.Failed {
		r.failed = true
		if !r.asJSON {
			if _, err := fmt.Fprintf(r.errs, "%s: %s\n", escape.Line(result.URL), escape.Line(result.Detail)); err != nil {
				return err
			}
		}
	}
	if r.bar != nil && !r.inBytes {
		r.bar.ChangeMax64(max(r.bar.GetMax64(), int64(r.summary.Pages)))
		_ = r.bar.Add(1) // only the picture is wrong
	}
	if !r.asJSON || len(result.Differences) == 0 && result.Detail == "" {
		return nil
	}
	return json.NewEncoder(r.out).Encode(result)
}

// addFile reports the damaged places of a web archive.
func (r *replayReport) addFile(s ingest.Summary) error {
	if r.failed = r.failed || s.Error != "" || s.Damaged > 0; !r.failed {
		return nil
	}
	for _, place := range s.Damages {
		if _, err := fmt.Fprintf(r.errs, "%s: damaged at byte %d: %s\n", s.Archive, place.Offset, place.Reason); err != nil {
			return err
		}
	}
	if s.Error != "" {
		_, err := fmt.Fprintf(r.errs, "%s: reading stopped before the end: %s\n", s.Archive, s.Error)
		return err
	}
	return nil
}

// finish prints the counts.
func (r *replayReport) finish() error {
	if r.bar != nil {
		_ = r.bar.Finish() // only the picture is wrong
	}
	r.summary.Sort()
	if err := r.print(); err != nil {
		return err
	}
	if r.page != "" {
		err := replaceFile(r.page, func(w io.Writer) error { return replay.WriteHTML(w, r.summary, article.Version) })
		if err != nil {
			return fmt.Errorf("writing the report: %w", err)
		}
	}
	if r.failed {
		return errReported
	}
	return nil
}

// replayLine is the last line of JSON.
type replayLine struct {
	Run     string         `json:"run,omitempty"`
	Version string         `json:"new_extractor_version"`
	Summary replay.Summary `json:"summary"`
}

func (r *replayReport) print() error {
	if r.asJSON {
		line := replayLine{Version: article.Version, Summary: r.summary}
		if r.run != nil {
			line.Run = r.run.ID
		}
		return json.NewEncoder(r.out).Encode(line)
	}
	if len(r.summary.Fields) > 0 {
		t := newTable(width(r.out), "field", "records", "before", "after", "URL")
		for _, f := range r.summary.Fields {
			for i, s := range f.Samples {
				row := []any{f.Field, f.Records, s.Before, s.After, s.URL}
				if i > 0 {
					row[0], row[1] = "", ""
				}
				t.AppendRow(row)
			}
		}
		fmt.Fprintln(r.out, t.Render())
	}
	results := "no page matches the selection"
	if len(r.summary.Statuses) > 0 {
		results = fmt.Sprintf("%s; %d differ", byCount(r.summary.Statuses), r.summary.Differing())
	}
	_, err := fmt.Fprintf(r.out, "extracted %s with version %s in %s: %s\n",
		plural(r.summary.Pages, "page"), article.Version, time.Since(r.started).Round(10*time.Millisecond), results)
	if err == nil && r.run != nil {
		_, err = fmt.Fprintf(r.out, "run %s: published %s and %s; \"dateline replay undo %s\" restores the replaced "+
			"records\n", r.run.ID, plural(r.run.Counts.Replaced, "record"), plural(r.run.Counts.Accepted, "new article"),
			r.run.ID)
	}
	return err
}
