// Package notifier is a stage behind the indexer. It delivers new, changed and erased articles to
// subscriptions.
package notifier

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"

	"github.com/dateline-news/dateline/internal/loop"
	"github.com/dateline-news/dateline/internal/objects"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/services/indexer/store"
	"github.com/dateline-news/dateline/services/notifier/subscriptions"
	"github.com/dateline-news/dateline/services/notifier/targets"
)

const (
	// matchInterval is the time between two looks for new revisions, deliverInterval that between two
	// looks for subscriptions that are due, unless a match has just been stored.
	matchInterval, deliverInterval = 250 * time.Millisecond, 500 * time.Millisecond
	// upkeepInterval is the time between two steps of deleting old deliveries and counting what waits.
	upkeepInterval = 5 * time.Second
	// forgetStep is the number of deliveries that are deleted at once.
	forgetStep = 5_000
)

// Dependencies are what a Notifier uses.
type Dependencies struct {
	// JS is a connection to streams that topology.Reconcile has declared.
	JS jetstream.JetStream
	// Store has the subscriptions and the articles.
	Store interface {
		SQL() store.Database
		store.Reader
	}
	// Replica is the name of this process, unique among the running ones. A process that was killed takes its
	// subscriptions back at once if it starts again under the same name. Empty generates a name.
	Replica string
	// S3 is the service of the bucket that notifier.files names.
	S3       objects.Config
	Registry prometheus.Registerer
	Log      *slog.Logger
}

// Notifier is the notifying stage. Create it with New.
type Notifier struct {
	config        Config
	nc            *nats.Conn
	stream        jetstream.Stream
	articles      store.Reader
	subscriptions *subscriptions.Subscriptions
	targets       *targets.Targets
	metrics       *metrics
	log           *slog.Logger
	owner         string
	matching      matching
	// due is signalled after matches were stored or a turn has ended.
	due chan struct{}

	pace    *pace
	results *results

	mu     sync.Mutex
	turns  map[string]int         // that run, by the host of the target
	leases map[string]*time.Timer // that end turns, by the ids of their subscriptions
	stray  map[string]bool        // ids of subscriptions that may be claimed without a turn
}

// New returns a Notifier for a valid configuration.
func New(ctx context.Context, config Config, deps Dependencies) (*Notifier, error) {
	stream, err := deps.JS.Stream(ctx, subject.StreamRevisions)
	if err != nil {
		return nil, fmt.Errorf("opening stream %s: %w", subject.StreamRevisions, err)
	}
	sending, err := config.Connect(deps.JS, deps.S3)
	if err != nil {
		return nil, err
	}
	n := &Notifier{
		config: config, nc: deps.JS.Conn(), stream: stream, articles: deps.Store, subscriptions: subscriptions.Of(deps.Store),
		targets: sending, metrics: newMetrics(deps.Registry), log: deps.Log,
		owner: cmp.Or(deps.Replica, rand.Text()), matching: newMatching(), due: make(chan struct{}, 1),
		turns: map[string]int{}, leases: map[string]*time.Timer{}, stray: map[string]bool{},
	}
	n.pace = newPace(n.subscriptions)
	n.results = &results{subscriptions: n.subscriptions, owner: n.owner, pace: n.pace}
	if deps.Replica != "" {
		if err := n.subscriptions.ReleaseAll(ctx, n.owner); err != nil {
			return nil, err
		}
	}
	return n, nil
}

// Run matches and delivers until ctx ends. It then finishes the requests in progress, for at most the configured
// drain timeout.
func (n *Notifier) Run(ctx context.Context) error {
	defer n.targets.Close()
	tasks, ctx := errgroup.WithContext(ctx)
	tasks.Go(func() error { return loop.Every(ctx, matchInterval, n.matchAll) })
	tasks.Go(func() error { return n.deliver(ctx) })
	tasks.Go(func() error { return n.serveSamples(ctx) })
	tasks.Go(func() error { return loop.Every(ctx, upkeepInterval, n.upkeep) })
	return tasks.Wait()
}

// upkeep deletes old deliveries and measures what waits. Failures are retried at the next call.
func (n *Notifier) upkeep(ctx context.Context) error {
	now := time.Now()
	behind, err := Behind(ctx, n.stream, n.subscriptions, now)
	if err == nil {
		n.metrics.behind.Set(behind.Seconds())
	}
	summary, failure := n.subscriptions.Summarize(ctx, now)
	if err = errors.Join(err, failure); failure == nil {
		n.metrics.show(summary, now)
		_, failure = n.subscriptions.Forget(ctx, now.Add(-n.config.Keep), forgetStep)
		err = errors.Join(err, failure)
	}
	if err != nil && ctx.Err() == nil {
		n.log.WarnContext(ctx, "upkeep of deliveries failed, retrying", "stage", "notify", "error", err)
	}
	return nil
}

func (n *Notifier) signalDue() {
	select {
	case n.due <- struct{}{}:
	default:
	}
}
