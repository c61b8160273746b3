package intake

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"go.uber.org/goleak"

	"github.com/dateline-news/dateline/internal/ledger"
	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/stage"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/topology"
	"github.com/dateline-news/dateline/internal/weburl"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/fetcher/internal/seen"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	produced  = datelinev1.Verdict_VERDICT_PRODUCED
	duplicate = datelinev1.Verdict_VERDICT_DUPLICATE
)

// testIntake is an intake with a server of its own.
type testIntake struct {
	*Intake
	t  *testing.T
	js jetstream.JetStream
}

func newIntake(t *testing.T, limits topology.Limits) *testIntake {
	t.Helper()
	_, js := natstest.Connect(t, natstest.Server(t, t.TempDir()))
	natstest.Reconcile(t, js, limits)
	marks, err := seen.Open(t.Context(), js)
	if err != nil {
		t.Fatal(err)
	}
	return &testIntake{New(js, marks, slog.New(slog.DiscardHandler), time.Now), t, js}
}

// message returns the n-th message of the stream.
func message(n uint64, data string) *stage.Input {
	return &stage.Input{
		Subject: subject.URLs, Stream: subject.StreamURLs, Sequence: n, Data: []byte(data),
		Stored: time.Unix(1e9, 0), Attempt: 1,
	}
}

func (in *testIntake) handle(input *stage.Input) stage.Result {
	in.t.Helper()
	return in.Handle(in.t.Context(), []*stage.Input{input})[0]
}

func (in *testIntake) queued() int { return natstest.Count(in.t, in.js, subject.StreamFrontier) }

func TestDuplicates(t *testing.T) {
	in := newIntake(t, topology.Limits{})
	first := in.handle(message(1, "https://Example.com/a?utm_source=x"))
	if first.Err != nil || first.Outcome.Verdict != produced || first.Outcome.Url != "https://example.com/a" ||
		first.Outcome.Host != "example.com" {
		t.Fatalf("first: %v, %v", first.Outcome, first.Err)
	}
	second := in.handle(message(2, "https://example.com/a#part"))
	if second.Outcome.Verdict != duplicate || second.Outcome.OutputId != first.Outcome.RequestId ||
		!strings.Contains(second.Outcome.Detail, "force") {
		t.Errorf("second: %v", second.Outcome)
	}
	forced := in.handle(message(3, `{"url": "https://example.com/a", "force": true}`))
	if forced.Outcome.Verdict != produced {
		t.Errorf("forced: %v", forced.Outcome)
	}
	if in.queued() != 2 {
		t.Errorf("%d URLs are queued, want 2", in.queued())
	}
}

// TestRedeliveryIsNotADuplicate delivers a message again at each point at which a
// crash may have prevented its acknowledgement.
func TestRedeliveryIsNotADuplicate(t *testing.T) {
	in := newIntake(t, topology.Limits{})
	input := message(1, `{"url": "https://example.com/a", "requestId": "mine"}`)
	in.handle(input)
	if again := in.handle(input); again.Outcome.Verdict != produced || in.queued() != 1 {
		t.Errorf("before the fetch: %v, and %d are queued", again.Outcome, in.queued())
	}
	url, err := weburl.Parse("https://example.com/a")
	if err != nil {
		t.Fatal(err)
	}
	if err := in.seen.Finish(t.Context(), url.ID(), seen.Mark{}, "mine", seen.Version{}, time.Now()); err != nil {
		t.Fatal(err)
	}
	if again := in.handle(input); again.Outcome.Verdict != produced || in.queued() != 1 {
		t.Errorf("after the fetch: %v, and %d are queued", again.Outcome, in.queued())
	}
}

func TestLateEndOfAnEarlierRequest(t *testing.T) {
	in := newIntake(t, topology.Limits{})
	in.handle(message(1, `{"url": "https://example.com/a", "requestId": "old"}`))
	in.handle(message(2, `{"url": "https://example.com/a", "requestId": "new", "force": true}`))
	url, err := weburl.Parse("https://example.com/a")
	if err != nil {
		t.Fatal(err)
	}
	if err := in.seen.Finish(t.Context(), url.ID(), seen.Mark{}, "old", seen.Version{}, time.Now()); err != nil {
		t.Fatal(err)
	}
	if mark, ok, err := in.seen.Get(t.Context(), url.ID()); err != nil || !ok || mark.Request != "new" || mark.Done {
		t.Errorf("the mark of the new request is %+v, %v, %v", mark, ok, err)
	}
}

func TestUnusableURLs(t *testing.T) {
	in := newIntake(t, topology.Limits{})
	for data, want := range map[string]string{
		"ftp://example.com/a":      "only http and https",
		"example.com/a":            "did you mean",
		"https://":                 "no host",
		"https://a..b/":            "empty part",
		"https://example.com:port": "port",
		"javascript:alert(1)":      "only http and https",
	} {
		result := in.handle(message(1, data))
		if result.Err == nil || !strings.Contains(result.Err.Error(), want) {
			t.Errorf("%s: %v, want %q", data, result.Err, want)
		}
	}
	if in.queued() != 0 {
		t.Error("an unusable URL was admitted")
	}
}

func TestSplit(t *testing.T) {
	in := newIntake(t, topology.Limits{})
	var lines []string
	for i := range 100 {
		lines = append(lines, "https://example.com/"+strings.Repeat("a", i))
	}
	input := message(1, strings.Join(lines, "\n"))
	for range 2 { // the message is delivered twice
		result := in.handle(input)
		if result.Err != nil || result.Outcome.Verdict != produced || result.Outcome.Reason != "split" {
			t.Fatalf("%v, %v", result.Outcome, result.Err)
		}
	}
	msgs := natstest.Messages(t, in.js, subject.StreamURLs)
	if len(msgs) != len(lines) {
		t.Fatalf("%d messages for %d lines", len(msgs), len(lines))
	}
	for i, msg := range msgs {
		part := message(msg.Sequence, string(msg.Data))
		part.Header = msg.Header
		result := in.handle(part)
		if result.Err != nil || result.Outcome.Verdict != produced || string(msg.Data) != lines[i] {
			t.Fatalf("line %d: %v, %v", i, result.Outcome, result.Err)
		}
	}
	if in.queued() != len(lines) {
		t.Errorf("%d URLs are queued, want %d", in.queued(), len(lines))
	}
}

// TestSplitIntoAFullStream must not wait: there would be room only after the
// waiting worker has read other messages.
func TestSplitIntoAFullStream(t *testing.T) {
	in := newIntake(t, topology.Limits{OtherBytes: 2000})
	for {
		if _, err := in.js.Publish(t.Context(), subject.URLs, make([]byte, 300)); err != nil {
			break
		}
	}
	result := in.handle(message(1, "https://example.com/a\nhttps://example.com/b"))
	if result.Err == nil || !strings.Contains(result.Err.Error(), "maximum bytes") {
		t.Errorf("%v, %v", result.Outcome, result.Err)
	}
}

func TestFullHost(t *testing.T) {
	in := newIntake(t, topology.Limits{PerHost: 1})
	in.handle(message(1, "https://example.com/a"))
	full := in.handle(message(2, "https://example.com/b"))
	if full.Err == nil || !strings.Contains(full.Err.Error(), "example.com") {
		t.Fatalf("%v, %v", full.Outcome, full.Err)
	}
	if err := in.js.DeleteStream(t.Context(), subject.StreamFrontier); err != nil {
		t.Fatal(err)
	}
	natstest.Reconcile(t, in.js, topology.Limits{PerHost: 1})
	if later := in.handle(message(3, "https://example.com/b")); later.Err != nil || later.Outcome.Verdict != produced {
		t.Errorf("the refused URL left a mark: %v, %v", later.Outcome, later.Err)
	}
}

func TestHeaderCannotSmuggleAnID(t *testing.T) {
	in := newIntake(t, topology.Limits{})
	input := message(1, "https://example.com/a")
	input.Header = nats.Header{ledger.RequestID: {"\xff and more"}}
	result := in.handle(input)
	if result.Err != nil || result.Outcome.RequestId != result.Outcome.InputId {
		t.Errorf("%v, %v", result.Outcome, result.Err)
	}
}

// TestManyURLsOfAFullHost lets some URLs wait for room, and gives the others up so
// that the URLs of other hosts can still be read.
func TestManyURLsOfAFullHost(t *testing.T) {
	in := newIntake(t, topology.Limits{PerHost: 1})
	clock := time.Now()
	in.now = func() time.Time { return clock }
	in.handle(message(1, "https://example.com/a"))
	waits := func(n uint64, attempt int) bool {
		t.Helper()
		input := message(n, fmt.Sprintf("https://example.com/b/%d", n))
		input.Attempt = attempt
		result := in.handle(input)
		if result.Err == nil {
			t.Fatalf("URL %d was admitted", n)
		}
		return !stage.IsPermanent(result.Err)
	}
	for i := range maxFull + 100 {
		if got := waits(uint64(i+2), 1); got != (i < maxFull) {
			t.Fatalf("URL %d, for which there is no room, waits: %v", i+1, got)
		}
	}
	if !waits(2, 2) {
		t.Error("a URL that waits was given up because of others")
	}
	if other := in.handle(message(9999, "https://other.example/")); other.Err != nil {
		t.Errorf("another host: %v", other.Err)
	}
	clock = clock.Add(fullWindow + time.Second)
	if !waits(5000, 1) {
		t.Error("no URL may wait in the next window")
	}
}

// TestBatch handles messages of every kind together.
func TestBatch(t *testing.T) {
	in := newIntake(t, topology.Limits{PerHost: 2})
	in.handle(message(1, "https://example.com/known"))
	inputs := []*stage.Input{
		message(2, "https://example.com/a"),
		message(3, "https://example.com/known"),
		message(4, "https://EXAMPLE.com/a#again"),
		message(5, "ftp://example.com/a"),
		message(6, "https://one.example/1"),
		message(7, "https://two.example/1\nhttps://two.example/2"),
		message(8, "https://two.example/0"),
		message(9, "https://one.example/1"),
		message(10, `{"url": "https://two.example/1", "requestId": "mine"}`),
	}
	results := in.Handle(t.Context(), inputs)
	for i, want := range []struct {
		verdict datelinev1.Verdict
		failure string
	}{
		{produced, ""}, {duplicate, ""}, {duplicate, ""}, {0, "only http and https"}, {produced, ""},
		{produced, ""}, {produced, ""}, {duplicate, ""}, {produced, ""},
	} {
		o, err := results[i].Outcome, results[i].Err
		failed := ""
		if err != nil {
			failed = err.Error()
		}
		if o.GetVerdict() != want.verdict || err != nil && want.failure == "" || !strings.Contains(failed, want.failure) {
			t.Errorf("%q: %v, %v; want %v, %q", inputs[i].Data, o.GetVerdict(), err, want.verdict, want.failure)
		}
	}
	if first := results[0].Outcome.GetRequestId(); results[2].Outcome.GetOutputId() != first {
		t.Errorf("the second request in the batch is a duplicate of %q, want %q", results[2].Outcome.GetOutputId(), first)
	}
	if in.queued() != 5 {
		t.Errorf("%d URLs are queued, want 5", in.queued())
	}
	again := in.Handle(t.Context(), inputs[:1])[0]
	if again.Outcome.GetVerdict() != produced || in.queued() != 5 {
		t.Errorf("delivered again: %v, and %d are queued", again.Outcome.GetVerdict(), in.queued())
	}
}

// TestBatchForAFullHost handles messages together, of which the queue of a host has room
// for some.
func TestBatchForAFullHost(t *testing.T) {
	const room = 2
	in := newIntake(t, topology.Limits{PerHost: room})
	var inputs []*stage.Input
	for i := range uint64(5) {
		inputs = append(inputs, message(i+1, fmt.Sprintf("https://one.example/%d", i)))
	}
	inputs = append(inputs, message(6, "https://two.example/"))
	full := 0
	for i, result := range in.Handle(t.Context(), inputs) {
		if result.Err == nil {
			continue
		}
		full++
		if !strings.Contains(result.Err.Error(), "one.example is full") {
			t.Errorf("%s: %v", inputs[i].Data, result.Err)
		}
		url, err := weburl.Parse(string(inputs[i].Data))
		if err != nil {
			t.Fatal(err)
		}
		if _, marked, err := in.seen.Get(t.Context(), url.ID()); marked || err != nil {
			t.Errorf("%s keeps its mark (%v)", url, err)
		}
	}
	if full != 5-room || in.queued() != room+1 {
		t.Errorf("%d URLs were refused and %d are queued, want %d and %d", full, in.queued(), 5-room, room+1)
	}
}
