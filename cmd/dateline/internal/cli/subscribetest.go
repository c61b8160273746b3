package cli

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/spf13/cobra"

	"github.com/dateline-news/dateline/cmd/dateline/internal/pipeline"
	"github.com/dateline-news/dateline/cmd/dateline/internal/webapi"
	"github.com/dateline-news/dateline/services/indexer/store"
	"github.com/dateline-news/dateline/services/notifier"
	"github.com/dateline-news/dateline/services/notifier/sample"
	"github.com/dateline-news/dateline/services/notifier/subscriptions"
)

func newSubscribeTest() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "test NAME",
		Short: "Send a sample to the target of a subscription, and show request and answer",
		Long: `Sends the newest article that matches, or a made one, to the target of a subscription. The
message is like a delivery, but its type is test. The running notifier sends it, with its own
settings. If none runs, this command sends it, with the settings notifier.* that it is given.`,
		Args: oneArg(subscriptionArg),
	}
	cmd.RunE = withSubscriptions(configured(cmd, quiet), func(
		cmd *cobra.Command, cfg configuration, s store.Store, all subscriptionStore, args []string,
	) error {
		result, err := sendSample(cmd, cfg, s, all, args[0])
		if err != nil {
			return err
		}
		out := cmd.OutOrStdout()
		fmt.Fprintln(out, result.Request)
		if result.Status > 0 {
			fmt.Fprintf(out, "\n%d %s\n", result.Status, http.StatusText(result.Status))
		}
		if !result.Accepted {
			return fmt.Errorf("the target has not accepted the sample: %s", result.Detail)
		}
		_, err = fmt.Fprintf(out, "the target has accepted the sample after %.1f s\n", result.Seconds)
		return err
	})
	return cmd
}

// sendSample has the notifier of the deployment send a sample to the target of the subscription with a name. If none
// runs, it sends the sample itself.
func sendSample(
	cmd *cobra.Command, cfg configuration, s store.Store, all subscriptionStore, name string,
) (result sample.Result, err error) {
	if remote, ok := all.(webapi.Subscriptions); ok {
		return remote.Test(cmd.Context(), name)
	}
	one, err := all.Get(cmd.Context(), name)
	if err != nil {
		return result, err
	}
	var js jetstream.JetStream
	ctx := cmd.Context()
	bus, err := cfg.connect(cmd, pipeline.Attach)
	switch {
	case err == nil:
		defer func() { err = errors.Join(err, bus.Close()) }()
		ctx = cmd.Context()
		if result, err = sample.Ask(ctx, bus.NC, name); !errors.Is(err, sample.ErrNoNotifier) {
			return result, err
		}
		js = bus.JS
	case cfg.context != "" || cfg.NATS.URL != "" || one.Kind() == subscriptions.KindNATS:
		return result, err
	default:
		cmd.SetContext(ctx) // connect has ended its own
	}
	fmt.Fprintln(cmd.ErrOrStderr(), "Note: no notifier runs, so this command sends the sample, with its own settings.")
	targets, err := cfg.Notifier.Connect(js, cfg.S3)
	if err != nil {
		return result, err
	}
	defer targets.Close()
	return notifier.SendSample(ctx, s, targets, one)
}
