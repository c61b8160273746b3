package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/dateline-news/dateline/services/extractor/article/evaluation"
)

// Parts of the sites of a set.
const (
	partOpen = "open"
	partHeld = "held"
)

// madeSet is the name of the figures of the made pages.
const madeSet = "made pages"

// evalFlags are the flags of dateline eval.
type evalFlags struct {
	corpus, pageType, part, out, save, baseline string
	sets                                        []string
	worst                                       int
	misses, calibration, cross, asJSON          bool
}

func newEval() *cobra.Command {
	var f evalFlags
	cmd := &cobra.Command{
		Use:   "eval --corpus DIR",
		Short: "Measure the extraction on pages with known results",
		Long: `Measures the extraction on a folder of sets. A set is a folder with pages/ID.html.gz
and truth.jsonl, which has one JSON object per page: id, url, and the known values of
body, paragraphs, title, authors and published. docs/evaluation.md defines each
figure.`,
		Example: `  dateline eval --corpus pages --save before.json
  dateline eval --corpus pages --baseline before.json --worst 5`,
		Args: noArgs,
	}
	flags := cmd.Flags()
	flags.StringVar(&f.corpus, "corpus", "", "Measure the sets in this `folder`, or the one set that it is.")
	flags.StringSliceVar(&f.sets, "set", nil, "Measure only these `sets`, separated by commas.")
	flags.StringVar(&f.pageType, "type", "", "Measure only pages with this `page_type`.")
	flags.StringVar(&f.part, "part", "",
		"Measure only a `part` of the sites: open (two thirds) or held (the other third).")
	flags.IntVar(&f.worst, "worst", 0,
		"Show this many pages of each set with the lowest F1, with missing and extra words.")
	flags.BoolVar(&f.misses, "misses", false, "List the titles, authors and dates that are wrong.")
	flags.BoolVar(&f.calibration, "calibration", false,
		"Show how often fields are right, by the confidence reported for them.")
	flags.BoolVar(&f.cross, "cross", false,
		"Show the figures to expect on pages of other sites and sets, as measured when the models were trained.")
	flags.StringVar(&f.out, "out", "", "Write the extracted articles to this `file`, one JSON object per page.")
	flags.StringVar(&f.save, "save", "", "Save the figures to this `file`, to compare with later.")
	flags.StringVar(&f.baseline, "baseline", "", "Compare with the figures saved in this `file`.")
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
	if f.part != "" && f.part != partOpen && f.part != partHeld {
		return &usageError{fmt.Errorf("--part is %q: choose %s or %s", f.part, partOpen, partHeld)}
	}
	cross, err := f.readCross()
	if err != nil {
		return err
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
		name, figures := filepath.Base(folder), res.Figures()
		if known, ok := cross.Sets[evaluation.CrossName(name, f.pageType)]; ok && known.Pages == figures.Pages {
			figures.Cross = &known
		}
		report[name] = figures
	}
	if f.pageType == "" && f.part == "" && len(f.sets) == 0 {
		made, err := evaluation.RunMade(ctx)
		if err != nil {
			return err
		}
		report[madeSet] = made.Figures()
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
	printFigures(out, report, before)
	printKinds(out, report, before)
	if f.cross {
		printCross(out, report)
	}
	for i, res := range results {
		f.printPages(out, filepath.Base(folders[i]), res)
	}
	if f.calibration {
		printCalibration(out, results)
	}
	return nil
}

// readCross returns the cross-validated figures if they are requested.
func (f *evalFlags) readCross() (evaluation.Cross, error) {
	switch {
	case !f.cross:
		return evaluation.Cross{}, nil
	case f.part != "":
		return evaluation.Cross{}, &usageError{errors.New("--cross has no figures of a part: leave out --part")}
	}
	return evaluation.ReadCross()
}

// folders returns the folders of the chosen sets.
func (f *evalFlags) folders() ([]string, error) {
	if f.corpus == "" {
		return nil, &usageError{errors.New("no corpus given: name a folder of sets with --corpus")}
	}
	if _, err := os.Stat(filepath.Join(f.corpus, "truth.jsonl")); err == nil {
		return []string{f.corpus}, nil
	}
	truths, err := filepath.Glob(filepath.Join(f.corpus, "*", "truth.jsonl"))
	if err != nil || len(truths) == 0 {
		return nil, &usageError{fmt.Errorf("--corpus %s contains no set: a set is a folder with truth.jsonl and pages/",
			f.corpus)}
	}
	var folders []string
	for _, truth := range truths {
		if folder := filepath.Dir(truth); len(f.sets) == 0 || slices.Contains(f.sets, filepath.Base(folder)) {
			folders = append(folders, folder)
		}
	}
	if len(folders) == 0 {
		return nil, &usageError{fmt.Errorf("--set %v: %s contains no set of that name", f.sets, f.corpus)}
	}
	return folders, nil
}

// measure measures one set, with a progress bar if errs is a terminal.
func (f *evalFlags) measure(ctx context.Context, folder string, errs io.Writer) (*evaluation.Result, error) {
	selection := evaluation.Selection{Want: func(t *evaluation.Truth) bool {
		return (f.pageType == "" || t.PageType == f.pageType) && (f.part == "" || (f.part == partHeld) == t.HeldOut())
	}}
	if isTerminal(errs) {
		bar := newProgressBar(errs, filepath.Base(folder))
		selection.Progress = func(done, all int) {
			bar.ChangeMax(all)
			_ = bar.Set(done) // a bar that cannot be drawn does not matter
		}
		defer func() { _ = bar.Finish() }()
	}
	res, err := evaluation.Run(ctx, folder, selection)
	if err != nil {
		return nil, fmt.Errorf("measuring %s: %w", folder, err)
	}
	return res, nil
}

// writeExtracts writes the extracted articles, so that other scorers can judge them.
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
