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
