package bus_test

import (
	"fmt"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/dateline-news/dateline/internal/bus"
	"github.com/dateline-news/dateline/internal/natstest"
)

// TestPublishBatch checks that a batch is stored completely or not at all, and that its
// messages can be published one by one after it was refused.
func TestPublishBatch(t *testing.T) {
	_, js := natstest.Connect(t, natstest.Server(t, t.TempDir()))
	stream, err := js.CreateStream(t.Context(), jetstream.StreamConfig{
		Name: "S", Subjects: []string{"s.>"}, AllowAtomicPublish: true,
		MaxMsgsPerSubject: 3, Discard: jetstream.DiscardNew, DiscardNewPerSubject: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	batch := func(subject string, from, n int) []*nats.Msg {
		var msgs []*nats.Msg
		for i := range n {
			msg := nats.NewMsg(subject)
			msg.Header.Set(nats.MsgIdHdr, fmt.Sprintf("%s-%d", subject, from+i))
			msgs = append(msgs, msg)
		}
		return msgs
	}
	expect := func(want uint64) {
		t.Helper()
		info, err := stream.Info(t.Context())
		if err != nil || info.State.Msgs != want {
			t.Fatalf("%d messages are stored (%v), want %d", info.State.Msgs, err, want)
		}
	}
	if _, err := bus.PublishBatch(t.Context(), js, batch("s.one", 0, 1)); err != nil {
		t.Fatal(err)
	}
	if first, err := bus.PublishBatch(t.Context(), js, batch("s.two", 0, 2)); err != nil || first != 2 {
		t.Fatalf("the first message of a batch has the number %d (%v), want 2", first, err)
	}
	expect(3)
	full, known := batch("s.three", 0, 4), batch("s.two", 1, 2)
	for name, msgs := range map[string][]*nats.Msg{"too many with a subject": full, "a known id": known} {
		if _, err := bus.PublishBatch(t.Context(), js, msgs); err == nil {
			t.Errorf("a batch with %s was stored", name)
		}
		expect(3)
	}
	refused := 0
	for _, msg := range append(full, known...) {
		if _, err := js.PublishMsg(t.Context(), msg); err != nil {
			refused++
		}
	}
	if refused != 1 {
		t.Errorf("%d messages were refused one by one, want one", refused)
	}
	expect(3 + 3 + 1)
}

// TestReadBatch checks that messages are returned as they were stored, and none at the
// end of the stream.
func TestReadBatch(t *testing.T) {
	_, js := natstest.Connect(t, natstest.Server(t, t.TempDir()))
	stream, err := js.CreateStream(t.Context(), jetstream.StreamConfig{
		Name: "S", Subjects: []string{"s.>"}, AllowDirect: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 5 {
		msg := nats.NewMsg(fmt.Sprintf("s.%d", i))
		msg.Header.Set("Own", "header")
		msg.Data = []byte{byte(i)}
		if _, err := js.PublishMsg(t.Context(), msg); err != nil {
			t.Fatal(err)
		}
	}
	if err := stream.DeleteMsg(t.Context(), 3); err != nil {
		t.Fatal(err)
	}
	var got []string
	for next := uint64(0); ; {
		msgs, err := bus.ReadBatch(t.Context(), js, "S", next, 3)
		if err != nil {
			t.Fatal(err)
		}
		if len(msgs) == 0 {
			break
		}
		for _, msg := range msgs {
			want, err := stream.GetMsg(t.Context(), msg.Sequence)
			if err != nil || !want.Time.Equal(msg.Time) {
				t.Errorf("message %d was stored at %s, want %s (%v)", msg.Sequence, msg.Time, want.Time, err)
			}
			got = append(got, fmt.Sprintf("%d %s %v %v", msg.Sequence, msg.Subject, msg.Data, msg.Header))
			next = msg.Sequence + 1
		}
	}
	want := "[1 s.0 [0] map[Own:[header]] 2 s.1 [1] map[Own:[header]] " +
		"4 s.3 [3] map[Own:[header]] 5 s.4 [4] map[Own:[header]]]"
	if fmt.Sprint(got) != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestPublishAll checks that many messages share a write, that few do not, and that a
// message that is refused does not keep the others from being stored.
func TestPublishAll(t *testing.T) {
	_, js := natstest.Connect(t, natstest.Server(t, t.TempDir()))
	_, err := js.CreateStream(t.Context(), jetstream.StreamConfig{
		Name: "S", Subjects: []string{"s.>"}, AllowAtomicPublish: true,
		MaxMsgsPerSubject: 1, Discard: jetstream.DiscardNew, DiscardNewPerSubject: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	number := 0
	message := func(subject string) *nats.Msg {
		number++
		msg := nats.NewMsg(subject)
		msg.Header.Set(nats.MsgIdHdr, fmt.Sprint(number))
		return msg
	}
	messages := func(n int) []*nats.Msg {
		var msgs []*nats.Msg
		for range n {
			msgs = append(msgs, message(fmt.Sprint("s.", number)))
		}
		return msgs
	}
	for _, c := range []struct {
		name    string
		msgs    []*nats.Msg
		refused int // index of the message that is refused, or -1
		writes  int
	}{
		{"none", nil, -1, 0},
		{"few", messages(15), -1, 15},
		{"many", messages(16), -1, 1},
		{"a subject that is full", append(messages(20), message("s.0")), 20, 20},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := natstest.Count(t, js, "S")
			for i, err := range bus.PublishAll(t.Context(), js, c.msgs) {
				if (err != nil) != (i == c.refused) {
					t.Errorf("message %d: %v", i, err)
				}
			}
			writes := map[string]bool{}
			for i, msg := range natstest.Messages(t, js, "S")[before:] {
				id := msg.Header.Get("Nats-Batch-Id")
				if id == "" {
					id = fmt.Sprint(i)
				}
				writes[id] = true
			}
			if len(writes) != c.writes {
				t.Errorf("%d writes, want %d", len(writes), c.writes)
			}
		})
	}
}
