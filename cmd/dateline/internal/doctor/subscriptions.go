package doctor

import (
	"context"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/services/indexer/store"
	"github.com/dateline-news/dateline/services/notifier"
	"github.com/dateline-news/dateline/services/notifier/subscriptions"
)

const (
	// maxNotifierWait is the longest time that a revision or a due delivery may wait for the notifier.
	maxNotifierWait = 2 * time.Minute
	// maxFailing is the longest time for which a target may fail.
	maxFailing = time.Hour
)

// examineSubscriptions looks for subscriptions that get nothing, and for work that no notifier does.
func examineSubscriptions(ctx context.Context, js jetstream.JetStream, s store.Store, r *report) error {
	const check = "subscriptions"
	all, now := subscriptions.Of(s), time.Now()
	summary, err := all.Summarize(ctx, now)
	if err != nil {
		return err
	}
	active, failing := summary.States[subscriptions.Active], summary.States[subscriptions.Failing]
	suspended := summary.States[subscriptions.Suspended]
	if active+failing+suspended == 0 {
		r.ok(check, "no subscriptions")
		return nil
	}
	stream, err := js.Stream(ctx, subject.StreamRevisions)
	if err != nil {
		return fmt.Errorf("reading stream %s: %w", subject.StreamRevisions, err)
	}
	behind, err := notifier.Behind(ctx, stream, all, now)
	if err != nil {
		return err
	}
	if !summary.OverdueSince.IsZero() {
		behind = max(behind, now.Sub(summary.OverdueSince))
	}
	if behind > maxNotifierWait {
		r.problem(check, "start the notifier, or look into its log",
			"new articles have waited %s for the notifier", behind.Round(time.Second))
	}
	if suspended > 0 {
		r.problem(check,
			"list them (dateline subscribe ls), repair their targets, and resume them (dateline subscribe resume)",
			"%s suspended: what matches is not delivered", plural(uint64(suspended), "subscription"))
	}
	if since := summary.FailingSince; !since.IsZero() && now.Sub(since) > maxFailing {
		r.problem(check, "list them (dateline subscribe ls), and repair their targets",
			"%s failing, for up to %s", plural(uint64(failing), "subscription"), now.Sub(since).Round(time.Minute))
	}
	if r.isFine(check) {
		r.ok(check, "%s, %s waiting", plural(uint64(active+failing), "active subscription"),
			deliveries(summary.Pending))
	}
	return nil
}

func deliveries(n int64) string {
	if n == 1 {
		return "1 delivery"
	}
	return fmt.Sprintf("%d deliveries", n)
}
