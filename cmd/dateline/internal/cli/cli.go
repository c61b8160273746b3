// Package cli implements the command line of dateline.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/dateline-news/dateline/internal/telemetry"
)

// Exit codes.
const (
	exitOK      = 0
	exitFailure = 1 // part of the request could not be carried out
	exitUsage   = 2 // the command line or the configuration is invalid
)

// Streams are the standard streams of the process.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
}

// errReported ends a command that has already printed what went wrong.
var errReported = errors.New("not everything succeeded")

// usageError is an error in the command line or the configuration.
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
	case errors.Is(err, errReported):
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
		Short: "Turn URLs into news articles",
		Long: `Dateline turns URLs into news articles: it fetches pages politely, extracts the
headline, authors, dates, text and more, and stores the articles for search.

  dateline demo                      see it work, without internet access
  dateline ingest https://…          fetch, extract, store and print articles
  dateline search election           search the stored articles
  dateline up                        run as a service`,
		SilenceErrors: true, SilenceUsage: true,
	}
	root.SetIn(streams.In)
	root.SetOut(streams.Out)
	root.SetErr(streams.Err)
	root.SetUsageFunc(printUsage)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return &usageError{fmt.Errorf("%w; %q lists the flags", err, cmd.CommandPath()+" --help")}
	})
	root.AddCommand(
		newIngest(), newDemo(), newUp(), newPublish(),
		newExtract(), newRules(),
		newSearch(), newShow(), newHistory(), newExport(), newErase(),
		newExplain(), newDead(), newDrift(), newSources(),
		newDoctor(), newTop(), newBackup(), newRestore(),
		newEval(), newReference(), newVersion(),
	)
	return root
}

func newVersion() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			version, revision := telemetry.Build()
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "dateline %s (%s)\n", version, revision)
			return err
		},
	}
}

// noArgs refuses arguments.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return &usageError{fmt.Errorf("%s takes no arguments, only flags; %q is one", cmd.CommandPath(), args[0])}
	}
	return nil
}

// someArgs refuses a command line without arguments.
func someArgs(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return &usageError{fmt.Errorf("%s takes URLs or files: give at least one, or - for standard input",
			cmd.CommandPath())}
	}
	return nil
}

// atMostOneArg refuses more than one argument.
func atMostOneArg(cmd *cobra.Command, args []string) error {
	if len(args) > 1 {
		return &usageError{fmt.Errorf("%s takes at most one argument, but got %d", cmd.CommandPath(), len(args))}
	}
	return nil
}

// oneArg refuses any number of arguments but one. what describes the argument
// for the error.
func oneArg(what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != 1 {
			return &usageError{fmt.Errorf("%s takes %s, but got %d arguments", cmd.CommandPath(), what, len(args))}
		}
		return nil
	}
}
