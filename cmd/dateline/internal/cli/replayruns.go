package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/spf13/cobra"

	"github.com/dateline-news/dateline/cmd/dateline/internal/replay"
	"github.com/dateline-news/dateline/services/indexer/store"
)

func newReplayRuns() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "runs", Short: "List the runs that replaced records, newest first", Args: noArgs,
		Long: `Lists the runs of "dateline replay --apply", newest first. Runs are kept for at
least 90 days.`,
	}
	load := configured(cmd, quiet)
	cmd.Flags().BoolVar(&asJSON, "json", false, "Print each run as a line of JSON.")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return onStore(cmd, load, func(_ configuration, s store.Store) error {
			runs, err := replay.RunsOf(s).List(cmd.Context())
			if err != nil {
				return err
			}
			return printReplays(cmd, runs, asJSON)
		})
	}
	return cmd
}

func printReplays(cmd *cobra.Command, runs []replay.Run, asJSON bool) error {
	out := cmd.OutOrStdout()
	if asJSON {
		for _, run := range runs {
			if err := json.NewEncoder(out).Encode(run); err != nil {
				return err
			}
		}
		return nil
	}
	if len(runs) > 0 {
		t := newTable(width(out), "run", "started", "version", "state", "pages", "replaced", "accepted", "refused")
		for _, run := range runs {
			c := run.Counts
			t.AppendRow([]any{run.ID, when(out, run.Started), run.Version, stateOf(run), c.Pages, c.Replaced, c.Accepted,
				c.Refused})
		}
		fmt.Fprintln(out, t.Render())
	}
	_, err := fmt.Fprintln(out, plural(len(runs), "run"))
	return err
}

func stateOf(run replay.Run) string {
	switch {
	case !run.Undone.IsZero():
		return "undone"
	case !run.Ended.IsZero():
		return "ended"
	}
	return "not ended, last progress at " + run.Updated.UTC().Format(time.DateTime)
}

func newReplayUndo() *cobra.Command {
	cmd := &cobra.Command{
		Use: "undo RUN", Short: "Restore the records that a run has replaced", Args: oneArg("the id of a run"),
		Long: `Restores the records that a run of "dateline replay --apply" has replaced. A run that is in
progress ends. Articles that have changed since, by a later fetch or another run, stay as
they are, and so do articles that the run added. The command waits until the indexer has
stored what the run has published. It can be repeated after an interruption.`,
		Example: "  dateline replay undo 20261129-143000-1f2e",
	}
	load := configured(cmd, quiet)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		cfg, err := load()
		if err != nil {
			return err
		}
		return withRunning(cmd, cfg, true, func(ctx context.Context, s store.Store, js jetstream.JetStream) error {
			runs := replay.RunsOf(s)
			run, err := runs.Run(ctx, args[0])
			if err != nil {
				return err
			}
			done, err := replay.Undo(ctx, runs, run, js, cfg.Admin.Logger(cmd.ErrOrStderr()))
			if err != nil {
				return fmt.Errorf("undoing run %s: %w; the command can be repeated", run.ID, err)
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "run %s: published %s to be restored, unless their articles have changed "+
				"since, and kept %s that the run added\n", run.ID, plural(done.Published, "record"), plural(done.New, "article"))
			return err
		})
	}
	return cmd
}
