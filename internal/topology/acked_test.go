package topology_test

import (
	"testing"

	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/topology"
)

// TestRemoveAcked checks that RemoveAcked removes acked messages that the server has
// kept, and no other messages.
func TestRemoveAcked(t *testing.T) {
	const messages, acked = 5, 3
	_, js := natstest.Connect(t, natstest.Server(t, natstest.KeepAcked(t, messages, acked)))
	if n := natstest.Count(t, js, subject.StreamURLs); n != messages {
		t.Fatalf("%d messages are left after the restart, want %d: the test does not reproduce the fault", n, messages)
	}
	remove := func(want int) {
		t.Helper()
		n, err := topology.RemoveAcked(t.Context(), js, subject.StreamURLs, subject.ConsumerIntake)
		if err != nil || n != want {
			t.Errorf("RemoveAcked = %d, %v; want %d", n, err, want)
		}
	}
	remove(acked)
	if n := natstest.Count(t, js, subject.StreamURLs); n != messages-acked {
		t.Errorf("%d messages are left, want %d", n, messages-acked)
	}
	remove(0)
	ack(t, js, subject.StreamURLs, subject.ConsumerIntake, messages-acked)
	if n := natstest.Count(t, js, subject.StreamURLs); n != 0 {
		t.Errorf("%d messages are left after all were acked", n)
	}
	remove(0)
}

// TestRemoveAckedStopsAtTheFloor has a gap where the last acked message was. The message after the gap is not acked,
// and must stay.
func TestRemoveAckedStopsAtTheFloor(t *testing.T) {
	const messages, acked = 5, 3
	_, js := natstest.Connect(t, natstest.Server(t, natstest.KeepAcked(t, messages, acked)))
	stream, err := js.Stream(t.Context(), subject.StreamURLs)
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.DeleteMsg(t.Context(), acked); err != nil {
		t.Fatal(err)
	}
	n, err := topology.RemoveAcked(t.Context(), js, subject.StreamURLs, subject.ConsumerIntake)
	if err != nil || n != acked-1 {
		t.Errorf("RemoveAcked = %d, %v; want %d", n, err, acked-1)
	}
	for number := uint64(acked + 1); number <= messages; number++ {
		if _, err := stream.GetMsg(t.Context(), number); err != nil {
			t.Errorf("message %d, which nobody has acked: %v", number, err)
		}
	}
}

// TestRemoveAckedOfRestoredStream checks that a stream which was emptied and filled
// again under its consumer loses no message that nobody has read.
func TestRemoveAckedOfRestoredStream(t *testing.T) {
	_, js := natstest.Start(t)
	publish := func() {
		t.Helper()
		if _, err := js.Publish(t.Context(), subject.URLs, []byte("https://example.com/")); err != nil {
			t.Fatal(err)
		}
	}
	publish()
	ack(t, js, subject.StreamURLs, subject.ConsumerIntake, 1)
	if err := js.DeleteStream(t.Context(), subject.StreamURLs); err != nil {
		t.Fatal(err)
	}
	natstest.Reconcile(t, js, topology.Limits{})
	publish()
	n, err := topology.RemoveAcked(t.Context(), js, subject.StreamURLs, subject.ConsumerIntake)
	if err != nil || n != 0 {
		t.Errorf("RemoveAcked = %d, %v; want nothing removed", n, err)
	}
}
