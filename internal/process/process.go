// Package process is what every service's main does: read the configuration,
// connect, declare the streams, run, and stop in order.
package process

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/spf13/pflag"
	"golang.org/x/sync/errgroup"

	"github.com/dateline-news/dateline/internal/backlog"
	"github.com/dateline-news/dateline/internal/bus"
	"github.com/dateline-news/dateline/internal/config"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/telemetry"
	"github.com/dateline-news/dateline/internal/topology"
	"github.com/dateline-news/dateline/internal/tracing"
)

// Runner is a stage that works until its context ends.
type Runner interface {
	Run(ctx context.Context) error
}

// Env is what a stage is made with.
type Env struct {
	NC       *nats.Conn
	JS       jetstream.JetStream
	Registry *prometheus.Registry
	Log      *slog.Logger
	Traces   *tracing.Tracer
}

// Service describes a service.
type Service struct {
	// Name is the program's name, and About a sentence of what it does.
	Name, About string
	// Config points at the whole configuration, NATS, Admin and Tracing into it.
	Config  any
	NATS    *bus.Config
	Admin   *telemetry.Config
	Tracing *tracing.Config
	// Inputs are what the stage reads: the backlog of each is told in metrics.
	Inputs []backlog.Input
	// New makes the stage, and lists what else must be there for it to be
	// ready. The context is that of the process.
	New func(ctx context.Context, env Env) (Runner, []telemetry.Check, error)
}

// Exit codes.
const (
	exitOK      = 0
	exitFailure = 1
	exitUsage   = 2
)

// Main runs a service with the process's arguments until a signal tells it to
// stop, and returns the exit code.
func Main(s Service) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := s.main(ctx, os.Args[1:], os.Environ(), os.Stdout, os.Stderr)
	var usage *usageError
	switch {
	case err == nil, errors.Is(err, pflag.ErrHelp):
		return exitOK
	case errors.As(err, &usage):
		fmt.Fprintf(os.Stderr, "%s: %v\n", s.Name, err)
		return exitUsage
	}
	fmt.Fprintf(os.Stderr, "%s: %v\n", s.Name, err)
	return exitFailure
}

type usageError struct{ error }

func (s Service) main(ctx context.Context, args, environ []string, stdout, stderr io.Writer) error {
	flags := pflag.NewFlagSet(s.Name, pflag.ContinueOnError)
	flags.SetOutput(stdout)
	flags.Usage = func() {
		fmt.Fprintf(stdout, "%s\n\nUsage:\n  %[2]s [flags]\n  %[2]s healthcheck [flags]   Ask the running %[2]s whether it is ready.\n  %[2]s declare [flags]       Declare the streams and consumers in NATS, and end.\n\n%[3]s", s.About, s.Name, flags.FlagUsages())
	}
	file := flags.String("config", "", "Configuration file (YAML).")
	version := flags.Bool("version", false, "Print the version and end.")
	loader := config.NewLoader(flags, s.Config)
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, pflag.ErrHelp) {
			return err
		}
		return &usageError{fmt.Errorf("%w; %s --help lists the flags", err, s.Name)}
	}
	if *version {
		number, revision := telemetry.Build()
		fmt.Fprintf(stdout, "%s %s (%s)\n", s.Name, number, revision)
		return nil
	}
	command := flags.Arg(0)
	if flags.NArg() > 1 || command != "" && command != "healthcheck" && command != "declare" {
		return &usageError{fmt.Errorf("unexpected argument %q; %s --help lists what there is", flags.Arg(flags.NArg()-1), s.Name)}
	}
	if err := loader.Load(*file, environ); err != nil {
		return &usageError{fmt.Errorf("the configuration has problems:\n%w", err)}
	}
	log := s.Admin.Logger(stderr)
	switch command {
	case "healthcheck":
		return health(ctx, s.Admin.Addr)
	case "declare":
		return s.declare(ctx, log)
	}
	return s.run(ctx, log)
}

// declare brings the server in line for the services, whose users may not.
func (s Service) declare(ctx context.Context, log *slog.Logger) error {
	nc, js, err := bus.Connect(ctx, "declare", *s.NATS, log)
	if err != nil {
		return err
	}
	defer nc.Close()
	if err := s.prepare(ctx, js, topology.Reconcile); err != nil {
		return err
	}
	log.Info("declared", "nats", nc.ConnectedUrlRedacted(), "replicas", s.NATS.Replicas)
	return nil
}

// prepareTimeout bounds the declaring of the streams, or the wait for them.
const prepareTimeout = time.Minute

func (s Service) prepare(ctx context.Context, js jetstream.JetStream, prepare func(context.Context, jetstream.JetStream, topology.Limits) error) error {
	ctx, cancel := context.WithTimeout(ctx, prepareTimeout)
	defer cancel()
	return prepare(ctx, js, topology.Limits{Replicas: s.NATS.Replicas})
}

func (s Service) run(ctx context.Context, log *slog.Logger) error {
	nc, js, err := bus.Connect(ctx, s.Name, *s.NATS, log)
	if err != nil {
		return err
	}
	defer nc.Close()
	prepare := topology.Reconcile
	if !s.NATS.Declare {
		prepare = topology.Await
	}
	if err := s.prepare(ctx, js, prepare); err != nil {
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
	waiting := backlog.New(js, env.Registry, log, time.Now, s.Inputs...)
	tasks, ctx := errgroup.WithContext(ctx)
	tasks.Go(func() error { return runner.Run(ctx) })
	tasks.Go(func() error { return waiting.Run(ctx) })
	tasks.Go(func() error {
		handler := telemetry.Handler(env.Registry, append(Checks(nc, js), checks...), s.Admin.Routes()...)
		return telemetry.Serve(ctx, s.Admin.Addr, handler, log)
	})
	log.Info("started", "service", s.Name, "nats", nc.ConnectedUrlRedacted(), "admin", s.Admin.Addr)
	err = tasks.Wait()
	log.Info("stopped", "service", s.Name)
	return err
}

// Checks asks whether NATS is connected and the streams are there.
func Checks(nc *nats.Conn, js jetstream.JetStream) []telemetry.Check {
	return []telemetry.Check{
		{Name: "nats", Test: func(context.Context) error {
			if !nc.IsConnected() {
				return fmt.Errorf("not connected (%s)", nc.Status())
			}
			return nil
		}},
		{Name: "streams", Test: func(ctx context.Context) error {
			for _, name := range subject.Streams() {
				if _, err := js.Stream(ctx, name); err != nil {
					return fmt.Errorf("stream %s: %w", name, err)
				}
			}
			return nil
		}},
	}
}
