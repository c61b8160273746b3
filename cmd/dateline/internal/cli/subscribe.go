package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"github.com/dateline-news/dateline/services/indexer/store"
	"github.com/dateline-news/dateline/services/notifier/subscriptions"
)

// subscriptionArg describes the argument that names a subscription.
const subscriptionArg = "the name of one subscription, as \"dateline subscribe ls\" shows it"

const (
	// subscriptionsPage is the number of subscriptions read at once, as many as the HTTP API allows.
	subscriptionsPage = 100
	// maxSecretFile is the maximum size of a file of secrets in bytes.
	maxSecretFile = 4 << 10
	// maxTemplateFile is that of a file of a template.
	maxTemplateFile = 64 << 10
)

func newSubscribe() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "subscribe",
		Short: "Deliver new, changed and erased articles that match a query",
		Long: `Manages subscriptions. A subscription consists of a query, in the language and with the
filters of "dateline search", a target such as a web hook, and the form of the messages. A
running pipeline delivers every matching article that is stored after the subscription was
added, and retries failed deliveries for three days. docs/delivery.md describes targets and
forms.`,
		Example: `  dateline subscribe add harbour --query "harbour ferry" --to https://hooks.example.com/in --secret-file key
  dateline subscribe test harbour
  dateline subscribe log harbour`,
		Args: noSuchCommand,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newSubscribeAdd(), newSubscribeTest(), newSubscribeLog(), newSubscribeResend(), newSubscribeReplay(),
		newSubscribeList(), newSubscribeShow(), newSubscribeRemove(), newSubscribeResume(), newSubscribeApply(),
		newSubscribeExport())
	return cmd
}

func newSubscribeAdd() *cobra.Command {
	var spec subscriptions.Spec
	var text, secretFile, templateFile string
	var unsigned bool
	var filters articleFlags
	cmd := &cobra.Command{
		Use:   "add NAME",
		Short: "Add a subscription, or change the one with this name",
		Long: `Adds a subscription. If a subscription with this name exists, its query, filters, target and
form are replaced. Deliveries that are waiting then go to the new target.

The file of --secret-file has one secret of Standard Webhooks in each line: whsec_ and the
base64 of 24 to 64 bytes. With several secrets, each request has one signature for each, so
that a secret can be replaced without a gap. No command shows a secret. The URL of a chat's
web hook is a secret too; requests to it are not signed.

The form is dateline (JSON, the default), cloudevents, cloudevents-binary, ninjs, slack,
mattermost, discord, teams, or template. docs/delivery.md describes them.`,
		Example: `  echo "whsec_$(openssl rand -base64 32)" > key
  dateline subscribe add harbour --query '"harbour strike" OR ferry' --to https://hooks.example.com/in \
      --secret-file key
  dateline subscribe add chat --query ferry --form slack --to https://hooks.slack.com/services/T0/B0/x
  dateline subscribe add desk --label desk=sport --event new --to http://hooks.internal/in --unsigned`,
		Args: oneArg("the name of one subscription"),
	}
	load := configured(cmd, quiet)
	flags := cmd.Flags()
	filters.add(flags)
	flags.StringVar(&text, "query", "", "Deliver articles that match this `query`, as in \"dateline search\".")
	flags.StringVar(&spec.To, "to", "",
		"`Target`: the URL of a web hook, nats:deliveries.NAME, ntfy://HOST/TOPIC, mailto:ADDRESS, or files:FOLDER.")
	flags.StringVar(&spec.Every, "every", "", "Send one e-mail or file for each `period`: minute, hour or day.")
	flags.StringVar(&spec.Rate, "rate", "",
		"Maximum `rate` of deliveries per second or minute, such as 5/s or 30/m.")
	flags.StringSliceVar(&spec.Events, "event", nil, "Deliver only these `events`: new, changed, erased.")
	flags.BoolVar(&spec.FirstOfStory, "first-of-story", false,
		"Deliver only the first matching article of each story, and no copies of it on other sites.")
	flags.IntVar(&spec.Concurrency, "concurrency", 0, "Maximum number `N` of simultaneous requests. 0 means 4.")
	flags.StringVar(&spec.Form, "form", "", "`Form` of the messages, such as slack. The default is dateline.")
	flags.StringVar(&templateFile, "template-file", "", "Go template in this `file`, for --form template.")
	flags.StringVar(&secretFile, "secret-file", "",
		"Sign requests with the secrets in this `file`, one per line. - is standard input.")
	flags.BoolVar(&unsigned, "unsigned", false, "Do not sign requests.")
	cmd.MarkFlagsMutuallyExclusive("secret-file", "unsigned")
	cmd.RunE = withSubscriptions(load, func(
		cmd *cobra.Command, cfg configuration, _ store.Store, all subscriptionStore, args []string,
	) error {
		filter, err := filters.filter()
		if err != nil {
			return err
		}
		spec.Name, spec.Query = args[0], subscriptions.NewQuery(text, filter)
		if templateFile != "" {
			if spec.Template, err = readBounded(templateFile, "template", maxTemplateFile, cmd.InOrStdin()); err != nil {
				return err
			}
		}
		if spec, err = all.Complete(cmd.Context(), spec); err != nil {
			return err
		}
		secrets, err := secretsOf(cmd.Context(), all, spec, secretFile, unsigned, cmd.InOrStdin())
		if err != nil {
			return err
		}
		if err := validate(all, spec); err != nil {
			return &usageError{err}
		}
		if err := all.Put(cmd.Context(), spec, secrets, time.Now()); err != nil {
			return err
		}
		warnOfTarget(cmd.ErrOrStderr(), cfg, spec)
		_, err = fmt.Fprintf(cmd.OutOrStdout(),
			"subscribed %s; \"dateline subscribe test %[1]s\" sends a sample\n", spec.Name)
		return err
	})
	return cmd
}

// secretsOf returns the secrets for a subscription, or nil if it keeps those that it has.
func secretsOf(
	ctx context.Context, all subscriptionStore, spec subscriptions.Spec, file string, unsigned bool,
	stdin io.Reader,
) ([]string, error) {
	if unsigned || !spec.Signs() && file == "" && spec.Kind() != subscriptions.KindNtfy {
		return []string{}, nil
	}
	if file != "" {
		return readSecrets(spec, file, stdin)
	}
	_, err := all.Get(ctx, spec.Name)
	if errors.Is(err, subscriptions.ErrNotFound) && !spec.Signs() {
		return nil, nil
	}
	if errors.Is(err, subscriptions.ErrNotFound) {
		return nil, &usageError{errors.New("name the file of the secret that signs the requests with --secret-file, " +
			"or give --unsigned; create a secret with: echo whsec_$(openssl rand -base64 32)")}
	}
	return nil, err
}

// readSecrets returns the secrets in a file. "-" is standard input.
func readSecrets(spec subscriptions.Spec, name string, stdin io.Reader) ([]string, error) {
	text, err := readBounded(name, "secret", maxSecretFile, stdin)
	if err != nil {
		return nil, err
	}
	secrets, err := spec.ParseSecrets(text)
	if err != nil {
		return nil, &usageError{fmt.Errorf("%s: %w", name, err)}
	}
	return secrets, nil
}

// readBounded returns the text in a file that has at most limit bytes. "-" is standard input.
func readBounded(name, what string, limit int, stdin io.Reader) (string, error) {
	file, err := openImport(name, stdin)
	if err != nil {
		return "", fmt.Errorf("opening the file of the %s: %w", what, err)
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, int64(limit)+1))
	if err != nil {
		return "", fmt.Errorf("reading the file of the %s: %w", what, err)
	}
	if len(text) > limit {
		return "", &usageError{fmt.Errorf("%s has more than %d bytes", name, limit)}
	}
	return string(text), nil
}

// warnOfTarget warns if a notifier with the settings of this command refuses a target. The running one may have
// others.
func warnOfTarget(out io.Writer, cfg configuration, spec subscriptions.Spec) {
	all, err := cfg.Notifier.Connect(nil, cfg.S3)
	if err != nil {
		fmt.Fprintf(out, "Note: %v\n", err)
		return
	}
	defer all.Close()
	target, err := all.Of(spec)
	if err != nil || spec.Kind() == subscriptions.KindNATS {
		return // the check of the subscription has accepted it
	}
	if err := target.Check(spec); err != nil {
		fmt.Fprintf(out, "Note: nothing will be delivered unless the running pipeline has other settings: %v\n", err)
	}
}

func newSubscribeList() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "ls", Short: "List the subscriptions with their states and waiting deliveries", Args: noArgs,
	}
	load := configured(cmd, quiet)
	cmd.Flags().BoolVar(&asJSON, "json", false, "Print each subscription as a line of JSON.")
	cmd.RunE = withSubscriptions(load, func(
		cmd *cobra.Command, _ configuration, _ store.Store, all subscriptionStore, _ []string,
	) error {
		out := cmd.OutOrStdout()
		t := newTable(width(out), "name", "state", "delivered", "waiting", "failed", "missed", "last delivery", "reason")
		lines, count := json.NewEncoder(out), 0
		err := eachSubscription(cmd.Context(), all, func(one subscriptions.Subscription) error {
			count++
			if asJSON {
				one.Spec = one.Shown()
				return lines.Encode(one)
			}
			if count <= maxRows {
				last := ""
				if !one.DeliveryTime.IsZero() {
					last = when(out, one.DeliveryTime)
				}
				t.AppendRow(table.Row{
					one.Name, one.State, one.Delivered, one.Pending, one.Failed, one.Missed, last, one.Reason,
				})
			}
			return nil
		})
		if err != nil || asJSON {
			return err
		}
		if count > 0 {
			fmt.Fprintln(out, t.Render())
		}
		more := ""
		if count > maxRows {
			more = fmt.Sprintf("; the first %d are shown, --json lists all", maxRows)
		}
		_, err = fmt.Fprintf(out, "%s%s\n", plural(count, "subscription"), more)
		return err
	})
	return cmd
}

// eachSubscription calls do for every subscription, ordered by name.
func eachSubscription(
	ctx context.Context, all subscriptionStore, do func(subscriptions.Subscription) error,
) error {
	for after := ""; ; {
		page, err := all.List(ctx, after, subscriptionsPage)
		if err != nil {
			return err
		}
		for _, one := range page {
			if err := do(one); err != nil {
				return err
			}
			after = one.Name
		}
		if len(page) < subscriptionsPage {
			return nil
		}
	}
}

func newSubscribeShow() *cobra.Command {
	cmd := &cobra.Command{
		Use: "show NAME", Short: "Print a subscription as JSON, without its secrets", Args: oneArg(subscriptionArg),
	}
	cmd.RunE = withSubscriptions(configured(cmd, quiet), func(
		cmd *cobra.Command, _ configuration, _ store.Store, all subscriptionStore, args []string,
	) error {
		one, err := all.Get(cmd.Context(), args[0])
		if err != nil {
			return err
		}
		one.Spec = one.Shown()
		lines := json.NewEncoder(cmd.OutOrStdout())
		lines.SetIndent("", "  ")
		return lines.Encode(one)
	})
	return cmd
}

func newSubscribeRemove() *cobra.Command {
	cmd := &cobra.Command{
		Use: "remove NAME", Short: "Remove a subscription with its deliveries", Args: oneArg(subscriptionArg),
	}
	cmd.RunE = withSubscriptions(configured(cmd, quiet), func(
		cmd *cobra.Command, _ configuration, _ store.Store, all subscriptionStore, args []string,
	) error {
		if err := all.Remove(cmd.Context(), args[0]); err != nil {
			return err
		}
		_, err := fmt.Fprintf(cmd.OutOrStdout(), "removed %s\n", args[0])
		return err
	})
	return cmd
}

func newSubscribeResume() *cobra.Command {
	cmd := &cobra.Command{
		Use: "resume NAME", Short: "Resume a suspended subscription and deliver what is waiting",
		Args: oneArg(subscriptionArg),
	}
	cmd.RunE = withSubscriptions(configured(cmd, quiet), func(
		cmd *cobra.Command, _ configuration, _ store.Store, all subscriptionStore, args []string,
	) error {
		if err := all.Resume(cmd.Context(), args[0], time.Now()); err != nil {
			return err
		}
		_, err := fmt.Fprintf(cmd.OutOrStdout(), "%s is active\n", args[0])
		return err
	})
	return cmd
}
