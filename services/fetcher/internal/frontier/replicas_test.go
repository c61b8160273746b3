package frontier

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/dateline-news/dateline/internal/bucket"
	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/subject"
)

func TestReplicasShareAndNeverVisitAHostTogether(t *testing.T) {
	server, js := newServer(t)
	visitor := &recorder{} // of both replicas, so that it sees overlapping visits
	a, b := join(t, server, "a", visitor), join(t, server, "b", visitor)
	natstest.Eventually(t, "each replica has its share", func() bool {
		for p := range subject.Partitions {
			since, held := a.holds(p)
			if _, both := b.holds(p); !held || !both {
				continue
			}
			// Unless it has just moved, the partition has two owners.
			if after, held := a.holds(p); held && after.Equal(since) {
				t.Errorf("partition %d has two owners", p)
			}
		}
		ofA, ofB := len(a.leases.owned()), len(b.leases.owned())
		return ofA > 10 && ofB > 10 && ofA+ofB == subject.Partitions
	})
	urls := putAll(t, js, 40, 5)
	waitUntilEmpty(t, js)
	got := visitor.urls()
	slices.Sort(got)
	slices.Sort(urls)
	if !slices.Equal(got, urls) {
		t.Errorf("%d visits to %d URLs", len(got), len(urls))
	}
	if visitor.overlaps > 0 {
		t.Errorf("%d visits to a host that was being visited", visitor.overlaps)
	}
}

func TestShutdownHandsOver(t *testing.T) {
	server, js := newServer(t)
	a := join(t, server, "a", &recorder{})
	natstest.Eventually(t, "a owns all partitions", a.ownsAll)
	if err := a.stop(); err != nil {
		t.Fatal(err)
	}
	kv, err := js.KeyValue(t.Context(), subject.BucketLeases)
	if err != nil {
		t.Fatal(err)
	}
	if keys, err := kv.Keys(t.Context()); !errors.Is(err, jetstream.ErrNoKeysFound) {
		t.Fatalf("keys left in the bucket: %v (%v)", keys, err)
	}
	visitor := &recorder{}
	urls := putAll(t, js, 10, 2)
	join(t, server, "b", visitor)
	waitUntilEmpty(t, js)
	if got := visitor.urls(); len(got) != len(urls) {
		t.Errorf("%d visits, want %d", len(got), len(urls))
	}
}

// TestReplicaThatStopsIsReplaced cuts a replica off in the middle of a visit. The
// next owner makes its first request only after the visit was aborted, and does not
// wait for the leases to expire.
func TestReplicaThatStopsIsReplaced(t *testing.T) {
	server, js := newServer(t)
	visiting, aborted := make(chan struct{}), make(chan struct{})
	begin := sync.OnceFunc(func() { close(visiting) })
	end := sync.OnceFunc(func() { close(aborted) })
	a := join(t, server, "a", &recorder{decide: func(e *Entry) (Decision, error) {
		request, stop := e.Guard(t.Context())
		defer stop()
		begin()
		<-request.Done()
		end()
		return Decision{}, context.Cause(request)
	}})
	natstest.Eventually(t, "a owns all partitions", a.ownsAll)
	urls := putAll(t, js, 10, 2)
	<-visiting
	a.nc.Close() // it keeps running, cut off from the server
	visitor := &recorder{decide: func(e *Entry) (Decision, error) {
		if partition, ok := partitionOf(e.Subject); !ok || a.leases.valid(partition) {
			t.Error("the previous owner considers its lease valid")
		}
		select {
		case <-aborted:
		default:
			t.Error("the previous owner's request goes on")
		}
		return Decision{}, nil
	}}
	b := join(t, server, "b", visitor)
	natstest.Eventually(t, "b owns all partitions", b.ownsAll)
	stream, err := js.Stream(t.Context(), subject.KVStream(subject.BucketLeases))
	if err != nil {
		t.Fatal(err)
	}
	last, err := stream.GetLastMsgForSubject(t.Context(), subject.KVKey(subject.BucketLeases, subject.ReplicaLease("a")))
	if err != nil || !bucket.Deleted(last) {
		t.Errorf("b waited until the leases had expired: %v", err)
	}
	waitUntilEmpty(t, js)
	if got := visitor.urls(); len(got) != len(urls) {
		t.Errorf("%d visits, want %d", len(got), len(urls))
	}
}

// TestQuietAfterATakeover kills a replica. The one that takes its partitions over makes
// no request before the quiet interval has passed, because the previous owner's last
// request may still be under way.
func TestQuietAfterATakeover(t *testing.T) {
	const quiet = 500 * time.Millisecond
	server, js := newServer(t)
	a := join(t, server, "a", &recorder{})
	natstest.Eventually(t, "a owns all partitions", a.ownsAll)
	closed := time.Now()
	a.nc.Close()
	urls := putAll(t, js, 10, 1)
	var b *replica
	started := make(chan struct{})
	visitor := &recorder{decide: func(e *Entry) (Decision, error) {
		<-started
		partition, _ := partitionOf(e.Subject)
		taken := b.leases.taken(partition)
		if rested := time.Since(taken); rested < quiet || !taken.After(closed) {
			t.Errorf("partition %d: the first request comes %s after it was taken at %s", partition, rested, taken)
		}
		return Decision{}, nil
	}}
	b = join(t, server, "b", visitor, func(c *Config) { c.Quiet = quiet })
	close(started)
	waitUntilEmpty(t, js)
	if got := visitor.urls(); len(got) != len(urls) {
		t.Errorf("%d visits, want %d", len(got), len(urls))
	}
}

// TestReplicaWhoseSessionWasEnded ends the session of a living replica: it drops its
// partitions at once, and takes them back in a new session.
func TestReplicaWhoseSessionWasEnded(t *testing.T) {
	server, js := newServer(t)
	a := join(t, server, "a", &recorder{})
	natstest.Eventually(t, "a owns all partitions", a.ownsAll)
	before := a.leases.taken(0)
	kv, err := js.KeyValue(t.Context(), subject.BucketLeases)
	if err != nil {
		t.Fatal(err)
	}
	if err := kv.Delete(t.Context(), subject.ReplicaLease("a")); err != nil {
		t.Fatal(err)
	}
	natstest.Eventually(t, "a has taken its partitions again", func() bool {
		return a.ownsAll() && a.leases.taken(0).After(before) && a.leases.term() == 1
	})
}

// TestReplicaOfAnEarlierVersion has a replica that renews its leases more rarely than
// sessions are, and announces itself without a lifetime. Its partitions are taken
// only after its leases have expired.
func TestReplicaOfAnEarlierVersion(t *testing.T) {
	server, js := newServer(t)
	kv, err := js.KeyValue(t.Context(), subject.BucketLeases)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := kv.Put(t.Context(), subject.ReplicaLease("old"), nil); err != nil {
		t.Fatal(err)
	}
	stored := time.Now() // of the first lease
	for p := range subject.Partitions {
		if _, err := kv.Create(t.Context(), subject.PartitionLease(p), []byte("old")); err != nil {
			t.Fatal(err)
		}
	}
	b := join(t, server, "b", &recorder{})
	natstest.Eventually(t, "b owns all partitions", b.ownsAll)
	if first := b.leases.taken(0); first.Sub(stored) < leaseTTL*2/3 {
		t.Errorf("b took a partition %s after its lease was stored, while its owner may have made requests",
			first.Sub(stored))
	}
}
