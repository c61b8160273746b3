package frontier

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"maps"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/dateline-news/dateline/internal/bus"
	"github.com/dateline-news/dateline/internal/subject"
)

// leases holds this replica's share of the partitions. All replicas compute the same
// shares by rendezvous hashing over the live replicas. A replica takes a partition
// only by creating the partition's key, or by updating a revision with its own
// name, or of a replica whose session has ended, so two replicas never hold one
// partition.
type leases struct {
	stream  jetstream.Stream // of the bucket
	kv      jetstream.KeyValue
	replica string
	log     *slog.Logger
	now     func() time.Time
	ttl     time.Duration // of a lease
	// lifetime is that of a session.
	lifetime time.Duration

	seen map[string]observation // of the replicas
	// live, lastTerm and distributed are the replicas, the session, and the time of
	// the last distribution of the partitions. The time is zero if that was not
	// complete.
	live        []string
	lastTerm    int
	distributed time.Time

	mu  sync.Mutex
	own session
	// joined reports whether this process has had a session.
	joined bool
	held   map[int]lease
}

type lease struct {
	revision uint64
	renewed  time.Time
	taken    time.Time
	// pause is the time from the takeover until the first request: one politeness
	// interval, because the last owner may have just made one.
	pause time.Duration
	// term is the number of the session in which the partition was taken.
	term int
}

// quiet returns when the first request may be made.
func (h lease) quiet() time.Time { return h.taken.Add(h.pause) }

// newLeases reads the lifetime of a lease from the settings of the bucket, which
// drops the leases that are not renewed.
func newLeases(
	ctx context.Context, js jetstream.JetStream, replica string, log *slog.Logger, now func() time.Time,
) (*leases, error) {
	kv, err := js.KeyValue(ctx, subject.BucketLeases)
	if err != nil {
		return nil, fmt.Errorf("opening bucket %s: %w", subject.BucketLeases, err)
	}
	stream, err := js.Stream(ctx, subject.KVStream(subject.BucketLeases))
	if err != nil {
		return nil, fmt.Errorf("opening bucket %s: %w", subject.BucketLeases, err)
	}
	status, err := kv.Status(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the settings of bucket %s: %w", kv.Bucket(), err)
	}
	if status.TTL() <= 0 {
		return nil, fmt.Errorf("bucket %s never drops a lease: remove it (nats kv rm %[1]s) and start again", kv.Bucket())
	}
	lifetime := status.TTL() / sessionShare
	return &leases{
		stream: stream, kv: kv, replica: replica, log: log, now: now, ttl: status.TTL(), lifetime: lifetime,
		seen: map[string]observation{}, held: map[int]lease{},
		own: session{value: lifetime.String() + " " + rand.Text()},
	}, nil
}

// taken returns when a partition was taken, or the current time if it is not held.
func (l *leases) taken(partition int) time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	if held, ok := l.held[partition]; ok {
		return held.taken
	}
	return l.now()
}

// quietEnd returns when a partition's quiet interval ends, or the zero time if the
// partition is not held.
func (l *leases) quietEnd(partition int) time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.held[partition].quiet()
}

// owned returns the partitions that are held, with the end of their quiet
// interval.
func (l *leases) owned() map[int]time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := make(map[int]time.Time, len(l.held))
	for p, held := range l.held {
		out[p] = held.quiet()
	}
	return out
}

func (l *leases) take(ctx context.Context, p int, taking lease) error {
	revision, err := l.kv.Create(ctx, subject.PartitionLease(p), []byte(l.replica))
	if bus.IsConflict(err) {
		return nil // another replica was faster
	}
	if err != nil {
		return fmt.Errorf("taking partition %d: %w", p, err)
	}
	taking.revision = revision
	l.hold(p, taking)
	return nil
}

// takeOver takes a partition whose owner has ended its session, or that has this
// replica's own name: the process was killed and has started again, or has lost its
// session. Names must be unique among live replicas.
func (l *leases) takeOver(ctx context.Context, p int, last uint64, taking lease) error {
	revision, err := l.kv.Update(ctx, subject.PartitionLease(p), []byte(l.replica), last)
	if bus.IsConflict(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("taking partition %d over: %w", p, err)
	}
	taking.revision = revision
	l.hold(p, taking)
	return nil
}

// hold records that a partition was taken, unless the session has ended meanwhile.
func (l *leases) hold(p int, taken lease) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.own.revision != 0 && l.own.term == taken.term {
		taken.taken = l.now()
		l.held[p] = taken
	}
}

// renew renews a lease, unless that was done recently.
func (l *leases) renew(ctx context.Context, p int, started time.Time) error {
	l.mu.Lock()
	held, ok := l.held[p]
	l.mu.Unlock()
	if !ok || elapsed(held.renewed, started) < l.ttl/4 {
		return nil
	}
	revision, err := l.kv.Update(ctx, subject.PartitionLease(p), []byte(l.replica), held.revision)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.held[p] != held {
		return nil // the session has ended meanwhile
	}
	if bus.IsConflict(err) {
		delete(l.held, p)
		l.log.Warn("partition lost: its lease expired before it was renewed", "partition", p)
		return nil
	}
	if err != nil {
		return fmt.Errorf("renewing partition %d: %w", p, err)
	}
	held.revision, held.renewed = revision, started
	l.held[p] = held
	return nil
}

func (l *leases) release(ctx context.Context, p int) error {
	l.mu.Lock()
	held, ok := l.held[p]
	delete(l.held, p)
	l.mu.Unlock()
	if !ok {
		return nil
	}
	return l.drop(ctx, p, held.revision)
}

// drop deletes a lease at its revision.
func (l *leases) drop(ctx context.Context, p int, revision uint64) error {
	err := l.kv.Delete(ctx, subject.PartitionLease(p), jetstream.LastRevision(revision))
	if bus.IsConflict(err) {
		return nil // the lease has expired and another replica has taken it
	}
	if err != nil {
		return fmt.Errorf("releasing partition %d: %w", p, err)
	}
	return nil
}

// releaseAll releases every partition at the end, so that the other replicas need
// not wait for the leases to expire.
func (l *leases) releaseAll(ctx context.Context) {
	for p := range maps.Clone(l.owned()) {
		if err := l.release(ctx, p); err != nil {
			l.log.Warn("releasing a partition failed, its lease will expire", "error", err)
			return
		}
	}
	if err := l.kv.Delete(ctx, subject.ReplicaLease(l.replica)); err != nil {
		l.log.Warn("signing off this replica failed, its entry will expire", "error", err)
	}
}
