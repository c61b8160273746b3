package discoverer_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/dateline-news/dateline/internal/failtest"
	"github.com/dateline-news/dateline/internal/ledger"
	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/outcome"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/topology"
	"github.com/dateline-news/dateline/internal/weburl"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/discoverer"
	"github.com/dateline-news/dateline/services/discoverer/sources"
	"github.com/dateline-news/dateline/services/indexer/store"
	"github.com/dateline-news/dateline/services/indexer/storetest"
)

// TestStepsFailWhileDiscovering has single requests to NATS or statements fail, or only their responses, while articles
// appear in a feed one after another. Each article is requested once, and each response has one outcome.
func TestStepsFailWhileDiscovering(t *testing.T) {
	t.Parallel()
	storetest.Pieces(t, topology.Limits{}, func(failing, sound storetest.Access) failtest.Program {
		return discovering(t, failing.JS, failing.Store, sound.JS, sound.Store)
	})
}

// clockSpeed is how much faster the clock of the discoverer runs, so that claims end soon.
const clockSpeed = 100

// discovering runs a discoverer on a connection and a store that fail. An article in a feed is a piece.
func discovering(
	t *testing.T, failing jetstream.JetStream, failingStore store.Store, js jetstream.JetStream, sound store.Store,
) failtest.Program {
	t.Helper()
	site := &listedSite{js: js, requested: map[string]int{}}
	site.run(t)
	home, err := weburl.Parse("https://example.com/")
	if err != nil {
		t.Fatal(err)
	}
	source := sources.New(home, nil, time.Now())
	first, err := sources.First(source)
	if err == nil {
		err = sources.Of(sound).Add(t.Context(), source, first)
	}
	if err != nil {
		t.Fatal(err)
	}
	config := discoverer.DefaultConfig()
	config.MinInterval, config.MaxInterval, config.PollsPerDay = time.Second, 30*time.Second, 1_000_000
	config.PollTimeout = 1000 * time.Hour // so that a poll is never repeated because its response was lost
	d, err := discoverer.New(t.Context(), config, discoverer.Dependencies{
		JS: failing, Store: failingStore, Registry: prometheus.NewRegistry(), Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	d.SetClock(func() time.Time { return start.Add(clockSpeed * time.Since(start)) })
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- d.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return failtest.Program{
		Start: func(piece int) { site.articles.Store(int64(piece + 1)) },
		Await: func(piece int) {
			natstest.Eventually(t, "the article is requested", func() bool { return site.count(piece) > 0 })
			for i := range piece + 1 {
				if n := site.count(i); n != 1 {
					t.Errorf("article %d is requested %d times", i, n)
				}
			}
			inputs := map[string]bool{}
			for _, msg := range natstest.Messages(t, js, subject.StreamOutcomes) {
				o := &datelinev1.Outcome{}
				if err := proto.Unmarshal(msg.Data, o); err != nil {
					t.Fatal(err)
				}
				if inputs[o.GetInputId()] || o.GetVerdict() == datelinev1.Verdict_VERDICT_DEAD ||
					o.GetReason() == string(outcome.UnknownEndpoint) {
					t.Errorf("the outcome %v", o)
				}
				inputs[o.GetInputId()] = true
			}
		},
	}
}

// listedSite answers the requests on the stream of URLs as the fetcher does. The site has a feed.
type listedSite struct {
	js       jetstream.JetStream
	articles atomic.Int64

	mu        sync.Mutex
	requested map[string]int // article requests that are not a repetition, by URL
}

func (s *listedSite) path(i int) string {
	return fmt.Sprintf("https://example.com/2026/harbour/ferry-line-%d-opens", i)
}

func (s *listedSite) count(i int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.requested[s.path(i)]
}

// run answers requests until the test ends.
func (s *listedSite) run(t *testing.T) {
	t.Helper()
	consumer, err := s.js.Consumer(t.Context(), subject.StreamURLs, subject.ConsumerIntake)
	if err != nil {
		t.Fatal(err)
	}
	consuming, err := consumer.Consume(func(msg jetstream.Msg) {
		if err := s.answer(msg); err != nil && !errors.Is(err, nats.ErrConnectionClosed) {
			t.Error(err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		consuming.Stop()
		<-consuming.Closed()
	})
}

func (s *listedSite) answer(msg jetstream.Msg) error {
	request := &datelinev1.FetchRequest{}
	if err := proto.Unmarshal(msg.Data(), request); err != nil {
		return err
	}
	if !subject.IsListing(request.GetPurpose()) {
		s.mu.Lock()
		s.requested[request.GetUrl()]++
		s.mu.Unlock()
		return msg.Ack()
	}
	page := &datelinev1.Page{
		Id: "page." + request.GetRequestId(), Request: request, RequestedUrl: request.GetUrl(), FinalUrl: request.GetUrl(),
		Status: 200, FetchTime: timestamppb.Now(),
	}
	switch {
	case request.GetUrl() == "https://example.com/":
		page.Body = []byte(`<html><head><link rel="alternate" type="application/rss+xml" href="/feed.xml"></head></html>`)
	case request.GetUrl() == "https://example.com/feed.xml":
		page.Body = s.feed()
	default:
		page.Status, page.FailureReason = 404, string(outcome.NotFound)
	}
	answer, err := ledger.Message(subject.Listings(request.GetPurpose(), "com.example"), page.GetId(), page)
	if err != nil {
		return err
	}
	if _, err := s.js.PublishMsg(context.Background(), answer); err != nil {
		return err
	}
	return msg.Ack()
}

func (s *listedSite) feed() []byte {
	var feed strings.Builder
	feed.WriteString(`<rss version="2.0"><channel><title>Town</title>`)
	for i := range s.articles.Load() {
		fmt.Fprintf(&feed, `<item><title>Ferry line %d opens</title><link>%s</link><pubDate>%s</pubDate></item>`, i,
			s.path(int(i)), time.Now().Format(time.RFC1123Z))
	}
	feed.WriteString(`</channel></rss>`)
	return []byte(feed.String())
}
