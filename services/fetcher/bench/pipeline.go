package main

import (
	"context"
	"log/slog"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/dateline-news/dateline/internal/weburl"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/fetcher"
	"github.com/dateline-news/dateline/services/fetcher/bench/contender"
	"github.com/dateline-news/dateline/services/fetcher/internal/frontier"
	"github.com/dateline-news/dateline/services/fetcher/internal/seen"
)

// admitters is the number of URLs that are admitted at the same time.
const admitters = 64

func connect(s contender.Settings) (*nats.Conn, jetstream.JetStream, error) {
	url, _ := s.NATSServer()
	nc, err := nats.Connect(url)
	if err != nil {
		return nil, nil, err
	}
	js, err := jetstream.New(nc)
	if err != nil {
		nc.Close()
		return nil, nil, err
	}
	return nc, js, nil
}

// benchConfig returns the configuration of a fetcher for loopback hosts, whose pause
// does not depend on their response time.
func benchConfig() fetcher.Config {
	config := fetcher.DefaultConfig()
	config.UserAgent, config.AllowPrivate = contender.UserAgent, true
	config.DelayFactor = 0
	return config
}

func newEnv(nc *nats.Conn, js jetstream.JetStream, log *slog.Logger) fetcher.Env {
	return fetcher.Env{NC: nc, JS: js, Registry: prometheus.NewRegistry(), Log: log}
}

// messages returns the number of messages in a stream.
func messages(ctx context.Context, js jetstream.JetStream, name string) (int, error) {
	stream, err := js.Stream(ctx, name)
	if err != nil {
		return 0, err
	}
	return int(stream.CachedInfo().State.Msgs), nil
}

// fill admits the URLs of all pages. It runs in a separate process, so that its CPU
// time is not counted.
func fill(s contender.Settings) error {
	ctx, cancel := context.WithTimeout(context.Background(), wholeTimeout)
	defer cancel()
	nc, js, err := connect(s)
	if err != nil {
		return err
	}
	defer nc.Close()
	marks, err := seen.Open(ctx, js)
	if err != nil {
		return err
	}
	return admit(ctx, js, marks, pageURLs(s))
}

func pageURLs(s contender.Settings) []string {
	urls := make([]string, s.Pages)
	for i := range urls {
		urls[i] = s.URL(i)
	}
	return urls
}

// admit puts URLs into the frontier, like intake.
func admit(ctx context.Context, js jetstream.JetStream, marks *seen.Marks, urls []string) error {
	workers, ctx := errgroup.WithContext(ctx)
	for part := range admitters {
		workers.Go(func() error {
			for i := part; i < len(urls); i += admitters {
				if err := admitOne(ctx, js, marks, urls[i]); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return workers.Wait()
}

func admitOne(ctx context.Context, js jetstream.JetStream, marks *seen.Marks, raw string) error {
	url, err := weburl.Parse(raw)
	if err != nil {
		return err
	}
	id := url.ID()
	claim := seen.Claim{Key: id, Mark: seen.Mark{Request: id, Input: id, Time: time.Now()}}
	claimed := marks.ClaimAll(ctx, []seen.Claim{claim})[0]
	if claimed.Err != nil {
		return claimed.Err
	}
	mark := claimed.Mark
	return frontier.Publish(ctx, js, id, &datelinev1.FrontierEntry{
		Url: url.String(), Request: &datelinev1.FetchRequest{Url: url.String(), RequestId: id},
		AdmitTime: timestamppb.New(mark.Time), Mark: mark.Proto(),
	})
}
