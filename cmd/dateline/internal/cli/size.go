package cli

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"github.com/dateline-news/dateline/cmd/dateline/internal/size"
)

func newSize() *cobra.Command {
	var pages []string
	var retention string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "size",
		Short: "Estimate cores, memory and disk for a number of pages a day",
		Long: `Prints what a deployment needs for a number of pages a day, the settings that differ from the
defaults, and what does not hold at that size. The numbers are computed from the measurements in
docs/benchmarks.md, which --json lists, for busiest hours with three times the mean rate. They are
estimates: measure with your own pages.`,
		Example: "  dateline size --pages-per-day 10M --retention 90d\n" +
			"  dateline size --pages-per-day 10k,100k,1M,10M",
		Args: noArgs,
	}
	cmd.Flags().StringSliceVar(&pages, "pages-per-day", nil,
		"Pages a day, such as 5000, 100k or 10M. Several numbers, separated by commas, are compared.")
	cmd.Flags().StringVar(&retention, "retention", "90d",
		"How long articles, outcomes and the archive are kept, such as 90d or 2160h.")
	cmd.Flags().BoolVar(&asJSON, "json", false, "Print the estimates and the measurements that they come from as JSON.")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		estimates, err := estimate(pages, retention)
		if err != nil {
			return &usageError{err}
		}
		if asJSON {
			return writeJSON(cmd.OutOrStdout(), struct {
				Estimates []size.Estimate `json:"estimates"`
				Figures   []size.Figure   `json:"figures"`
			}{estimates, size.Figures()})
		}
		printEstimates(cmd.OutOrStdout(), estimates)
		return nil
	}
	return cmd
}

func estimate(pages []string, retention string) ([]size.Estimate, error) {
	if len(pages) == 0 {
		return nil, errors.New("how many pages? Set --pages-per-day, such as 100k")
	}
	now := time.Now()
	since, err := parseTime(retention, now)
	if err != nil || !since.Before(now) {
		return nil, fmt.Errorf("--retention is %q: set a time such as 90d", retention)
	}
	var all []size.Estimate
	for _, text := range pages {
		n, err := parseCount(text)
		if err != nil {
			return nil, err
		}
		all = append(all, size.Of(n, now.Sub(since)))
	}
	return all, nil
}

// parseCount parses a number of pages, which may end with k or M.
func parseCount(text string) (int64, error) {
	const most = 1_000_000_000
	factor := 1.0
	number := text
	for suffix, f := range map[string]float64{"k": 1e3, "M": 1e6} {
		if cut, is := strings.CutSuffix(text, suffix); is {
			number, factor = cut, f
		}
	}
	n, err := strconv.ParseFloat(number, 64)
	if n *= factor; err != nil || !(n >= 1 && n <= most) { // NaN is neither
		return 0, fmt.Errorf("--pages-per-day has %q: set numbers from 1 to 1000M, such as 5000, 100k or 10M", text)
	}
	return int64(n), nil
}

func printEstimates(w io.Writer, estimates []size.Estimate) {
	header := table.Row{"pages a day"}
	for _, e := range estimates {
		header = append(header, count(e.PagesPerDay))
	}
	t := newTable(width(w), header...)
	for i, need := range estimates[0].Needs {
		row := table.Row{need.Name}
		for _, e := range estimates {
			row = append(row, quantity(e.Needs[i]))
		}
		t.AppendRow(row)
	}
	keys := map[string]bool{}
	for _, e := range estimates {
		for key := range e.Settings {
			keys[key] = true
		}
	}
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		row := table.Row{key}
		for _, e := range estimates {
			row = append(row, e.Settings[key])
		}
		t.AppendRow(row)
	}
	fmt.Fprintf(w, "%s\n\nWhat does not hold, or was not measured:\n", t.Render())
	for _, e := range estimates {
		for _, limit := range e.Limits {
			fmt.Fprintf(w, "  %s: %s\n", count(e.PagesPerDay), limit)
		}
	}
}

// count returns a number of pages in the form of the flag.
func count(n int64) string {
	const thousand, million = 1_000, 1_000_000
	switch {
	case n >= million:
		return strconv.FormatFloat(float64(n)/million, 'f', -1, 64) + "M"
	case n >= thousand:
		return strconv.FormatFloat(float64(n)/thousand, 'f', -1, 64) + "k"
	}
	return strconv.FormatInt(n, 10)
}

// quantity returns a need with at most three significant digits.
func quantity(n size.Need) string {
	const kilo, digits, bits = 1000, 3, 64
	if n.Unit == size.PerSecond {
		return strconv.FormatFloat(n.Value, 'f', 1, 64) + "/s"
	}
	if n.Unit != size.Bytes {
		return strconv.FormatFloat(n.Value, 'f', 0, 64)
	}
	units := []string{"KB", "MB", "GB", "TB"}
	v := n.Value / kilo
	for len(units) > 1 && v >= kilo {
		v, units = v/kilo, units[1:]
	}
	return strconv.FormatFloat(v, 'g', digits, bits) + " " + units[0]
}
