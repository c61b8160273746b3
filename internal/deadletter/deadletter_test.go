package deadletter_test

import (
	"math"
	"slices"
	"strconv"
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
	"github.com/dateline-news/dateline/internal/tracing"
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
		after  uint64
		want   []uint64
	}{
		{deadletter.Filter{}, 0, []uint64{1, 2, 3, 4}},
		{deadletter.Filter{}, 2, []uint64{3, 4}},
		{deadletter.Filter{}, 4, nil},
		{deadletter.Filter{}, math.MaxUint64, nil},
		{deadletter.Filter{Stage: "*"}, 0, nil},
		{deadletter.Filter{Reason: "dns.>"}, 0, nil},
		{deadletter.Filter{Reason: "no such"}, 0, nil},
		{deadletter.Filter{Stage: "fetch"}, 0, []uint64{2, 3, 4}},
		{deadletter.Filter{Reason: "dns"}, 0, []uint64{2, 4}},
		{deadletter.Filter{Host: "two.example"}, 0, []uint64{3, 4}},
		{deadletter.Filter{Stage: "fetch", Reason: "dns", Host: "two.example"}, 0, []uint64{4}},
	} {
		page, next, err := stream.Page(t.Context(), test.filter, test.after, 10)
		if err != nil || next != 0 {
			t.Errorf("%+v after %d: next is %d, error %v", test.filter, test.after, next, err)
		}
		if got := numbers(page); !slices.Equal(got, test.want) {
			t.Errorf("%+v after %d: got %d, want %d", test.filter, test.after, got, test.want)
		}
	}
	page, next, err := stream.Page(t.Context(), deadletter.Filter{Stage: "fetch"}, 0, 2)
	if got := numbers(page); err != nil || !slices.Equal(got, []uint64{2, 3}) || next != 3 {
		t.Errorf("a page of 2: got %d, next is %d, error %v", got, next, err)
	}
}

func numbers(page []deadletter.Brief) []uint64 {
	var all []uint64
	for _, letter := range page {
		all = append(all, letter.Number)
	}
	return all
}

// TestPageReadsABoundedNumberOfLetters looks for hosts among many large dead letters of
// another. A request for a host must not read all of them.
func TestPageReadsABoundedNumberOfLetters(t *testing.T) {
	const total, maxReads = 700, 500
	_, js := natstest.Start(t)
	letters := make([]*datelinev1.DeadLetter, total)
	for i := range letters {
		letters[i] = &datelinev1.DeadLetter{
			InputId: strconv.Itoa(i), Stage: fetch, Reason: "timeout", Url: "https://many.example/",
			Data: make([]byte, 32<<10),
		}
	}
	letters[599].Url = "https://rare.example/"
	letters[total-1].Reason = "dns"
	stream := bury(t, js, letters...)
	for _, test := range []struct {
		filter deadletter.Filter
		want   []uint64
		pages  int
	}{
		{deadletter.Filter{Host: "rare.example"}, []uint64{600}, 2},
		{deadletter.Filter{Host: "absent.example"}, nil, 2},
		{deadletter.Filter{Host: "many.example", Reason: "dns"}, []uint64{total}, 1},
		{deadletter.Filter{Host: "absent.example", Stage: "intake"}, nil, 1},
	} {
		var got []uint64
		pages := 0
		for next := uint64(0); pages == 0 || next > 0; pages++ {
			before := js.Conn().Stats().InMsgs
			var page []deadletter.Brief
			var err error
			if page, next, err = stream.Page(t.Context(), test.filter, next, 100); err != nil {
				t.Fatal(err)
			}
			if reads := js.Conn().Stats().InMsgs - before; reads > maxReads {
				t.Errorf("%+v: a page read %d dead letters, want at most %d", test.filter, reads, maxReads)
			}
			got = append(got, numbers(page)...)
		}
		if !slices.Equal(got, test.want) || pages != test.pages {
			t.Errorf("%+v: got %d on %d pages, want %d on %d", test.filter, got, pages, test.want, test.pages)
		}
	}
	before := js.Conn().Stats().InMsgs
	filter := deadletter.Filter{Host: "many.example", Stage: "fetch", Reason: "dns"}
	if _, _, err := stream.Page(t.Context(), filter, 0, 100); err != nil {
		t.Fatal(err)
	}
	if reads := js.Conn().Stats().InMsgs - before; reads > 1 {
		t.Errorf("finding the only dead letter of a stage and reason read %d", reads)
	}
}

// TestRequeueKeepsTheLetterUntilItIsPublished requeues to a stream without room.
func TestRequeueKeepsTheLetterUntilItIsPublished(t *testing.T) {
	_, js := natstest.Start(t)
	stream := bury(t, js, &datelinev1.DeadLetter{
		InputId: "a", Stage: intake, Reason: "bad_url", Data: []byte("https://one.example/"), Subject: subject.URLs,
	})
	urls, err := js.Stream(t.Context(), subject.StreamURLs)
	if err != nil {
		t.Fatal(err)
	}
	config := urls.CachedInfo().Config
	config.MaxBytes = 1
	if _, err := js.UpdateStream(t.Context(), config); err != nil {
		t.Fatal(err)
	}
	letter, err := stream.Get(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	err = stream.Requeue(t.Context(), letter)
	if err == nil || !strings.Contains(err.Error(), "requeueing dead letter 1") {
		t.Errorf("requeueing to a full stream: %v", err)
	}
	if _, err := stream.Get(t.Context(), 1); err != nil {
		t.Errorf("the dead letter is gone although it was not published: %v", err)
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
		Headers: []*datelinev1.Header{{Name: nats.MsgIdHdr, Value: "old"}, {Name: ledger.RequestID, Value: "x"}},
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
	if id := msgs[0].Header.Get(nats.MsgIdHdr); id == "old" || msgs[0].Header.Get(ledger.RequestID) != "x" {
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

// TestRequeueRefusesSubjectsThatTheStageDoesNotRead requeues forged dead letters. A
// service that may only write dead letters must not have an operator purge streams,
// take over leases or write into the queues of other stages.
func TestRequeueRefusesSubjectsThatTheStageDoesNotRead(t *testing.T) {
	nc, js := natstest.Start(t)
	watch, err := nc.SubscribeSync("$JS.API.STREAM.PURGE.>")
	if err != nil {
		t.Fatal(err)
	}
	for i, forged := range []*datelinev1.DeadLetter{
		{Stage: intake, Subject: "$JS.API.STREAM.PURGE.PAGES"},
		{Stage: fetch, Subject: subject.KVKey(subject.BucketLeases, subject.PartitionLease(1))},
		{Stage: intake, Subject: subject.Pages("com.example")},
		{Subject: subject.URLs},
	} {
		forged.InputId, forged.Reason = strconv.Itoa(i), "dns"
		stream := bury(t, js, forged)
		letter, err := stream.Get(t.Context(), uint64(i+1))
		if err != nil {
			t.Fatal(err)
		}
		if err := stream.Requeue(t.Context(), letter); err == nil || !strings.Contains(err.Error(), "does not read") {
			t.Errorf("%s: got error %v", forged.Subject, err)
		}
	}
	if err := nc.Flush(); err != nil {
		t.Fatal(err)
	}
	if n, _, err := watch.Pending(); err != nil || n > 0 {
		t.Errorf("%d purges were requested (%v)", n, err)
	}
}

// TestRequeueDropsHeadersThatNATSActsOn requeues a forged dead letter with the headers
// by which a publisher purges the stream, expects a state or evades detection of
// duplicates.
func TestRequeueDropsHeadersThatNATSActsOn(t *testing.T) {
	_, js := natstest.Start(t)
	if _, err := js.Publish(t.Context(), subject.URLs, []byte("https://victim.example/")); err != nil {
		t.Fatal(err)
	}
	stream := bury(t, js, &datelinev1.DeadLetter{
		InputId: "a", Stage: intake, Reason: "malformed", Subject: subject.URLs, Headers: []*datelinev1.Header{
			{Name: "Nats-Rollup", Value: "all"}, {Name: "nats-rollup", Value: "all"},
			{Name: "Nats-Expected-Stream", Value: "OTHER"}, {Name: "NATS-MSG-ID", Value: "old"},
			{Name: "Nats-TTL", Value: "1s"}, {Name: "X-Any", Value: "1"},
			{Name: "traceparent", Value: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"},
		},
	})
	letter, err := stream.Get(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.Requeue(t.Context(), letter); err != nil {
		t.Fatal(err)
	}
	msgs := natstest.Messages(t, js, subject.StreamURLs)
	if len(msgs) != 2 {
		t.Fatalf("the stream has %d messages, want 2", len(msgs))
	}
	for _, name := range []string{
		"Nats-Rollup", "nats-rollup", "Nats-Expected-Stream", "NATS-MSG-ID", "Nats-TTL", "X-Any",
	} {
		if got := msgs[1].Header.Get(name); got != "" {
			t.Errorf("the message has the header %s: %s", name, got)
		}
	}
	if msgs[1].Header.Get(tracing.LinkHeader) == "" {
		t.Error("the message has no link to the trace of the original")
	}
}

func TestRequeueRefusesAPartOfAMessage(t *testing.T) {
	_, js := natstest.Start(t)
	stream := bury(t, js, &datelinev1.DeadLetter{
		InputId: "a", Stage: intake, Reason: "malformed", Data: []byte("https://one.ex"),
	})
	letter, err := stream.Get(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.Requeue(t.Context(), letter); err == nil || !strings.Contains(err.Error(), "publish the URL again") {
		t.Errorf("got error %v", err)
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

// TestUnreadableEntriesCanBeListedAndDropped stores garbage and a letter of another
// stage between two dead letters. One such entry made listing, erasing and its own
// removal fail for good.
func TestUnreadableEntriesCanBeListedAndDropped(t *testing.T) {
	_, js := natstest.Start(t)
	forged, err := proto.Marshal(&datelinev1.DeadLetter{Stage: intake, Subject: subject.URLs, Reason: "dns"})
	if err != nil {
		t.Fatal(err)
	}
	bury(t, js, &datelinev1.DeadLetter{InputId: "a", Stage: intake, Reason: "malformed"})
	for _, data := range [][]byte{[]byte("\xff\xff not protobuf"), {}, forged} {
		if _, err := js.Publish(t.Context(), subject.Dead(fetch, "dns"), data); err != nil {
			t.Fatal(err)
		}
	}
	stream := bury(t, js, &datelinev1.DeadLetter{InputId: "b", Stage: fetch, Reason: "dns"})
	var unreadable, readable []uint64
	for letter, err := range stream.All(t.Context(), deadletter.Filter{}) {
		switch {
		case err != nil:
			t.Fatal(err)
		case letter.Unreadable:
			unreadable = append(unreadable, letter.Number)
		default:
			readable = append(readable, letter.Number)
		}
	}
	if !slices.Equal(unreadable, []uint64{2, 3, 4}) || !slices.Equal(readable, []uint64{1, 5}) {
		t.Fatalf("unreadable: %d, readable: %d", unreadable, readable)
	}
	for _, number := range unreadable {
		letter, err := stream.Get(t.Context(), number)
		if err != nil {
			t.Fatal(err)
		}
		brief := letter.Brief()
		if !brief.Unreadable || brief.Stage != "fetch" || brief.Reason != "dns" || brief.Time.IsZero() ||
			!strings.Contains(brief.Error, "drop it") {
			t.Errorf("entry %d is listed as %+v", number, brief)
		}
		if err := stream.Requeue(t.Context(), letter); err == nil {
			t.Errorf("entry %d was requeued", number)
		}
		if err := stream.Drop(t.Context(), letter); err != nil {
			t.Error(err)
		}
	}
	if n := natstest.Count(t, js, subject.StreamDead); n != 2 {
		t.Errorf("the stream has %d entries, want 2", n)
	}
}
