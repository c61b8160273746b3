package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/protobuf/proto"

	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/topology"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/fetcher"
	"github.com/dateline-news/dateline/services/fetcher/internal/seen"
)

// The slow host, and how long it thinks.
const (
	slowHost    = "127.99.0.1"
	slowLatency = 500 * time.Millisecond
)

// fairDelay is the pause between two requests to a host.
const fairDelay = 250 * time.Millisecond

const replicas = 3

// compareFairness has three replicas fetch the pages of the healthy hosts: alone,
// behind the URLs of a slow host, and behind those with one replica killed. Half a
// second and the delay, times the URLs of a host, is the ideal that politeness
// leaves.
func compareFairness(s settings) error {
	each := time.Duration((s.Pages + s.Hosts - 1) / s.Hosts)
	ideal := each * (s.Latency + fairDelay)
	fmt.Printf("%d URLs on %d hosts, at best %s\n", s.Pages, s.Hosts, ideal)
	for _, c := range []struct {
		name string
		slow int
		kill bool
	}{{"alone", 0, false}, {"behind a slow host", s.Slow, false}, {"with one replica killed", s.Slow, true}} {
		one := s
		one.Slow, one.Watch = c.slow, true
		took, polite, lost, err := fairness(one, c.kill)
		if err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
		fmt.Printf("%-26s %6.1fs, %.2f of the ideal; %d pages asked for twice, %d lost, %d requests too early\n", c.name, took.Seconds(), took.Seconds()/ideal.Seconds(), polite.Twice, lost, polite.Early)
	}
	return nil
}

// fairness returns how long the healthy hosts took, what the web server noted, and
// how many of their pages were never stored.
func fairness(s settings, kill bool) (took time.Duration, polite report, lost int, err error) {
	web, err := start("web", s)
	if err != nil {
		return 0, report{}, 0, err
	}
	defer web.stop()
	server, err := start("nats", s)
	if err != nil {
		return 0, report{}, 0, err
	}
	defer server.stop()
	s.Web, s.NATS = web.address, server.address
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Minute)
	defer cancel()
	nc, js, err := connect(s)
	if err != nil {
		return 0, report{}, 0, err
	}
	defer nc.Close()
	if err := topology.Reconcile(ctx, js, topology.Limits{PerHost: 200_000}); err != nil {
		return 0, report{}, 0, err
	}
	marks, err := seen.Open(ctx, js)
	if err != nil {
		return 0, report{}, 0, err
	}
	var slow, healthy []string
	for i := range s.Slow {
		slow = append(slow, fmt.Sprintf("http://%s:%s/news/%d", slowHost, s.Web, i))
	}
	for i := range s.Pages {
		healthy = append(healthy, s.url(i))
	}
	if err := admit(ctx, js, marks, slow); err != nil {
		return 0, report{}, 0, err
	}
	if err := admit(ctx, js, marks, healthy); err != nil {
		return 0, report{}, 0, err
	}
	var running []*exec.Cmd
	for range replicas {
		c := command("replica", s)
		stdin, err := c.StdinPipe()
		if err != nil {
			return 0, report{}, 0, err
		}
		if err := c.Start(); err != nil {
			return 0, report{}, 0, err
		}
		defer c.Wait()
		defer stdin.Close()
		running = append(running, c)
	}
	began := time.Time{}
	left := func() (int, error) {
		stream, err := js.Stream(ctx, subject.StreamFrontier)
		if err != nil {
			return 0, err
		}
		info, err := stream.Info(ctx, jetstream.WithSubjectFilter(subject.AllFrontier))
		if err != nil {
			return 0, err
		}
		n := 0
		for subject, count := range info.State.Subjects {
			if !strings.HasSuffix(subject, slowSubject(s)) {
				n += int(count)
			}
		}
		return n, nil
	}
	for {
		n, err := left()
		if err != nil {
			return 0, report{}, 0, err
		}
		if began.IsZero() && n < len(healthy) {
			began = time.Now()
		}
		if kill && n < len(healthy)/2 {
			if err := running[0].Process.Kill(); err != nil {
				return 0, report{}, 0, err
			}
			kill = false
		}
		if n == 0 {
			break
		}
		if ctx.Err() != nil {
			return 0, report{}, 0, errors.New("the healthy hosts never finish")
		}
		time.Sleep(50 * time.Millisecond)
	}
	took = time.Since(began)
	if lost, err = missing(ctx, js, healthy); err != nil {
		return 0, report{}, 0, err
	}
	answer, err := http.Get("http://127.0.0.1:" + s.Web + "/report")
	if err != nil {
		return 0, report{}, 0, err
	}
	defer answer.Body.Close()
	err = json.NewDecoder(answer.Body).Decode(&polite)
	return took, polite, lost, err
}

// slowSubject is how the subjects of the slow host end.
func slowSubject(s settings) string { return "." + slowHost + ".=" + s.Web }

func connect(s settings) (*nats.Conn, jetstream.JetStream, error) {
	address, _, _ := strings.Cut(s.NATS, "#")
	nc, err := nats.Connect(address)
	if err != nil {
		return nil, nil, err
	}
	js, err := jetstream.New(nc)
	return nc, js, err
}

// missing counts the URLs without a page.
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
		msg, err := consumer.Next(jetstream.FetchMaxWait(10 * time.Second))
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

// replica is one fetcher, until standard input ends.
func replica(s settings) error {
	nc, js, err := connect(s)
	if err != nil {
		return err
	}
	defer nc.Close()
	config := fetcher.DefaultConfig()
	config.UserAgent, config.AllowPrivate = userAgent, true
	config.Delay, config.DelayFactor = fairDelay, 0
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	env := fetcher.Env{NC: nc, JS: js, Registry: prometheus.NewRegistry(), Log: slog.New(slog.DiscardHandler)}
	f, err := fetcher.New(ctx, env, config)
	if err != nil {
		return err
	}
	go func() {
		io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	return f.Run(ctx)
}
