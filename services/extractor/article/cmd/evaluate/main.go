// Evaluate measures article extraction on a corpus: a folder of sets, each with
// pages/*.html.gz and truth.jsonl.
package main

import (
	"cmp"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/dateline-news/dateline/services/extractor/article/evaluation"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "evaluate:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("evaluate", flag.ContinueOnError)
	corpus := flags.String("corpus", "", "folder of sets")
	only := flags.String("set", "", "measure this set alone")
	kind := flags.String("type", "", "measure pages of this page_type alone")
	part := flags.String("part", "", "measure a part of the sites alone: \"open\" (two thirds, to look at) or \"held\" (one third, to be measured only)")
	worst := flags.Int("worst", 0, "list so many pages with the lowest F1 of each set")
	misses := flags.Bool("misses", false, "list the titles, authors and dates that are wrong")
	file := flags.String("out", "", "write what was extracted to this file, one JSON object a page")
	if err := flags.Parse(args); err != nil {
		return err
	}
	sets, err := filepath.Glob(filepath.Join(*corpus, "*", "truth.jsonl"))
	if err != nil || len(sets) == 0 {
		return fmt.Errorf("no set in %q: name the folder that holds the sets with -corpus", *corpus)
	}
	if *part != "" && *part != "open" && *part != "held" {
		return fmt.Errorf("no part %q: there are open and held", *part)
	}
	wanted := func(t *evaluation.Truth) bool {
		return (*kind == "" || t.PageType == *kind) && (*part == "" || (*part == "held") == t.Held())
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "set\tpages\trefused\tprecision\trecall\tF1\texact\ttitle\tauthors\tdate\tCPU/parse\tslowest\t")
	var lists strings.Builder
	for _, truth := range sets {
		set := filepath.Dir(truth)
		name := filepath.Base(set)
		if *only != "" && name != *only {
			continue
		}
		res, err := evaluation.Run(ctx, set, wanted)
		if err != nil {
			return fmt.Errorf("measuring %s: %w", name, err)
		}
		fmt.Fprintf(table, "%s\t%d\t%d\t%.4f\t%.4f\t%.4f\t%.3f\t%s\t%s\t%s\t%.2f\t%.1f\t\n", name, len(res.Pages), res.Refused,
			res.Precision, res.Recall, res.F1, res.Exact.Value(), share(res.Title), share(res.Authors), share(res.Date),
			float64(res.ExtractTime)/float64(max(res.ParseTime, 1)), res.Slowest)
		listWorst(&lists, name, res, *worst)
		if *misses {
			listMisses(&lists, res)
		}
		if *file != "" {
			if err := writeOut(*file, res); err != nil {
				return err
			}
		}
	}
	if err := table.Flush(); err != nil {
		return err
	}
	_, err = io.WriteString(out, lists.String())
	return err
}

func share(s evaluation.Share) string {
	if s.Of == 0 {
		return "-"
	}
	return fmt.Sprintf("%.3f", s.Value())
}

func listWorst(b *strings.Builder, name string, res *evaluation.Result, n int) {
	pages := slices.DeleteFunc(slices.Clone(res.Pages), func(p evaluation.Page) bool { return p.Truth.Body == "" })
	slices.SortStableFunc(pages, func(a, b evaluation.Page) int { return cmp.Compare(a.Body.F1(), b.Body.F1()) })
	for _, p := range pages[:min(n, len(pages))] {
		precision, _ := p.Body.Precision()
		recall, _ := p.Body.Recall()
		fmt.Fprintf(b, "%s %s F1 %.3f precision %.3f recall %.3f %s", name, p.Truth.ID, p.Body.F1(), precision, recall, p.Truth.URL)
		if p.Err != nil {
			fmt.Fprintf(b, " (%v)", p.Err)
		}
		b.WriteByte('\n')
	}
}

func listMisses(b *strings.Builder, res *evaluation.Result) {
	for _, p := range res.Pages {
		for _, m := range p.Misses {
			fmt.Fprintf(b, "%s %s: got %q, want %q\n", p.Truth.ID, m.Field, m.Got, m.Want)
		}
	}
}

// writeOut writes what was extracted so that another scorer can judge it.
func writeOut(path string, res *evaluation.Result) error {
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("writing extracts: %w", err)
	}
	enc := json.NewEncoder(f)
	for _, p := range res.Pages {
		line := map[string]any{"id": p.Truth.ID, "body": ""}
		if a := p.Got; a != nil {
			names := []string{}
			for _, author := range a.Authors {
				names = append(names, author.Name)
			}
			line["body"], line["title"], line["authors"] = a.Text, a.Title, names
			if a.Published != nil {
				line["published"] = a.Published.Value
			}
		}
		if err := enc.Encode(line); err != nil {
			return fmt.Errorf("writing extracts: %w", err)
		}
	}
	return f.Close()
}
