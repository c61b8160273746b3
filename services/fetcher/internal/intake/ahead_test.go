package intake

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/protobuf/proto"

	"github.com/dateline-news/dateline/internal/ledger"
	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/outcome"
	"github.com/dateline-news/dateline/internal/stage"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/topology"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// newLoop returns the loop of an intake and its Ahead, with a clock.
func newLoop(t *testing.T, in *testIntake, now func() time.Time) (*stage.Loop, *Ahead) {
	t.Helper()
	consumer, err := in.js.Consumer(t.Context(), subject.StreamURLs, subject.ConsumerIntake)
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	loop := stage.New(stage.Config{
		Stage: datelinev1.Stage_STAGE_INTAKE, Consumer: consumer, Handle: in.Handle, Log: log,
		Metrics: stage.NewMetrics(prometheus.NewRegistry(), datelinev1.Stage_STAGE_INTAKE),
		Writer: ledger.NewWriter(ledger.Config{
			JS: in.js, Stage: datelinev1.Stage_STAGE_INTAKE, Log: log, Now: time.Now,
			Count: func(datelinev1.Verdict, outcome.Reason) {}, CountUnkept: func() {},
		}),
		Workers: 2, Batch: aheadBatch, MaxAttempts: 8, DrainTimeout: time.Minute,
	})
	return loop, NewAhead(in.js, loop.Process, log, now)
}

func (in *testIntake) publish(payloads ...string) {
	in.t.Helper()
	for _, payload := range payloads {
		if _, err := in.js.Publish(in.t.Context(), subject.URLs, []byte(payload)); err != nil {
			in.t.Fatal(err)
		}
	}
}

// waitForPending waits until the consumer counts n messages as waiting, which it does
// shortly after they were stored.
func (in *testIntake) waitForPending(n uint64) {
	in.t.Helper()
	natstest.Eventually(in.t, "the consumer counts the messages", func() bool {
		consumer, err := in.js.Consumer(in.t.Context(), subject.StreamURLs, subject.ConsumerIntake)
		return err == nil && consumer.CachedInfo().NumPending == n
	})
}

// queuedByHost returns the number of entries in the frontier of each host.
func (in *testIntake) queuedByHost() map[string]int {
	in.t.Helper()
	queued := map[string]int{}
	for _, msg := range natstest.Messages(in.t, in.js, subject.StreamFrontier) {
		entry := &datelinev1.FrontierEntry{}
		if err := proto.Unmarshal(msg.Data, entry); err != nil {
			in.t.Fatal(err)
		}
		queued[strings.Split(entry.GetUrl(), "/")[2]]++
	}
	return queued
}

// TestHostsTakeTurns publishes a bulk and then a few URLs of other hosts. They are
// admitted before the bulk, of which only the allowance is admitted ahead. Afterwards
// every URL is admitted once, with one outcome.
func TestHostsTakeTurns(t *testing.T) {
	const bulk, bulkHosts, others = 1500, 3, 20
	in := newIntake(t, topology.Limits{})
	const backfill = `{"url": "https://backfill.example/", "priority": "PRIORITY_BACKFILL"}`
	for i := range bulk {
		in.publish(fmt.Sprintf("https://bulk-%d.example/%d", i%bulkHosts, i))
	}
	for i := range others {
		in.publish(fmt.Sprintf("https://other-%d.example/", i))
	}
	in.publish("https://lines.example/1\nhttps://lines.example/2", backfill, "not a URL")
	in.waitForPending(bulk + others + 3)
	clock := time.Now()
	loop, ahead := newLoop(t, in, func() time.Time { return clock })
	look := func() map[string]int {
		t.Helper()
		if err := ahead.look(t.Context()); err != nil {
			t.Fatal(err)
		}
		return in.queuedByHost()
	}
	queued := look()
	expect := func(host string, want int) {
		t.Helper()
		if queued[host] != want {
			t.Errorf("%d URLs of %s are admitted, want %d", queued[host], host, want)
		}
	}
	for i := range others {
		expect(fmt.Sprintf("other-%d.example", i), 1)
	}
	for i := range bulkHosts {
		expect(fmt.Sprintf("bulk-%d.example", i), aheadPerHost)
	}
	expect("lines.example", 2)
	expect("backfill.example", 0)
	if queued = look(); len(queued) != others+bulkHosts+1 {
		t.Errorf("a second look in the same window admitted URLs of %d hosts", len(queued))
	}
	clock = clock.Add(aheadWindow)
	queued = look()
	expect("bulk-0.example", 2*aheadPerHost)

	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- loop.Run(ctx) }()
	natstest.Eventually(t, "no message waits", func() bool {
		return natstest.Count(t, in.js, subject.StreamURLs) == 0
	})
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	queued = in.queuedByHost()
	for i := range bulkHosts {
		expect(fmt.Sprintf("bulk-%d.example", i), bulk/bulkHosts)
	}
	expect("backfill.example", 1)
	// The message with two lines has an outcome, and so has each line.
	if n, want := natstest.Count(t, in.js, subject.StreamOutcomes), bulk+others+1+2+1+1; n != want {
		t.Errorf("%d outcomes are stored, want %d", n, want)
	}
}

// TestAheadOfADelivery admits messages ahead that the consumer has delivered meanwhile.
func TestAheadOfADelivery(t *testing.T) {
	in := newIntake(t, topology.Limits{})
	for i := range aheadMin + 10 {
		in.publish(fmt.Sprintf("https://host-%d.example/", i))
	}
	in.waitForPending(aheadMin + 10)
	loop, ahead := newLoop(t, in, time.Now)
	process := ahead.process
	delivered := 0
	ahead.process = func(ctx context.Context, msgs []jetstream.Msg) {
		batch, err := loop.Consumer.Fetch(len(msgs))
		if err != nil {
			t.Error(err)
			return
		}
		var twice []jetstream.Msg
		for msg := range batch.Messages() {
			twice = append(twice, msg)
		}
		process(ctx, msgs)
		delivered += len(twice)
		process(ctx, twice)
	}
	if err := ahead.look(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := natstest.Count(t, in.js, subject.StreamURLs); n != 0 || delivered == 0 {
		t.Errorf("%d messages are left after %d were delivered as well", n, delivered)
	}
	if n := in.queued(); n != aheadMin+10 {
		t.Errorf("%d URLs are queued, want %d", n, aheadMin+10)
	}
	if n := natstest.Count(t, in.js, subject.StreamOutcomes); n != aheadMin+10 {
		t.Errorf("%d outcomes are stored, want %d", n, aheadMin+10)
	}
}

// TestAheadOfANewStream creates the stream again: its messages have the sequences of
// others that were read before.
func TestAheadOfANewStream(t *testing.T) {
	in := newIntake(t, topology.Limits{})
	_, ahead := newLoop(t, in, time.Now)
	fill := func(name string) {
		for i := range aheadMin {
			in.publish(fmt.Sprintf("https://%s.example/%d", name, i))
		}
		in.waitForPending(aheadMin)
		if err := ahead.look(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	fill("old")
	if err := in.js.DeleteStream(t.Context(), subject.StreamURLs); err != nil {
		t.Fatal(err)
	}
	natstest.Reconcile(t, in.js, topology.Limits{})
	fill("new")
	if queued := in.queuedByHost(); queued["old.example"] != aheadPerHost || queued["new.example"] != aheadPerHost {
		t.Errorf("admitted ahead: %v", queued)
	}
}
