package frontier

import (
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/dateline-news/dateline/internal/subject"
)

// openLeases returns the leases of a process with the name of a replica.
func openLeases(t *testing.T, js jetstream.JetStream, replica string) *leases {
	t.Helper()
	l, err := newLeases(t.Context(), js, replica, slog.New(slog.DiscardHandler), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// TestRestartedReplica has a process that was killed while it owned all partitions, and starts again with the same name
// beside another replica. It begins its session at once, takes its share over, and releases the rest.
func TestRestartedReplica(t *testing.T) {
	_, js := newServer(t)
	killed := openLeases(t, js, "a")
	kv := killed.kv
	if err := killed.heartbeat(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := killed.round(t.Context(), 0, func(int, bool) bool { return true }); err != nil {
		t.Fatal(err)
	}
	if got := len(killed.owned()); got != subject.Partitions {
		t.Fatalf("a replica without others owns %d partitions, want %d", got, subject.Partitions)
	}
	if err := openLeases(t, js, "b").heartbeat(t.Context()); err != nil {
		t.Fatal(err)
	}
	l := openLeases(t, js, "a")
	if err := l.heartbeat(t.Context()); err != nil || !l.inSession() {
		t.Fatalf("the process that was started again has a session: %t (%v)", l.inSession(), err)
	}
	if err := l.round(t.Context(), 0, func(int, bool) bool { return true }); err != nil {
		t.Fatal(err)
	}
	for p := range subject.Partitions {
		mine := preferred([]string{"a", "b"}, p) == "a"
		_, held := l.owned()[p]
		_, err := kv.Get(t.Context(), subject.PartitionLease(p))
		if err != nil && !errors.Is(err, jetstream.ErrKeyNotFound) {
			t.Fatal(err)
		}
		if leased := err == nil; held != mine || leased != mine {
			t.Errorf("partition %d is held: %t, and leased: %t, want %t", p, held, leased, mine)
		}
	}
}

// TestTwoProcessesWithOneName has two replicas to which an operator gave the same name. The second one takes over, and
// the first one neither owns a partition any more nor takes the name back.
func TestTwoProcessesWithOneName(t *testing.T) {
	_, js := newServer(t)
	first, second := openLeases(t, js, "a"), openLeases(t, js, "a")
	for _, l := range []*leases{first, second} {
		if err := l.heartbeat(t.Context()); err != nil || !l.inSession() {
			t.Fatalf("a process has a session: %t (%v)", l.inSession(), err)
		}
		if err := l.round(t.Context(), 0, func(int, bool) bool { return true }); err != nil {
			t.Fatal(err)
		}
	}
	for range 3 {
		if err := first.heartbeat(t.Context()); err != nil {
			t.Fatal(err)
		}
		if first.inSession() || len(first.owned()) > 0 {
			t.Errorf("the first process has a session: %t, and owns %d partitions",
				first.inSession(), len(first.owned()))
		}
		if err := second.heartbeat(t.Context()); err != nil || !second.inSession() {
			t.Errorf("the second process has a session: %t (%v)", second.inSession(), err)
		}
	}
	if got := len(second.owned()); got != subject.Partitions {
		t.Errorf("the second process owns %d partitions, want %d", got, subject.Partitions)
	}
}
