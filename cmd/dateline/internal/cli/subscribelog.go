package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"github.com/dateline-news/dateline/cmd/dateline/internal/pipeline"
	"github.com/dateline-news/dateline/cmd/dateline/internal/webapi"
	"github.com/dateline-news/dateline/services/indexer/store"
	"github.com/dateline-news/dateline/services/notifier/sample"
	"github.com/dateline-news/dateline/services/notifier/subscriptions"
)

func newSubscribeLog() *cobra.Command {
	var asJSON bool
	var limit int
	var before, request int64
	cmd := &cobra.Command{
		Use:   "log NAME",
		Short: "List the deliveries of a subscription, the newest first",
		Long: `Lists the deliveries of a subscription, the newest first, with the number of attempts, the
status of the last answer, and why the last attempt failed. With --request, shows what a
delivery sends instead. "dateline subscribe resend" repeats one, and "dateline subscribe
replay" repeats those since a time.`,
		Args: oneArg(subscriptionArg),
	}
	load := configured(cmd, quiet)
	cmd.Flags().BoolVar(&asJSON, "json", false, "Print each delivery as a line of JSON.")
	cmd.Flags().IntVar(&limit, "limit", 50, "List at most `N` deliveries, 1 to 1000.")
	cmd.Flags().Int64Var(&before, "before", 0, "List deliveries before the one with this `id`. 0 means the newest.")
	cmd.Flags().Int64Var(&request, "request", 0, "Show the request of the delivery with this `id`, as the running "+
		"notifier would send it now, without credentials.")
	cmd.RunE = withSubscriptions(load, func(
		cmd *cobra.Command, cfg configuration, _ store.Store, all subscriptionStore, args []string,
	) error {
		if cmd.Flags().Changed("request") {
			text, err := deliveryRequest(cmd, cfg, all, args[0], request)
			if errors.Is(err, subscriptions.ErrNotFound) {
				return fmt.Errorf("%s has no delivery %d, or the article of the delivery was erased", args[0], request)
			}
			if err == nil {
				_, err = fmt.Fprintln(cmd.OutOrStdout(), text)
			}
			return err
		}
		if limit < 1 || limit > 1000 {
			return &usageError{fmt.Errorf("--limit is %d: choose 1 to 1000", limit)}
		}
		log, err := all.Log(cmd.Context(), args[0], before, limit)
		if err != nil {
			return err
		}
		out := cmd.OutOrStdout()
		lines := json.NewEncoder(out)
		t := newTable(width(out), "id", "article", "revision", "event", "state", "attempts", "status", "time", "detail")
		for _, d := range log {
			if asJSON {
				if err := lines.Encode(d); err != nil {
					return err
				}
				continue
			}
			t.AppendRow(table.Row{
				d.ID, d.ArticleID, d.Revision, d.Event, d.State, d.Attempts, d.Status, when(out, d.EventTime), d.Detail,
			})
		}
		if asJSON {
			return nil
		}
		if len(log) > 0 {
			fmt.Fprintln(out, t.Render())
		}
		_, err = fmt.Fprintln(out, plural(len(log), "delivery"))
		return err
	})
	return cmd
}

// deliveryRequest has the notifier of the deployment show the request of a delivery.
func deliveryRequest(
	cmd *cobra.Command, cfg configuration, all subscriptionStore, name string, id int64,
) (request string, err error) {
	if id < 1 {
		return "", &usageError{fmt.Errorf("--request is %d: give the id of a delivery, as this command lists it", id)}
	}
	if remote, ok := all.(webapi.Subscriptions); ok {
		return remote.DeliveryRequest(cmd.Context(), name, id)
	}
	bus, err := cfg.connect(cmd, pipeline.Attach)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, bus.Close()) }()
	return sample.Show(cmd.Context(), bus.NC, name, id)
}

func newSubscribeResend() *cobra.Command {
	var failed bool
	cmd := &cobra.Command{
		Use:   "resend NAME ID | resend NAME --failed",
		Short: "Send one delivery, or all that were given up, again with the same webhook-id",
		Args: func(cmd *cobra.Command, args []string) error {
			switch {
			case failed && len(args) != 1:
				return &usageError{fmt.Errorf("%s --failed takes the name of a subscription, but got %d arguments",
					cmd.CommandPath(), len(args))}
			case !failed && len(args) != 2:
				return &usageError{fmt.Errorf("%s takes the name of a subscription and the id of a delivery, as \"dateline "+
					"subscribe log\" shows it, or the name with --failed, but got %d arguments", cmd.CommandPath(), len(args))}
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&failed, "failed", false, "Send all deliveries that were given up again.")
	cmd.RunE = withSubscriptions(configured(cmd, quiet), func(
		cmd *cobra.Command, _ configuration, _ store.Store, all subscriptionStore, args []string,
	) error {
		if failed {
			n, err := all.ResendFailed(cmd.Context(), args[0], time.Now())
			if err == nil {
				_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s sent again\n", plural(n, "delivery"))
			}
			return err
		}
		id, err := strconv.ParseInt(args[1], 10, 64)
		if err != nil {
			return &usageError{fmt.Errorf("%q is not the id of a delivery, which is a number", args[1])}
		}
		err = all.Resend(cmd.Context(), args[0], id, time.Now())
		if errors.Is(err, subscriptions.ErrNotFound) {
			return fmt.Errorf("%s has no delivery %d", args[0], id)
		}
		if err == nil {
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "delivery %d is sent again\n", id)
		}
		return err
	})
	return cmd
}

func newSubscribeReplay() *cobra.Command {
	var since string
	cmd := &cobra.Command{
		Use:   "replay NAME --since TIME",
		Short: "Send the deliveries since a time again, the earliest first",
		Long: `Sends the ended deliveries of a subscription again whose events are at a time or later, the
earliest first, such as after the receiver has lost data. The messages have the same
webhook-id. Deliveries of articles that were erased are left out. One command repeats at most
10,000 deliveries; if there are more, it prints the time to continue from. Only what was
matched before is repeated: a subscription has no deliveries from before it was added, and
those that ended more than notifier.keep ago are deleted.`,
		Example: `  dateline subscribe replay harbour --since 6h
  dateline subscribe replay harbour --since 2026-11-29T12:00:00Z`,
		Args: oneArg(subscriptionArg),
	}
	load := configured(cmd, quiet)
	cmd.Flags().StringVar(&since, "since", "",
		"Repeat the deliveries of events at this `time` or later, such as 6h or 2026-11-29. Required.")
	cmd.RunE = withSubscriptions(load, func(
		cmd *cobra.Command, _ configuration, _ store.Store, all subscriptionStore, args []string,
	) error {
		from, err := parseBound("since", since)
		if err == nil && from.IsZero() {
			err = &usageError{errors.New("give the time of the first event with --since")}
		}
		if err != nil {
			return err
		}
		replayed, err := all.Replay(cmd.Context(), args[0], from, time.Now())
		if err != nil {
			return err
		}
		if replayed.More {
			fmt.Fprintf(cmd.ErrOrStderr(), "more may follow: repeat the command with --since %s\n",
				replayed.NextSince.UTC().Format(time.RFC3339Nano))
		}
		_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s sent again\n", plural(replayed.Deliveries, "delivery"))
		return err
	})
	return cmd
}
