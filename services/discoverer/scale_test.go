package discoverer_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/protobuf/proto"

	"github.com/dateline-news/dateline/internal/ledger"
	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/subject"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/discoverer"
	"github.com/dateline-news/dateline/services/indexer/store"
	"github.com/dateline-news/dateline/services/indexer/storetest"
)

const (
	// scalePolls is the number of polls that TestScale measures, and scalePerDay the number of polls
	// of a source in a day for which it states the CPU time.
	scalePolls, scalePerDay = 5_000, 75
	scaleItems              = 30 // in a feed
)

// TestScale measures the CPU time and memory of a discoverer with many sources of three feeds each,
// in a process with NATS and a store in SQLite: it claims polls, publishes them, reads the responses,
// of which each lists a new article, and stores what it has read. A tenth of the polls is overdue at
// the start. It runs if DATELINE_SOURCES is the number of sources: see docs/benchmarks.md.
func TestScale(t *testing.T) {
	n, err := strconv.Atoi(os.Getenv("DATELINE_SOURCES"))
	if err != nil {
		t.Skip("DATELINE_SOURCES is not a number: set it to 180000 to measure, which takes minutes")
	}
	_, js := natstest.Start(t)
	db, err := store.Open(t.Context(), storetest.SQLite(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	fillSources(t, db, n)
	var first, answered atomic.Int64
	ctx, cancel := context.WithCancel(t.Context())
	answering := make(chan error, 1)
	go func() { answering <- answerPolls(ctx, js, &first, &answered) }()
	config := discoverer.DefaultConfig()
	start, before := time.Now(), cpuTime(t)
	discover, err := discoverer.New(t.Context(), config, discoverer.Dependencies{
		JS: js, Store: db, Registry: prometheus.NewRegistry(), Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	running := make(chan error, 1)
	go func() { running <- discover.Run(ctx) }()
	await := func(polls int64) {
		for answered.Load() < polls && t.Context().Err() == nil {
			time.Sleep(100 * time.Millisecond)
		}
	}
	await(1)
	t.Logf("the first poll was published %s after the start, with %s of CPU",
		time.Duration(first.Load()-start.UnixNano()).Round(time.Millisecond), (cpuTime(t) - before).Round(time.Millisecond))
	await(100) // the searches and counts of the start are over
	began, wall := cpuTime(t), time.Now()
	await(100 + scalePolls)
	used := (cpuTime(t) - began) / scalePolls
	perSecond := float64(n) * scalePerDay / (24 * 60 * 60)
	t.Logf("%d polls in %s: %s of CPU for each; %.0f polls a second, %d a day for each source, take %.2f of a core",
		scalePolls, time.Since(wall).Round(time.Second), used.Round(time.Microsecond), perSecond, scalePerDay,
		used.Seconds()*perSecond)
	t.Logf("memory: %s", residentMemory(t))
	cancel()
	if err := <-running; err != nil {
		t.Error(err)
	}
	if err := <-answering; err != nil {
		t.Error(err)
	}
}

// cpuTime returns the CPU time of this process.
func cpuTime(t *testing.T) time.Duration {
	t.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		t.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// residentMemory returns the memory of this process, now and at most.
func residentMemory(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(regexp.MustCompile(`Vm(?:RSS|HWM):\s+\d+ kB`).FindAllString(string(text), -1), ", ")
}

// answerPolls takes the requests from the stream, as the fetcher does, and answers polls with feeds.
// It stores the time of the first poll and counts the answers.
func answerPolls(ctx context.Context, js jetstream.JetStream, first, answered *atomic.Int64) error {
	consumer, err := js.Consumer(ctx, subject.StreamURLs, subject.ConsumerIntake)
	if err != nil {
		return err
	}
	for ctx.Err() == nil {
		batch, err := consumer.Fetch(100, jetstream.FetchMaxWait(time.Second))
		if err != nil {
			continue // ctx has ended, or nothing waits
		}
		for msg := range batch.Messages() {
			request := &datelinev1.FetchRequest{}
			if err := proto.Unmarshal(msg.Data(), request); err != nil {
				return err
			}
			if request.GetPurpose() == datelinev1.Purpose_PURPOSE_FEED {
				first.CompareAndSwap(0, time.Now().UnixNano())
				if err := answerPoll(js, request); err != nil {
					return err
				}
				answered.Add(1)
			}
			if err := msg.Ack(); err != nil {
				return err
			}
		}
	}
	return nil
}

// answerPoll publishes a feed with a new article and others that are too old to take.
func answerPoll(js jetstream.JetStream, request *datelinev1.FetchRequest) error {
	var body strings.Builder
	body.WriteString(`<rss version="2.0"><channel><title>Harbour News</title>`)
	now := time.Now()
	for i := range scaleItems {
		fmt.Fprintf(&body, `<item><title>Ferry line %d opens again</title><link>%s/2026/ferry-%d-%d</link>
			<description>The ferry crosses the bay every morning, and its passengers wait at the old pier.</description>
			<pubDate>%s</pubDate></item>`, i, request.GetUrl(), i, now.UnixNano(),
			now.AddDate(0, 0, -20*i).Format(time.RFC1123Z))
	}
	body.WriteString(`</channel></rss>`)
	page := &datelinev1.Page{
		Id: "page." + request.GetRequestId(), Request: request, RequestedUrl: request.GetUrl(), FinalUrl: request.GetUrl(),
		Status: 200, Body: []byte(body.String()),
		Headers: []*datelinev1.Header{{Name: "content-type", Value: "application/rss+xml"}},
	}
	msg, err := ledger.Message(subject.Listings(request.GetPurpose(), "example.site"), page.GetId(), page)
	if err == nil {
		_, err = js.PublishMsgAsync(msg)
	}
	return err
}

// fillSources adds sources with three active endpoints each, a tenth of which are overdue.
func fillSources(t *testing.T, db store.Store, n int) {
	t.Helper()
	now := time.Now()
	for _, statement := range []string{
		`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $1)
			INSERT INTO discovery_sources (id, url, labels, state, add_time)
			SELECT printf('%016x', i), 'https://site-' || i || '.example/', '{}', 'active', 1 FROM n WHERE $2 = $2`,
		`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3 * $1)
			INSERT INTO discovery_endpoints (id, source_id, url, purpose, state, reason, hint, add_time, next_poll, poll,
				settled, requested, poll_time, new_time, articles, schedule)
			SELECT printf('%016x', i), printf('%016x', (i + 2) / 3), 'https://site-' || ((i + 2) / 3) || '.example/feed-' || i,
				2, 'active', '', 'test', 1, $2 + (i % 10) * 3600000000 - 1, 1, 1, 1, 1, 1, 1, x'' FROM n`,
	} {
		if _, err := db.SQL().Writer.ExecContext(t.Context(), statement, n, now.UnixMicro()); err != nil {
			t.Fatal(err)
		}
	}
}
