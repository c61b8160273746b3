package frontier

import (
	"context"
	"hash/fnv"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/dateline-news/dateline/internal/subject"
)

// leaseTasks is the maximum number of operations on leases at the same time.
const leaseTasks = 32

// closing closes a partition to new visits, or opens it again, and reports whether no visit is in progress.
type closing func(partition int, closed bool) (idle bool)

// round looks for replicas that have joined or stopped. If there are any, or it is
// time to renew the leases, it distributes the partitions.
func (l *leases) round(ctx context.Context, quiet time.Duration, setClosed closing) error {
	if !l.inSession() {
		return nil
	}
	started := l.now()
	found, err := l.survey(ctx, subject.AllReplicaLeases)
	if err != nil {
		return err
	}
	if err := l.observe(ctx, found); err != nil {
		return err
	}
	live, term := found.names(), l.term()
	if slices.Equal(live, l.live) && term == l.lastTerm && elapsed(l.distributed, started) < l.ttl/3 {
		return nil
	}
	l.live, l.lastTerm = live, term
	complete, err := l.distribute(ctx, started, quiet, term, setClosed)
	l.distributed = time.Time{} // the next round tries again
	if complete {
		l.distributed = started
	}
	return err
}

// distribute renews the leases of this replica's share, and takes the free partitions of that share. Of the partitions
// that belong to another replica's share, it closes those with visits in progress, so that they can be released in a
// later round, and releases the others. It reports whether this replica then holds its share and nothing else.
func (l *leases) distribute(
	ctx context.Context, started time.Time, quiet time.Duration, term int, setClosed closing,
) (complete bool, err error) {
	found, err := l.survey(ctx, ">")
	if err != nil {
		return false, err
	}
	replicas := found.names()
	mine := l.owned()
	fresh := lease{renewed: started, pause: quiet, term: term}
	// In parallel: one after the other, the operations would take longer than the
	// lifetime of a lease if the server is slow.
	var tasks errgroup.Group
	tasks.SetLimit(leaseTasks)
	for p := range subject.Partitions {
		tasks.Go(func() error {
			_, held := mine[p]
			due := preferred(replicas, p) == l.replica
			known := found.partitions[p]
			switch {
			case held && due:
				setClosed(p, false)
				return l.renew(ctx, p, started)
			case held && !setClosed(p, true):
				return l.renew(ctx, p, started)
			case held:
				return l.release(ctx, p)
			case due && known == nil:
				return l.take(ctx, p, fresh)
			case due && (found.free(known) || string(known.Data) == l.replica):
				return l.takeOver(ctx, p, known.Sequence, fresh)
			case known != nil && string(known.Data) == l.replica:
				return l.drop(ctx, p, known.Sequence)
			}
			return nil
		})
	}
	err = tasks.Wait()
	mine = l.owned()
	for p := range subject.Partitions {
		if _, held := mine[p]; held != (preferred(replicas, p) == l.replica) {
			return false, err
		}
	}
	return err == nil, err
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
