package process

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/sync/errgroup"

	"github.com/dateline-news/dateline/internal/backlog"
	"github.com/dateline-news/dateline/internal/bus"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/telemetry"
	"github.com/dateline-news/dateline/internal/topology"
	"github.com/dateline-news/dateline/internal/tracing"
)

// prepareTimeout is the maximum time to declare the streams or to wait for them.
const prepareTimeout = time.Minute

// prepareFunc is topology.Reconcile or topology.Await.
type prepareFunc func(context.Context, jetstream.JetStream, topology.Limits) error

func (s Service) prepareStreams(ctx context.Context, js jetstream.JetStream, prepare prepareFunc) error {
	ctx, cancel := context.WithTimeout(ctx, prepareTimeout)
	defer cancel()
	return prepare(ctx, js, s.limits())
}

// limits returns what the streams must have for the service.
func (s Service) limits() topology.Limits {
	return topology.Limits{Replicas: s.NATS.Replicas, Archive: s.Archive}
}

// declare declares the streams, for services whose NATS users may not.
func (s Service) declare(ctx context.Context, log *slog.Logger) error {
	nc, js, err := bus.Connect(ctx, commandDeclare, *s.NATS, log)
	if err != nil {
		return err
	}
	defer nc.Close()
	if err := s.prepareStreams(ctx, js, topology.Reconcile); err != nil {
		return err
	}
	log.Info("declared", "nats", nc.ConnectedUrlRedacted(), "replicas", s.NATS.Replicas)
	return nil
}

// run runs the service until ctx ends or one of its parts fails.
func (s Service) run(ctx context.Context, log *slog.Logger) error {
	nc, js, err := bus.Connect(ctx, s.Name, *s.NATS, log)
	if err != nil {
		return err
	}
	defer nc.Close()
	prepare := prepareFunc(topology.Reconcile)
	if !s.NATS.Declare {
		prepare = topology.Await
	}
	if err := s.prepareStreams(ctx, js, prepare); err != nil {
		return err
	}
	version, _ := telemetry.Build()
	traces, err := tracing.New(ctx, *s.Tracing, s.Name, version, log)
	if err != nil {
		return err
	}
	defer traces.Close(ctx)
	env := Env{NC: nc, JS: js, Registry: telemetry.NewRegistry(s.Name), Log: log, Traces: traces}
	runner, checks, err := s.New(ctx, env)
	if err != nil {
		return err
	}
	bus.Expose(nc, env.Registry)
	backlogs := backlog.New(js, env.Registry, log, time.Now, s.Inputs...)
	admin := telemetry.Handler(env.Registry, append(Checks(nc, js, s.Name), checks...), s.Admin.Routes()...)
	tasks, ctx := errgroup.WithContext(ctx)
	tasks.Go(func() error { return runner.Run(ctx) })
	tasks.Go(func() error { return backlogs.Run(ctx) })
	if s.NATS.Declare {
		tasks.Go(func() error { return topology.Keep(ctx, js, s.limits(), log) })
	}
	tasks.Go(func() error { return s.Admin.Serve(ctx, admin, log) })
	log.Info("started", "service", s.Name, "nats", nc.ConnectedUrlRedacted(), "admin", s.Admin.Addr)
	err = tasks.Wait()
	log.Info("stopped", "service", s.Name)
	return err
}

// Checks returns the readiness checks of a process that uses NATS: it is connected, the
// streams exist, and messages are stored.
func Checks(nc *nats.Conn, js jetstream.JetStream, name string) []telemetry.Check {
	probe := &storageProbe{js: js, key: subject.KVKey(subject.BucketHealth, name), now: time.Now}
	return []telemetry.Check{
		{Name: "nats", Test: func(context.Context) error {
			if !nc.IsConnected() {
				return fmt.Errorf("not connected (%s)", nc.Status())
			}
			return nil
		}},
		{Name: "streams", Test: func(ctx context.Context) error {
			for _, name := range subject.Streams() {
				_, err := js.Stream(ctx, name)
				if errors.Is(err, jetstream.ErrStreamNotFound) {
					return fmt.Errorf("stream %s: %w: run the command declare as a NATS user who may create streams, "+
						"unless a service with nats.declare does", name, err)
				}
				if err != nil {
					return fmt.Errorf("stream %s: %w", name, err)
				}
			}
			return nil
		}},
		{Name: "storage", Test: probe.test},
	}
}
