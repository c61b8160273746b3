// Package telemetry provides a process's logs, metrics and health endpoints.
package telemetry

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"

	"github.com/dateline-news/dateline/internal/escape"
)

// Config configures logs and the admin address.
type Config struct {
	Addr      string   `doc:"Address to serve /metrics, /healthz and /readyz on. Empty serves nothing."`
	Hosts     []string `doc:"Host names under which the admin address is reached, besides IP addresses, names without a dot, and names in .local, .localhost and .internal. Requests to other names are refused, except those of probes (/healthz and /readyz)."`
	LogLevel  string   `doc:"Minimum severity to log: debug, info, warn or error."`
	LogFormat string   `doc:"Format of log lines: text or json."`
	Discover  []string `doc:"Names and ports of services, such as fetcher:9464, whose replicas /targets lists for Prometheus (HTTP service discovery). A service without an address is listed by its name, or left out if its entry ends in a question mark: archiver:9464?. Empty lists none."`
	Pprof     bool     `doc:"Serve profiles of the running process on the admin address under /debug/pprof/. They reveal internals of the process: do not expose the address."`
}

// DefaultConfig returns a configuration that serves on loopback and logs text.
func DefaultConfig() Config {
	return Config{Addr: "127.0.0.1:9464", LogLevel: "info", LogFormat: "text"}
}

// Validate returns an error that lists every problem.
func (c Config) Validate() error {
	var level slog.Level
	var problems []error
	if err := level.UnmarshalText([]byte(c.LogLevel)); err != nil {
		problems = append(problems, fmt.Errorf("log level is %q: choose debug, info, warn or error", c.LogLevel))
	}
	if c.LogFormat != "text" && c.LogFormat != "json" {
		problems = append(problems, fmt.Errorf("log format is %q: choose text or json", c.LogFormat))
	}
	for _, host := range c.Hosts {
		if host == "" || strings.ContainsAny(host, ":/* ") {
			problems = append(problems, fmt.Errorf("hosts contains %q: use host names without a port, such as "+
				"metrics.example.com", host))
		}
	}
	for _, service := range c.Discover {
		host, port, err := net.SplitHostPort(strings.TrimSuffix(service, optionalSuffix))
		if err != nil || host == "" || port == "" {
			problems = append(problems,
				fmt.Errorf("discover contains %q: use names with ports, such as fetcher:9464", service))
		}
	}
	return errors.Join(problems...)
}

// Logger returns the process's logger. The configuration must be valid. Text from sites
// is escaped.
func (c Config) Logger(w io.Writer) *slog.Logger {
	var level slog.Level
	if level.UnmarshalText([]byte(c.LogLevel)) != nil {
		level = slog.LevelInfo
	}
	w = escape.NewWriter(w)
	options := &slog.HandlerOptions{Level: level}
	if c.LogFormat == "json" {
		return slog.New(traced{slog.NewJSONHandler(w, options)})
	}
	return slog.New(traced{slog.NewTextHandler(w, options)})
}
