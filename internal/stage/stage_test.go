package stage_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/stage"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/tracetest"
	"github.com/dateline-news/dateline/internal/tracing"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

func TestEachInputEndsInOneOutcome(t *testing.T) {
	r := newRig(t)
	r.publish(50)
	stop := r.run(r.config(each(func(in *stage.Input) stage.Result { return produced(in, 10) })))
	for _, o := range r.settled(50) {
		if o.Verdict != datelinev1.Verdict_VERDICT_PRODUCED || o.Stage != extract || o.Attempt != 1 || o.Time == nil {
			t.Errorf("the outcome is not whole: %v", o)
		}
	}
	if got := natstest.Count(t, r.js, subject.StreamArticles); got != 50 {
		t.Errorf("%d articles, want 50", got)
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
}

func TestAckComesLast(t *testing.T) {
	r := newRig(t)
	r.hurry(500 * time.Millisecond)
	r.limit(subject.StreamOutcomes, 1) // takes nothing
	r.publish(1)
	config := r.config(each(func(in *stage.Input) stage.Result { return produced(in, 10) }))
	config.DrainTimeout = time.Millisecond
	stop := r.run(config)
	natstest.Eventually(t, "the article is stored", func() bool { return natstest.Count(t, r.js, subject.StreamArticles) == 1 })
	if err := stop(); err != nil { // before the outcome is stored
		t.Fatal(err)
	}
	if unacked, waiting := r.pending(); unacked+waiting != 1 {
		t.Fatalf("the input was acked before its outcome was stored")
	}
	r.limit(subject.StreamOutcomes, 1<<20)
	r.run(config)
	r.settled(1)
	if got := natstest.Count(t, r.js, subject.StreamArticles); got != 1 {
		t.Fatalf("%d articles, want 1", got)
	}
}

func TestPermanentFailureIsDeadLetteredWhole(t *testing.T) {
	r := newRig(t)
	msg := nats.NewMsg("pages.com.example")
	msg.Header.Add("Labels", "a")
	msg.Header.Add("Labels", "b")
	msg.Header.Set("Binary", "\xff\xfe")
	msg.Data = []byte("{\x00")
	if _, err := r.js.PublishMsg(t.Context(), msg); err != nil {
		t.Fatal(err)
	}
	r.run(r.config(each(func(in *stage.Input) stage.Result {
		return failed(in, stage.Permanent("malformed", errors.New("reading the page: it is cut short")))
	})))
	outcome := r.settled(1)[0]
	if outcome.Verdict != datelinev1.Verdict_VERDICT_DEAD || outcome.Reason != "malformed" || outcome.Attempt != 1 {
		t.Errorf("outcome: %v", outcome)
	}
	letter := r.letters()[0]
	if letter.Subject != msg.Subject || !slices.Equal(letter.Data, msg.Data) || letter.Stage != extract ||
		letter.Error != "reading the page: it is cut short" || letter.Attempts != 1 || letter.Url != "https://example.com/" {
		t.Errorf("letter: %v", letter)
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

func TestTransientFailureIsTriedAgainAndThenDead(t *testing.T) {
	r := newRig(t)
	r.publish(1)
	var attempts atomic.Int32
	r.run(r.config(each(func(in *stage.Input) stage.Result {
		if int(attempts.Add(1)) != in.Attempt {
			t.Errorf("attempt %d is called %d", attempts.Load(), in.Attempt)
		}
		return failed(in, errors.New("something broke"))
	})))
	outcome := r.settled(1)[0]
	if outcome.Verdict != datelinev1.Verdict_VERDICT_DEAD || outcome.Reason != "error" || outcome.Attempt != 2 || attempts.Load() != 2 {
		t.Errorf("after %d attempts: %v", attempts.Load(), outcome)
	}
}

func TestWhatIsAwayCostsNoAttempt(t *testing.T) {
	r := newRig(t)
	r.publish(1)
	var calls atomic.Int32
	r.run(r.config(each(func(in *stage.Input) stage.Result {
		if calls.Add(1) <= 2 {
			return failed(in, stage.Unavailable(errors.New("the store is away")))
		}
		return produced(in, 10)
	})))
	if outcome := r.settled(1)[0]; outcome.Attempt != 1 || outcome.Verdict != datelinev1.Verdict_VERDICT_PRODUCED || calls.Load() != 3 {
		t.Errorf("after %d calls: %v", calls.Load(), outcome)
	}
}

func TestPanicEndsInADeadLetterAlone(t *testing.T) {
	r := newRig(t)
	r.publish(10)
	config := r.config(each(func(in *stage.Input) stage.Result {
		if string(in.Data) == "7" {
			panic("nobody thought of sevens")
		}
		return produced(in, 10)
	}))
	config.Batch, config.BatchWait, config.Workers = 10, time.Second, 1
	r.run(config)
	var dead []string
	for _, o := range r.settled(10) {
		if o.Verdict == datelinev1.Verdict_VERDICT_DEAD {
			dead = append(dead, o.Reason)
		}
	}
	if !slices.Equal(dead, []string{"panic"}) {
		t.Fatalf("dead: %q, want one panic", dead)
	}
	if letter := r.letters()[0]; string(letter.Data) != "7" || !strings.Contains(letter.Error, "nobody thought of sevens") {
		t.Errorf("letter: %v", letter)
	}
}

func TestSlowMessagesAreNotDeliveredTwice(t *testing.T) {
	r := newRig(t)
	const ackWait = 300 * time.Millisecond
	r.hurry(ackWait)
	r.publish(4) // two are worked on, two wait in this process
	// A reader that shows no sign of life tells when the time is over.
	control, err := r.js.CreateConsumer(t.Context(), subject.StreamPages, jetstream.ConsumerConfig{
		Durable: "control", AckPolicy: jetstream.AckExplicitPolicy, AckWait: ackWait, MaxAckPending: 1,
	})
	if err != nil {
		t.Fatal(err)
	}
	release := make(chan struct{})
	var calls atomic.Int32
	r.run(r.config(each(func(in *stage.Input) stage.Result {
		calls.Add(1)
		<-release
		return produced(in, 10)
	})))
	natstest.Eventually(t, "all are pulled", func() bool { unacked, _ := r.pending(); return unacked == 4 })
	// An idle replica would be given what the first has let lie.
	r.run(r.config(each(func(in *stage.Input) stage.Result {
		t.Errorf("input %s was given to another", in.Data)
		return produced(in, 10)
	})))
	for delivered := uint64(0); delivered < 4; {
		msg, err := control.Next(jetstream.FetchMaxWait(10 * time.Second))
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
	for _, o := range r.settled(4) {
		if o.Attempt != 1 {
			t.Errorf("%s was delivered %d times", o.InputId, o.Attempt)
		}
	}
	if calls.Load() != 4 {
		t.Errorf("%d calls for 4 inputs", calls.Load())
	}
}

func TestDrainFinishesWhatWasPulled(t *testing.T) {
	r := newRig(t)
	r.publish(30)
	release := make(chan struct{})
	config := r.config(each(func(in *stage.Input) stage.Result {
		<-release
		return produced(in, 10)
	}))
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- stage.New(config).Run(ctx) }()
	natstest.Eventually(t, "the slots are full", func() bool { unacked, _ := r.pending(); return unacked == 6 })
	cancel()
	close(release)
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	natstest.Eventually(t, "what was pulled is acked", func() bool { unacked, _ := r.pending(); return unacked == 0 })
	outcomes := r.outcomes()
	if _, waiting := r.pending(); len(outcomes) < 6 || len(outcomes)+waiting != 30 {
		t.Fatalf("%d outcomes and %d waiting, want 30 in all", len(outcomes), waiting)
	}
}

func TestFullDownstreamSlowsAndLosesNothing(t *testing.T) {
	r := newRig(t)
	r.limit(subject.StreamArticles, 5_000)
	r.publish(20)
	var reading sync.Mutex
	var calls int
	r.run(r.config(each(func(in *stage.Input) stage.Result {
		reading.Lock()
		defer reading.Unlock()
		calls++
		return produced(in, 1_000)
	})))
	natstest.Eventually(t, "the stream is full", func() bool { return natstest.Count(t, r.js, subject.StreamArticles) == 4 })
	natstest.Eventually(t, "while two results wait to be stored, two inputs are handled", func() bool {
		reading.Lock()
		defer reading.Unlock()
		return calls == 4+2+2
	})
	if unacked, waiting := r.pending(); unacked > 6 || unacked+waiting < 16 {
		t.Errorf("%d pulled and %d waiting: the input does not wait", unacked, waiting)
	}
	r.limit(subject.StreamArticles, 1<<20)
	r.settled(20)
	if got := natstest.Count(t, r.js, subject.StreamArticles); got != 20 || calls != 20 {
		t.Errorf("%d articles from %d calls, want 20", got, calls)
	}
}

func TestProductTooLargeForAMessage(t *testing.T) {
	r := newRig(t)
	r.publish(1)
	r.run(r.config(each(func(in *stage.Input) stage.Result { return produced(in, int(r.nc.MaxPayload())) })))
	if o := r.settled(1)[0]; o.Verdict != datelinev1.Verdict_VERDICT_DEAD || o.Reason != "too_large" {
		t.Errorf("outcome: %v", o)
	}
}

func TestInputTooLargeForADeadLetter(t *testing.T) {
	r := newRig(t)
	whole := make([]byte, r.nc.MaxPayload())
	if _, err := r.js.Publish(t.Context(), "pages.com.example", whole); err != nil {
		t.Fatal(err)
	}
	r.run(r.config(each(func(*stage.Input) stage.Result {
		return stage.Result{Outcome: &datelinev1.Outcome{InputId: "huge"}, Err: stage.Permanent("malformed", errors.New("what is this"))}
	})))
	r.settled(1)
	letter := r.letters()[0]
	if len(letter.Data) < len(whole)-4096 || !strings.Contains(letter.Error, "8388608 bytes") || !strings.Contains(letter.Error, "what is this") {
		t.Errorf("%d bytes are kept, and the error is %q", len(letter.Data), letter.Error)
	}
}

func TestInputThatIsPutBackEndsAgain(t *testing.T) {
	r := newRig(t)
	r.run(r.config(each(func(in *stage.Input) stage.Result { return failed(in, stage.Permanent("malformed", errors.New("no"))) })))
	for range 2 { // as when a dead letter is requeued at once
		r.publish(1)
	}
	r.settled(2)
	if got := len(r.letters()); got != 2 {
		t.Errorf("%d dead letters, want 2", got)
	}
}

func TestInputThatTakesTheProcessDown(t *testing.T) {
	r := newRig(t)
	r.publish(1)
	consumer, err := r.js.Consumer(t.Context(), subject.StreamPages, subject.ConsumerExtract)
	if err != nil {
		t.Fatal(err)
	}
	for range 20 {
		msg, err := consumer.Next()
		if err != nil {
			t.Fatal(err)
		}
		if err := msg.Nak(); err != nil {
			t.Fatal(err)
		}
	}
	r.run(r.config(each(func(*stage.Input) stage.Result {
		t.Error("the handler saw it")
		return stage.Result{Outcome: &datelinev1.Outcome{InputId: "seen"}}
	})))
	if o := r.settled(1)[0]; o.Reason != "poison" {
		t.Errorf("outcome: %v", o)
	}
}

func TestLoopEndsWhereItCannotRead(t *testing.T) {
	for name, end := range map[string]func(r *rig){
		"closed connection": func(r *rig) { r.nc.Close() },
		"deleted consumer": func(r *rig) {
			if err := r.js.DeleteConsumer(t.Context(), subject.StreamPages, subject.ConsumerExtract); err != nil {
				t.Error(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.publish(1)
			config := r.config(each(func(in *stage.Input) stage.Result { return produced(in, 1) }))
			ended := make(chan error, 1)
			go func() { ended <- stage.New(config).Run(t.Context()) }()
			r.settled(1)
			end(r)
			if err := <-ended; err == nil || !strings.Contains(err.Error(), subject.ConsumerExtract) {
				t.Fatalf("got %v, want an error that names the consumer", err)
			}
		})
	}
}

// TestSpanOfRedelivery: the span of the first delivery is a child of the span that
// published the input; that of a later one is linked with it.
func TestSpanOfRedelivery(t *testing.T) {
	r := newRig(t)
	collector := tracetest.Start(t)
	traces, err := tracing.New(t.Context(), tracing.Config{Endpoint: collector.URL, SampleRatio: 1}, "trial", "v1", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	const trace, span = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
	msg := nats.NewMsg("pages.com.example")
	msg.Header.Set("traceparent", "00-"+trace+"-"+span+"-01")
	msg.Header.Set(nats.MsgIdHdr, "page:1")
	msg.Data = []byte("1")
	for range 2 { // the context does not get in the way of recognising a message
		if _, err := r.js.PublishMsg(t.Context(), msg); err != nil {
			t.Fatal(err)
		}
		msg.Header.Set("traceparent", "00-"+trace+"-b7ad6b7169203331-01")
	}
	config := r.config(each(func(in *stage.Input) stage.Result {
		if in.Attempt == 1 {
			return failed(in, stage.Transient("timeout", errors.New("too slow")))
		}
		return produced(in, 10)
	}))
	config.Traces = traces
	stop := r.run(config)
	r.settled(1)
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	traces.Close(t.Context())
	spans := collector.Named("extract")
	if len(spans) != 2 || spans[0].Trace != trace || spans[0].Parent != span || len(spans[0].Links) != 0 || !spans[0].Failed {
		t.Fatalf("the spans are %+v", spans)
	}
	again := spans[1]
	if again.Trace == trace || again.Parent != "" || again.Failed || strings.Join(again.Links, " ") != trace+":"+span {
		t.Errorf("the span of the second delivery is %+v", again)
	}
	article := natstest.Messages(t, r.js, subject.StreamArticles)[0]
	if got := article.Header.Get("traceparent"); got != "00-"+again.Trace+"-"+again.ID+"-01" {
		t.Errorf("the article has the parent %q, which is not the span %+v", got, again)
	}
}
