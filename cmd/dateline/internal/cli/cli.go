// Package cli implements the command line of dateline.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/dateline-news/dateline/internal/escape"
	"github.com/dateline-news/dateline/internal/telemetry"
	"github.com/dateline-news/dateline/internal/weburl"
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
	// Every command prints text from sites, at least in errors. None can forget to
	// escape it.
	out := escape.NewWriter(streams.Out)
	streams.Out, streams.Err = out, escape.NewWriter(streams.Err)
	root := newRoot(streams)
	root.SetArgs(args)
	cmd, err := root.ExecuteContextC(ctx)
	// Tables are printed line by line, without a check of each.
	if failure := out.Err(); failure != nil && (err == nil || errors.Is(err, errReported)) {
		err = fmt.Errorf("writing the output: %w", failure)
	}
	var refused *refusal
	if err != nil && cmd.Context() != nil && errors.As(context.Cause(cmd.Context()), &refused) {
		err = refused
	}
	var usage *usageError
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, errReported):
		return exitFailure
	}
	fmt.Fprintf(streams.Err, "dateline: %s\n", weburl.WithoutUsers(err.Error()))
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
		Args: noSuchCommand,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.Version = versionLine()
	root.SetVersionTemplate("{{.Version}}")
	root.SetIn(streams.In)
	root.SetOut(streams.Out)
	root.SetErr(streams.Err)
	root.SetUsageFunc(printUsage)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return &usageError{fmt.Errorf("%w; %q lists the flags", err, cmd.CommandPath()+" --help")}
	})
	root.AddCommand(
		newIngest(), newDemo(), newUp(), newPublish(), newContext(),
		newExtract(), newRules(),
		newSearch(), newShow(), newHistory(), newExport(), newErase(), newMCP(),
		newToken(), newAudit(),
		newExplain(), newDead(), newDrift(), newSources(), newSubscribe(), newSink(), newArchive(), newReplay(),
		newStatus(), newTail(), newDoctor(), newRepair(), newReindex(), newTop(), newBackup(), newRestore(), newCompact(),
		newSize(),
		newEval(), newReference(), newSettings(), newVersion(),
	)
	root.SetHelpCommand(newHelp())
	root.InitDefaultCompletionCmd()
	if completion, _, err := root.Find([]string{"completion"}); err == nil {
		completion.Args = noSuchCommand
		completion.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
		for _, shell := range completion.Commands() {
			shell.Args = noArgs
		}
	}
	completeValues(root)
	return root
}

// versionLine states the version with the commit and, if it is known, its date.
func versionLine() string {
	version, revision := telemetry.Build()
	line := fmt.Sprintf("dateline %s, commit %s", version, revision)
	if date := telemetry.CommitTime(); date != "" {
		line += " of " + date
	}
	return line + "\n"
}

func newVersion() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version with commit and date", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := fmt.Fprint(cmd.OutOrStdout(), versionLine())
			return err
		},
	}
}

// noSuchCommand refuses arguments of a command that only has other commands.
func noSuchCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	// A third of the letters, at most two, may be wrong: "foo" is not a misspelling of "top".
	const maxDistance, lettersPerMistake = 2, 3
	cmd.SuggestionsMinimumDistance = min(maxDistance, len(args[0])/lettersPerMistake)
	advice := fmt.Sprintf("%q lists the commands", cmd.CommandPath()+" --help")
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		likely := near[0]
		for _, name := range near {
			if strings.HasPrefix(name, args[0]) {
				likely = name
			}
		}
		advice = fmt.Sprintf("did you mean %q?", cmd.CommandPath()+" "+likely)
	}
	return &usageError{fmt.Errorf("%s has no command %q: %s", cmd.CommandPath(), args[0], advice)}
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
