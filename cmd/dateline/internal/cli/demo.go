package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/dateline-news/dateline/cmd/dateline/internal/follow"
	"github.com/dateline-news/dateline/cmd/dateline/internal/newsroom"
	"github.com/dateline-news/dateline/cmd/dateline/internal/pipeline"
	"github.com/dateline-news/dateline/internal/loop"
	"github.com/dateline-news/dateline/services/indexer/store"
)

func newDemo() *cobra.Command {
	var d demo
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Ingest made-up newspapers on this machine, without internet access",
		Long: `Serves five made-up newspapers on loopback (a few dozen articles in ten languages,
and the faults that real sites have), ingests them, and leaves a folder of searchable
articles. Some of the URLs fail on purpose: the second table shows why.

The newsroom then keeps running until you press Ctrl-C: it publishes a report, copies
and corrects it, gives one paper a new design, and takes another out of service. A sixth
paper has closed: made-up outcomes of past weeks show that it used to publish. The web
page, "history", "drift", "sources --silent" and "explain" show what Dateline noticed.
With --once, the demo ends after the tables.`,
		Args: noArgs,
	}
	load := standalone(cmd, func(cfg *pipeline.Config) {
		cfg.Admin.LogLevel = "error"
		cfg.Data.Dir, cfg.Data.NATSAddr = "dateline-demo", "127.0.0.1:0"
		cfg.Fetcher.AllowPrivate = true
		cfg.Fetcher.Delay, cfg.Fetcher.DelayFactor = 20*time.Millisecond, 0
		cfg.Fetcher.MaxAttempts, cfg.Fetcher.RetryDelay = 2, 200*time.Millisecond
	})
	cmd.Flags().BoolVar(&d.asJSON, "json", false,
		"Print the result of each URL as a line of JSON as soon as it is final; implies --once.")
	cmd.Flags().BoolVar(&d.once, "once", false, "Exit after printing the tables, and serve no web page.")
	cmd.Flags().DurationVar(&d.pace, "pace", 15*time.Second, "Time between two events in the newsroom.")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		cfg, err := load()
		if err != nil {
			return err
		}
		if d.pace <= 0 {
			return &usageError{fmt.Errorf("--pace is %s: it must be positive", d.pace)}
		}
		return d.run(cmd, cfg.Config)
	}
	return cmd
}

// demo is a run of the demo.
type demo struct {
	asJSON, once bool
	pace         time.Duration

	room     *newsroom.Newsroom
	reported bool // whether the tables have been printed
}

func (d *demo) run(cmd *cobra.Command, cfg pipeline.Config) error {
	if err := clearDemo(cfg.Data.Dir); err != nil {
		return err
	}
	var err error
	if d.room, err = newsroom.Start(cmd.Context()); err != nil {
		return err
	}
	defer d.room.Close()
	if err := d.writePast(cmd.Context(), cfg); err != nil {
		return err
	}
	i := ingestion{
		inputs: readInputs(d.room.URLs(), cmd.InOrStdin()),
		report: newReport(cmd.OutOrStdout(), cmd.ErrOrStderr(), d.asJSON),
	}
	finish := func() error {
		d.reported = true
		// URLs that fail on purpose do not fail the demo.
		if err := i.report.finish(); err != nil && !errors.Is(err, errReported) {
			return err
		}
		if !d.asJSON {
			fmt.Fprintf(cmd.OutOrStdout(), nextSteps, cfg.Data.Dir, os.Args[0])
		}
		return nil
	}
	if d.once || d.asJSON {
		cfg.Admin.Addr, cfg.Data.NATSAddr, cfg.HTTP.Addr = "", "", ""
		if err := i.run(cmd, cfg); err != nil {
			return err
		}
		return finish()
	}
	i.then = func(ctx context.Context, p *pipeline.Pipeline) error {
		if err := finish(); err != nil {
			return err
		}
		return d.tell(ctx, cmd.OutOrStdout(), p, cfg.HTTP.Addr)
	}
	err = i.run(cmd, cfg)
	if d.reported && cmd.Context().Err() != nil {
		return nil // Ctrl-C ends the story
	}
	return err
}

// writePast stores the outcomes of past weeks, from which the silence of a paper follows.
func (d *demo) writePast(ctx context.Context, cfg pipeline.Config) error {
	s, err := store.Open(ctx, cfg.StoreURL())
	if err != nil {
		return err
	}
	now := time.Now()
	err = s.Record(ctx, d.room.Past(now))
	for more := err == nil; more; {
		more, err = s.RollUp(ctx, now)
	}
	return errors.Join(err, s.Close())
}

// tell plays the events of the story, and then waits for Ctrl-C.
func (d *demo) tell(ctx context.Context, out io.Writer, p *pipeline.Pipeline, web string) error {
	fmt.Fprintf(out, "\nThe newsroom keeps running: open http://%s. Press Ctrl-C to stop it.\n", web)
	for _, happen := range d.room.Story() {
		if !loop.Sleep(ctx, d.pace) {
			return ctx.Err()
		}
		event, err := happen()
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "%s  %s: %s\n", time.Now().Format(time.TimeOnly), event.What, event.URLs[0])
		for range event.Visits {
			if err := d.visit(ctx, p, event.URLs); err != nil {
				return err
			}
		}
	}
	fmt.Fprintln(out, "The story is over. The newsroom keeps running until you press Ctrl-C.")
	<-ctx.Done()
	return ctx.Err()
}

// visit fetches URLs again, and waits until each has ended.
func (d *demo) visit(ctx context.Context, p *pipeline.Pipeline, urls []string) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	follower, err := follow.New(ctx, p.Bus.JS, p.Store)
	if err != nil {
		return err
	}
	flags := requestFlags{force: true}
	for _, url := range urls {
		request := flags.request(url)
		msg, err := message(request, input{url: url})
		if err != nil {
			return err
		}
		follower.Add(request.GetRequestId(), url)
		if _, err := p.Bus.JS.PublishMsg(ctx, msg); err != nil {
			return fmt.Errorf("publishing %s: %w", url, err)
		}
	}
	for follower.Waiting() > 0 {
		if _, err := follower.Next(ctx); err != nil {
			return err
		}
	}
	return nil
}

const nextSteps = `
Now look at what was stored:
  %[2]s search --data-dir %[1]s ferry
  %[2]s search --data-dir %[1]s '"night train"'
  %[2]s show --data-dir %[1]s ID            (an id from the table)
  %[2]s explain --data-dir %[1]s URL        (why a URL ended as it did)
  %[2]s up --data-dir %[1]s                 (then open http://127.0.0.1:8080)
`

// demoMark is a file that marks a data folder as that of a demo.
const demoMark = "demo"

// clearDemo empties the folder of an earlier demo. It refuses any other folder.
func clearDemo(dir string) error {
	if _, err := os.Stat(dir); err == nil {
		if _, err := os.Stat(filepath.Join(dir, demoMark)); err != nil {
			return fmt.Errorf("the folder %s does not belong to an earlier demo: choose another with --data-dir", dir)
		}
		if err := pipeline.Clear(dir); err != nil {
			return fmt.Errorf("removing the earlier demo: %w", err)
		}
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("creating the demo's folder: %w", err)
	}
	if err := os.WriteFile(filepath.Join(dir, demoMark), nil, 0o600); err != nil {
		return fmt.Errorf("marking the demo's folder: %w", err)
	}
	return nil
}
