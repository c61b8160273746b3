package backlog_test

import (
	"context"
	"log/slog"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"go.uber.org/goleak"

	"github.com/dateline-news/dateline/internal/backlog"
	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/topology"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var pages = backlog.Input{Stream: subject.StreamPages, Consumer: subject.ConsumerExtract}

// deliver delivers n pages to the stage, which does not ack them.
func deliver(t *testing.T, js jetstream.JetStream, n int) []jetstream.Msg {
	t.Helper()
	consumer, err := js.Consumer(t.Context(), pages.Stream, pages.Consumer)
	if err != nil {
		t.Fatal(err)
	}
	batch, err := consumer.Fetch(n)
	if err != nil {
		t.Fatal(err)
	}
	var msgs []jetstream.Msg
	for msg := range batch.Messages() {
		msgs = append(msgs, msg)
	}
	if len(msgs) != n {
		t.Fatalf("%d pages were delivered, want %d", len(msgs), n)
	}
	return msgs
}

func ack(t *testing.T, msg jetstream.Msg) {
	t.Helper()
	if err := msg.DoubleAck(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func stored(t *testing.T, msg jetstream.Msg) time.Time {
	t.Helper()
	meta, err := msg.Metadata()
	if err != nil {
		t.Fatal(err)
	}
	return meta.Timestamp
}

// expect checks the value of a metric. labels are the label values, separated by
// commas.
func expect(t *testing.T, reg *prometheus.Registry, name, labels string, want float64) {
	t.Helper()
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		for _, m := range family.GetMetric() {
			var got []string
			for _, label := range m.GetLabel() {
				got = append(got, label.GetValue())
			}
			if family.GetName() == name && strings.Join(got, ",") == labels {
				if value := m.GetGauge().GetValue() + m.GetCounter().GetValue(); value != want {
					t.Errorf("%s{%s} is %g, want %g", name, labels, value, want)
				}
				return
			}
		}
	}
	t.Errorf("metric %s{%s} does not exist", name, labels)
}

// TestBacklog checks the metrics while pages wait, are delivered, and are acked out of
// order.
func TestBacklog(t *testing.T) {
	_, js := natstest.Start(t)
	reg := prometheus.NewRegistry()
	var now time.Time
	clock := func() time.Time { return now }
	watch := backlog.New(js, reg, slog.New(slog.DiscardHandler), clock, pages, backlog.Input{Stream: subject.StreamDead})
	for _, name := range []string{"dateline_consumer_pending", "dateline_consumer_oldest_waiting_seconds"} {
		expect(t, reg, name, "extract,PAGES", 0) // before the first poll
	}
	expect(t, reg, "dateline_stream_messages", "DEAD", 0)

	for i := range 5 {
		if _, err := js.Publish(t.Context(), subject.Pages("com.example"), []byte(strconv.Itoa(i))); err != nil {
			t.Fatal(err)
		}
	}
	msgs := deliver(t, js, 3)
	wantOldest := func(oldest jetstream.Msg) {
		t.Helper()
		now = stored(t, oldest).Add(time.Minute)
		watch.Refresh(t.Context())
		expect(t, reg, "dateline_consumer_oldest_waiting_seconds", "extract,PAGES", 60)
	}
	wantOldest(msgs[0])
	expect(t, reg, "dateline_stream_messages", "PAGES", 5)
	expect(t, reg, "dateline_stream_limit_bytes", "PAGES", 8<<30)
	expect(t, reg, "dateline_stream_oldest_age_seconds", "PAGES", 60)
	expect(t, reg, "dateline_stream_oldest_age_seconds", "DEAD", 0)
	expect(t, reg, "dateline_consumer_pending", "extract,PAGES", 2)
	expect(t, reg, "dateline_consumer_ack_pending", "extract,PAGES", 3)

	ack(t, msgs[1]) // not the oldest
	wantOldest(msgs[0])
	ack(t, msgs[0])
	wantOldest(msgs[2]) // the stream keeps acked messages
	rest := deliver(t, js, 2)
	ack(t, msgs[2])
	wantOldest(rest[0])
	ack(t, rest[0])
	ack(t, rest[1])
	watch.Refresh(t.Context())
	expect(t, reg, "dateline_consumer_oldest_waiting_seconds", "extract,PAGES", 0)
	expect(t, reg, "dateline_stream_messages", "PAGES", 5)
	expect(t, reg, "dateline_stream_read_errors_total", "", 0)
	if got := testutil.CollectAndCount(reg, "dateline_stream_messages"); got != 2 {
		t.Errorf("%d series of dateline_stream_messages, want one for each stream", got)
	}
}

// TestReadErrors checks that failures are counted and do not affect other inputs, and
// that a poll of a closed connection ends.
func TestReadErrors(t *testing.T) {
	nc, js := natstest.Start(t)
	reg := prometheus.NewRegistry()
	missing := backlog.Input{Stream: subject.StreamArticles, Consumer: "nobody"}
	watch := backlog.New(js, reg, slog.New(slog.DiscardHandler), time.Now, missing, pages)
	if _, err := js.Publish(t.Context(), subject.Pages("com.example"), nil); err != nil {
		t.Fatal(err)
	}
	watch.Refresh(t.Context())
	expect(t, reg, "dateline_stream_read_errors_total", "", 1)
	expect(t, reg, "dateline_consumer_pending", "extract,PAGES", 1)

	nc.Close()
	watch.Refresh(t.Context())
	expect(t, reg, "dateline_stream_read_errors_total", "", 1+3) // the account and both streams
	expect(t, reg, "dateline_consumer_pending", "extract,PAGES", 1)

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := watch.Run(ctx); err != nil {
		t.Errorf("Run returned %v", err)
	}
}

// TestStreamIsDeclaredAgain checks that the age is measured from the current stream's
// message, although a message of the earlier stream had the same number.
func TestStreamIsDeclaredAgain(t *testing.T) {
	_, js := natstest.Start(t)
	reg := prometheus.NewRegistry()
	var now time.Time
	watch := backlog.New(js, reg, slog.New(slog.DiscardHandler), func() time.Time { return now }, pages)
	for _, again := range []bool{false, true} {
		if again {
			if err := js.DeleteStream(t.Context(), subject.StreamPages); err != nil {
				t.Fatal(err)
			}
			natstest.Reconcile(t, js, topology.Limits{})
		}
		if _, err := js.Publish(t.Context(), subject.Pages("com.example"), nil); err != nil {
			t.Fatal(err)
		}
		consumer, err := js.Consumer(t.Context(), subject.StreamPages, subject.ConsumerExtract)
		if err != nil {
			t.Fatal(err)
		}
		natstest.Eventually(t, "the page waits", func() bool {
			info, err := consumer.Info(t.Context())
			return err == nil && info.NumPending == 1
		})
		stream, err := js.Stream(t.Context(), subject.StreamPages)
		if err != nil {
			t.Fatal(err)
		}
		now = stream.CachedInfo().State.FirstTime.Add(time.Minute)
		watch.Refresh(t.Context())
		expect(t, reg, "dateline_consumer_oldest_waiting_seconds", "extract,PAGES", 60)
	}
}

// TestOptionalConsumer has a consumer that need not exist: its metrics are there only while it does.
func TestOptionalConsumer(t *testing.T) {
	_, js := natstest.Start(t)
	reg := prometheus.NewRegistry()
	optional := backlog.Input{Stream: subject.StreamPages, Consumer: "archive", Optional: true}
	watch := backlog.New(js, reg, slog.New(slog.DiscardHandler), time.Now, optional)
	for i := range 3 {
		if _, err := js.Publish(t.Context(), subject.Pages("com.example"), []byte(strconv.Itoa(i))); err != nil {
			t.Fatal(err)
		}
	}
	count := func(want int) {
		t.Helper()
		watch.Refresh(t.Context())
		for _, name := range []string{
			"dateline_consumer_pending", "dateline_consumer_ack_pending", "dateline_consumer_oldest_waiting_seconds",
		} {
			if got := testutil.CollectAndCount(reg, name); got != want {
				t.Errorf("%d series of %s, want %d", got, name, want)
			}
		}
		expect(t, reg, "dateline_stream_messages", "PAGES", 3)
		expect(t, reg, "dateline_stream_read_errors_total", "", 0)
	}
	count(0)
	stream, err := js.Stream(t.Context(), subject.StreamPages)
	if err != nil {
		t.Fatal(err)
	}
	consumer, err := stream.CreateConsumer(t.Context(), jetstream.ConsumerConfig{
		Durable: "archive", AckPolicy: jetstream.AckExplicitPolicy,
	})
	if err != nil {
		t.Fatal(err)
	}
	natstest.Eventually(t, "three pending pages", func() bool {
		info, err := consumer.Info(t.Context())
		return err == nil && info.NumPending == 3
	})
	count(1)
	expect(t, reg, "dateline_consumer_pending", "archive,PAGES", 3)
	// The first message that the consumer has not acked may have been removed singly.
	for sequence := range uint64(3) {
		info, err := consumer.Info(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if stream, err = js.Stream(t.Context(), subject.StreamPages); err != nil {
			t.Fatal(err)
		}
		oldest, err := backlog.OldestWaiting(t.Context(), stream, info)
		msg, missing := stream.GetMsg(t.Context(), sequence+1)
		if err != nil || missing != nil || !oldest.Equal(msg.Time) {
			t.Errorf("the oldest page that waits was stored at %v, %v; want that of message %d", oldest, err, sequence+1)
		}
		if err := stream.DeleteMsg(t.Context(), sequence+1); err != nil {
			t.Fatal(err)
		}
	}
	if err := stream.DeleteConsumer(t.Context(), "archive"); err != nil {
		t.Fatal(err)
	}
	watch.Refresh(t.Context())
	if got := testutil.CollectAndCount(reg, "dateline_consumer_pending"); got != 0 {
		t.Errorf("%d series of a consumer that was removed", got)
	}
}
