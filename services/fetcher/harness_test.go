package fetcher_test

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"
	"google.golang.org/protobuf/proto"

	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/subject"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/fetcher"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var quiet = slog.New(slog.DiscardHandler)

const (
	intake = datelinev1.Stage_STAGE_INTAKE
	fetch  = datelinev1.Stage_STAGE_FETCH

	produced  = datelinev1.Verdict_VERDICT_PRODUCED
	duplicate = datelinev1.Verdict_VERDICT_DUPLICATE
	rejected  = datelinev1.Verdict_VERDICT_REJECTED
	dead      = datelinev1.Verdict_VERDICT_DEAD
)

// ending is how a URL ended.
type ending struct {
	verdict datelinev1.Verdict
	reason  string
}

func endingOf(o *datelinev1.Outcome) ending { return ending{o.GetVerdict(), o.GetReason()} }

// quickConfig returns a configuration with short pauses. Its timeouts are long, so
// that a slow machine does not exceed them.
func quickConfig() fetcher.Config {
	config := fetcher.DefaultConfig()
	config.UserAgent, config.AllowPrivate = "TestNews/1.0 (+https://example.com/bot)", true
	config.Delay, config.DelayFactor = time.Millisecond, 0
	config.MaxAttempts, config.RetryDelay, config.BreakerRest = 2, 10*time.Millisecond, time.Millisecond
	config.HeaderTimeout, config.IdleBodyTimeout, config.ConnectTimeout = 30*time.Second, 30*time.Second, 10*time.Second
	config.MaxBodyBytes, config.MaxRedirects = 100_000, 3
	return config
}

// run starts a fetcher. stop stops it and returns the result of Run.
func run(t *testing.T, nc *nats.Conn, js jetstream.JetStream, config fetcher.Config) (stop func() error) {
	t.Helper()
	env := fetcher.Env{NC: nc, JS: js, Registry: prometheus.NewRegistry(), Log: quiet}
	f, err := fetcher.New(t.Context(), env, config)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- f.Run(ctx) }()
	stop = sync.OnceValue(func() error {
		cancel()
		return <-ended
	})
	t.Cleanup(func() {
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
	return stop
}

// publish publishes the payload of a message to the subject urls.
func publish(t *testing.T, js jetstream.JetStream, payload string) {
	t.Helper()
	if _, err := js.Publish(t.Context(), subject.URLs, []byte(payload)); err != nil {
		t.Fatal(err)
	}
}

// send publishes a request as protobuf.
func send(t *testing.T, js jetstream.JetStream, r *datelinev1.FetchRequest) {
	t.Helper()
	data, err := proto.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	msg := nats.NewMsg(subject.URLs)
	msg.Header.Set("Content-Type", "application/protobuf")
	msg.Data = data
	if _, err := js.PublishMsg(t.Context(), msg); err != nil {
		t.Fatal(err)
	}
}

// waitForOutcomes waits until a stage has n outcomes and no URL waits, and returns
// the outcomes.
func waitForOutcomes(t *testing.T, js jetstream.JetStream, stage datelinev1.Stage, n int) []*datelinev1.Outcome {
	t.Helper()
	var last []*datelinev1.Outcome
	natstest.Eventually(t, subject.StageName(stage)+": every input has an outcome", func() bool {
		if natstest.Count(t, js, subject.StreamURLs) > 0 || natstest.Count(t, js, subject.StreamFrontier) > 0 {
			return false
		}
		last = outcomes(t, js, stage)
		return len(last) >= n
	})
	if len(last) != n {
		t.Fatalf("%s: %d outcomes, want %d", subject.StageName(stage), len(last), n)
	}
	return last
}

// outcomes returns the outcomes of a stage so far.
func outcomes(t *testing.T, js jetstream.JetStream, stage datelinev1.Stage) []*datelinev1.Outcome {
	t.Helper()
	var all []*datelinev1.Outcome
	for _, msg := range natstest.Messages(t, js, subject.StreamOutcomes) {
		o := &datelinev1.Outcome{}
		if err := proto.Unmarshal(msg.Data, o); err != nil {
			t.Fatal(err)
		}
		if o.Stage == stage {
			all = append(all, o)
		}
	}
	return all
}

// pages returns the pages that were published so far.
func pages(t *testing.T, js jetstream.JetStream) []*datelinev1.Page {
	t.Helper()
	var all []*datelinev1.Page
	for _, msg := range natstest.Messages(t, js, subject.StreamPages) {
		p := &datelinev1.Page{}
		if err := proto.Unmarshal(msg.Data, p); err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	return all
}
