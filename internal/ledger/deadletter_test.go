package ledger_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/dateline-news/dateline/internal/ledger"
	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/outcome"
	"github.com/dateline-news/dateline/internal/subject"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// buryer writes dead letters of the intake with a reason.
type buryer struct {
	t      *testing.T
	js     jetstream.JetStream
	writer *ledger.Writer
	unkept int
}

func newBuryer(t *testing.T) *buryer {
	_, js := natstest.Start(t)
	b := &buryer{t: t, js: js}
	b.writer = ledger.NewWriter(ledger.Config{
		JS: js, Stage: datelinev1.Stage_STAGE_INTAKE, Log: slog.New(slog.DiscardHandler), Now: time.Now,
		Count: func(datelinev1.Verdict, outcome.Reason) {}, CountUnkept: func() { b.unkept++ },
	})
	return b
}

func (b *buryer) bury(number uint64, reason outcome.Reason, header nats.Header, data []byte) {
	b.t.Helper()
	ended := &datelinev1.Outcome{InputId: fmt.Sprint(number), Reason: string(reason), Detail: "cause"}
	source := ledger.Source{Sequence: number, Subject: subject.URLs, Header: header, Data: data}
	if err := b.writer.Bury(natstest.Context(b.t), ended, 0, source); err != nil {
		b.t.Fatal(err)
	}
}

// resize sets bounds of the stream of dead letters.
func (b *buryer) resize(change func(*jetstream.StreamConfig)) {
	b.t.Helper()
	stream, err := b.js.Stream(b.t.Context(), subject.StreamDead)
	if err != nil {
		b.t.Fatal(err)
	}
	config := stream.CachedInfo().Config
	change(&config)
	if _, err := b.js.UpdateStream(b.t.Context(), config); err != nil {
		b.t.Fatal(err)
	}
}

// TestDeadLetterComesFirst checks that an input has no outcome as long as its dead letter
// is not stored: after a crash in between, nobody would find the letter missing.
func TestDeadLetterComesFirst(t *testing.T) {
	for name, obstruct := range map[string]func(*buryer){
		"no stream": func(b *buryer) {
			if err := b.js.DeleteStream(t.Context(), subject.StreamDead); err != nil {
				t.Fatal(err)
			}
		},
		"too large for the stream": func(b *buryer) {
			b.resize(func(c *jetstream.StreamConfig) { c.MaxMsgSize = 10 })
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBuryer(t)
			obstruct(b)
			ended := &datelinev1.Outcome{InputId: "1", Reason: string(outcome.Malformed), Detail: "cause"}
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			if err := b.writer.Bury(ctx, ended, 0, ledger.Source{Sequence: 1, Subject: subject.URLs}); err == nil {
				t.Error("no error although the dead letter was not stored")
			}
			if stored := natstest.Count(t, b.js, subject.StreamOutcomes); stored != 0 {
				t.Errorf("%d outcomes were stored before the dead letter", stored)
			}
		})
	}
}

// TestDeadLettersDoNotStopTheStage buries more than the stream has room for: too many
// with one reason, and too many bytes. Each input must have its outcome nevertheless.
func TestDeadLettersDoNotStopTheStage(t *testing.T) {
	b := newBuryer(t)
	b.resize(func(c *jetstream.StreamConfig) { c.MaxMsgsPerSubject = 2 })
	for number := range uint64(4) {
		b.bury(number+1, outcome.Malformed, nil, []byte("x"))
	}
	b.bury(5, outcome.BadURL, nil, []byte("x"))
	if kept := natstest.Count(t, b.js, subject.StreamDead); kept != 3 || b.unkept != 2 {
		t.Errorf("%d dead letters were kept and %d not, want 3 and 2", kept, b.unkept)
	}
	b.resize(func(c *jetstream.StreamConfig) { c.MaxBytes = 1 })
	b.bury(6, outcome.HostFull, nil, []byte("x"))
	if b.unkept != 3 {
		t.Errorf("%d dead letters were not kept, want 3", b.unkept)
	}
	outcomes := natstest.Messages(t, b.js, subject.StreamOutcomes)
	if len(outcomes) != 6 {
		t.Fatalf("%d outcomes, want 6", len(outcomes))
	}
	last := &datelinev1.Outcome{}
	if err := proto.Unmarshal(outcomes[5].Data, last); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(last.GetDetail(), "cause; its dead letter was not kept") {
		t.Errorf("the outcome does not mention the dead letter: %s", last.GetDetail())
	}
}

// TestDeadLettersAreBounded buries a message with as much data as anybody may publish.
func TestDeadLettersAreBounded(t *testing.T) {
	b := newBuryer(t)
	header := nats.Header{"X-Large": {strings.Repeat("h", 60<<10)}}
	b.bury(1, outcome.Malformed, header, bytes.Repeat([]byte("x"), 1<<20))
	stored := natstest.Messages(t, b.js, subject.StreamDead)
	if len(stored) != 1 || len(stored[0].Data) > 24<<10 {
		t.Fatalf("%d dead letters, the first of %d bytes", len(stored), len(stored[0].Data))
	}
	letter := &datelinev1.DeadLetter{}
	if err := proto.Unmarshal(stored[0].Data, letter); err != nil {
		t.Fatal(err)
	}
	if letter.GetSubject() != "" || !strings.Contains(letter.GetError(), "of the 1048576 bytes") {
		t.Errorf("the dead letter is not marked as a part: subject %q, %s", letter.GetSubject(), letter.GetError())
	}
}

// TestDeadLetterHasEveryFact buries an input, and compares the dead letter and the outcome as a whole.
func TestDeadLetterHasEveryFact(t *testing.T) {
	b := newBuryer(t)
	ended := &datelinev1.Outcome{
		InputId: "input", RequestId: "request", Url: "https://example.com/", Host: "example.com", Attempt: 3,
		Reason: string(outcome.Malformed), Detail: "cause", Labels: map[string]string{"desk": "roads"},
	}
	source := ledger.Source{
		Sequence: 7, Subject: subject.URLs, Header: nats.Header{"B": {"3"}, "A": {"1", "2"}}, Data: []byte("data"),
	}
	before := time.Now()
	if err := b.writer.Bury(natstest.Context(t), ended, time.Minute, source); err != nil {
		t.Fatal(err)
	}
	letter, stored := &datelinev1.DeadLetter{}, &datelinev1.Outcome{}
	for name, m := range map[string]proto.Message{subject.StreamDead: letter, subject.StreamOutcomes: stored} {
		msgs := natstest.Messages(t, b.js, name)
		if len(msgs) != 1 {
			t.Fatalf("%s has %d messages, want 1", name, len(msgs))
		}
		if err := proto.Unmarshal(msgs[0].Data, m); err != nil {
			t.Fatal(err)
		}
	}
	for name, stamp := range map[string]*timestamppb.Timestamp{
		"dead letter": letter.GetTime(), "outcome": stored.GetTime(),
	} {
		if at := stamp.AsTime(); at.Before(before) || at.After(time.Now()) {
			t.Errorf("the time of the %s is %s", name, at)
		}
	}
	wantLetter := &datelinev1.DeadLetter{
		InputId: "input", RequestId: "request", Url: "https://example.com/", Attempts: 3, Time: letter.GetTime(),
		Stage: datelinev1.Stage_STAGE_INTAKE, Reason: string(outcome.Malformed), Error: "cause", Subject: subject.URLs,
		Headers: []*datelinev1.Header{{Name: "A", Value: "1"}, {Name: "A", Value: "2"}, {Name: "B", Value: "3"}},
		Data:    []byte("data"),
	}
	if !proto.Equal(letter, wantLetter) {
		t.Errorf("the dead letter is %v, want %v", letter, wantLetter)
	}
	wantOutcome := proto.CloneOf(ended)
	wantOutcome.Stage, wantOutcome.Verdict = datelinev1.Stage_STAGE_INTAKE, datelinev1.Verdict_VERDICT_DEAD
	wantOutcome.Time, wantOutcome.Duration = stored.GetTime(), durationpb.New(time.Minute)
	if !proto.Equal(stored, wantOutcome) {
		t.Errorf("the outcome is %v, want %v", stored, wantOutcome)
	}
}

// TestLabelsOfAnOutcomeAreBounded ends inputs with labels from outside. An outcome that has no room for them is stored
// without them.
func TestLabelsOfAnOutcomeAreBounded(t *testing.T) {
	const most = 64 << 10
	for size, kept := range map[int]bool{most: true, most + 1: false} {
		b := newBuryer(t)
		ended := &datelinev1.Outcome{InputId: "1", Labels: map[string]string{"key": strings.Repeat("x", size-len("key"))}}
		if err := b.writer.Outcome(natstest.Context(t), ended, 0, 1); err != nil {
			t.Fatal(err)
		}
		stored := &datelinev1.Outcome{}
		if err := proto.Unmarshal(natstest.Messages(t, b.js, subject.StreamOutcomes)[0].Data, stored); err != nil {
			t.Fatal(err)
		}
		if got := len(stored.GetLabels()) > 0; got != kept {
			t.Errorf("labels of %d bytes are kept: %t, want %t", size, got, kept)
		}
	}
}
