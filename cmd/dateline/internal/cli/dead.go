package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/dateline-news/dateline/internal/deadletter"
	"github.com/dateline-news/dateline/services/notifier/subscriptions"
)

func newDead() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "dead",
		Short: "List, show, requeue or drop dead letters: inputs that failed permanently",
		Long: `Lists and changes dead letters: inputs of the stages that failed permanently. Deliveries to
subscriptions that were given up are those of the stage notify, and their numbers start with
n. They are in the store: they are read and changed there, or over HTTP with a context that
has only the address of the web page. Requeueing one sends it again.`,
		Example: `  dateline dead list --stage notify
  dateline dead requeue n17`,
		Args: noSuchCommand,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(
		newDeadList(), newDeadShow(),
		newDeadChange("requeue", "Send dead letters through the pipeline again", deadletter.Stream.Requeue,
			givenUpStore.RequeueGivenUp),
		newDeadChange("drop", "Remove dead letters permanently", deadletter.Stream.Drop,
			givenUpStore.DropGivenUp),
	)
	return cmd
}

// withDeadLetters returns a function for RunE that opens the stream of dead letters
// and calls run with it.
func withDeadLetters(load loader, run func(context.Context, *cobra.Command, deadletter.Stream, []string) error) func(
	*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		cfg, err := load()
		if err != nil {
			return err
		}
		bus, err := openBus(cmd, cfg)
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

func addLetterFlags(cmd *cobra.Command) *deadletter.Filter {
	filter := &deadletter.Filter{}
	cmd.Flags().StringVar(&filter.Stage, "stage", "",
		"Only dead letters of this `stage`: intake, fetch, extract, archive, index, or notify.")
	cmd.Flags().StringVar(&filter.Reason, "reason", "", "Only dead letters with this `reason`, such as timeout.")
	cmd.Flags().StringVar(&filter.Host, "host", "", "Only dead letters about URLs of this `host`.")
	return filter
}

func newDeadList() *cobra.Command {
	var asJSON bool
	var limit int
	var after string
	cmd := &cobra.Command{Use: "list", Aliases: []string{"ls"}, Short: "List dead letters, oldest first", Args: noArgs}
	load := configured(cmd, quiet)
	filter := addLetterFlags(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "Print each dead letter as a line of JSON, without its payload.")
	cmd.Flags().IntVar(&limit, "limit", 100, "Maximum number of dead letters to list, at least 1.")
	cmd.Flags().StringVar(&after, "after", "", "Only dead letters with numbers greater than this `number`.")
	list := func(ctx context.Context, cmd *cobra.Command, letters deadletter.Stream, _ []string) error {
		from, err := parseLetterNumber(cmp.Or(after, "0"))
		if err != nil {
			return err
		}
		page, next, err := letters.Page(ctx, *filter, from, limit)
		if err == nil {
			err = printLetters(cmd.OutOrStdout(), page, asJSON)
		}
		if err == nil && !asJSON && *filter == (deadletter.Filter{}) {
			err = printGivenUpCount(cmd, load)
		}
		if err != nil || next == 0 {
			return err
		}
		_, err = fmt.Fprintf(cmd.ErrOrStderr(), "more may follow: repeat the command with --after %d\n", next)
		return err
	}
	run := withDeadLetters(load, list)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if limit < 1 {
			return &usageError{fmt.Errorf("--limit %d: must be at least 1", limit)}
		}
		if filter.Stage == subscriptions.Stage {
			return listGivenUp(cmd, load, after, limit, asJSON)
		}
		return run(cmd, args)
	}
	return cmd
}

// printLetters prints dead letters as a table, or as lines of JSON.
func printLetters(out io.Writer, page []deadletter.Brief, asJSON bool) error {
	if asJSON {
		for _, letter := range page {
			if err := json.NewEncoder(out).Encode(letter); err != nil {
				return err
			}
		}
		return nil
	}
	if len(page) > 0 {
		t := newTable(width(out), "number", "time", "stage", "reason", "attempts", "URL", "details")
		for _, letter := range page {
			t.AppendRow([]any{
				letter.Number, when(out, letter.Time), letter.Stage, letter.Reason, letter.Attempts, letter.URL,
				letter.Error,
			})
		}
		fmt.Fprintln(out, t.Render())
	}
	_, err := fmt.Fprintln(out, plural(len(page), "dead letter"))
	return err
}

func newDeadShow() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "show NUMBER",
		Short: "Print a dead letter with its headers and payload, as JSON",
		Args:  oneArg("one number from \"dateline dead list\""),
	}
	load := configured(cmd, quiet)
	show := func(ctx context.Context, cmd *cobra.Command, letters deadletter.Stream, args []string) error {
		letter, err := getDeadLetter(ctx, letters, args[0])
		if err != nil {
			return err
		}
		return printJSON(cmd.OutOrStdout(), letter.DeadLetter)
	}
	run := withDeadLetters(load, show)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if id, ok := subscriptions.ParseNumber(args[0]); ok {
			return showGivenUp(cmd, load, id)
		}
		return run(cmd, args)
	}
	return cmd
}

// newDeadChange returns a command that changes dead letters: those given by number,
// or, with --all, all that the filter matches.
func newDeadChange(
	name, short string, change func(deadletter.Stream, context.Context, deadletter.Letter) error,
	changeOne changeDelivery,
) *cobra.Command {
	var all bool
	cmd := &cobra.Command{Use: name + " NUMBER... | --all", Short: short}
	load := configured(cmd, quiet)
	filter := addLetterFlags(cmd)
	cmd.Flags().BoolVar(&all, "all", false, "Select all dead letters that match --stage, --reason and --host.")
	changeLetters := withDeadLetters(load,
		func(ctx context.Context, cmd *cobra.Command, letters deadletter.Stream, args []string) error {
			count := 0
			err := recordLetters(cmd, load, name, args, func() error {
				changeLetter := func(letter deadletter.Letter, err error) error {
					if err == nil {
						err = change(letters, ctx, letter)
					}
					if err == nil {
						count++
					}
					return err
				}
				for _, arg := range args {
					if err := changeLetter(getDeadLetter(ctx, letters, arg)); err != nil {
						return err
					}
				}
				if all {
					for letter, err := range letters.All(ctx, *filter) {
						if err := changeLetter(letter, err); err != nil {
							return err
						}
					}
				}
				return nil
			})
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s: %s\n", name, plural(count, "dead letter"))
			return err
		})
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if all == (len(args) > 0) {
			return &usageError{errors.New("give either the numbers of dead letters or --all")}
		}
		if all && filter.Stage == subscriptions.Stage {
			return changeAllGivenUp(cmd, load, name, changeOne)
		}
		ids, numbers := splitNumbers(args)
		if len(ids) > 0 {
			if err := changeGivenUp(cmd, load, name, args, ids, changeOne); err != nil {
				return err
			}
		}
		if all || len(numbers) > 0 {
			return changeLetters(cmd, numbers)
		}
		return nil
	}
	return cmd
}

// recordLetters records in the audit log that do changes dead letters.
func recordLetters(cmd *cobra.Command, load loader, action string, numbers []string, do func() error) error {
	cfg, err := load()
	if err != nil {
		return err
	}
	object := "dead letters " + strings.Join(numbers, ", ")
	if len(numbers) == 0 {
		object = "all matching dead letters"
	}
	s, err := openStore(cmd, cfg)
	if err != nil {
		return auditedIfPossible(cmd, nil, err, action, object, do)
	}
	return errors.Join(auditedIfPossible(cmd, s, nil, action, object, do), s.Close())
}

// getDeadLetter returns the dead letter with the number in text.
func getDeadLetter(ctx context.Context, letters deadletter.Stream, text string) (deadletter.Letter, error) {
	number, err := parseLetterNumber(text)
	if err != nil {
		return deadletter.Letter{}, err
	}
	return letters.Get(ctx, number)
}

func parseLetterNumber(text string) (uint64, error) {
	number, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return 0, &usageError{
			fmt.Errorf("%q is not the number of a dead letter; \"dateline dead list\" shows the numbers", text),
		}
	}
	return number, nil
}
