package deadletter_test

import (
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/dateline-news/dateline/internal/deadletter"
	"github.com/dateline-news/dateline/internal/ledger"
	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/subject"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

const (
	intake = datelinev1.Stage_STAGE_INTAKE
	fetch  = datelinev1.Stage_STAGE_FETCH
)

// bury stores dead letters and opens their stream.
func bury(t *testing.T, js jetstream.JetStream, letters ...*datelinev1.DeadLetter) deadletter.Stream {
	t.Helper()
	for _, letter := range letters {
		letter.Time = timestamppb.New(time.Unix(1e9, 0))
		msg, err := ledger.Message(subject.Dead(letter.GetStage(), letter.GetReason()), "dead:"+letter.GetInputId(), letter)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := js.PublishMsg(t.Context(), msg); err != nil {
			t.Fatal(err)
		}
	}
	stream, err := deadletter.Open(t.Context(), js)
	if err != nil {
		t.Fatal(err)
	}
	return stream
}

func TestFilter(t *testing.T) {
	_, js := natstest.Start(t)
	stream := bury(t, js,
		&datelinev1.DeadLetter{InputId: "a", Stage: intake, Reason: "malformed"},
		&datelinev1.DeadLetter{InputId: "b", Stage: fetch, Reason: "dns", Url: "https://one.example/"},
		&datelinev1.DeadLetter{InputId: "c", Stage: fetch, Reason: "timeout", Url: "https://two.example/"},
		&datelinev1.DeadLetter{InputId: "d", Stage: fetch, Reason: "dns", Url: "https://two.example/"},
	)
	for _, test := range []struct {
		filter deadletter.Filter
		from   uint64
		want   string
	}{
		{deadletter.Filter{}, 1, "abcd"},
		{deadletter.Filter{}, 3, "cd"},
		{deadletter.Filter{}, 5, ""},
		{deadletter.Filter{Stage: "fetch"}, 1, "bcd"},
		{deadletter.Filter{Reason: "dns"}, 1, "bd"},
		{deadletter.Filter{Host: "two.example"}, 1, "cd"},
		{deadletter.Filter{Stage: "fetch", Reason: "dns", Host: "two.example"}, 1, "d"},
	} {
		got := ""
		for letter, err := range stream.From(t.Context(), test.filter, test.from) {
			if err != nil {
				t.Fatal(err)
			}
			got += letter.GetInputId()
		}
		if got != test.want {
			t.Errorf("%+v from %d: got %q, want %q", test.filter, test.from, got, test.want)
		}
	}
}

func TestRequeueResetsTheAttemptsOfAFrontierEntry(t *testing.T) {
	_, js := natstest.Start(t)
	entry := &datelinev1.FrontierEntry{Url: "https://one.example/", Attempts: 4, NotBeforeTime: timestamppb.Now()}
	data, err := proto.Marshal(entry)
	if err != nil {
		t.Fatal(err)
	}
	stream := bury(t, js, &datelinev1.DeadLetter{
		InputId: "a", Stage: fetch, Reason: "dns", Data: data,
		Subject: subject.Frontier(3, subject.LaneFresh, "example.one"),
		Headers: []*datelinev1.Header{{Name: nats.MsgIdHdr, Value: "old"}, {Name: "Label", Value: "x"}},
	})
	letter, err := stream.Get(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.Requeue(t.Context(), letter); err != nil {
		t.Fatal(err)
	}
	msgs := natstest.Messages(t, js, subject.StreamFrontier)
	if len(msgs) != 1 {
		t.Fatalf("got %d entries, want 1", len(msgs))
	}
	if id := msgs[0].Header.Get(nats.MsgIdHdr); id == "old" || msgs[0].Header.Get("Label") != "x" {
		t.Errorf("the message has the headers %v", msgs[0].Header)
	}
	requeued := &datelinev1.FrontierEntry{}
	if err := proto.Unmarshal(msgs[0].Data, requeued); err != nil {
		t.Fatal(err)
	}
	if requeued.GetUrl() != entry.GetUrl() || requeued.GetAttempts() != 0 || requeued.NotBeforeTime != nil {
		t.Errorf("the entry is %v", requeued)
	}
	if _, err := stream.Get(t.Context(), 1); err == nil || !strings.Contains(err.Error(), "does not exist") {
		t.Errorf("the dead letter was kept: %v", err)
	}
}

func TestRequeueKeepsADeadLetterThatCannotBeDecoded(t *testing.T) {
	_, js := natstest.Start(t)
	stream := bury(t, js, &datelinev1.DeadLetter{
		InputId: "a", Stage: fetch, Reason: "malformed", Data: []byte("\xff"),
		Subject: subject.Frontier(3, subject.LaneFresh, "example.one"),
	})
	letter, err := stream.Get(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.Requeue(t.Context(), letter); err == nil || !strings.Contains(err.Error(), "not a frontier entry") {
		t.Errorf("got error %v", err)
	}
	if _, err := stream.Get(t.Context(), 1); err != nil {
		t.Errorf("the dead letter is gone: %v", err)
	}
}
