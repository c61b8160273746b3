// Command train trains the classifier of text runs, body.model, on a corpus: a
// directory of sets, each with pages/*.html.gz and truth.jsonl. It trains on the two
// thirds of the sites that rules may be developed from, and measures the model on the
// other third.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"time"

	"github.com/dateline-news/dateline/services/extractor/article/internal/gbdt"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "train:", err)
		os.Exit(1)
	}
}

// options are the flags of the command.
type options struct {
	corpus string
	sets   []string
	output string
	all    bool
	folds  int
	oracle bool
	params gbdt.Params
}

func parse(args []string) (options, error) {
	o := options{params: gbdt.Params{Columns: 0.5, Rows: 0.7}}
	flags := flag.NewFlagSet("train", flag.ContinueOnError)
	flags.StringVar(&o.corpus, "corpus", "", "directory of sets")
	sets := flags.String("sets", "aeb-dev,fundus-dev,wcxb-dev", "comma-separated sets to train on")
	flags.StringVar(&o.output, "out", "body.model", "file to write the model to")
	flags.BoolVar(&o.all, "all", false, "train on all sites, including those held out for measuring")
	flags.IntVar(&o.folds, "folds", 0, "cross-validate over this number of parts of the sites, and write no model")
	flags.BoolVar(&o.oracle, "oracle", false, "print the scores of the best possible choice of runs")
	flags.IntVar(&o.params.Trees, "trees", 100, "number of trees")
	flags.IntVar(&o.params.Depth, "depth", 5, "maximum depth of a tree")
	flags.Float64Var(&o.params.Rate, "rate", 0.1, "shrinkage of each tree")
	flags.Float64Var(&o.params.MinWeight, "min-weight", 0.5, "minimum sum of second derivatives in a leaf")
	flags.Float64Var(&o.params.Lambda, "lambda", 0.5, "L2 penalty on the outputs of leaves")
	err := flags.Parse(args)
	o.sets = strings.Split(*sets, ",")
	return o, err
}

func run(ctx context.Context, args []string, out io.Writer) error {
	opts, err := parse(args)
	if err != nil {
		return err
	}
	var pages []*page
	for _, set := range opts.sets {
		read, err := readSet(ctx, opts.corpus, set)
		if err != nil {
			return err
		}
		pages = append(pages, read...)
	}
	if len(pages) == 0 {
		return errors.New("found no page with a body: name the directory of sets with -corpus")
	}
	if opts.oracle {
		score(out, "oracle", pages, func(k int, pg *page) bool { return pg.shares[k] > 0.5 })
	}
	score(out, "current", pages, func(k int, pg *page) bool { return pg.rows[k].Kept })
	if opts.folds > 1 {
		crossValidate(out, pages, opts)
		return nil
	}
	start := time.Now()
	model := train(pages, opts.params, func(pg *page) bool { return opts.all || !pg.heldOut })
	fmt.Fprintf(out, "trained in %s\n", time.Since(start).Round(time.Second))
	for _, part := range []struct {
		name    string
		heldOut bool
	}{{"trained on", false}, {"held out", true}} {
		var selected []*page
		for _, pg := range pages {
			if pg.heldOut == part.heldOut {
				selected = append(selected, pg)
			}
		}
		score(out, part.name, selected, func(k int, pg *page) bool {
			return inBody(model.Margin(pg.rows[k].Features), &pg.rows[k])
		})
	}
	return write(opts.output, model)
}

// crossValidate prints the scores of each page under a model that was trained on the
// other parts of the sites.
func crossValidate(out io.Writer, pages []*page, opts options) {
	predicted := make(map[*page][]float32)
	for fold := range opts.folds {
		model := train(pages, opts.params, func(pg *page) bool { return pg.siteHash%opts.folds != fold })
		for _, pg := range pages {
			if pg.siteHash%opts.folds == fold {
				predicted[pg] = margins(model, pg)
			}
		}
	}
	score(out, "cross-validated", pages, func(k int, pg *page) bool { return inBody(predicted[pg][k], &pg.rows[k]) })
}

func write(name string, model *gbdt.Model) error {
	file, err := os.Create(name)
	if err != nil {
		return fmt.Errorf("writing model: %w", err)
	}
	if err := errors.Join(model.Write(file), file.Close()); err != nil {
		return fmt.Errorf("writing model: %w", err)
	}
	return nil
}
