package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"

	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/topology"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/fetcher"
	"github.com/dateline-news/dateline/services/fetcher/bench/contender"
	"github.com/dateline-news/dateline/services/fetcher/internal/seen"
)

const (
	// slowHost is the slow host, and slowLatency the time before it responds.
	slowHost    = "127.99.0.1"
	slowLatency = 500 * time.Millisecond
	// fairDelay is the pause between two requests to a host.
	fairDelay = 250 * time.Millisecond
	// replicas is the number of fetchers.
	replicas = 3
	// fairnessTimeout bounds a trial.
	fairnessTimeout = 15 * time.Minute
	// maxPerHost is a limit of URLs per host that no trial reaches.
	maxPerHost = 200_000
	// messageTimeout bounds the wait for a stored page.
	messageTimeout = 10 * time.Second
)

// fairnessResult is the result of a trial for the healthy hosts.
type fairnessResult struct {
	took       time.Duration
	politeness report
	lost       int // pages that were never stored
}

// compareFairness measures how long three replicas take for the pages of the healthy
// hosts: without a slow host, with one, and with one while a replica is killed. It
// compares the times with the best that politeness allows: the latency and the pause,
// times the URLs of a host.
func compareFairness(s contender.Settings) error {
	perHost := (s.Pages + s.Hosts - 1) / s.Hosts
	ideal := time.Duration(perHost) * (s.Latency + fairDelay)
	fmt.Printf("%d URLs on %d hosts, at best %s\n", s.Pages, s.Hosts, ideal)
	for _, c := range []struct {
		name string
		slow int
		kill bool
	}{
		{"no slow host", 0, false},
		{"behind a slow host", s.Slow, false},
		{"with one replica killed", s.Slow, true},
	} {
		trial := s
		trial.Slow, trial.Watch = c.slow, true
		r, err := fairness(trial, c.kill)
		if err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
		fmt.Printf("%-26s %6.1fs, %.2f of the ideal; %d pages requested twice, %d lost, %d requests too early\n",
			c.name, r.took.Seconds(), r.took.Seconds()/ideal.Seconds(), r.politeness.Twice, r.lost, r.politeness.Early)
	}
	return nil
}

// fairness runs a trial. If kill is set, it kills a replica halfway.
func fairness(s contender.Settings, kill bool) (r fairnessResult, err error) {
	web, err := start(roleWeb, s)
	if err != nil {
		return r, err
	}
	defer web.stop()
	server, err := start(roleNATS, s)
	if err != nil {
		return r, err
	}
	defer server.stop()
	s.Web, s.NATS = web.address, server.address
	ctx, cancel := context.WithTimeout(context.Background(), fairnessTimeout)
	defer cancel()
	nc, js, err := connect(s)
	if err != nil {
		return r, err
	}
	defer nc.Close()
	healthy := pageURLs(s)
	if err := fillFrontier(ctx, js, s, healthy); err != nil {
		return r, err
	}
	running, stop, err := startReplicas(s)
	defer stop()
	if err != nil {
		return r, err
	}
	halfway := func() error { return nil }
	if kill {
		halfway = running[0].Process.Kill
	}
	if r.took, err = awaitHealthy(ctx, js, s, halfway); err != nil {
		return r, err
	}
	if r.lost, err = missing(ctx, js, healthy); err != nil {
		return r, err
	}
	r.politeness, err = fetchReport(ctx, s)
	return r, err
}

// fillFrontier admits the URLs of the slow host and then those of the healthy hosts.
func fillFrontier(ctx context.Context, js jetstream.JetStream, s contender.Settings, healthy []string) error {
	if err := topology.Reconcile(ctx, js, topology.Limits{PerHost: maxPerHost}); err != nil {
		return err
	}
	marks, err := seen.Open(ctx, js)
	if err != nil {
		return err
	}
	var slow []string
	for i := range s.Slow {
		slow = append(slow, fmt.Sprintf("http://%s/news/%d", net.JoinHostPort(slowHost, s.Web), i))
	}
	if err := admit(ctx, js, marks, slow); err != nil {
		return err
	}
	return admit(ctx, js, marks, healthy)
}

// startReplicas starts the fetchers. The function stop, which is never nil, stops those
// that were started.
func startReplicas(s contender.Settings) (running []*exec.Cmd, stop func(), err error) {
	var inputs []io.Closer
	stop = func() {
		for i, c := range running {
			inputs[i].Close()
			_ = c.Wait()
		}
	}
	for range replicas {
		c := command(os.Args[0], roleReplica, s)
		stdin, err := c.StdinPipe()
		if err != nil {
			return running, stop, err
		}
		if err := c.Start(); err != nil {
			return running, stop, err
		}
		running, inputs = append(running, c), append(inputs, stdin)
	}
	return running, stop, nil
}

// awaitHealthy waits until the frontier has no URLs of healthy hosts, and returns the
// time since the first one was fetched. It calls halfway once when half of them are
// left.
func awaitHealthy(
	ctx context.Context, js jetstream.JetStream, s contender.Settings, halfway func() error,
) (time.Duration, error) {
	var began time.Time
	passed := false
	for {
		left, err := healthyLeft(ctx, js, s)
		if err != nil {
			return 0, err
		}
		if began.IsZero() && left < s.Pages {
			began = time.Now()
		}
		if !passed && left < s.Pages/2 {
			passed = true
			if err := halfway(); err != nil {
				return 0, err
			}
		}
		if left == 0 {
			return time.Since(began), nil
		}
		select {
		case <-ctx.Done():
			return 0, fmt.Errorf("waiting for the healthy hosts, %d URLs left: %w", left, ctx.Err())
		case <-time.After(pollInterval / 2):
		}
	}
}

// healthyLeft returns the number of URLs of healthy hosts in the frontier.
func healthyLeft(ctx context.Context, js jetstream.JetStream, s contender.Settings) (int, error) {
	stream, err := js.Stream(ctx, subject.StreamFrontier)
	if err != nil {
		return 0, err
	}
	info, err := stream.Info(ctx, jetstream.WithSubjectFilter(subject.AllFrontier))
	if err != nil {
		return 0, err
	}
	left := 0
	slowSuffix := "." + slowHost + ".=" + s.Web
	for name, count := range info.State.Subjects {
		if !strings.HasSuffix(name, slowSuffix) {
			left += int(count)
		}
	}
	return left, nil
}

// fetchReport gets the politeness report of the web server.
func fetchReport(ctx context.Context, s contender.Settings) (r report, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://127.0.0.1:"+s.Web+reportPath, nil)
	if err != nil {
		return r, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return r, err
	}
	defer response.Body.Close()
	err = json.NewDecoder(response.Body).Decode(&r)
	return r, err
}

// missing returns the number of URLs without a stored page.
func missing(ctx context.Context, js jetstream.JetStream, urls []string) (lost int, err error) {
	stream, err := js.Stream(ctx, subject.StreamPages)
	if err != nil {
		return 0, err
	}
	stored := map[string]bool{}
	consumer, err := stream.OrderedConsumer(ctx, jetstream.OrderedConsumerConfig{})
	if err != nil {
		return 0, err
	}
	for left := stream.CachedInfo().State.Msgs; left > 0; left-- {
		msg, err := consumer.Next(jetstream.FetchMaxWait(messageTimeout))
		if err != nil {
			return 0, err
		}
		page := &datelinev1.Page{}
		if err := proto.Unmarshal(msg.Data(), page); err != nil {
			return 0, err
		}
		stored[page.GetRequestedUrl()] = true
	}
	for _, url := range urls {
		if !stored[url] {
			lost++
		}
	}
	return lost, nil
}

// replica runs a fetcher until standard input is closed.
func replica(s contender.Settings) error {
	nc, js, err := connect(s)
	if err != nil {
		return err
	}
	defer nc.Close()
	config := benchConfig()
	config.Delay = fairDelay
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	f, err := fetcher.New(ctx, newEnv(nc, js, slog.New(slog.DiscardHandler)), config)
	if err != nil {
		return err
	}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	return f.Run(ctx)
}
