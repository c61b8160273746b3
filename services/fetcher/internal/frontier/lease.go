package frontier

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"log/slog"
	"maps"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/sync/errgroup"

	"github.com/dateline-news/dateline/internal/bus"
	"github.com/dateline-news/dateline/internal/subject"
)

// leaseTasks is the maximum number of operations on leases at the same time.
const leaseTasks = 32

// leases holds this replica's share of the partitions. All replicas compute the same
// shares by rendezvous hashing over the live replicas. A replica takes a partition
// only by creating the partition's key, or by updating a revision with its own
// name, so two replicas never hold one partition.
type leases struct {
	kv      jetstream.KeyValue
	replica string
	log     *slog.Logger
	now     func() time.Time
	ttl     time.Duration

	mu   sync.Mutex
	held map[int]lease
	// began reports whether the first round is over. During that round, a
	// replica with a fixed name takes back what it held before a restart.
	began bool
}

type lease struct {
	revision uint64
	renewed  time.Time
	taken    time.Time
	// quiet is when the first request may be made: one politeness interval
	// after the takeover, because the last owner may have just made one.
	quiet time.Time
}

// newLeases reads the lifetime of a lease from the settings of the bucket, which
// drops the leases that are not renewed.
func newLeases(
	ctx context.Context, kv jetstream.KeyValue, replica string, log *slog.Logger, now func() time.Time,
) (*leases, error) {
	status, err := kv.Status(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the settings of bucket %s: %w", kv.Bucket(), err)
	}
	if status.TTL() <= 0 {
		return nil, fmt.Errorf("bucket %s never drops a lease: remove it (nats kv rm %[1]s) and start again", kv.Bucket())
	}
	return &leases{kv: kv, replica: replica, log: log, now: now, ttl: status.TTL(), held: map[int]lease{}}, nil
}

// valid reports whether requests may be made for a partition now. Its lease must
// have been renewed within two thirds of its lifetime, so that the bucket cannot
// have dropped it yet whatever the clocks and the network do, and its quiet
// interval must be over.
func (l *leases) valid(partition int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	held, ok := l.held[partition]
	now := l.now()
	return ok && now.Sub(held.renewed) < l.ttl*2/3 && !now.Before(held.quiet)
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
	return l.held[partition].quiet
}

// owned returns the partitions that are held, with the end of their quiet
// interval.
func (l *leases) owned() map[int]time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := make(map[int]time.Time, len(l.held))
	for p, held := range l.held {
		out[p] = held.quiet
	}
	return out
}

// round renews the leases of this replica's share, takes the free partitions of
// that share, and releases the partitions that belong to another replica's share
// once closeIfIdle reports that they can be released.
func (l *leases) round(ctx context.Context, quiet time.Duration, closeIfIdle func(partition int) bool) error {
	started := l.now()
	if _, err := l.kv.Put(ctx, subject.ReplicaLease(l.replica), nil); err != nil {
		return fmt.Errorf("announcing this replica: %w", err)
	}
	replicas, taken, err := l.survey(ctx)
	if err != nil {
		return err
	}
	mine := l.owned()
	// In parallel: one after the other, the operations would take longer than the
	// lifetime of a lease if the server is slow.
	var tasks errgroup.Group
	tasks.SetLimit(leaseTasks)
	for p := range subject.Partitions {
		tasks.Go(func() error {
			_, held := mine[p]
			due := preferred(replicas, p) == l.replica
			switch {
			case held && (due || !closeIfIdle(p)):
				return l.renew(ctx, p, started)
			case held:
				return l.release(ctx, p)
			case due && !taken[p]:
				return l.take(ctx, p, started, quiet)
			case due && !l.began:
				return l.takeBack(ctx, p, started, quiet)
			}
			return nil
		})
	}
	if err := tasks.Wait(); err != nil {
		return err
	}
	l.began = true
	return nil
}

// survey lists the live replicas and the partitions that have an owner.
func (l *leases) survey(ctx context.Context) (replicas []string, taken map[int]bool, err error) {
	lister, err := l.kv.ListKeys(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("listing leases: %w", err)
	}
	// The lister has stopped by itself after its last key, and then Stop fails.
	defer func() { _ = lister.Stop() }()
	taken = map[int]bool{}
	for key := range lister.Keys() {
		if name, ok := subject.ParseReplicaLease(key); ok {
			replicas = append(replicas, name)
		} else if p, ok := subject.ParsePartitionLease(key); ok {
			taken[p] = true
		}
	}
	return replicas, taken, nil
}

func (l *leases) take(ctx context.Context, p int, started time.Time, quiet time.Duration) error {
	revision, err := l.kv.Create(ctx, subject.PartitionLease(p), []byte(l.replica))
	if bus.IsConflict(err) {
		return nil // another replica was faster
	}
	if err != nil {
		return fmt.Errorf("taking partition %d: %w", p, err)
	}
	l.hold(p, lease{revision: revision, renewed: started, taken: l.now(), quiet: l.now().Add(quiet)})
	return nil
}

// takeBack takes a partition whose lease has this replica's own name: the process
// was killed and has started again. Names must be unique among live replicas.
func (l *leases) takeBack(ctx context.Context, p int, started time.Time, quiet time.Duration) error {
	entry, err := l.kv.Get(ctx, subject.PartitionLease(p))
	if errors.Is(err, jetstream.ErrKeyNotFound) || err == nil && string(entry.Value()) != l.replica {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading the lease of partition %d: %w", p, err)
	}
	revision, err := l.kv.Update(ctx, subject.PartitionLease(p), []byte(l.replica), entry.Revision())
	if bus.IsConflict(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("taking partition %d back: %w", p, err)
	}
	l.hold(p, lease{revision: revision, renewed: started, taken: l.now(), quiet: l.now().Add(quiet)})
	return nil
}

func (l *leases) hold(p int, held lease) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.held[p] = held
}

func (l *leases) renew(ctx context.Context, p int, started time.Time) error {
	l.mu.Lock()
	held := l.held[p]
	l.mu.Unlock()
	revision, err := l.kv.Update(ctx, subject.PartitionLease(p), []byte(l.replica), held.revision)
	l.mu.Lock()
	defer l.mu.Unlock()
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
	err := l.kv.Delete(ctx, subject.PartitionLease(p), jetstream.LastRevision(held.revision))
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

// preferred returns the replica with the highest weight for a partition
// (rendezvous hashing: Thaler and Ravishankar, 1998). When a replica joins or
// leaves, only the partitions that move to or from that replica change owners.
func preferred(replicas []string, partition int) string {
	var best string
	var most uint64
	for _, replica := range replicas {
		h := fnv.New64a()
		h.Write([]byte(replica))
		h.Write([]byte{0, byte(partition), byte(partition >> 8)})
		// The last bytes have little effect on an FNV hash, so mix them in with
		// the finaliser of MurmurHash3.
		x := h.Sum64()
		x ^= x >> 33
		x *= 0xff51afd7ed558ccd
		x ^= x >> 33
		if best == "" || x > most || x == most && replica < best {
			best, most = replica, x
		}
	}
	return best
}
