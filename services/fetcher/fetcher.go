// Package fetcher is the first stage of the pipeline: it reads URLs from the
// subject `urls`, admits each one once, and fetches the pages politely and safely.
package fetcher

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"

	"github.com/dateline-news/dateline/internal/backlog"
	"github.com/dateline-news/dateline/internal/ledger"
	"github.com/dateline-news/dateline/internal/loop"
	"github.com/dateline-news/dateline/internal/pages"
	"github.com/dateline-news/dateline/internal/stage"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/topology"
	"github.com/dateline-news/dateline/internal/tracing"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/fetcher/internal/frontier"
	"github.com/dateline-news/dateline/services/fetcher/internal/httpget"
	"github.com/dateline-news/dateline/services/fetcher/internal/intake"
	"github.com/dateline-news/dateline/services/fetcher/internal/pace"
	"github.com/dateline-news/dateline/services/fetcher/internal/seen"
	"github.com/dateline-news/dateline/services/fetcher/internal/site"
)

// Inputs returns the streams and consumers that the stage reads from.
func Inputs() []backlog.Input {
	return []backlog.Input{
		{Stream: subject.StreamURLs, Consumer: subject.ConsumerIntake},
		{Stream: subject.StreamFrontier},
	}
}

// Env is the environment of the stage.
type Env struct {
	NC       *nats.Conn
	JS       jetstream.JetStream
	Registry prometheus.Registerer
	Log      *slog.Logger
	Traces   *tracing.Tracer // nil disables tracing
}

// Fetcher is the stage. Create it with New.
type Fetcher struct {
	intake   *stage.Loop
	ahead    *intake.Ahead
	frontier *frontier.Frontier
	client   *httpget.Client
	marks    *seen.Marks
	packing  *seen.Metrics
	js       jetstream.JetStream
	log      *slog.Logger
}

// New connects the stage to streams that topology.Reconcile has declared. The
// configuration must be valid.
func New(ctx context.Context, env Env, config Config) (*Fetcher, error) {
	if config.UserAgent == DefaultUserAgent && !config.AllowPrivate {
		env.Log.Warn("the user agent does not name who runs this fetcher: " +
			"set fetcher.user-agent to a name and a contact address before fetching from other people's sites")
	}
	client, err := newClient(config)
	if err != nil {
		return nil, err
	}
	return newWith(ctx, env, config, client)
}

// newWith is New with the caller's HTTP client.
func newWith(ctx context.Context, env Env, config Config, client *httpget.Client) (*Fetcher, error) {
	marks, err := seen.Open(ctx, env.JS)
	if err != nil {
		return nil, err
	}
	pageVisitor, err := newVisitor(ctx, env, config, client, marks)
	if err != nil {
		return nil, err
	}
	admission, err := newIntake(ctx, env, config, marks)
	if err != nil {
		return nil, err
	}
	queue, err := frontier.New(ctx, env.NC, env.JS, frontier.Config{
		Replica: replicaName(config.Replica), MaxInFlight: config.MaxInFlight, Quiet: config.Delay,
		MaxRetryWait: config.maxRetryWait(), DrainTimeout: config.DrainTimeout,
		Visitor: pageVisitor, Log: env.Log, Now: time.Now, Registry: env.Registry,
	})
	if err != nil {
		return nil, err
	}
	return &Fetcher{
		intake: admission, ahead: intake.NewAhead(env.JS, admission.Process, env.Log, time.Now),
		frontier: queue, client: client, marks: marks, packing: seen.NewMetrics(env.Registry),
		js: env.JS, log: env.Log,
	}, nil
}

// Run processes URLs until ctx ends. It then finishes the work in progress for at
// most the configured drain timeout. Unfinished URLs stay on the streams.
func (f *Fetcher) Run(ctx context.Context) error {
	defer f.client.Close()
	tasks, ctx := errgroup.WithContext(ctx)
	tasks.Go(func() error { return f.intake.Run(ctx) })
	tasks.Go(func() error { return f.ahead.Run(ctx) })
	tasks.Go(func() error { return f.frontier.Run(ctx) })
	tasks.Go(func() error { return f.removeAcked(ctx) })
	tasks.Go(func() error { return f.marks.KeepPacked(ctx, f.log, f.packing) })
	return tasks.Wait()
}

// removeInterval is the time between two checks for messages that were acked, but that
// the server has kept. A crash of the server leaves some.
const removeInterval = 10 * time.Second

// removeAcked removes such messages until ctx ends. They would count as waiting.
func (f *Fetcher) removeAcked(ctx context.Context) error {
	return loop.Every(ctx, removeInterval, func(ctx context.Context) error {
		removed, err := topology.RemoveAcked(ctx, f.js, subject.StreamURLs, subject.ConsumerIntake)
		if removed > 0 {
			f.log.Warn("removed acked messages that NATS had kept after a crash",
				"stream", subject.StreamURLs, "messages", removed)
		}
		if err != nil && ctx.Err() == nil {
			f.log.Warn("checking for acked messages failed, retrying", "stream", subject.StreamURLs, "error", err)
		}
		return nil
	})
}

func newClient(config Config) (*httpget.Client, error) {
	settings, err := clientConfig(config)
	if err != nil {
		return nil, err
	}
	client, err := httpget.New(settings)
	if err != nil {
		return nil, fmt.Errorf("preparing the HTTP client: %w", err)
	}
	return client, nil
}

func clientConfig(config Config) (httpget.Config, error) {
	nets, err := config.nets()
	if err != nil {
		return httpget.Config{}, err
	}
	ports, err := config.ports()
	if err != nil {
		return httpget.Config{}, err
	}
	proxy, err := config.proxy()
	if err != nil {
		return httpget.Config{}, err
	}
	return httpget.Config{
		UserAgent: config.UserAgent, ConnectTimeout: config.ConnectTimeout, HeaderTimeout: config.HeaderTimeout,
		IdleBodyTimeout: config.IdleBodyTimeout, TotalTimeout: config.TotalTimeout, MaxBodyBytes: config.MaxBodyBytes,
		AllowPrivate: config.AllowPrivate, AllowNets: nets, AllowPorts: ports, Proxy: proxy,
	}, nil
}

func newVisitor(
	ctx context.Context, env Env, config Config, client *httpget.Client, marks *seen.Marks,
) (*visitor, error) {
	metrics := stage.NewMetrics(env.Registry, datelinev1.Stage_STAGE_FETCH)
	writer := ledger.NewWriter(ledger.Config{
		JS: env.JS, Stage: datelinev1.Stage_STAGE_FETCH, Log: env.Log, Now: time.Now,
		Count: metrics.CountOutcome, CountUnkept: metrics.CountUnkept,
	})
	sites, err := site.Open(ctx, env.JS, client, config.breaker().MaxRest, time.Now)
	if err != nil {
		return nil, err
	}
	pauses, err := site.OpenPauses(ctx, env.JS, config.Delay, config.MaxRetryAfter, time.Now)
	if err != nil {
		return nil, err
	}
	paces, err := pace.Open(config.PaceFile, env.Log, time.Now)
	if err != nil {
		return nil, err
	}
	writing, err := pages.NewWriter(ctx, env.JS, writer, env.Log)
	if err != nil {
		return nil, err
	}
	resting := func() int { return sites.Resting(config.breaker()) }
	neighbours := pace.NewNeighbours(time.Now)
	registerSharing(env.Registry, neighbours)
	return &visitor{
		config: config, client: client, sites: sites, pauses: pauses, paces: paces, neighbours: neighbours,
		seen: marks, pages: writing, writer: writer, metrics: metrics,
		fetch: newFetchMetrics(env.Registry, time.Now, resting), log: env.Log, traces: env.Traces, now: time.Now,
	}, nil
}

const (
	// intakeAttempts is the maximum number of attempts to admit a URL.
	intakeAttempts = 8
	// intakeBatch is the maximum number of messages that are admitted together. Each
	// batch costs three synced writes, whatever its size.
	intakeBatch = 64
	// intakeWait is the maximum time to wait for a batch to fill up.
	intakeWait = 2 * time.Millisecond
)

func newIntake(ctx context.Context, env Env, config Config, marks *seen.Marks) (*stage.Loop, error) {
	consumer, err := env.JS.Consumer(ctx, subject.StreamURLs, subject.ConsumerIntake)
	if err != nil {
		return nil, fmt.Errorf("opening consumer %s: %w", subject.ConsumerIntake, err)
	}
	metrics := stage.NewMetrics(env.Registry, datelinev1.Stage_STAGE_INTAKE)
	return stage.New(stage.Config{
		Stage: datelinev1.Stage_STAGE_INTAKE, Consumer: consumer,
		Writer: ledger.NewWriter(ledger.Config{
			JS: env.JS, Stage: datelinev1.Stage_STAGE_INTAKE, Log: env.Log, Now: time.Now,
			Count: metrics.CountOutcome, CountUnkept: metrics.CountUnkept,
		}),
		Handle:  intake.New(env.JS, marks, env.Log, time.Now).Handle,
		Metrics: metrics, Log: env.Log, Traces: env.Traces, Workers: config.IntakeWorkers,
		Batch: intakeBatch, BatchWait: intakeWait, MaxAttempts: intakeAttempts, DrainTimeout: config.DrainTimeout,
	}), nil
}

// replicaName returns the configured name, or generates a unique one from the name
// of the machine.
func replicaName(configured string) string {
	if configured != "" {
		return configured
	}
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	safe := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' {
			return r
		}
		return '-'
	}, host)
	return safe + "-" + rand.Text()[:8]
}
