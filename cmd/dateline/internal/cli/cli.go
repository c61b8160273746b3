// Package cli is the command line of dateline.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/term"

	"github.com/dateline-news/dateline/cmd/dateline/internal/pipeline"
	"github.com/dateline-news/dateline/internal/config"
	"github.com/dateline-news/dateline/internal/telemetry"
)

// Exit codes.
const (
	exitOK      = 0
	exitFailure = 1 // something that was asked for was not done
	exitUsage   = 2 // the call or the configuration is wrong
)

// Streams are the process's standard streams.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
}

// errPartly ends a command that has already said what went wrong.
var errPartly = errors.New("not everything succeeded")

type usageError struct{ error }

// Run executes a command line and returns the exit code.
func Run(ctx context.Context, args []string, streams Streams) int {
	root := newRoot(streams)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	var usage *usageError
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, errPartly):
		return exitFailure
	}
	fmt.Fprintf(streams.Err, "dateline: %v\n", err)
	if errors.As(err, &usage) {
		return exitUsage
	}
	return exitFailure
}

func newRoot(streams Streams) *cobra.Command {
	root := &cobra.Command{
		Use:   "dateline",
		Short: "Turns URLs into news articles",
		Long: `Dateline turns URLs into news articles: it fetches pages politely, extracts
headline, authors, dates, text and more from each, and stores what it found.

  dateline demo                      see it work, without the internet
  dateline ingest https://…          fetch, extract, store, and show
  dateline search election           find what is stored
  dateline up                        run as a service`,
		SilenceErrors: true, SilenceUsage: true,
	}
	root.SetIn(streams.In)
	root.SetOut(streams.Out)
	root.SetErr(streams.Err)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return &usageError{fmt.Errorf("%w; %q lists the flags", err, cmd.CommandPath()+" --help")}
	})
	root.AddCommand(
		newIngest(), newDemo(), newUp(), newPublish(), newExtract(), newRules(),
		newSearch(), newShow(), newHistory(), newExport(), newErase(), newExplain(), newDead(), newDrift(), newSources(), newDoctor(), newTop(), newBackup(), newRestore(), newEval(), newReference(), newVersion(),
	)
	return root
}

// configured gives a command the flags of the whole configuration, and returns
// what loads it. adjust changes the defaults for this command.
func configured(cmd *cobra.Command, adjust func(*pipeline.Config)) func() (pipeline.Config, error) {
	cfg := pipeline.DefaultConfig()
	if adjust != nil {
		adjust(&cfg)
	}
	flags := cmd.Flags()
	flags.SetNormalizeFunc(shortNames)
	file := flags.String("config", "", "Configuration file (YAML).")
	loader := config.NewLoader(flags, &cfg)
	return func() (pipeline.Config, error) {
		if err := loader.Load(*file, os.Environ()); err != nil {
			return cfg, &usageError{fmt.Errorf("the configuration has problems:\n%w", err)}
		}
		return cfg, nil
	}
}

// shortNames lets the settings that are given most often be written briefly.
func shortNames(_ *pflag.FlagSet, name string) pflag.NormalizedName {
	switch name {
	case "data":
		name = "data-dir"
	case "nats":
		name = "nats-url"
	case "store":
		name = "store-url"
	}
	return pflag.NormalizedName(name)
}

// quiet is for commands that tell people what happens in their own way.
func quiet(cfg *pipeline.Config) {
	cfg.Admin.LogLevel, cfg.Admin.Addr, cfg.Data.NATSAddr, cfg.HTTP.Addr = "error", "", "", ""
}

// exactArgs is cobra's, with an error that says what is missing.
func exactArgs(n int, what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != n {
			return &usageError{fmt.Errorf("%s takes %s, and %d were given", cmd.CommandPath(), what, len(args))}
		}
		return nil
	}
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

func width(w io.Writer) int {
	if f, ok := w.(*os.File); ok {
		if columns, _, err := term.GetSize(int(f.Fd())); err == nil {
			return columns
		}
	}
	return 120
}

func newVersion() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			version, revision := telemetry.Build()
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "dateline %s (%s)\n", version, revision)
			return err
		},
	}
}

const referenceHead = `# Configuration

Every setting of dateline and of the services, generated from the code by
"dateline reference". A flag wins over the environment, the environment over the
file (--config), the file over the default. The file is YAML, with a section for
each word before the dot:

    fetcher:
      user-agent: "ExampleNews/1.0 (+https://example.com/bot)"
      delay: 2s

A service knows the sections nats, admin and its own; one file may serve all.
Where data.dir is used, nats.url empty means an embedded NATS server, and
store.url empty a file in that folder.

`

const metricsHead = `# Metrics

Every metric of Dateline, generated from the code by "dateline reference --metrics".
The services and the all-in-one expose them on the admin address under /metrics
(admin.addr), each service those of its own parts. Every series is there from the
start at zero, and no label ever is a URL or a host. Histograms are native and
classic at once. Counters and histograms say when they began, so that Prometheus
with --enable-feature=created-timestamp-zero-ingestion sees what happened before
its first scrape.

A stage's dead letters by reason are dateline_stage_outcome_reasons_total with the
verdict dead. What tells of streams and consumers is read from NATS by whoever reads
them, every five seconds; of several replicas, take max by (stream, consumer).

`

func newReference() *cobra.Command {
	cmd := &cobra.Command{
		Use: "reference", Short: "Print the reference of all settings, or of all metrics, as Markdown", Args: cobra.NoArgs, Hidden: true,
	}
	metrics := cmd.Flags().Bool("metrics", false, "The metrics instead of the settings.")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if *metrics {
			fmt.Fprint(cmd.OutOrStdout(), metricsHead)
			return pipeline.WriteMetrics(cmd.Context(), cmd.OutOrStdout())
		}
		cfg := pipeline.DefaultConfig()
		fmt.Fprint(cmd.OutOrStdout(), referenceHead)
		return config.WriteReference(cmd.OutOrStdout(), &cfg)
	}
	return cmd
}
