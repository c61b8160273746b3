package frontier

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/dateline-news/dateline/internal/bucket"
	"github.com/dateline-news/dateline/internal/subject"
)

// survey is what was read from the bucket.
type survey struct {
	replicas   map[string]*jetstream.RawStreamMsg
	partitions map[int]*jetstream.RawStreamMsg
	// ended has the revisions at which the keys of replicas were deleted.
	ended map[string]uint64
}

// survey reads the keys that match a pattern. It may miss a key that is written
// meanwhile.
func (l *leases) survey(ctx context.Context, pattern string) (*survey, error) {
	found := &survey{
		replicas: map[string]*jetstream.RawStreamMsg{}, partitions: map[int]*jetstream.RawStreamMsg{},
		ended: map[string]uint64{},
	}
	for msg, err := range bucket.Messages(ctx, l.stream, subject.KVKey(l.kv.Bucket(), pattern)) {
		if err != nil {
			return nil, fmt.Errorf("reading leases: %w", err)
		}
		found.add(strings.TrimPrefix(msg.Subject, subject.KVKey(l.kv.Bucket(), "")), msg)
	}
	return found, nil
}

func (s *survey) add(key string, msg *jetstream.RawStreamMsg) {
	deleted := bucket.Deleted(msg)
	if name, ok := subject.ParseReplicaLease(key); ok {
		delete(s.replicas, name)
		delete(s.ended, name)
		if deleted {
			s.ended[name] = msg.Sequence
		} else {
			s.replicas[name] = msg
		}
	} else if p, ok := subject.ParsePartitionLease(key); ok {
		delete(s.partitions, p)
		if !deleted {
			s.partitions[p] = msg
		}
	}
}

// names returns the names of the live replicas in order.
func (s *survey) names() []string { return slices.Sorted(maps.Keys(s.replicas)) }

// free reports whether the owner of a lease has ended its session after it last
// renewed the lease, so that the lease can be taken at its revision.
func (s *survey) free(lease *jetstream.RawStreamMsg) bool {
	return s.ended[string(lease.Data)] > lease.Sequence
}
