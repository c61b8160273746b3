// Package telemetry is what a process tells of itself: logs, metrics, and
// whether it lives and is ready.
package telemetry

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Config of logs and of the admin address.
type Config struct {
	Addr      string   `doc:"Address of /metrics, /healthz and /readyz; empty for none."`
	LogLevel  string   `doc:"Least severity that is logged: debug, info, warn or error."`
	LogFormat string   `doc:"Form of log lines: text or json."`
	Discover  []string `doc:"Names and ports of services, such as fetcher:9464, whose replicas /targets lists for Prometheus (HTTP service discovery); empty for none."`
	Pprof     bool     `doc:"Whether the admin address also answers on /debug/pprof/, with profiles of the running process. They tell much about it: keep the address to yourself."`
}

// DefaultConfig listens on loopback and logs text.
func DefaultConfig() Config {
	return Config{Addr: "127.0.0.1:9464", LogLevel: "info", LogFormat: "text"}
}

// Validate refuses unknown levels and formats.
func (c Config) Validate() error {
	var level slog.Level
	var problems []error
	if err := level.UnmarshalText([]byte(c.LogLevel)); err != nil {
		problems = append(problems, fmt.Errorf("log level is %q: choose debug, info, warn or error", c.LogLevel))
	}
	if c.LogFormat != "text" && c.LogFormat != "json" {
		problems = append(problems, fmt.Errorf("log format is %q: choose text or json", c.LogFormat))
	}
	for _, service := range c.Discover {
		if host, port, err := net.SplitHostPort(service); err != nil || host == "" || port == "" {
			problems = append(problems, fmt.Errorf("discover has %q: give names with ports, such as fetcher:9464", service))
		}
	}
	return errors.Join(problems...)
}

// Logger returns the process's logger. The configuration must be valid.
func (c Config) Logger(w io.Writer) *slog.Logger {
	var level slog.Level
	if level.UnmarshalText([]byte(c.LogLevel)) != nil {
		level = slog.LevelInfo
	}
	options := &slog.HandlerOptions{Level: level}
	if c.LogFormat == "json" {
		return slog.New(traced{slog.NewJSONHandler(w, options)})
	}
	return slog.New(traced{slog.NewTextHandler(w, options)})
}

// NewRegistry returns the one registry of a process, with build, runtime and
// process metrics in it.
func NewRegistry(component string) *prometheus.Registry {
	reg := prometheus.NewRegistry()
	version, revision := Build()
	info := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "dateline_build_info", Help: "Always 1; the labels say what runs.",
		ConstLabels: prometheus.Labels{"component": component, "version": version, "revision": revision},
	})
	info.Set(1)
	reg.MustRegister(info, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return reg
}

// linkedVersion is set by the linker where there is no repository to record a
// version from, such as in an image's build:
// -ldflags "-X github.com/dateline-news/dateline/internal/telemetry.linkedVersion=v1.2.3".
var linkedVersion string

// Build is the version and the revision that the program was built from, as
// the Go tool or the linker recorded them.
func Build() (version, revision string) {
	version, revision = cmp.Or(linkedVersion, "devel"), "unknown"
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return version, revision
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		version = v
	}
	for _, setting := range info.Settings {
		if setting.Key == "vcs.revision" {
			revision = setting.Value
		}
	}
	return version, revision
}

// Check says whether something that the process needs is there.
type Check struct {
	Name string
	Test func(context.Context) error
}

// writeTimeout bounds an answer; a profile of 30 s, as is usual, fits in.
const writeTimeout = 45 * time.Second

// checkTimeout bounds all checks of one request together.
const checkTimeout = 2 * time.Second

// Route is something else that the admin address answers.
type Route struct {
	// Pattern is one of http.ServeMux.
	Pattern string
	Handler http.Handler
}

// Serve answers on the admin address until ctx ends. An empty address serves
// nothing and waits for ctx.
func Serve(ctx context.Context, addr string, reg *prometheus.Registry, checks []Check, routes ...Route) error {
	if addr == "" {
		<-ctx.Done()
		return nil
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	if err != nil {
		if errors.Is(err, syscall.EADDRINUSE) {
			return fmt.Errorf("the admin address %s is in use: stop what uses it, or choose another (admin.addr)", addr)
		}
		return fmt.Errorf("listening on the admin address %s: %w", addr, err)
	}
	server := &http.Server{
		Handler:           Handler(reg, checks, routes...),
		ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: writeTimeout, IdleTimeout: time.Minute,
		MaxHeaderBytes: 16 << 10,
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serving on the admin address %s: %w", addr, err)
	case <-ctx.Done():
	}
	timeout, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	if server.Shutdown(timeout) != nil {
		server.Close()
	}
	<-failed
	return nil
}

// Handler is what the admin address answers: /metrics, /healthz (the process
// lives) and /readyz (200 when every check passes, else 503 with the reasons);
// and the routes.
func Handler(reg *prometheus.Registry, checks []Check, routes ...Route) http.Handler {
	mux := http.NewServeMux()
	for _, route := range routes {
		mux.Handle(route.Pattern, route.Handler)
	}
	mux.Handle("GET /metrics", promhttp.HandlerFor(reg, promhttp.HandlerOpts{Registry: reg, MaxRequestsInFlight: 8, Timeout: 20 * time.Second}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ok\n") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), checkTimeout)
		defer cancel()
		var report strings.Builder
		status := http.StatusOK
		for _, check := range checks {
			if err := check.Test(ctx); err != nil {
				status = http.StatusServiceUnavailable
				fmt.Fprintf(&report, "%s: %v\n", check.Name, err)
			} else {
				fmt.Fprintf(&report, "%s: ok\n", check.Name)
			}
		}
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.WriteHeader(status)
		io.WriteString(w, report.String())
	})
	return mux
}
