package stage_test

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/stage"
	"github.com/dateline-news/dateline/internal/subject"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

func TestEachInputEndsInOneOutcome(t *testing.T) {
	h := newHarness(t)
	h.publish(50)
	stop := h.run(h.config(each(func(in *stage.Input) stage.Result { return produced(in, 10) })))
	for _, o := range h.settled(50) {
		if o.Verdict != datelinev1.Verdict_VERDICT_PRODUCED || o.Stage != extract || o.Attempt != 1 || o.Time == nil {
			t.Errorf("the outcome is incomplete: %v", o)
		}
	}
	if got := natstest.Count(t, h.js, subject.StreamArticles); got != 50 {
		t.Errorf("got %d articles, want 50", got)
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
}

func TestAckComesLast(t *testing.T) {
	h := newHarness(t)
	h.setAckWait(500 * time.Millisecond)
	h.limit(subject.StreamOutcomes, 1) // no outcome fits
	h.publish(1)
	config := h.config(each(func(in *stage.Input) stage.Result { return produced(in, 10) }))
	config.DrainTimeout = time.Millisecond
	stop := h.run(config)
	natstest.Eventually(t, "the article is stored", func() bool {
		return natstest.Count(t, h.js, subject.StreamArticles) == 1
	})
	if err := stop(); err != nil { // before the outcome is stored
		t.Fatal(err)
	}
	if unacked, waiting := h.pending(); unacked+waiting != 1 {
		t.Fatalf("the input was acked before its outcome was stored")
	}
	h.limit(subject.StreamOutcomes, 1<<20)
	h.run(config)
	h.settled(1)
	if got := natstest.Count(t, h.js, subject.StreamArticles); got != 1 {
		t.Fatalf("got %d articles, want 1", got)
	}
}

func TestSlowMessagesAreNotDeliveredTwice(t *testing.T) {
	h := newHarness(t)
	const ackWait = 3 * time.Second // a busy machine must not exceed it between two signs of life
	h.setAckWait(ackWait)
	h.publish(4) // two are handled, two wait in this process
	// A consumer without keepalive shows when the ack wait is over.
	control, err := h.js.CreateConsumer(t.Context(), subject.StreamPages, jetstream.ConsumerConfig{
		Durable: "control", AckPolicy: jetstream.AckExplicitPolicy, AckWait: ackWait, MaxAckPending: 1,
	})
	if err != nil {
		t.Fatal(err)
	}
	release := make(chan struct{})
	var calls atomic.Int32
	h.run(h.config(each(func(in *stage.Input) stage.Result {
		calls.Add(1)
		<-release
		return produced(in, 10)
	})))
	natstest.Eventually(t, "all inputs are pulled", func() bool { unacked, _ := h.pending(); return unacked == 4 })
	// The server would deliver an input that is not kept alive to this idle replica.
	h.run(h.config(each(func(in *stage.Input) stage.Result {
		t.Errorf("input %s was delivered to the idle replica", in.Data)
		return produced(in, 10)
	})))
	for delivered := uint64(0); delivered < 3; {
		msg, err := control.Next(jetstream.FetchMaxWait(natstest.Patience(t)))
		if err != nil {
			t.Fatal(err)
		}
		meta, err := msg.Metadata()
		if err != nil {
			t.Fatal(err)
		}
		delivered = meta.NumDelivered
	}
	close(release)
	for _, o := range h.settled(4) {
		if o.Attempt != 1 {
			t.Errorf("%s was delivered %d times", o.InputId, o.Attempt)
		}
	}
	if calls.Load() != 4 {
		t.Errorf("got %d calls for 4 inputs", calls.Load())
	}
}

// TestDrainFinishesPulledMessages stops a loop while its slots are full. Each input that
// the handler got must have an outcome and be acked. A message that the server sends
// after the loop has stopped pulling stays unacked, and is delivered again later.
func TestDrainFinishesPulledMessages(t *testing.T) {
	h := newHarness(t)
	const inputs = 30
	h.publish(inputs)
	release := make(chan struct{})
	var calls atomic.Int64
	config := h.config(each(func(in *stage.Input) stage.Result {
		calls.Add(1)
		<-release
		return produced(in, 10)
	}))
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- stage.New(config).Run(ctx) }()
	natstest.Eventually(t, "the slots and both workers are busy", func() bool {
		unacked, _ := h.pending()
		return unacked == 6 && calls.Load() == 2
	})
	cancel()
	close(release)
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	handled := int(calls.Load())
	natstest.Eventually(t, "the handled inputs are acked", func() bool {
		unacked, waiting := h.pending()
		return unacked+waiting == inputs-handled
	})
	if outcomes := h.outcomes(); handled < 2 || len(outcomes) != handled {
		t.Fatalf("got %d outcomes of %d handled inputs, want one of each and at least 2", len(outcomes), handled)
	}
}

func TestFullStreamSlowsItsUpstream(t *testing.T) {
	h := newHarness(t)
	h.limit(subject.StreamArticles, 5_000)
	h.publish(20)
	var mu sync.Mutex
	var calls int
	h.run(h.config(each(func(in *stage.Input) stage.Result {
		mu.Lock()
		defer mu.Unlock()
		calls++
		return produced(in, 1_000)
	})))
	natstest.Eventually(t, "the stream is full", func() bool {
		return natstest.Count(t, h.js, subject.StreamArticles) == 4
	})
	natstest.Eventually(t, "two more inputs are handled while two results wait to be stored", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return calls == 4+2+2
	})
	if unacked, waiting := h.pending(); unacked > 6 || unacked+waiting < 16 {
		t.Errorf("%d inputs are pulled and %d wait, want at most 6 pulled", unacked, waiting)
	}
	h.limit(subject.StreamArticles, 1<<20)
	h.settled(20)
	if got := natstest.Count(t, h.js, subject.StreamArticles); got != 20 || calls != 20 {
		t.Errorf("got %d articles from %d calls, want 20", got, calls)
	}
}

func TestLoopEndsIfTheConsumerCannotBeRead(t *testing.T) {
	for name, end := range map[string]func(h *harness){
		"closed connection": func(h *harness) { h.nc.Close() },
		"deleted consumer": func(h *harness) {
			if err := h.js.DeleteConsumer(t.Context(), subject.StreamPages, subject.ConsumerExtract); err != nil {
				t.Error(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHarness(t)
			h.publish(1)
			config := h.config(each(func(in *stage.Input) stage.Result { return produced(in, 1) }))
			ended := make(chan error, 1)
			go func() { ended <- stage.New(config).Run(t.Context()) }()
			h.settled(1)
			end(h)
			if err := <-ended; err == nil || !strings.Contains(err.Error(), subject.ConsumerExtract) {
				t.Fatalf("got %v, want an error that names the consumer", err)
			}
		})
	}
}

// TestHeldMessagesAreBoundedByBytes pulls messages that fill the limit long before there are
// as many as there are slots. All must be handled, and never more bytes be held than allowed.
func TestHeldMessagesAreBoundedByBytes(t *testing.T) {
	h := newHarness(t)
	const size, inputs = 100_000, 30
	for range inputs {
		if _, err := h.js.Publish(t.Context(), subject.Pages("com.example"), make([]byte, size)); err != nil {
			t.Fatal(err)
		}
	}
	release := make(chan struct{})
	config := h.config(each(func(in *stage.Input) stage.Result {
		<-release
		return produced(in, 10)
	}))
	config.Workers, config.Batch = 1, inputs
	config.MaxBytes, config.MaxMessage = 5*size, size
	h.run(config)
	natstest.Eventually(t, "the limit is reached", func() bool {
		unacked, _ := h.pending()
		return unacked == 5
	})
	patience := natstest.Context(t)
	for i := range inputs {
		natstest.Eventually(t, "at most 5 messages are held, once the server has counted the acks", func() bool {
			unacked, _ := h.pending()
			return unacked <= 5
		})
		select {
		case release <- struct{}{}:
		case <-patience.Done():
			t.Fatalf("only %d of %d inputs were handled: the others find no room", i, inputs)
		}
	}
	h.settled(inputs)
}
