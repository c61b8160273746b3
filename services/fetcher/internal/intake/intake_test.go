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

type rig struct {
	*Intake
	t  *testing.T
	js jetstream.JetStream
}

func newRig(t *testing.T, limits topology.Limits) *rig {
	_, js := natstest.Connect(t, natstest.Server(t, t.TempDir()))
	natstest.Reconcile(t, js, limits)
	marks, err := seen.Open(t.Context(), js)
	if err != nil {
		t.Fatal(err)
	}
	return &rig{New(js, marks, slog.New(slog.DiscardHandler), time.Now), t, js}
}

// message is the nth message of urls.
func message(n uint64, data string) *stage.Input {
	return &stage.Input{Subject: "urls", Data: []byte(data), Stream: "URLS", Sequence: n, Stored: time.Unix(1e9, 0), Attempt: 1}
}

func (r *rig) handle(input *stage.Input) stage.Result {
	r.t.Helper()
	return r.Handle(r.t.Context(), []*stage.Input{input})[0]
}

func (r *rig) waiting() int { return natstest.Count(r.t, r.js, subject.StreamFrontier) }

func TestDuplicates(t *testing.T) {
	r := newRig(t, topology.Limits{})
	first := r.handle(message(1, "https://Example.com/a?utm_source=x"))
	if first.Err != nil || first.Outcome.Verdict != produced || first.Outcome.Url != "https://example.com/a" || first.Outcome.Host != "example.com" {
		t.Fatalf("first: %v, %v", first.Outcome, first.Err)
	}
	second := r.handle(message(2, "https://example.com/a#part"))
	if second.Outcome.Verdict != duplicate || second.Outcome.OutputId != first.Outcome.RequestId || !strings.Contains(second.Outcome.Detail, "force") {
		t.Errorf("second: %v", second.Outcome)
	}
	forced := r.handle(message(3, `{"url": "https://example.com/a", "force": true}`))
	if forced.Outcome.Verdict != produced {
		t.Errorf("forced: %v", forced.Outcome)
	}
	if r.waiting() != 2 {
		t.Errorf("%d URLs wait, want 2", r.waiting())
	}
}

// TestRedeliveryIsNotADuplicate delivers a message again at each moment at which a
// crash may have kept it from being acked.
func TestRedeliveryIsNotADuplicate(t *testing.T) {
	r := newRig(t, topology.Limits{})
	input := message(1, `{"url": "https://example.com/a", "requestId": "mine"}`)
	r.handle(input)
	if again := r.handle(input); again.Outcome.Verdict != produced || r.waiting() != 1 {
		t.Errorf("before the fetch: %v, and %d wait", again.Outcome, r.waiting())
	}
	url, err := weburl.Parse("https://example.com/a")
	if err != nil {
		t.Fatal(err)
	}
	if err := r.seen.Finish(t.Context(), url.ID(), seen.Mark{}, "mine", seen.Version{}, time.Now()); err != nil {
		t.Fatal(err)
	}
	if again := r.handle(input); again.Outcome.Verdict != produced || r.waiting() != 1 {
		t.Errorf("after the fetch: %v, and %d wait", again.Outcome, r.waiting())
	}
}

func TestLateEndOfAnEarlierRequest(t *testing.T) {
	r := newRig(t, topology.Limits{})
	r.handle(message(1, `{"url": "https://example.com/a", "requestId": "old"}`))
	r.handle(message(2, `{"url": "https://example.com/a", "requestId": "new", "force": true}`))
	url, err := weburl.Parse("https://example.com/a")
	if err != nil {
		t.Fatal(err)
	}
	if err := r.seen.Finish(t.Context(), url.ID(), seen.Mark{}, "old", seen.Version{}, time.Now()); err != nil {
		t.Fatal(err)
	}
	if mark, ok, err := r.seen.Get(t.Context(), url.ID()); err != nil || !ok || mark.Request != "new" || mark.Done {
		t.Errorf("the mark of the new request is %+v, %v, %v", mark, ok, err)
	}
}

func TestUnusableURLs(t *testing.T) {
	r := newRig(t, topology.Limits{})
	for data, want := range map[string]string{
		"ftp://example.com/a":      "only http and https",
		"example.com/a":            "did you mean",
		"https://":                 "no host",
		"https://a..b/":            "empty part",
		"https://example.com:port": "port",
		"javascript:alert(1)":      "only http and https",
	} {
		result := r.handle(message(1, data))
		if result.Err == nil || !strings.Contains(result.Err.Error(), want) {
			t.Errorf("%s: %v, want %q", data, result.Err, want)
		}
	}
	if r.waiting() != 0 {
		t.Error("something was admitted")
	}
}

func TestSplit(t *testing.T) {
	r := newRig(t, topology.Limits{})
	var lines []string
	for i := range 100 {
		lines = append(lines, "https://example.com/"+strings.Repeat("a", i))
	}
	input := message(1, strings.Join(lines, "\n"))
	for range 2 { // also when it is delivered again
		if result := r.handle(input); result.Err != nil || result.Outcome.Verdict != produced || result.Outcome.Reason != "split" {
			t.Fatalf("%v, %v", result.Outcome, result.Err)
		}
	}
	msgs := natstest.Messages(t, r.js, subject.StreamURLs)
	if len(msgs) != len(lines) {
		t.Fatalf("%d messages of %d lines", len(msgs), len(lines))
	}
	for i, msg := range msgs {
		part := message(msg.Sequence, string(msg.Data))
		part.Header = nats.Header(msg.Header)
		if result := r.handle(part); result.Err != nil || result.Outcome.Verdict != produced || string(msg.Data) != lines[i] {
			t.Fatalf("line %d: %v, %v", i, result.Outcome, result.Err)
		}
	}
	if r.waiting() != len(lines) {
		t.Errorf("%d URLs wait, want %d", r.waiting(), len(lines))
	}
}

// TestSplitIntoAFullStream must not wait: the room could only come from the
// messages that the waiting worker keeps from being read.
func TestSplitIntoAFullStream(t *testing.T) {
	r := newRig(t, topology.Limits{OtherBytes: 2000})
	for {
		if _, err := r.js.Publish(t.Context(), "urls", make([]byte, 300)); err != nil {
			break
		}
	}
	result := r.handle(message(1, "https://example.com/a\nhttps://example.com/b"))
	if result.Err == nil || !strings.Contains(result.Err.Error(), "maximum bytes") {
		t.Errorf("%v, %v", result.Outcome, result.Err)
	}
}

func TestFullHost(t *testing.T) {
	r := newRig(t, topology.Limits{PerHost: 1})
	r.handle(message(1, "https://example.com/a"))
	full := r.handle(message(2, "https://example.com/b"))
	if full.Err == nil || !strings.Contains(full.Err.Error(), "example.com") {
		t.Fatalf("%v, %v", full.Outcome, full.Err)
	}
	if err := r.js.DeleteStream(t.Context(), subject.StreamFrontier); err != nil {
		t.Fatal(err)
	}
	natstest.Reconcile(t, r.js, topology.Limits{PerHost: 1})
	if later := r.handle(message(3, "https://example.com/b")); later.Err != nil || later.Outcome.Verdict != produced {
		t.Errorf("the refused URL left a mark: %v, %v", later.Outcome, later.Err)
	}
}

func TestHeaderCannotSmuggleAnID(t *testing.T) {
	r := newRig(t, topology.Limits{})
	input := message(1, "https://example.com/a")
	input.Header = nats.Header{requestHeader: {"\xff and more"}}
	result := r.handle(input)
	if result.Err != nil || result.Outcome.RequestId != result.Outcome.InputId {
		t.Errorf("%v, %v", result.Outcome, result.Err)
	}
}

// TestManyURLsOfAFullHost lets some wait for room, and gives the others up before
// they keep those of other hosts from being read.
func TestManyURLsOfAFullHost(t *testing.T) {
	r := newRig(t, topology.Limits{PerHost: 1})
	clock := time.Now()
	r.now = func() time.Time { return clock }
	r.handle(message(1, "https://example.com/a"))
	waits := func(n uint64, attempt int) bool {
		t.Helper()
		input := message(n, fmt.Sprintf("https://example.com/b/%d", n))
		input.Attempt = attempt
		result := r.handle(input)
		if result.Err == nil {
			t.Fatalf("URL %d was admitted", n)
		}
		return !stage.IsPermanent(result.Err)
	}
	for i := range maxFull + 100 {
		if got := waits(uint64(i+2), 1); got != (i < maxFull) {
			t.Fatalf("URL %d without room waits: %v", i+1, got)
		}
	}
	if !waits(2, 2) {
		t.Error("one that waits is given up for the others")
	}
	if other := r.handle(message(9999, "https://other.example/")); other.Err != nil {
		t.Errorf("another host: %v", other.Err)
	}
	clock = clock.Add(fullWindow + time.Second)
	if !waits(5000, 1) {
		t.Error("none may wait in the next window")
	}
}
