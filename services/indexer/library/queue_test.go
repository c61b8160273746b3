package library

import (
	"fmt"
	"testing"

	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"

	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/weburl"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// testQueue adds entries to the queue of a host.
type testQueue struct {
	*testing.T
	js   jetstream.JetStream
	host string
}

func (q testQueue) url(n int) string { return fmt.Sprintf("https://%s/%d", q.host, n) }

// add adds an entry and returns its sequence number.
func (q testQueue) add(n int, attempts int32) uint64 {
	q.Helper()
	url, err := weburl.Parse(q.url(n))
	if err != nil {
		q.Fatal(err)
	}
	request := &datelinev1.FetchRequest{Url: url.String(), RequestId: url.String()}
	data, err := proto.Marshal(&datelinev1.FrontierEntry{Url: url.String(), Request: request, Attempts: attempts})
	if err != nil {
		q.Fatal(err)
	}
	name := subject.Frontier(weburl.Partition(url.Host(), subject.Partitions), subject.LaneFresh, url.SubjectHost())
	ack, err := q.js.Publish(q.Context(), name, data)
	if err != nil {
		q.Fatal(err)
	}
	return ack.Sequence
}

// TestLongQueueIsReadOnce looks for URLs in a long queue, from which one is removed, to which
// another is added, and in which a third moves to the end.
func TestLongQueueIsReadOnce(t *testing.T) {
	t.Parallel()
	_, js := natstest.Start(t)
	stream, err := js.Stream(t.Context(), subject.StreamFrontier)
	if err != nil {
		t.Fatal(err)
	}
	q, l := testQueue{t, js, "news.example"}, New(nil, js)
	var sequences []uint64
	for n := range longQueue + 20 {
		sequences = append(sequences, q.add(n, 0))
	}
	find := func(n int) (found []Waiting) {
		t.Helper()
		found, err := l.Waiting(t.Context(), q.url(n))
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	first := find(7)
	if len(first) != 1 || first[0].Place != 8 || first[0].Queued != longQueue+20 || first[0].AsOf.IsZero() {
		t.Fatalf("waiting: %+v, want place 8 of %d", first, longQueue+20)
	}
	for _, n := range []int{3, 5} {
		if err := stream.DeleteMsg(t.Context(), sequences[n]); err != nil {
			t.Fatal(err)
		}
	}
	q.add(5, 1)
	q.add(1000, 0)
	if found := find(3); len(found) != 0 {
		t.Errorf("a URL that has left the queue: %+v", found)
	}
	if found := find(5); len(found) != 1 || found[0].Attempts != 1 {
		t.Errorf("a URL that has moved: %+v, want it once, with one attempt", found)
	}
	if found := find(1000); len(found) != 1 || !found[0].AsOf.Equal(first[0].AsOf) {
		t.Errorf("a URL that was added: %+v, want it with the time of the first reading, %v", found, first[0].AsOf)
	}
	// What was read before is not read again: the place does not change yet.
	if again := find(7); len(again) != 1 || !again[0].AsOf.Equal(first[0].AsOf) {
		t.Errorf("the queue was read again: %+v", again)
	}
}

// TestQueuesAreForgotten reads more long queues than are remembered, and a short one.
func TestQueuesAreForgotten(t *testing.T) {
	t.Parallel()
	_, js := natstest.Start(t)
	l := New(nil, js)
	for i := range maxQueues + 2 {
		q := testQueue{t, js, fmt.Sprintf("host%d.example", i)}
		length := longQueue
		if i == 0 {
			length = longQueue - 1
		}
		for n := range length {
			q.add(n, 0)
		}
		if _, err := l.Waiting(t.Context(), q.url(0)); err != nil {
			t.Fatal(err)
		}
	}
	if len(l.queues.known) != maxQueues {
		t.Errorf("%d queues are remembered, want %d", len(l.queues.known), maxQueues)
	}
	for _, gone := range []string{"host0.example", "host1.example"} {
		if _, ok := l.queues.known[gone]; ok {
			t.Errorf("the queue of %s is still remembered", gone)
		}
	}
}
