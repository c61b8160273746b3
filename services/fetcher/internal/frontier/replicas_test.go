package frontier

import (
	"errors"
	"slices"
	"testing"

	"github.com/nats-io/nats.go/jetstream"

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

func TestReplicaThatStopsRenewingIsReplaced(t *testing.T) {
	server, js := newServer(t)
	a := join(t, server, "a", &recorder{})
	natstest.Eventually(t, "a owns all partitions", a.ownsAll)
	a.nc.Close() // it keeps running, cut off from the server
	visitor := &recorder{decide: func(e *Entry) (Decision, error) {
		if partition, ok := partitionOf(e.Subject); !ok || a.leases.valid(partition) {
			t.Error("the previous owner considers its lease valid")
		}
		return Decision{}, nil
	}}
	b := join(t, server, "b", visitor)
	urls := putAll(t, js, 10, 2)
	natstest.Eventually(t, "b owns all partitions", b.ownsAll)
	waitUntilEmpty(t, js)
	if got := visitor.urls(); len(got) != len(urls) {
		t.Errorf("%d visits, want %d", len(got), len(urls))
	}
}
