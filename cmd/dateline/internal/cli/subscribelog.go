package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"github.com/dateline-news/dateline/services/indexer/store"
	"github.com/dateline-news/dateline/services/notifier"
	"github.com/dateline-news/dateline/services/notifier/subscriptions"
	"github.com/dateline-news/dateline/services/notifier/webhook"
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
		cmd *cobra.Command, _ configuration, _ store.Store, all *subscriptions.Subscriptions, args []string,
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
	cmd := &cobra.Command{
		Use:   "resend NAME ID",
		Short: "Send a delivery again, with the same webhook-id",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 2 {
				return &usageError{fmt.Errorf("%s takes the name of a subscription and the id of a delivery, as \"dateline "+
					"subscribe log\" shows it, but got %d arguments", cmd.CommandPath(), len(args))}
			}
			return nil
		},
	}
	cmd.RunE = withSubscriptions(configured(cmd, quiet), func(
		cmd *cobra.Command, _ configuration, _ store.Store, all *subscriptions.Subscriptions, args []string,
	) error {
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
		Long: `Sends the newest article that matches, or a made one, to the target of a subscription. The
request is like that of a delivery, but its type is test. This command sends it itself,
with the settings notifier.* that it is given.`,
		Args: oneArg(subscriptionArg),
	}
	cmd.RunE = withSubscriptions(configured(cmd, quiet), func(
		cmd *cobra.Command, cfg configuration, s store.Store, all *subscriptions.Subscriptions, args []string,
	) error {
		one, err := all.Get(cmd.Context(), args[0])
		if err != nil {
			return err
		}
		message, err := notifier.Sample(cmd.Context(), s, one)
		if err != nil {
			return err
		}
		request, err := webhook.NewRequest(cmd.Context(), one.To, message, time.Now())
		if err != nil {
			return err
		}
		printRequest(cmd.OutOrStdout(), one.Shown().To, request, message.Body)
		client := webhook.NewClient(cfg.Notifier.AllowHosts, cfg.Notifier.Timeout)
		defer client.Close()
		answer, err := client.Send(cmd.Context(), one.To, message)
		if err != nil {
			return err
		}
		fmt.Fprintf(cmd.OutOrStdout(), "\n%d %s\n%s\n", answer.Status, http.StatusText(answer.Status), answer.Excerpt)
		if !answer.OK() {
			return errors.New("the target has not accepted the sample: it must answer with a status from 200 to 299")
		}
		return nil
	})
	return cmd
}

// maxShownBody is the number of bytes of a body that are printed.
const maxShownBody = 2000

func printRequest(out io.Writer, target string, request *http.Request, body []byte) {
	fmt.Fprintf(out, "%s %s\n", request.Method, target)
	var names []string
	for name := range request.Header {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		fmt.Fprintf(out, "%s: %s\n", name, request.Header.Get(name))
	}
	shown := string(body)
	if len(body) > maxShownBody {
		shown = fmt.Sprintf("%s … (%d bytes)", body[:maxShownBody], len(body))
	}
	fmt.Fprintf(out, "\n%s\n", shown)
}
