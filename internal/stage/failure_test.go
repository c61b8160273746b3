package stage_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/dateline-news/dateline/internal/outcome"
	"github.com/dateline-news/dateline/internal/stage"
	"github.com/dateline-news/dateline/internal/subject"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

func TestDeadLetterHoldsTheWholeMessage(t *testing.T) {
	h := newHarness(t)
	msg := nats.NewMsg(subject.Pages("com.example"))
	msg.Header.Add("Labels", "a")
	msg.Header.Add("Labels", "b")
	msg.Header.Set("Binary", "\xff\xfe")
	msg.Data = []byte("{\x00")
	if _, err := h.js.PublishMsg(t.Context(), msg); err != nil {
		t.Fatal(err)
	}
	h.run(h.config(each(func(in *stage.Input) stage.Result {
		return failed(in, stage.Permanent(outcome.Malformed, errors.New("reading page: unexpected end")))
	})))
	o := h.settled(1)[0]
	if o.Verdict != datelinev1.Verdict_VERDICT_DEAD || o.Reason != "malformed" || o.Attempt != 1 {
		t.Errorf("outcome: %v", o)
	}
	letter := h.letters()[0]
	if letter.Subject != msg.Subject || !slices.Equal(letter.Data, msg.Data) || letter.Stage != extract ||
		letter.Error != "reading page: unexpected end" || letter.Attempts != 1 ||
		letter.Url != "https://example.com/" {
		t.Errorf("dead letter: %v", letter)
	}
	var labels []string
	for _, h := range letter.Headers {
		if h.Name == "Labels" {
			labels = append(labels, h.Value)
		}
	}
	if !slices.Equal(labels, []string{"a", "b"}) {
		t.Errorf("headers: %v", letter.Headers)
	}
}

func TestTransientFailureIsRetriedBeforeItIsDead(t *testing.T) {
	h := newHarness(t)
	h.publish(1)
	var attempts atomic.Int32
	h.run(h.config(each(func(in *stage.Input) stage.Result {
		if int(attempts.Add(1)) != in.Attempt {
			t.Errorf("attempt %d has the number %d", attempts.Load(), in.Attempt)
		}
		return failed(in, errors.New("trial error"))
	})))
	o := h.settled(1)[0]
	if o.Verdict != datelinev1.Verdict_VERDICT_DEAD || o.Reason != "error" || o.Attempt != 2 || attempts.Load() != 2 {
		t.Errorf("after %d attempts: %v", attempts.Load(), o)
	}
}

func TestUnavailableDependencyUsesUpNoAttempt(t *testing.T) {
	h := newHarness(t)
	h.publish(1)
	var calls atomic.Int32
	h.run(h.config(each(func(in *stage.Input) stage.Result {
		if calls.Add(1) <= 2 {
			return failed(in, stage.Unavailable(errors.New("the store is unavailable")))
		}
		return produced(in, 10)
	})))
	o := h.settled(1)[0]
	if o.Attempt != 1 || o.Verdict != datelinev1.Verdict_VERDICT_PRODUCED || calls.Load() != 3 {
		t.Errorf("after %d calls: %v", calls.Load(), o)
	}
}

func TestOnlyTheInputThatPanicsIsDeadLettered(t *testing.T) {
	h := newHarness(t)
	h.publish(10)
	config := h.config(each(func(in *stage.Input) stage.Result {
		if string(in.Data) == "7" {
			panic("trial panic")
		}
		return produced(in, 10)
	}))
	config.Batch, config.BatchWait, config.Workers = 10, time.Second, 1
	skipped := make(chan string, 10)
	config.Skipped = func(_ context.Context, in *stage.Input) { skipped <- string(in.Data) }
	h.run(config)
	var dead []string
	for _, o := range h.settled(10) {
		if o.Verdict == datelinev1.Verdict_VERDICT_DEAD {
			dead = append(dead, o.Reason)
		}
	}
	if !slices.Equal(dead, []string{"panic"}) {
		t.Fatalf("dead: %q, want one panic", dead)
	}
	if letter := h.letters()[0]; string(letter.Data) != "7" || !strings.Contains(letter.Error, "trial panic") {
		t.Errorf("dead letter: %v", letter)
	}
	if len(skipped) != 1 || <-skipped != "7" {
		t.Errorf("%d other inputs were skipped, or not the one that panics", len(skipped))
	}
}

func TestResultTooLargeForAMessage(t *testing.T) {
	h := newHarness(t)
	h.publish(1)
	h.run(h.config(each(func(in *stage.Input) stage.Result { return produced(in, int(h.nc.MaxPayload())) })))
	if o := h.settled(1)[0]; o.Verdict != datelinev1.Verdict_VERDICT_DEAD || o.Reason != "too_large" {
		t.Errorf("outcome: %v", o)
	}
}

func TestInputTooLargeForADeadLetter(t *testing.T) {
	h := newHarness(t)
	whole := make([]byte, h.nc.MaxPayload())
	if _, err := h.js.Publish(t.Context(), subject.Pages("com.example"), whole); err != nil {
		t.Fatal(err)
	}
	h.run(h.config(each(func(*stage.Input) stage.Result {
		return stage.Result{
			Outcome: &datelinev1.Outcome{InputId: "huge"},
			Err:     stage.Permanent(outcome.Malformed, errors.New("trial error")),
		}
	})))
	h.settled(1)
	letter := h.letters()[0]
	if len(letter.Data) != 256<<10 || !strings.Contains(letter.Error, "8388608 bytes") ||
		!strings.Contains(letter.Error, "trial error") {
		t.Errorf("the dead letter holds %d bytes and the error %q", len(letter.Data), letter.Error)
	}
}

func TestRequeuedInputEndsAgain(t *testing.T) {
	h := newHarness(t)
	h.run(h.config(each(func(in *stage.Input) stage.Result {
		return failed(in, stage.Permanent(outcome.Malformed, errors.New("trial error")))
	})))
	for range 2 { // as if the dead letter had been requeued at once
		h.publish(1)
	}
	h.settled(2)
	if got := len(h.letters()); got != 2 {
		t.Errorf("got %d dead letters, want 2", got)
	}
}

// deliver publishes an input, and has it delivered a number of times without an outcome, as to processes
// that were restarted meanwhile.
func (h *harness) deliver(data string, times int) {
	h.t.Helper()
	if _, err := h.js.Publish(h.t.Context(), subject.Pages("com.example"), []byte(data)); err != nil {
		h.t.Fatal(err)
	}
	consumer, err := h.js.Consumer(h.t.Context(), subject.StreamPages, subject.ConsumerExtract)
	if err != nil {
		h.t.Fatal(err)
	}
	nak := func(msg jetstream.Msg) {
		if err := msg.Nak(); err != nil {
			h.t.Fatal(err)
		}
	}
	var others []jetstream.Msg // wait meanwhile
	for times > 0 {
		msg, err := consumer.Next()
		switch {
		case err != nil:
			h.t.Fatal(err)
		case string(msg.Data()) == data:
			times--
			nak(msg)
		default:
			others = append(others, msg)
		}
	}
	for _, msg := range others {
		nak(msg)
	}
}

// TestRestartsDoNotMakePoison has more deliveries end in a restart than an input has
// attempts. The input is nevertheless worked on.
func TestRestartsDoNotMakePoison(t *testing.T) {
	h := newHarness(t)
	config := h.config(each(func(in *stage.Input) stage.Result { return produced(in, 10) }))
	h.deliver("0", 5*config.MaxAttempts)
	h.run(config)
	if o := h.settled(1)[0]; o.Verdict != datelinev1.Verdict_VERDICT_PRODUCED {
		t.Errorf("outcome: %v", o)
	}
}

func TestInputThatCrashesTheProcess(t *testing.T) {
	h := newHarness(t)
	h.deliver("0", 20)
	h.run(h.config(each(func(*stage.Input) stage.Result {
		t.Error("the handler was called with the input")
		return stage.Result{Outcome: &datelinev1.Outcome{InputId: "seen"}}
	})))
	if o := h.settled(1)[0]; o.Reason != "poison" {
		t.Errorf("outcome: %v", o)
	}
}
