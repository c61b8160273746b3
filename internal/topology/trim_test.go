package topology_test

import (
	"fmt"
	"testing"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/topology"
)

// fill shrinks ARTICLES and fills it beyond the level at which it is trimmed.
func fill(t *testing.T, js jetstream.JetStream) (messages int) {
	t.Helper()
	config := configs(t, js)[subject.StreamArticles]
	config.MaxBytes = 100 << 10
	if _, err := js.UpdateStream(t.Context(), config); err != nil {
		t.Fatal(err)
	}
	for i := range 90 {
		to := subject.Articles("en", fmt.Sprintf("com.example%d", i))
		if _, err := js.Publish(t.Context(), to, make([]byte, 1000)); err != nil {
			t.Fatal(err)
		}
	}
	return 90
}

// ack acks the next n messages of a consumer.
func ack(t *testing.T, js jetstream.JetStream, stream, consumer string, n int) {
	t.Helper()
	c, err := js.Consumer(t.Context(), stream, consumer)
	if err != nil {
		t.Fatal(err)
	}
	batch, err := c.Fetch(n)
	if err != nil {
		t.Fatal(err)
	}
	for msg := range batch.Messages() {
		if err := msg.DoubleAck(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

func first(t *testing.T, js jetstream.JetStream) uint64 {
	t.Helper()
	stream, err := js.Stream(t.Context(), subject.StreamArticles)
	if err != nil {
		t.Fatal(err)
	}
	return stream.CachedInfo().State.FirstSeq
}

func trim(t *testing.T, js jetstream.JetStream) {
	t.Helper()
	if err := topology.TrimStream(t.Context(), js, subject.StreamArticles); err != nil {
		t.Fatal(err)
	}
}

func TestTrimRemovesOnlyMessagesThatEveryConsumerHasAcked(t *testing.T) {
	_, js := natstest.Start(t)
	all := fill(t, js)
	trim(t, js)
	if got := first(t, js); got != 1 {
		t.Fatalf("unread messages up to %d were removed", got-1)
	}
	// A consumer of the user keeps its unread messages.
	reader := jetstream.ConsumerConfig{Durable: "reader", AckPolicy: jetstream.AckExplicitPolicy}
	if _, err := js.CreateConsumer(t.Context(), subject.StreamArticles, reader); err != nil {
		t.Fatal(err)
	}
	ack(t, js, subject.StreamArticles, subject.ConsumerIndex, all)
	ack(t, js, subject.StreamArticles, "reader", 5)
	trim(t, js)
	if got := first(t, js); got != 6 {
		t.Fatalf("the first message is %d, want 6: both consumers have acked 5", got)
	}
	ack(t, js, subject.StreamArticles, "reader", all-5)
	trim(t, js)
	left := natstest.Count(t, js, subject.StreamArticles)
	if left == 0 || left > 75 {
		t.Fatalf("%d messages are left, want about 70 of %d", left, all)
	}
	before := first(t, js)
	trim(t, js)
	if got := first(t, js); got != before {
		t.Fatalf("a stream with room was trimmed from %d to %d", before, got)
	}
}

func TestTrimLeavesAStreamWithoutConsumers(t *testing.T) {
	_, js := natstest.Start(t)
	fill(t, js)
	if err := js.DeleteConsumer(t.Context(), subject.StreamArticles, subject.ConsumerIndex); err != nil {
		t.Fatal(err)
	}
	trim(t, js)
	if got := first(t, js); got != 1 {
		t.Fatalf("unread messages up to %d were removed", got-1)
	}
}
