package frontier

import (
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/topology"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// newPicker returns a frontier that reads a stream with one URL, and the host of the URL.
func newPicker(t *testing.T, js jetstream.JetStream) (*Frontier, *host) {
	t.Helper()
	const url = "https://site.example/"
	put(t, js, url, time.Time{})
	name, err := subjectOf(&datelinev1.FrontierEntry{Url: url})
	if err != nil {
		t.Fatal(err)
	}
	stream, err := js.Stream(t.Context(), subject.StreamFrontier)
	if err != nil {
		t.Fatal(err)
	}
	f := &Frontier{
		Config: Config{MaxRetryWait: time.Hour, Now: time.Now}, queue: &queue{js: js, stream: stream},
		leases: &leases{now: time.Now, held: map[int]lease{}},
	}
	partition, _ := partitionOf(name)
	h := &host{key: hostKey(name), partition: partition}
	h.lanes[laneFresh].filled = true
	return f, h
}

// TestInheritedEntries has a server whose clock is behind. An entry that seems to be older than the lease
// may have been visited by the previous owner of the partition.
func TestInheritedEntries(t *testing.T) {
	_, js := newServer(t)
	f, h := newPicker(t, js)
	msg, err := f.queue.stream.GetMsg(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		taken     time.Duration // after the entry was stored
		inherited bool
	}{
		"stored before":                  {time.Second, true},
		"stored after, within the skew":  {-clockSkew + time.Millisecond, true},
		"stored long after":              {-clockSkew, false},
		"stored after, beyond all doubt": {-time.Hour, false},
	} {
		f.leases.held[h.partition] = lease{taken: msg.Time.Add(test.taken)}
		h.lanes[laneFresh].cursor, h.lanes[laneFresh].filled = 0, true
		entry, err := f.pick(t.Context(), h)
		if err != nil || entry == nil || entry.Inherited != test.inherited {
			t.Errorf("%s: picked %+v (%v), want inherited %v", name, entry, err, test.inherited)
		}
	}
}

// TestEntryOfALostPartition has an entry that is not finished when its partition is lost, and taken again afterwards.
// It may have been visited by another replica meanwhile.
func TestEntryOfALostPartition(t *testing.T) {
	_, js := newServer(t)
	f, h := newPicker(t, js)
	taken := time.Now().Add(-time.Hour)
	for i, inherited := range []bool{false, false, true} {
		if inherited {
			taken = time.Now()
		}
		f.leases.held[h.partition] = lease{taken: taken}
		entry, err := f.pick(t.Context(), h)
		if err != nil || entry == nil || entry.Inherited != inherited || !entry.Taken.Equal(taken) {
			t.Fatalf("visit %d: picked %+v (%v), want inherited %t", i+1, entry, err, inherited)
		}
		h.current = entry
	}
}

// TestDeferredURLsAreBounded has a lane of which as many URLs wait as are remembered: the rest of the lane
// waits for the first of them.
func TestDeferredURLsAreBounded(t *testing.T) {
	_, js := newServer(t)
	f, h := newPicker(t, js)
	l := &h.lanes[laneFresh]
	for range maxDeferred {
		l.postpone(deferral{sequence: 100, until: time.Now().Add(time.Hour)})
	}
	if entry, err := f.pickFrom(t.Context(), h, laneFresh); err != nil || entry != nil || !l.filled {
		t.Errorf("picked %v (%v) although %d URLs wait", entry, err, len(l.deferred))
	}
	l.deferred = l.deferred[1:]
	if entry, err := f.pickFrom(t.Context(), h, laneFresh); err != nil || entry == nil {
		t.Errorf("picked nothing (%v) although only %d URLs wait", err, len(l.deferred))
	}
}

// TestFailedReadIsRepeated reads a lane while the stream is unavailable. The lane is read again as soon as
// the stream is back, without waiting for the next listing.
func TestFailedReadIsRepeated(t *testing.T) {
	server := natstest.Server(t, t.TempDir())
	nc, js := natstest.Connect(t, server)
	natstest.Reconcile(t, js, topology.Limits{PerHost: 1000})
	f, h := newPicker(t, js)
	nc.Close()
	if entry, err := f.pick(t.Context(), h); err == nil || entry != nil {
		t.Fatalf("picked %v without a connection", entry)
	}
	_, js = natstest.Connect(t, server)
	stream, err := js.Stream(t.Context(), subject.StreamFrontier)
	if err != nil {
		t.Fatal(err)
	}
	f.queue = &queue{js: js, stream: stream}
	if entry, err := f.pick(t.Context(), h); err != nil || entry == nil {
		t.Errorf("picked nothing after the stream is back: %v", err)
	}
}
