package trial

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// Config is the configuration of a stack.
type Config struct {
	// Dateline and Prometheus are the paths of the programs, Rules is the folder of rules.
	Dateline, Prometheus, Rules string
	// Dir is the folder for the data and logs of both programs.
	Dir string
	// Bursts adds a few hundred URLs at once every other minute to the load.
	Bursts bool
	// Relabel is appended to the scrape configuration, for example to rename a metric.
	Relabel string
}

// Stack is a running Dateline under load, and a Prometheus that scrapes it.
type Stack struct {
	// Prometheus is the URL of the Prometheus.
	Prometheus string

	cancel  context.CancelFunc
	tasks   sync.WaitGroup
	endLoad func()
	press   *press
	mu      sync.Mutex
	failed  []error
}

// startTimeout is the maximum time until both programs are ready.
const startTimeout = 90 * time.Second

// Start starts everything on loopback. Call Stop at the end.
func Start(ctx context.Context, config Config) (*Stack, error) {
	ports, err := freePorts(ctx, 4)
	if err != nil {
		return nil, err
	}
	admin, web, bus, prom := ports[0], ports[1], ports[2], ports[3]
	rules, err := filepath.Abs(config.Rules)
	if err != nil {
		return nil, fmt.Errorf("finding the rules: %w", err)
	}
	settings := filepath.Join(config.Dir, "prometheus.yml")
	if err := os.WriteFile(settings, fmt.Appendf(nil, scrape, rules, admin, config.Relabel, prom), 0o600); err != nil {
		return nil, fmt.Errorf("writing Prometheus's configuration: %w", err)
	}
	running, cancel := context.WithCancel(ctx)
	s := &Stack{Prometheus: "http://" + prom, cancel: cancel, endLoad: func() {}}
	if s.press, err = openPress(running); err != nil {
		cancel()
		return nil, err
	}
	s.program(running, config.Dir, config.Dateline, "up", "--context=",
		"--data-dir", filepath.Join(config.Dir, "data"), "--archive", filepath.Join(config.Dir, "archive"),
		"--admin-addr", admin, "--http-addr", web, "--data-nats-addr", bus,
		"--fetcher-allow-private", "--fetcher-delay", "100ms", "--fetcher-delay-factor", "0",
		"--fetcher-max-attempts", "2", "--fetcher-retry-delay", "2s", "--fetcher-breaker-rest", "20s",
		"--discoverer-min-interval", "2s", "--discoverer-max-interval", "5s",
		"--notifier-allow-hosts", hookHost)
	s.program(running, config.Dir, config.Prometheus,
		"--config.file", settings, "--storage.tsdb.path", filepath.Join(config.Dir, "prometheus"),
		"--web.listen-address", prom,
		"--enable-feature", "created-timestamp-zero-ingestion", "--log.level", "warn")
	starting, stop := context.WithTimeout(running, startTimeout)
	defer stop()
	for _, url := range []string{"http://" + admin + "/readyz", s.Prometheus + "/-/ready"} {
		if err := ready(starting, url); err != nil {
			return nil, errors.Join(err, s.Stop())
		}
	}
	for _, args := range [][]string{
		{"sources", "add", s.press.origins[0] + "/feed.xml"},
		{"subscribe", "add", "everything", "--to", s.press.hook, "--unsigned"},
	} {
		if err := command(starting, config, args...); err != nil {
			return nil, errors.Join(err, s.Stop())
		}
	}
	loading, enough := context.WithCancel(running)
	ended := make(chan struct{})
	s.task("the load", func() error {
		defer close(ended)
		// The file has the address with user and password.
		natsURL, err := os.ReadFile(filepath.Join(config.Dir, "data", "nats.url"))
		if err != nil {
			return err
		}
		return load{press: s.press, natsURL: string(natsURL), webURL: "http://" + web, bursts: config.Bursts}.run(loading)
	})
	s.endLoad = func() { enough(); <-ended }
	return s, nil
}

// command runs a command on the running Dateline.
func command(ctx context.Context, config Config, args ...string) error {
	args = append(args, "--context=", "--data-dir", filepath.Join(config.Dir, "data"))
	cmd := exec.CommandContext(ctx, config.Dateline, args...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("running %q: %w: %s", args, err, out)
	}
	return nil
}

// scrape is the configuration of Prometheus: the shipped settings with shorter
// intervals.
const scrape = `global:
  scrape_interval: 1s
  scrape_timeout: 1s
  evaluation_interval: 2s
  scrape_native_histograms: true
rule_files: ["%s/*.yaml"]
scrape_configs:
  - job_name: dateline
    always_scrape_classic_histograms: true
    static_configs: [{ targets: ["%s"] }]
%s
  - job_name: prometheus
    static_configs: [{ targets: ["%s"] }]
`

// task runs f in a goroutine. Stop returns the error of f.
func (s *Stack) task(name string, f func() error) {
	s.tasks.Go(func() {
		if err := f(); err != nil {
			s.mu.Lock()
			s.failed = append(s.failed, fmt.Errorf("%s: %w", name, err))
			s.mu.Unlock()
		}
	})
}

// program runs a program until ctx ends, and then gives it time to exit by itself.
func (s *Stack) program(ctx context.Context, dir, path string, args ...string) {
	name := filepath.Base(path)
	s.task(name, func() error {
		log, err := os.Create(filepath.Join(dir, name+".log"))
		if err != nil {
			return err
		}
		defer log.Close()
		cmd := exec.CommandContext(ctx, path, args...)
		cmd.Stdout, cmd.Stderr = log, log
		cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
		cmd.WaitDelay = 30 * time.Second
		if err := cmd.Run(); ctx.Err() == nil {
			return fmt.Errorf("ended early, see %s: %w", log.Name(), cmp.Or(err, errors.New("exit status 0")))
		}
		return nil
	})
}

// Stop stops the load first and then everything else. It returns all errors that
// occurred.
func (s *Stack) Stop() error {
	s.endLoad()
	s.cancel()
	s.tasks.Wait()
	return errors.Join(append(s.failed, s.press.close())...)
}

// ready waits until a URL answers with status 200.
func ready(ctx context.Context, url string) error {
	ticker := time.NewTicker(200 * time.Millisecond)
	defer ticker.Stop()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return fmt.Errorf("requesting %s: %w", url, err)
		}
		answer, err := http.DefaultClient.Do(req)
		if err == nil {
			answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				return nil
			}
			err = errors.New(answer.Status)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for %s: %w", url, err)
		case <-ticker.C:
		}
	}
}

// freePorts returns loopback addresses with ports that are free.
func freePorts(ctx context.Context, count int) ([]string, error) {
	var addresses []string
	for range count {
		listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
		if err != nil {
			return nil, fmt.Errorf("finding a free port: %w", err)
		}
		defer listener.Close()
		addresses = append(addresses, listener.Addr().String())
	}
	return addresses, nil
}
