package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"

	"github.com/dateline-news/dateline/services/extractor/article/evaluation"
)

// evalFlags are the flags of dateline eval.
type evalFlags struct {
	corpus, pageType, part, out, save, baseline string
	sets                                        []string
	worst                                       int
	misses, calibration, asJSON                 bool
}

func newEval() *cobra.Command {
	var f evalFlags
	cmd := &cobra.Command{
		Use:   "eval --corpus DIR",
		Short: "Measure the extraction on pages whose truth is known",
		Long: `Measures the extraction on a folder of sets. A set is a folder with
pages/ID.html.gz and truth.jsonl, one JSON object a page: id, url, and what is
known of body, paragraphs, title, authors and published. docs/evaluation.md
defines each figure.`,
		Example: "  dateline eval --corpus pages --save before.json\n  dateline eval --corpus pages --baseline before.json --worst 5",
		Args:    exactArgs(0, "flags alone"),
	}
	flags := cmd.Flags()
	flags.StringVar(&f.corpus, "corpus", "", "Folder of sets, or one set.")
	flags.StringSliceVar(&f.sets, "set", nil, "Measure these sets alone, parted by commas.")
	flags.StringVar(&f.pageType, "type", "", "Measure pages with this page_type alone.")
	flags.StringVar(&f.part, "part", "", "Measure a part of the sites alone: open (two thirds) or held (the other third).")
	flags.IntVar(&f.worst, "worst", 0, "Show so many pages of each set with the lowest F1, with what is missing and what is too much.")
	flags.BoolVar(&f.misses, "misses", false, "List the titles, authors and dates that are wrong.")
	flags.BoolVar(&f.calibration, "calibration", false, "Show how often fields are right, by the confidence that they were given with.")
	flags.StringVar(&f.out, "out", "", "Write what was extracted to this file, one JSON object a page.")
	flags.StringVar(&f.save, "save", "", "Write the figures to this file, to compare with later.")
	flags.StringVar(&f.baseline, "baseline", "", "Compare with the figures in this file.")
	flags.BoolVar(&f.asJSON, "json", false, "Print the figures as JSON.")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return f.run(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr())
	}
	return cmd
}

func (f *evalFlags) run(ctx context.Context, out, errs io.Writer) error {
	folders, err := f.folders()
	if err != nil {
		return err
	}
	if f.part != "" && f.part != "open" && f.part != "held" {
		return &usageError{fmt.Errorf("--part is %q: choose open or held", f.part)}
	}
	var before evaluation.Report
	if f.baseline != "" {
		if before, err = evaluation.ReadReport(f.baseline); err != nil {
			return err
		}
	}
	report := evaluation.Report{}
	var results []*evaluation.Result
	for _, folder := range folders {
		res, err := f.measure(ctx, folder, errs)
		if err != nil {
			return err
		}
		results = append(results, res)
		report[filepath.Base(folder)] = res.Figures()
	}
	if f.out != "" {
		if err := writeExtracts(f.out, results); err != nil {
			return err
		}
	}
	if f.save != "" {
		if err := report.Write(f.save); err != nil {
			return err
		}
	}
	if f.asJSON {
		encoder := json.NewEncoder(out)
		encoder.SetIndent("", "  ")
		return encoder.Encode(report)
	}
	f.print(out, report, before)
	for i, res := range results {
		f.printPages(out, filepath.Base(folders[i]), res)
	}
	if f.calibration {
		printCalibration(out, results)
	}
	return nil
}

// folders are the sets that are asked for.
func (f *evalFlags) folders() ([]string, error) {
	if f.corpus == "" {
		return nil, &usageError{errors.New("no corpus: name a folder of sets with --corpus")}
	}
	if _, err := os.Stat(filepath.Join(f.corpus, "truth.jsonl")); err == nil {
		return []string{f.corpus}, nil
	}
	truths, err := filepath.Glob(filepath.Join(f.corpus, "*", "truth.jsonl"))
	if err != nil || len(truths) == 0 {
		return nil, &usageError{fmt.Errorf("--corpus %s holds no set: a set is a folder with truth.jsonl and pages/", f.corpus)}
	}
	var folders []string
	for _, truth := range truths {
		if folder := filepath.Dir(truth); len(f.sets) == 0 || slices.Contains(f.sets, filepath.Base(folder)) {
			folders = append(folders, folder)
		}
	}
	if len(folders) == 0 {
		return nil, &usageError{fmt.Errorf("--set %v: %s holds no set of that name", f.sets, f.corpus)}
	}
	return folders, nil
}

func (f *evalFlags) measure(ctx context.Context, folder string, errs io.Writer) (*evaluation.Result, error) {
	choose := evaluation.Selection{Want: func(t *evaluation.Truth) bool {
		return (f.pageType == "" || t.PageType == f.pageType) && (f.part == "" || (f.part == "held") == t.Held())
	}}
	if isTerminal(errs) {
		bar := progressbar.NewOptions(1, progressbar.OptionSetWriter(errs), progressbar.OptionSetDescription(filepath.Base(folder)),
			progressbar.OptionShowCount(), progressbar.OptionClearOnFinish(), progressbar.OptionSetWidth(30))
		choose.Progress = func(done, all int) {
			bar.ChangeMax(all)
			_ = bar.Set(done) // a bar that cannot be drawn is no reason to stop measuring
		}
		defer func() { _ = bar.Finish() }()
	}
	res, err := evaluation.Run(ctx, folder, choose)
	if err != nil {
		return nil, fmt.Errorf("measuring %s: %w", folder, err)
	}
	return res, nil
}

func (f *evalFlags) print(out io.Writer, report, before evaluation.Report) {
	t := newTable(width(out), table.Row{"set", "pages", "refused", "precision", "recall", "F1", "±", "exact", "title", "authors", "date", "CPU/parse", "slowest", "MB/page"})
	for _, name := range report.Sets() {
		g := report[name]
		t.AppendRow(table.Row{name, g.Pages, g.Refused, figure(4, g.Precision), figure(4, g.Recall), figure(4, g.F1), figure(4, g.F1Error), figure(3, g.Exact),
			figure(3, g.Title), figure(3, g.Authors), figure(3, g.Date), figure(2, &g.CPU), figure(1, &g.Slowest), figure(2, &g.Megabytes)})
		was, ok := before[name]
		if !ok {
			continue
		}
		t.AppendRow(table.Row{"  change", g.Pages - was.Pages, g.Refused - was.Refused, change(4, g.Precision, was.Precision), change(4, g.Recall, was.Recall),
			change(4, g.F1, was.F1), "", change(3, g.Exact, was.Exact), change(3, g.Title, was.Title), change(3, g.Authors, was.Authors), change(3, g.Date, was.Date),
			change(2, &g.CPU, &was.CPU), change(1, &g.Slowest, &was.Slowest), change(2, &g.Megabytes, &was.Megabytes)})
	}
	fmt.Fprintln(out, t.Render())
	for _, name := range report.Sets() {
		if was, ok := before[name]; ok {
			printMoved(out, name, report[name], was)
		}
	}
}

// printMoved lists the pages whose F1 changed most since the baseline.
func printMoved(out io.Writer, name string, now, was evaluation.Figures) {
	moved := now.Moved(was)
	if len(moved) == 0 {
		fmt.Fprintf(out, "%s: no page's F1 changed\n", name)
		return
	}
	better := 0
	for _, m := range moved {
		if m.Now > m.Was {
			better++
		}
	}
	fmt.Fprintf(out, "%s: %d pages better, %d worse\n", name, better, len(moved)-better)
	for _, m := range moved[:min(len(moved), 10)] {
		fmt.Fprintf(out, "  %+.4f  %.4f → %.4f  %s\n", m.Now-m.Was, m.Was, m.Now, m.ID)
	}
}

func (f *evalFlags) printPages(out io.Writer, name string, res *evaluation.Result) {
	pages := slices.DeleteFunc(slices.Clone(res.Pages), func(p evaluation.Page) bool { return p.Truth.Body == "" })
	slices.SortStableFunc(pages, func(a, b evaluation.Page) int { return cmp.Compare(a.Body.F1(), b.Body.F1()) })
	colour := isTerminal(out) && os.Getenv("NO_COLOR") == ""
	for _, p := range pages[:max(0, min(f.worst, len(pages)))] {
		fmt.Fprintf(out, "\n%s %s  F1 %.3f  %s\n", name, p.Truth.ID, p.Body.F1(), p.Truth.URL)
		if p.Err != nil {
			fmt.Fprintf(out, "  refused: %v\n", p.Err)
			continue
		}
		writeDiff(out, p.Truth.Body, p.Got.Text, colour)
	}
	if !f.misses {
		return
	}
	for _, p := range res.Pages {
		for _, m := range p.Misses {
			fmt.Fprintf(out, "%s %s: got %q, want %q\n", p.Truth.ID, m.Field, m.Got, m.Want)
		}
	}
}

func printCalibration(out io.Writer, results []*evaluation.Result) {
	var all evaluation.Calibration
	for _, res := range results {
		all.Add(&res.Calibration)
	}
	t := newTable(width(out), table.Row{"confidence", "given", "right"})
	for i, band := range all {
		if band.Of > 0 {
			t.AppendRow(table.Row{fmt.Sprintf("%.2f to %.2f, mean %.3f", float64(i)/20, float64(i+1)/20, band.Sum/float64(band.Of)), band.Of, fmt.Sprintf("%.3f", band.Value())})
		}
	}
	fmt.Fprintf(out, "\n%s\nexpected calibration error of titles, authors and dates: %.3f\n", t.Render(), all.Error())
}

// writeExtracts writes what was extracted so that another scorer can judge it.
func writeExtracts(path string, results []*evaluation.Result) (err error) {
	file, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("writing extracts: %w", err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	encoder := json.NewEncoder(file)
	encoder.SetEscapeHTML(false)
	for _, res := range results {
		for i := range res.Pages {
			if err := encoder.Encode(res.Pages[i].Extract()); err != nil {
				return fmt.Errorf("writing extracts: %w", err)
			}
		}
	}
	return nil
}

// figure is a figure with so many places, or a dash where there is none.
func figure(places int, v *float64) string {
	if v == nil {
		return "-"
	}
	return fmt.Sprintf("%.*f", places, *v)
}

func change(places int, now, was *float64) string {
	if now == nil || was == nil {
		return ""
	}
	return fmt.Sprintf("%+.*f", places, *now-*was)
}
