package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/spf13/cobra"

	"github.com/dateline-news/dateline/cmd/dateline/internal/pipeline"
	"github.com/dateline-news/dateline/services/indexer/store"
	"github.com/dateline-news/dateline/services/notifier"
	"github.com/dateline-news/dateline/services/notifier/subscriptions"
	"github.com/dateline-news/dateline/services/notifier/targets"
)

func newSubscribeLog() *cobra.Command {
	var asJSON bool
	var limit int
	var before int64
	cmd := &cobra.Command{
		Use:   "log NAME",
		Short: "List the deliveries of a subscription, the newest first",
		Long: `Lists the deliveries of a subscription, the newest first, with the number of attempts, the
status of the last answer, and why the last attempt failed. "dateline subscribe resend"
repeats one.`,
		Args: oneArg(subscriptionArg),
	}
	load := configured(cmd, quiet)
	cmd.Flags().BoolVar(&asJSON, "json", false, "Print each delivery as a line of JSON.")
	cmd.Flags().IntVar(&limit, "limit", 50, "List at most `N` deliveries, 1 to 1000.")
	cmd.Flags().Int64Var(&before, "before", 0, "List deliveries before the one with this `id`. 0 means the newest.")
	cmd.RunE = withSubscriptions(load, func(
		cmd *cobra.Command, _ configuration, _ store.Store, all subscriptionStore, args []string,
	) error {
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

func newSubscribeResend() *cobra.Command {
	var failed bool
	cmd := &cobra.Command{
		Use:   "resend NAME ID | resend NAME --failed",
		Short: "Send a delivery again, or all that were given up, with the same webhook-id",
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
	cmd.Flags().BoolVar(&failed, "failed", false, "Send all deliveries again that were given up.")
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

func newSubscribeTest() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "test NAME",
		Short: "Send a sample to the target of a subscription, and show request and answer",
		Long: `Sends the newest article that matches, or a made one, to the target of a subscription. What
it sends is like a delivery, but its type is test. This command sends it itself, with the
settings notifier.* that it is given.`,
		Args: oneArg(subscriptionArg),
	}
	cmd.RunE = withSubscriptions(configured(cmd, quiet), func(
		cmd *cobra.Command, cfg configuration, s store.Store, all subscriptionStore, args []string,
	) error {
		if s == nil {
			return errNoSample
		}
		one, err := all.Get(cmd.Context(), args[0])
		if err != nil {
			return err
		}
		item, err := notifier.Sample(cmd.Context(), s, one)
		if err != nil {
			return err
		}
		return sendSample(cmd, cfg, one, item)
	})
	return cmd
}

// sendSample sends an item to the target of a subscription, and shows what it sends and the answer.
func sendSample(cmd *cobra.Command, cfg configuration, s subscriptions.Subscription, item targets.Item) (err error) {
	var js jetstream.JetStream
	if s.Kind() == subscriptions.KindNATS {
		bus, err := pipeline.OpenBus(cmd.Context(), cfg.Config, slog.New(slog.DiscardHandler))
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, bus.Close()) }()
		js = bus.JS
	}
	all, err := cfg.Notifier.Connect(js, cfg.S3)
	if err != nil {
		return err
	}
	defer all.Close()
	target, err := all.Of(s.Spec)
	if err != nil {
		return err
	}
	items := []targets.Item{item}
	shown, err := target.Preview(s, items)
	if err != nil {
		return err
	}
	out := cmd.OutOrStdout()
	if len(shown) > maxShown {
		shown = fmt.Sprintf("%s … (%d bytes)", strings.ToValidUTF8(shown[:maxShown], ""), len(shown))
	}
	fmt.Fprintln(out, shown)
	outcome := target.Send(cmd.Context(), s, items)[0]
	if outcome.Status > 0 {
		fmt.Fprintf(out, "\n%d %s\n", outcome.Status, http.StatusText(outcome.Status))
	}
	if outcome.Result != targets.Delivered {
		return fmt.Errorf("the target has not accepted the sample: %s", outcome.Detail)
	}
	_, err = fmt.Fprintln(out, "the target has accepted the sample")
	return err
}

// maxShown is the number of bytes of a sample that are printed.
const maxShown = 3000
