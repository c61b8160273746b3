package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
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
		Long: `Sends the newest article that matches, or a made one, to the target of a subscription. What
is sent is like a delivery, but its type is test. With a context that has only the address
of the web page, the notifier of the deployment sends it. Otherwise this command does, with
the settings notifier.* that it is given.`,
		Args: oneArg(subscriptionArg),
	}
	cmd.RunE = withSubscriptions(configured(cmd, quiet), func(
		cmd *cobra.Command, cfg configuration, s store.Store, all subscriptionStore, args []string,
	) error {
		result, err := sendSample(cmd.Context(), cfg, s, all, args[0])
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

// sendSample sends a sample to the target of the subscription with a name. Without a store, the notifier of the
// deployment does.
func sendSample(
	ctx context.Context, cfg configuration, s store.Store, all subscriptionStore, name string,
) (result sample.Result, err error) {
	if remote, ok := all.(webapi.Subscriptions); ok {
		return remote.Test(ctx, name)
	}
	one, err := all.Get(ctx, name)
	if err != nil {
		return result, err
	}
	var js jetstream.JetStream
	if one.Kind() == subscriptions.KindNATS {
		bus, err := pipeline.OpenBus(ctx, cfg.Config, slog.New(slog.DiscardHandler))
		if err != nil {
			return result, err
		}
		defer func() { err = errors.Join(err, bus.Close()) }()
		js = bus.JS
	}
	targets, err := cfg.Notifier.Connect(js, cfg.S3)
	if err != nil {
		return result, err
	}
	defer targets.Close()
	return notifier.SendSample(ctx, s, targets, one)
}
