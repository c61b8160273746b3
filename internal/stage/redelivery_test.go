package stage_test

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/dateline-news/dateline/internal/outcome"
	"github.com/dateline-news/dateline/internal/stage"
	"github.com/dateline-news/dateline/internal/subject"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// returned is a message that was delivered a number of times. It records for how long it is returned to the
// server.
type returned struct {
	jetstream.Msg

	deliveries uint64
	delay      time.Duration
}

func (m *returned) Subject() string      { return subject.Pages("com.example") }
func (m *returned) Headers() nats.Header { return nil }
func (m *returned) Data() []byte         { return []byte("1") }

func (m *returned) Metadata() (*jetstream.MsgMetadata, error) {
	return &jetstream.MsgMetadata{NumDelivered: m.deliveries}, nil
}

func (m *returned) NakWithDelay(delay time.Duration) error {
	m.delay = delay
	return nil
}

// TestRedeliveryDelay checks that a failed input is delivered again after a delay that doubles, up to five
// minutes, with at most a quarter more.
func TestRedeliveryDelay(t *testing.T) {
	h := newHarness(t)
	config := h.config(each(func(in *stage.Input) stage.Result {
		return failed(in, stage.Transient(outcome.Timeout, errors.New("trial error")))
	}))
	config.MaxAttempts = 1000
	loop := stage.New(config)
	for deliveries, want := range map[uint64]time.Duration{
		1: time.Second, 2: 2 * time.Second, 5: 16 * time.Second, 9: 256 * time.Second,
		10: 5 * time.Minute, 100: 5 * time.Minute, 999: 5 * time.Minute,
	} {
		msg := &returned{deliveries: deliveries}
		loop.Process(t.Context(), []jetstream.Msg{msg})
		if msg.delay < want || msg.delay > want+want/4 {
			t.Errorf("after %d deliveries, the next one comes in %s, want %s to %s", deliveries, msg.delay, want, want+want/4)
		}
	}
}

// TestSuspectsAreHandledAlone has a batch with an input that was delivered more often than an input has attempts,
// and another that was delivered so often that it must crash the process. Neither may take the others with it.
func TestSuspectsAreHandledAlone(t *testing.T) {
	h := newHarness(t)
	const suspect, poison, innocent = "0", "1", 8
	var mu sync.Mutex
	var skipped []string
	config := h.config(func(_ context.Context, inputs []*stage.Input) []stage.Result {
		results := make([]stage.Result, len(inputs))
		for i, in := range inputs {
			if data := string(in.Data); data == poison || data == suspect && len(inputs) > 1 {
				t.Errorf("the handler was called with %q as one of %d", data, len(inputs))
			}
			results[i] = produced(in, 10)
		}
		return results
	})
	config.Batch, config.BatchWait, config.Workers = innocent+2, time.Second, 1
	config.Skipped = func(_ context.Context, in *stage.Input) {
		mu.Lock()
		defer mu.Unlock()
		skipped = append(skipped, string(in.Data))
	}
	h.deliver(poison, 10*config.MaxAttempts+1)
	h.deliver(suspect, config.MaxAttempts+1)
	for i := range innocent {
		if _, err := h.js.Publish(t.Context(), subject.Pages("com.example"), []byte(strconv.Itoa(i+2))); err != nil {
			t.Fatal(err)
		}
	}
	h.run(config)
	for _, o := range h.settled(innocent + 2) {
		dead := o.GetVerdict() == datelinev1.Verdict_VERDICT_DEAD
		if dead != (o.GetReason() == "poison") {
			t.Errorf("outcome: %v", o)
		}
	}
	if letters := h.letters(); len(letters) != 1 || string(letters[0].GetData()) != poison {
		t.Errorf("dead letters: %v, want one of the input %s", letters, poison)
	}
	mu.Lock()
	defer mu.Unlock()
	if !slices.Equal(skipped, []string{poison}) {
		t.Errorf("skipped %q, want %q", skipped, poison)
	}
}

// TestPlainOutcomesAreComplete ends a batch of inputs without a message. Their outcomes are stored together, and must
// have what an outcome that is stored alone has.
func TestPlainOutcomesAreComplete(t *testing.T) {
	h := newHarness(t)
	const inputs = 10
	h.publish(inputs)
	config := h.config(each(func(in *stage.Input) stage.Result {
		return stage.Result{Outcome: &datelinev1.Outcome{
			InputId: "page-" + string(in.Data), Verdict: datelinev1.Verdict_VERDICT_REJECTED, Reason: string(outcome.NoArticle),
		}}
	}))
	config.Batch, config.BatchWait, config.Workers = inputs, time.Second, 1
	h.run(config)
	ids := map[string]bool{}
	for _, o := range h.settled(inputs) {
		ids[o.GetInputId()] = true
		if o.GetAttempt() != 1 || o.GetStage() != extract || o.GetTime() == nil || o.GetDuration() == nil ||
			o.GetVerdict() != datelinev1.Verdict_VERDICT_REJECTED || o.GetReason() != string(outcome.NoArticle) {
			t.Errorf("the outcome is incomplete: %v", o)
		}
	}
	if len(ids) != inputs {
		t.Errorf("%d inputs have an outcome, want %d", len(ids), inputs)
	}
}
