package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"github.com/dateline-news/dateline/cmd/dateline/internal/pipeline"
	"github.com/dateline-news/dateline/internal/deadletter"
	"github.com/dateline-news/dateline/internal/subject"
)

func newDead() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "dead",
		Short: "List, read, requeue or drop what failed for good",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newDeadList(), newDeadShow(), newDeadChange("requeue", "Send dead letters through the pipeline again", deadletter.Letters.Requeue),
		newDeadChange("drop", "Remove dead letters for good", deadletter.Letters.Drop))
	return cmd
}

func withLetters(load func() (pipeline.Config, error), run func(ctx context.Context, cmd *cobra.Command, letters deadletter.Letters, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		cfg, err := load()
		if err != nil {
			return err
		}
		bus, err := pipeline.OpenBus(cmd.Context(), cfg, cfg.Admin.Logger(cmd.ErrOrStderr()))
		if err != nil {
			return err
		}
		letters, err := deadletter.Open(cmd.Context(), bus.JS)
		if err == nil {
			err = run(cmd.Context(), cmd, letters, args)
		}
		return errors.Join(err, bus.Close())
	}
}

func filterFlags(cmd *cobra.Command) *deadletter.Filter {
	filter := &deadletter.Filter{}
	cmd.Flags().StringVar(&filter.Stage, "stage", "", "Only letters of this stage: intake, fetch, extract or index.")
	cmd.Flags().StringVar(&filter.Reason, "reason", "", "Only letters with this reason, such as timeout.")
	cmd.Flags().StringVar(&filter.Host, "host", "", "Only letters about URLs of this host.")
	return filter
}

func newDeadList() *cobra.Command {
	var asJSON bool
	var limit int
	cmd := &cobra.Command{Use: "list", Short: "List dead letters, the oldest first", Args: cobra.NoArgs}
	load := configured(cmd, quiet)
	filter := filterFlags(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "Print one JSON object a line for each letter, without its payload.")
	cmd.Flags().IntVar(&limit, "limit", 100, "Most letters to list.")
	cmd.RunE = withLetters(load, func(ctx context.Context, cmd *cobra.Command, letters deadletter.Letters, _ []string) error {
		t := newTable(width(cmd.OutOrStdout()), table.Row{"number", "time", "stage", "reason", "attempts", "URL", "what happened"})
		count := 0
		for letter, err := range letters.All(ctx, *filter) {
			if err != nil {
				return err
			}
			if count == limit {
				break
			}
			count++
			if asJSON {
				if err := json.NewEncoder(cmd.OutOrStdout()).Encode(letter.Brief()); err != nil {
					return err
				}
				continue
			}
			t.AppendRow(table.Row{letter.Number, letter.GetTime().AsTime().Format(time.RFC3339), subject.StageName(letter.GetStage()), letter.GetReason(), letter.GetAttempts(), letter.GetUrl(), letter.GetError()})
		}
		if asJSON {
			return nil
		}
		if count > 0 {
			fmt.Fprintln(cmd.OutOrStdout(), t.Render())
		}
		_, err := fmt.Fprintf(cmd.OutOrStdout(), "%d dead letters\n", count)
		return err
	})
	return cmd
}

func newDeadShow() *cobra.Command {
	cmd := &cobra.Command{Use: "show NUMBER", Short: "Print a dead letter whole, as JSON", Args: exactArgs(1, "one number from \"dead list\"")}
	load := configured(cmd, quiet)
	cmd.RunE = withLetters(load, func(ctx context.Context, cmd *cobra.Command, letters deadletter.Letters, args []string) error {
		number, err := letterNumber(args[0])
		if err != nil {
			return err
		}
		letter, err := letters.Get(ctx, number)
		if err != nil {
			return err
		}
		return printJSON(cmd.OutOrStdout(), letter.DeadLetter)
	})
	return cmd
}

// newDeadChange is a command that does something to letters, by number or, with
// --all, to every one that the filter lets through.
func newDeadChange(name, short string, change func(deadletter.Letters, context.Context, deadletter.Letter) error) *cobra.Command {
	var all bool
	cmd := &cobra.Command{Use: name + " NUMBER... | --all", Short: short}
	load := configured(cmd, quiet)
	filter := filterFlags(cmd)
	cmd.Flags().BoolVar(&all, "all", false, "Every letter that --stage, --reason and --host let through.")
	cmd.RunE = withLetters(load, func(ctx context.Context, cmd *cobra.Command, letters deadletter.Letters, args []string) error {
		if all == (len(args) > 0) {
			return &usageError{fmt.Errorf("name the letters by their numbers, or give --all")}
		}
		count := 0
		for _, arg := range args {
			number, err := letterNumber(arg)
			if err != nil {
				return err
			}
			letter, err := letters.Get(ctx, number)
			if err != nil {
				return err
			}
			if err := change(letters, ctx, letter); err != nil {
				return err
			}
			count++
		}
		if all {
			for letter, err := range letters.All(ctx, *filter) {
				if err != nil {
					return err
				}
				if err := change(letters, ctx, letter); err != nil {
					return err
				}
				count++
			}
		}
		_, err := fmt.Fprintf(cmd.OutOrStdout(), "%s: %d dead letters\n", name, count)
		return err
	})
	return cmd
}

func letterNumber(text string) (uint64, error) {
	number, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return 0, &usageError{fmt.Errorf("%q is no number of a dead letter: \"dateline dead list\" shows them", text)}
	}
	return number, nil
}
