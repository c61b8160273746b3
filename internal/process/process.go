// Package process implements the main function of every service: it reads the
// configuration, connects to NATS, declares the streams, runs the stage, and stops
// everything in order.
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

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/spf13/pflag"

	"github.com/dateline-news/dateline/internal/backlog"
	"github.com/dateline-news/dateline/internal/bus"
	"github.com/dateline-news/dateline/internal/config"
	"github.com/dateline-news/dateline/internal/escape"
	"github.com/dateline-news/dateline/internal/telemetry"
	"github.com/dateline-news/dateline/internal/tracing"
)

// Runner is a stage that runs until its context ends.
type Runner interface {
	Run(ctx context.Context) error
}

// Env holds the dependencies that a process provides to its stage.
type Env struct {
	NC       *nats.Conn
	JS       jetstream.JetStream
	Registry *prometheus.Registry
	Log      *slog.Logger
	Traces   *tracing.Tracer
}

// Service describes a service. All fields are required, except Inputs
// and Archive.
type Service struct {
	// Name is the name of the program, and About a sentence about it.
	Name, About string
	// Config points to the whole configuration, and NATS, Admin and Tracing to
	// their sections in it.
	Config  any
	NATS    *bus.Config
	Admin   *telemetry.Config
	Tracing *tracing.Config
	// Inputs are the consumers that the stage reads, whose backlog is exposed as
	// metrics.
	Inputs []backlog.Input
	// Archive declares the consumer of the archiver.
	Archive bool
	// New creates the stage and returns additional readiness checks. ctx is the
	// context of the process.
	New func(ctx context.Context, env Env) (Runner, []telemetry.Check, error)
}

// Exit codes.
const (
	exitOK      = 0
	exitFailure = 1
	exitUsage   = 2
)

// Main runs a service with the arguments of the process until it receives SIGINT
// or SIGTERM, and returns the exit code.
func Main(s Service) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := s.main(ctx, os.Args[1:], os.Environ(), os.Stdout, os.Stderr)
	if err == nil || errors.Is(err, pflag.ErrHelp) {
		return exitOK
	}
	fmt.Fprintf(escape.NewWriter(os.Stderr), "%s: %v\n", s.Name, err)
	if _, usage := errors.AsType[*usageError](err); usage {
		return exitUsage
	}
	return exitFailure
}

// usageError is an error in the arguments or the configuration.
type usageError struct{ error }

// The subcommands. Without one, the service runs.
const (
	commandHealthcheck = "healthcheck"
	commandDeclare     = "declare"
)

const usageText = `%[1]s

Usage:
  %[2]s [flags]
  %[2]s healthcheck [flags]   Check whether the running %[2]s is ready.
  %[2]s declare [flags]       Declare the streams and consumers in NATS, and exit.

%[3]s`

func (s Service) main(ctx context.Context, args, environ []string, stdout, stderr io.Writer) error {
	flags := pflag.NewFlagSet(s.Name, pflag.ContinueOnError)
	flags.SetOutput(stdout)
	flags.Usage = func() { fmt.Fprintf(stdout, usageText, s.About, s.Name, flags.FlagUsages()) }
	file := flags.String("config", "", "Configuration file (YAML).")
	version := flags.Bool("version", false, "Print the version and exit.")
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
	known := command == "" || command == commandHealthcheck || command == commandDeclare
	if !known || flags.NArg() > 1 {
		return &usageError{fmt.Errorf("unexpected argument %q; %s --help lists the commands",
			flags.Arg(flags.NArg()-1), s.Name)}
	}
	if err := loader.Load(environ, *file); err != nil {
		return &usageError{fmt.Errorf("invalid configuration:\n%w", err)}
	}
	log := s.Admin.Logger(stderr)
	switch command {
	case commandHealthcheck:
		return checkHealth(ctx, s.Admin.Addr)
	case commandDeclare:
		return s.declare(ctx, log)
	}
	return s.run(ctx, log)
}
