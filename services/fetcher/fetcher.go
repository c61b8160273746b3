// Package fetcher is the first stage of the pipeline: it takes URLs from the
// subject `urls`, admits each once, and fetches them politely and safely.
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
	"github.com/dateline-news/dateline/internal/stage"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/tracing"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/fetcher/internal/frontier"
	"github.com/dateline-news/dateline/services/fetcher/internal/httpget"
	"github.com/dateline-news/dateline/services/fetcher/internal/intake"
	"github.com/dateline-news/dateline/services/fetcher/internal/pace"
	"github.com/dateline-news/dateline/services/fetcher/internal/seen"
	"github.com/dateline-news/dateline/services/fetcher/internal/site"
)

// Inputs are what the stage reads.
func Inputs() []backlog.Input {
	return []backlog.Input{{Stream: subject.StreamURLs, Consumer: subject.ConsumerIntake}, {Stream: subject.StreamFrontier}}
}

// Fetcher is the stage. Make it with New.
type Fetcher struct {
	intake   *stage.Loop
	frontier *frontier.Frontier
	client   *httpget.Client
}

// New connects the stage to streams that topology.Reconcile has declared. The
// configuration must be valid; nil traces make no spans.
func New(ctx context.Context, nc *nats.Conn, js jetstream.JetStream, config Config, reg prometheus.Registerer, log *slog.Logger, traces *tracing.Tracer) (*Fetcher, error) {
	if config.UserAgent == DefaultUserAgent && !config.AllowPrivate {
		log.Warn("the fetcher names nobody who runs it: set fetcher.user-agent to a name and a contact address before fetching from other people's sites")
	}
	client, err := newClient(config)
	if err != nil {
		return nil, err
	}
	return newWith(ctx, nc, js, config, client, reg, log, traces)
}

func newWith(ctx context.Context, nc *nats.Conn, js jetstream.JetStream, config Config, client *httpget.Client, reg prometheus.Registerer, log *slog.Logger, traces *tracing.Tracer) (*Fetcher, error) {
	marks, err := seen.Open(ctx, js)
	if err != nil {
		return nil, err
	}
	visitor, err := newVisitor(ctx, nc, js, config, client, marks, reg, log)
	if err != nil {
		return nil, err
	}
	visitor.traces = traces
	admission, err := newIntake(ctx, js, config, marks, reg, log, traces)
	if err != nil {
		return nil, err
	}
	queue, err := frontier.New(ctx, nc, js, frontier.Config{
		Replica: replicaName(config.Replica), MaxInFlight: config.MaxInFlight, Quiet: config.Delay,
		DrainTimeout: config.DrainTimeout, Visitor: visitor, Log: log, Now: time.Now, Registry: reg,
	})
	if err != nil {
		return nil, err
	}
	return &Fetcher{intake: admission, frontier: queue, client: client}, nil
}

// Run works until ctx ends, then finishes what is under way for at most the
// configured drain timeout. What is not finished stays on the streams.
func (f *Fetcher) Run(ctx context.Context) error {
	defer f.client.Close()
	tasks, ctx := errgroup.WithContext(ctx)
	tasks.Go(func() error { return f.intake.Run(ctx) })
	tasks.Go(func() error { return f.frontier.Run(ctx) })
	return tasks.Wait()
}

func newClient(config Config) (*httpget.Client, error) {
	nets, err := config.nets()
	if err != nil {
		return nil, err
	}
	ports, err := config.ports()
	if err != nil {
		return nil, err
	}
	proxy, err := config.proxy()
	if err != nil {
		return nil, err
	}
	client, err := httpget.New(httpget.Config{
		UserAgent: config.UserAgent, ConnectTimeout: config.ConnectTimeout, HeaderTimeout: config.HeaderTimeout,
		IdleBodyTimeout: config.IdleBodyTimeout, TotalTimeout: config.TotalTimeout, MaxBodyBytes: config.MaxBodyBytes,
		AllowPrivate: config.AllowPrivate, AllowNets: nets, AllowPorts: ports, Proxy: proxy,
	})
	if err != nil {
		return nil, fmt.Errorf("preparing the HTTP client: %w", err)
	}
	return client, nil
}

func newVisitor(ctx context.Context, nc *nats.Conn, js jetstream.JetStream, config Config, client *httpget.Client, marks *seen.Marks, reg prometheus.Registerer, log *slog.Logger) (*visitor, error) {
	metrics := stage.NewMetrics(reg, datelinev1.Stage_STAGE_FETCH)
	writer := ledger.NewWriter(js, datelinev1.Stage_STAGE_FETCH, log, time.Now, metrics.CountOutcome)
	sites, err := site.Open(ctx, js, client, time.Now)
	if err != nil {
		return nil, err
	}
	paces, err := pace.Open(config.PaceFile, log, time.Now)
	if err != nil {
		return nil, err
	}
	pages, err := newPageWriter(ctx, nc, js, writer, log)
	if err != nil {
		return nil, err
	}
	resting := func() int { return sites.Resting(config.breaker()) }
	return &visitor{
		config: config, client: client, sites: sites, paces: paces, neighbours: pace.NewNeighbours(time.Now), seen: marks, pages: pages, writer: writer,
		metrics: metrics, fetch: newFetchMetrics(reg, time.Now, resting), log: log, now: time.Now,
	}, nil
}

func newIntake(ctx context.Context, js jetstream.JetStream, config Config, marks *seen.Marks, reg prometheus.Registerer, log *slog.Logger, traces *tracing.Tracer) (*stage.Loop, error) {
	consumer, err := js.Consumer(ctx, subject.StreamURLs, subject.ConsumerIntake)
	if err != nil {
		return nil, fmt.Errorf("opening consumer %s: %w", subject.ConsumerIntake, err)
	}
	metrics := stage.NewMetrics(reg, datelinev1.Stage_STAGE_INTAKE)
	return stage.New(stage.Config{
		Stage: datelinev1.Stage_STAGE_INTAKE, Consumer: consumer,
		Writer:  ledger.NewWriter(js, datelinev1.Stage_STAGE_INTAKE, log, time.Now, metrics.CountOutcome),
		Handle:  intake.New(js, marks, log, time.Now).Handle,
		Metrics: metrics, Log: log, Traces: traces, Workers: config.IntakeWorkers, Batch: 1,
		MaxAttempts: 8, DrainTimeout: config.DrainTimeout,
	}), nil
}

// replicaName makes a name up that no other living process has.
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
