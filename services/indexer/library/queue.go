package library

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"

	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/weburl"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

const (
	// maxQueue is the maximum number of queued URLs of a host that are read to find one.
	maxQueue = 5_000
	// longQueue is the number of entries from which a queue is remembered, for queueAge. At
	// most maxQueues are remembered, which take about 5 MB each.
	longQueue = 100
	queueAge  = time.Minute
	maxQueues = 4
)

// queued is an entry of the frontier.
type queued struct {
	*datelinev1.FrontierEntry
	lane     string
	sequence uint64
}

// requested returns the URL that was requested, in canonical form.
func (q queued) requested() string {
	address := q.GetRequest().GetUrl()
	if url, err := weburl.Parse(address); err == nil {
		return url.String()
	}
	return address
}

// lanes are the lanes of a queue in the order in which the fetcher takes them.
var lanes = []string{subject.LaneFresh, subject.LaneBackfill}

// queueOf returns the queue of a URL's host in the order in which the fetcher takes it:
// what is due first, then the fresh lane before the other one, then what came first. It
// reads at most limit entries.
func (l *Library) queueOf(ctx context.Context, url weburl.URL, limit int) ([]queued, error) {
	all, err := l.readQueue(ctx, url, nil, limit)
	return inOrder(all), err
}

// readQueue reads the entries of a host's queue that follow those already known, lane by
// lane, until the queue has limit entries. It returns all of them.
func (l *Library) readQueue(ctx context.Context, url weburl.URL, known []queued, limit int) ([]queued, error) {
	stream, err := l.js.Stream(ctx, subject.StreamFrontier)
	if err != nil {
		return nil, fmt.Errorf("reading stream %s: %w", subject.StreamFrontier, err)
	}
	after := map[string]uint64{}
	for _, q := range known {
		after[q.lane] = max(after[q.lane], q.sequence)
	}
	partition := weburl.Partition(url.Host(), subject.Partitions)
	all := slices.Clone(known)
	for _, lane := range lanes {
		name := subject.Frontier(partition, lane, url.SubjectHost())
		for next := after[lane] + 1; len(all) < limit; {
			msg, err := stream.GetMsg(ctx, next, jetstream.WithGetMsgSubject(name))
			if errors.Is(err, jetstream.ErrMsgNotFound) {
				break
			}
			if err != nil {
				return nil, fmt.Errorf("reading the queue of %s: %w", url.Host(), err)
			}
			next = msg.Sequence + 1
			entry := &datelinev1.FrontierEntry{}
			if proto.Unmarshal(msg.Data, entry) == nil { // else the fetcher makes it a dead letter
				all = append(all, queued{entry, lane, msg.Sequence})
			}
		}
	}
	return all, nil
}

// inOrder returns a queue in the order in which the fetcher takes it.
func inOrder(queue []queued) []queued {
	queue = lastOfEach(queue)
	now := time.Now()
	wait := func(q queued) time.Duration { return max(0, timeOf(q.GetNotBeforeTime()).Sub(now)) }
	slices.SortStableFunc(queue, func(a, b queued) int {
		return cmp.Or(cmp.Compare(wait(a), wait(b)), cmp.Compare(slices.Index(lanes, a.lane), slices.Index(lanes, b.lane)),
			cmp.Compare(a.sequence, b.sequence))
	})
	return queue
}

// lastOfEach leaves out the entries of which a later one exists. The fetcher stores a
// request at the end of the queue before it removes it from its old place.
func lastOfEach(queue []queued) []queued {
	last := map[string]uint64{}
	for _, q := range queue {
		id := q.GetRequest().GetRequestId()
		last[id] = max(last[id], q.sequence)
	}
	return slices.DeleteFunc(queue, func(q queued) bool {
		id := q.GetRequest().GetRequestId()
		return id != "" && q.sequence < last[id]
	})
}

// waits reports whether an entry is still in the frontier.
func (l *Library) waits(ctx context.Context, q queued) (bool, error) {
	stream, err := l.js.Stream(ctx, subject.StreamFrontier)
	if err != nil {
		return false, fmt.Errorf("reading stream %s: %w", subject.StreamFrontier, err)
	}
	_, err = stream.GetMsg(ctx, q.sequence)
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("reading message %d of stream %s: %w", q.sequence, subject.StreamFrontier, err)
	}
	return true, nil
}

// queues are the long queues that were read last, by host. The zero value is ready for use.
type queues struct {
	mu    sync.Mutex
	known map[string]knownQueue
}

// knownQueue is a queue, and when it was read.
type knownQueue struct {
	entries []queued
	at      time.Time
}

// recentQueue returns the queue of a URL's host, in order. A long queue is read at most once
// in queueAge: until then, only the entries that were added since are read. at is when it was
// read. Its entries may have left the queue since.
func (l *Library) recentQueue(ctx context.Context, url weburl.URL) (entries []queued, at time.Time, err error) {
	known := l.queues.of(url.Host(), time.Now())
	if known.entries, err = l.readQueue(ctx, url, known.entries, maxQueue); err != nil {
		return nil, time.Time{}, err
	}
	l.queues.keep(url.Host(), known)
	return inOrder(slices.Clone(known.entries)), known.at, nil
}

// of returns the queue of a host as it was read last, or an empty one if that was too long
// ago.
func (q *queues) of(host string, now time.Time) knownQueue {
	q.mu.Lock()
	defer q.mu.Unlock()
	known, ok := q.known[host]
	if !ok || now.Sub(known.at) > queueAge {
		return knownQueue{at: now}
	}
	return known
}

// keep remembers a queue if it is long, and forgets the one that was read first if there are
// too many.
func (q *queues) keep(host string, one knownQueue) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.known == nil {
		q.known = map[string]knownQueue{}
	}
	delete(q.known, host)
	if len(one.entries) < longQueue {
		return
	}
	q.known[host] = one
	for len(q.known) > maxQueues {
		oldest := host
		for name, other := range q.known {
			if other.at.Before(q.known[oldest].at) {
				oldest = name
			}
		}
		delete(q.known, oldest)
	}
}
