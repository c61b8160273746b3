// Command monitoring generates and tests Dateline's dashboards:
//
//	monitoring generate            write deploy/grafana/dashboards
//	monitoring check               inspect dashboards, rules and runbooks statically
//	monitoring live [flags]        run every query on a Prometheus
//	monitoring pictures [flags]    draw the dashboards into docs/pictures
//
// It runs in the folder tools. The Makefile at the root calls it.
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
	"syscall"
	"time"

	"github.com/dateline-news/dateline/tools/monitoring/check"
	"github.com/dateline-news/dateline/tools/monitoring/dashboards"
	"github.com/dateline-news/dateline/tools/monitoring/picture"
	"github.com/dateline-news/dateline/tools/monitoring/trial"
)

func main() { os.Exit(exitCode()) }

func exitCode() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "monitoring:", err)
		return 1
	}
	return 0
}

func run(ctx context.Context, args []string, out io.Writer) error {
	if len(args) == 0 {
		return errors.New("usage: monitoring generate | check | live | pictures")
	}
	flags := flag.NewFlagSet(args[0], flag.ContinueOnError)
	root := flags.String("root", "..", "`folder` of the repository")
	url := flags.String("prometheus", "", "`URL` of a running Prometheus; "+
		"if empty, start one, and a Dateline under load")
	window := flags.Duration("window", 15*time.Second, "value of $__rate_interval: four scrape intervals")
	length := flags.Duration("range", 2*time.Minute, "time range of the graphs")
	patience := flags.Duration("patience", 3*time.Minute, "maximum time to wait until all queries return data")
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	p := check.Project{Root: *root}
	switch args[0] {
	case "generate":
		return generate(p)
	case "check":
		return errors.Join(p.Problems()...)
	case "live", "pictures":
		source, stop, err := open(ctx, p, *url, args[0] == "pictures", trial.Times{Range: *length, Window: *window})
		if err != nil {
			return err
		}
		if args[0] == "live" {
			err = live(ctx, p, source, *patience, out)
		} else {
			err = pictures(ctx, p, source, out)
		}
		return errors.Join(err, stop())
	}
	return fmt.Errorf("unknown command %q: use generate, check, live or pictures", args[0])
}

func generate(p check.Project) error {
	for _, d := range dashboards.All() {
		text, err := dashboards.JSON(d)
		if err != nil {
			return err
		}
		if err := os.WriteFile(p.Dashboard(d), text, 0o644); err != nil {
			return fmt.Errorf("writing dashboard %s: %w", d.UID, err)
		}
	}
	return nil
}

// open returns the Prometheus at a URL. If the URL is empty, open starts a Dateline under
// load and a Prometheus, which the returned function stops.
func open(
	ctx context.Context, p check.Project, url string, bursts bool, times trial.Times,
) (*trial.Source, func() error, error) {
	stop := func() error { return nil }
	if url == "" {
		dir, err := os.MkdirTemp("", "dateline-trial-")
		if err != nil {
			return nil, nil, fmt.Errorf("creating the trial's folder: %w", err)
		}
		stack, err := trial.Start(ctx, trial.Config{
			Dateline: p.Path("bin/dateline"), Prometheus: p.Path("bin/prometheus"),
			Rules: p.Path("deploy/prometheus/rules"), Dir: dir, Bursts: bursts,
		})
		if err != nil {
			return nil, nil, err
		}
		url = stack.Prometheus
		stop = func() error {
			if err := stack.Stop(); err != nil {
				return err // keep the logs
			}
			return os.RemoveAll(dir)
		}
	}
	source, err := trial.Open(url, times)
	if err != nil {
		return nil, nil, errors.Join(err, stop())
	}
	return source, stop, nil
}

func live(ctx context.Context, p check.Project, source *trial.Source, patience time.Duration, out io.Writer) error {
	rules, err := p.Rules()
	if err != nil {
		return err
	}
	all := dashboards.All()
	if err := source.Settle(ctx, all, check.Names(rules), patience); err != nil {
		return err
	}
	queries := 0
	for _, d := range all {
		for _, panel := range d.Panels {
			queries += len(panel.Targets)
		}
	}
	firing, err := source.Firing(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%d queries of %d dashboards returned data, %d rules evaluated; alerts firing: %d\n",
		queries, len(all), len(rules), len(firing))
	for _, alert := range firing {
		fmt.Fprintln(out, alert)
	}
	return nil
}

// pictures waits until the time range of the graphs has passed, and draws it.
func pictures(ctx context.Context, p check.Project, source *trial.Source, out io.Writer) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(source.Range):
	}
	source.End = time.Now()
	for _, d := range dashboards.All() {
		path := filepath.Join(p.Path("docs/pictures"), dashboards.Name(d)+".png")
		if err := picture.Draw(ctx, source, d, path); err != nil {
			return err
		}
		fmt.Fprintln(out, path)
	}
	return nil
}
