package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/services/indexer/library"
)

func newExplain() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "explain URL",
		Short: "Show how a URL ended: the outcome of each stage, with reason, attempt and time",
		Args:  oneArg("one URL"),
	}
	load := configured(cmd, quiet)
	cmd.Flags().BoolVar(&asJSON, "json", false, "Print each outcome as a line of JSON.")
	cmd.RunE = withStore(load, func(ctx context.Context, cmd *cobra.Command, s library.Store, args []string) error {
		outcomes, err := s.Outcomes(ctx, canonical(args[0]))
		if err != nil {
			return err
		}
		if len(outcomes) == 0 {
			return fmt.Errorf("the ledger has no outcome for %s: the URL was not published here, or is still in progress",
				args[0])
		}
		out := cmd.OutOrStdout()
		t := newTable(width(out), "time", "stage", "verdict", "reason", "attempt", "details")
		for _, o := range outcomes {
			if asJSON {
				if err := printJSON(out, o); err != nil {
					return err
				}
				continue
			}
			details := o.GetDetail()
			if details == "" && o.GetOutputId() != "" {
				details = "→ " + o.GetOutputId()
			}
			t.AppendRow([]any{
				o.GetTime().AsTime().Format(time.RFC3339), subject.StageName(o.GetStage()),
				subject.VerdictName(o.GetVerdict()), o.GetReason(), o.GetAttempt(), details,
			})
		}
		if !asJSON {
			fmt.Fprintln(out, t.Render())
		}
		return nil
	})
	return cmd
}
