package cli

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/dateline-news/dateline/cmd/dateline/internal/webapi"
	"github.com/dateline-news/dateline/services/indexer/store"
	"github.com/dateline-news/dateline/services/notifier/subscriptions"
)

// subscriptionStore manages subscriptions in the store of a deployment or over its HTTP API. Its methods are
// described at subscriptions.Subscriptions.
type subscriptionStore interface {
	List(ctx context.Context, after string, limit int) ([]subscriptions.Subscription, error)
	Get(ctx context.Context, name string) (subscriptions.Subscription, error)
	Complete(ctx context.Context, spec subscriptions.Spec) (subscriptions.Spec, error)
	Put(ctx context.Context, spec subscriptions.Spec, secrets []string, now time.Time) error
	Remove(ctx context.Context, name string) error
	Resume(ctx context.Context, name string, now time.Time) error
	Log(ctx context.Context, name string, before int64, limit int) ([]subscriptions.Delivery, error)
	Resend(ctx context.Context, name string, id int64, now time.Time) error
	ResendFailed(ctx context.Context, name string, now time.Time) (int, error)
	Replay(ctx context.Context, name string, since, now time.Time) (subscriptions.Replayed, error)
}

// withSubscriptions returns a function for RunE that calls run with the store of the deployment and its
// subscriptions. If this machine cannot reach the store, they are managed over the HTTP API, and the store is nil.
func withSubscriptions(load loader, run func(*cobra.Command, configuration, store.Store, subscriptionStore,
	[]string) error) func(*cobra.Command, []string) error {
	return storeOrAPI(load, func(cmd *cobra.Command, cfg configuration, api webapi.Client, args []string) error {
		return run(cmd, cfg, nil, api.Subscriptions(), args)
	}, func(cmd *cobra.Command, cfg configuration, s store.Store, args []string) error {
		do := func() error { return run(cmd, cfg, s, subscriptions.Of(s), args) }
		if slices.Contains([]string{"add", "remove", "resume", "resend", "replay", "apply", "test"}, cmd.Name()) {
			object := strings.Join(append([]string{cmd.Name()}, args...), " ")
			return audited(cmd.Context(), s, "subscribe", object, do)
		}
		return do()
	})
}

// validate reports what cannot work about a subscription. Over HTTP, a target with a part that is not shown is
// completed by the server, which validates the subscription then.
func validate(all subscriptionStore, spec subscriptions.Spec) error {
	if _, remote := all.(webapi.Subscriptions); remote && !spec.IsWhole() {
		return nil
	}
	return spec.Validate()
}
