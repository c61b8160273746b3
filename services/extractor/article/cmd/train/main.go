// Command train trains the models that choose the text of a page on a corpus: a directory
// of sets, each with pages/*.html.gz and truth.jsonl. regions.model ranks the regions of a
// page, body.model classifies its text runs, and confidence.model predicts the F1 of the
// text. With -cross site,set, the command also writes cross.json: the figures that the
// models give on pages that they have not seen.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/dateline-news/dateline/services/extractor/article/internal/body"
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
	corpus       string
	sets, others []string
	output       string
	pages        string
	measure      bool
	folds        int
	cross        []string // what the models of a measurement have not seen: site, set, or both in turn
	leave        []string // the sets that are measured without the set
	regions      bool
	keep         bool // measure the embedded models and train none on all pages
	params       gbdt.Params
	regionParams gbdt.Params
}

func parse(args []string) (options, error) {
	o := options{
		params:       gbdt.Params{Columns: 0.5, Rows: 0.7},
		regionParams: gbdt.Params{Columns: 0.5, Rows: 0.7, Trees: 150, Depth: 4, Rate: 0.07, MinWeight: 1, Lambda: 2},
	}
	flags := flag.NewFlagSet("train", flag.ContinueOnError)
	flags.StringVar(&o.corpus, "corpus", "", "directory of sets")
	sets := flags.String("sets", "aeb-dev,fundus-dev,wcxb-dev,newspaper4k-dev,trafilatura-dev",
		"comma-separated sets to train on and to measure")
	others := flags.String("others", "daniel-dev,cleanportal-dev", "comma-separated sets that are only measured")
	flags.StringVar(&o.output, "out", ".", "directory to write the models to")
	flags.StringVar(&o.pages, "pages", "", "file to write the result of each page to")
	flags.BoolVar(&o.measure, "measure", false, "only measure: with the embedded model, and without a model")
	cross := flags.String("cross", "", "measure with models that have not seen the site or the set of a page: "+
		"site, set, or site,set")
	leave := flags.String("leave", "", "comma-separated sets to measure with -cross set, to save time; "+
		"no model is written then (default all of -sets)")
	flags.BoolVar(&o.regions, "regions", false, "measure only the choice of regions, without the site of each page")
	flags.BoolVar(&o.keep, "keep", false, "keep the embedded models: with -cross site,set, measure them again after "+
		"a change to the rules, and write only cross.json")
	flags.IntVar(&o.folds, "folds", 3, "number of parts of the sites")
	flags.IntVar(&o.params.Trees, "trees", 100, "number of trees")
	flags.IntVar(&o.params.Depth, "depth", 5, "maximum depth of a tree")
	flags.Float64Var(&o.params.Rate, "rate", 0.1, "shrinkage of each tree")
	flags.Float64Var(&o.params.MinWeight, "min-weight", 0.5, "minimum sum of second derivatives in a leaf")
	flags.Float64Var(&o.params.Lambda, "lambda", 0.5, "L2 penalty on the outputs of leaves")
	err := flags.Parse(args)
	o.sets, o.others = list(*sets), list(*others)
	if o.cross, o.leave = list(*cross), list(*leave); err != nil {
		return o, err
	}
	for _, name := range o.cross {
		if name != crossSite && name != crossSet {
			err = fmt.Errorf("-cross is %q: use site, set, or site,set", *cross)
		}
	}
	for _, set := range o.leave {
		if !slices.Contains(o.sets, set) {
			err = fmt.Errorf("-leave names %q, which is not one of -sets", set)
		}
	}
	return o, err
}

// What the models of a measurement have not seen.
const (
	crossSite = "site"
	crossSet  = "set"
)

func list(names string) []string {
	if names == "" {
		return nil
	}
	return strings.Split(names, ",")
}

func run(ctx context.Context, args []string, out io.Writer) error {
	opts, err := parse(args)
	if err != nil {
		return err
	}
	var pages, all []*page
	for i, set := range slices.Concat(opts.sets, opts.others) {
		read, err := readSet(opts.corpus, set)
		if err != nil {
			return err
		}
		all = append(all, read...)
		if i < len(opts.sets) {
			pages = append(pages, read...)
		}
	}
	if len(pages) == 0 {
		return errors.New("found no page with a body: name the directory of sets with -corpus")
	}
	if err := os.MkdirAll(opts.output, 0o755); err != nil {
		return err
	}
	t := &trainer{options: opts, pages: pages}
	m := &measurement{out: out, pages: all, to: opts.pages}
	if opts.measure {
		models, err := body.Embedded()
		if err != nil {
			return err
		}
		return m.show(ctx, "embedded models", func(*page) body.Models { return models })
	}
	if err := t.readRegions(ctx); err != nil {
		return err
	}
	t.trainFolds()
	if opts.regions {
		return m.show(ctx, "regions without the site", func(pg *page) body.Models {
			return body.Models{Regions: t.foldOf(pg).Regions, Runs: nil}
		})
	}
	if err := t.readRows(ctx); err != nil {
		return err
	}
	if len(opts.leave) > 0 {
		m.pages = slices.DeleteFunc(slices.Clone(pages), func(pg *page) bool {
			return !slices.Contains(opts.leave, pg.set)
		})
		return m.show(ctx, "without the set", t.withoutSet(opts.leave, body.Models{}))
	}
	return t.trainWhole(ctx, m)
}

// trainWhole trains the models on all pages, writes them, and measures what -cross asks
// for.
func (t *trainer) trainWhole(ctx context.Context, m *measurement) error {
	start := time.Now()
	whole, err := body.Embedded()
	if err != nil {
		return err
	}
	if !t.keep {
		whole = t.train(func(*page) bool { return true })
	}
	unseen, err := measure(ctx, m.pages, t.withoutSite()(whole))
	if err != nil {
		return err
	}
	id := body.EmbeddedID()
	if !t.keep {
		whole.F1 = trainConfidence(t.pages, unseen, func(*page) bool { return true })
		if id, err = t.write(whole); err != nil {
			return err
		}
	}
	fmt.Fprintf(m.out, "trained in %s\n", time.Since(start).Round(time.Second))
	if len(t.cross) == 0 {
		return nil
	}
	if err := m.show(ctx, "trained on", func(*page) body.Models { return whole }); err != nil {
		return err
	}
	if slices.Contains(t.cross, crossSite) {
		if err := m.print("without the site", unseen); err != nil {
			return err
		}
		t.printCalibration(m, unseen, whole.F1)
	}
	if slices.Contains(t.cross, crossSet) {
		if err := m.show(ctx, "without the set", t.withoutSet(t.sets, whole)); err != nil {
			return err
		}
	}
	m.compare()
	if len(t.cross) < 2 {
		return nil
	}
	return m.writeCross(filepath.Join(t.output, "cross.json"), id)
}

// write writes the models and returns the id of those that choose the text.
func (t *trainer) write(models body.Models) (id string, err error) {
	texts := make(map[string]string)
	for name, model := range map[string]*gbdt.Model{
		"regions.model": models.Regions, "body.model": models.Runs, "confidence.model": models.F1,
	} {
		var text strings.Builder
		err := model.Write(&text)
		if err == nil {
			err = os.WriteFile(filepath.Join(t.output, name), []byte(text.String()), 0o644)
		}
		if err != nil {
			return "", fmt.Errorf("writing model: %w", err)
		}
		texts[name] = text.String()
	}
	return body.ModelsID(texts["regions.model"], texts["body.model"]), nil
}
