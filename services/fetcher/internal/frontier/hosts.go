package frontier

import (
	"container/heap"
	"context"
	"slices"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/dateline-news/dateline/internal/subject"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// noticeGrace is how long a URL that was announced may take to be readable: the
// notice can arrive before the stream has stored it.
const noticeGrace = 2 * time.Second

// maxDeferred bounds the URLs of a lane that are known to wait for a later
// time. Behind more than these, the rest of the lane waits for the first.
const maxDeferred = 1000

// host is a host of the frontier with URLs, or with a pause that runs.
type host struct {
	key       string
	partition int
	due       time.Time
	index     int // in the heap; -1 while it is being visited

	// notices is how many URLs were announced and not read yet, noticed when
	// the last was, and looks how often none was found since.
	notices int
	noticed time.Time
	looks   int

	// lanes are its queues, the more urgent first.
	lanes [laneCount]lane

	// current is the entry that is not finished yet, and unfinished what was
	// decided about it but could not be stored.
	current    *Entry
	unfinished *Decision
}

// lane is one of a host's queues: a subject of the stream.
type lane struct {
	subject string
	// filled says that there may be URLs behind the cursor.
	filled bool
	// cursor is the sequence behind the last URL that was looked at, and
	// deferred those before it that wait for their time, the earliest first.
	cursor   uint64
	deferred []deferral
}

// deferral is an entry that waits. content is what it has come to since it was
// stored, nil where the stream has its last state.
type deferral struct {
	sequence uint64
	until    time.Time
	content  *datelinev1.FrontierEntry
}

func (l *lane) postpone(d deferral) {
	at, _ := slices.BinarySearchFunc(l.deferred, d.until, func(d deferral, t time.Time) int { return d.until.Compare(t) })
	l.deferred = slices.Insert(l.deferred, at, d)
}

// mayHave reports whether a lane is to be read on, and takes it for read to its
// end until found or a notice says otherwise.
func (f *Frontier) mayHave(l *lane) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	filled := l.filled
	l.filled = false
	return filled
}

// refill takes back what mayHave has noted: the lane could not be read.
func (f *Frontier) refill(l *lane) {
	f.mu.Lock()
	defer f.mu.Unlock()
	l.filled = true
}

// found notes that an entry was read on, which may be one that was announced.
func (f *Frontier) found(h *host, l *lane, entry *Entry) {
	f.mu.Lock()
	defer f.mu.Unlock()
	l.filled, h.looks = true, 0
	if h.notices > 0 && entry.Stored.After(h.noticed.Add(-clockSkew)) {
		h.notices--
	}
}

// lookAgain is how long to wait for an announced URL that is not there yet; 0 for
// not at all.
func (h *host) lookAgain(now time.Time) time.Duration {
	if h.notices == 0 || now.Sub(h.noticed) >= noticeGrace {
		return 0
	}
	h.looks++
	for i := range h.lanes {
		h.lanes[i].filled = true
	}
	return 5 * time.Millisecond << min(h.looks, 7)
}

// lane is the host's queue that an entry came from.
func (h *host) lane(entry *Entry) *lane {
	for i := range h.lanes {
		if h.lanes[i].subject == entry.Subject {
			return &h.lanes[i]
		}
	}
	return &h.lanes[0]
}

// wakes is when the first of the entries that wait is due, zero where none does.
func (h *host) wakes() time.Time {
	var first time.Time
	for i := range h.lanes {
		if d := h.lanes[i].deferred; len(d) > 0 && (first.IsZero() || d[0].until.Before(first)) {
			first = d[0].until
		}
	}
	return first
}

// again returns the entry with changed content, for the next visit.
func (e *Entry) again(content *datelinev1.FrontierEntry) *Entry {
	next := *e
	next.FrontierEntry = content
	return &next
}

// dueHeap has the host that is due first at its top.
type dueHeap []*host

func (d dueHeap) Len() int           { return len(d) }
func (d dueHeap) Less(i, j int) bool { return d[i].due.Before(d[j].due) }
func (d dueHeap) Swap(i, j int) {
	d[i], d[j] = d[j], d[i]
	d[i].index, d[j].index = i, j
}
func (d *dueHeap) Push(x any) {
	h := x.(*host)
	h.index = len(*d)
	*d = append(*d, h)
}
func (d *dueHeap) Pop() any {
	last := len(*d) - 1
	h := (*d)[last]
	(*d)[last] = nil
	*d = (*d)[:last]
	h.index = -1
	return h
}

// add makes a host known that has URLs.
func (f *Frontier) add(subject string, partition int, due time.Time, noticed bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	key := hostKey(subject)
	h := f.hosts[key]
	if h == nil {
		h = &host{key: key, partition: partition, due: due, index: -1}
		for i := range h.lanes {
			h.lanes[i].subject = laneSubject(partition, i, key)
		}
		f.hosts[key] = h
		heap.Push(&f.due, h)
		f.poke()
	}
	for i := range h.lanes {
		if h.lanes[i].subject == subject {
			h.lanes[i].filled = true
		}
	}
	if noticed {
		h.noticed, h.looks = f.Now(), 0
		h.notices++
		// A host that sleeps until its deferred URLs are due has new work.
		if h.index >= 0 && !h.wakes().IsZero() && h.due.Equal(h.wakes()) {
			h.due = due
			heap.Fix(&f.due, h.index)
			f.poke()
		}
	}
}

func (f *Frontier) poke() { signal(f.wake) }

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// follow listens for new URLs in the owned partitions, and forgets the hosts of
// those that are not owned any more.
func (f *Frontier) follow(owned map[int]time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for p, sub := range f.listens {
		if _, ok := owned[p]; !ok {
			f.unsubscribe(sub)
			delete(f.listens, p)
		}
	}
	for p := range f.closed {
		if _, ok := owned[p]; !ok {
			delete(f.closed, p)
		}
	}
	for p := range owned {
		if f.listens[p] != nil {
			continue
		}
		sub, err := f.nc.ChanSubscribe(subject.FrontierPartition(p), f.notices)
		if err != nil {
			f.Log.Warn("listening for new URLs; they are found by the next listing", "error", err)
			continue
		}
		f.listens[p] = sub
		signal(f.gained)
	}
	for key, h := range f.hosts {
		if _, ok := owned[h.partition]; !ok && h.index >= 0 {
			heap.Remove(&f.due, h.index)
			delete(f.hosts, key)
		}
	}
}

func (f *Frontier) stopListening() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, sub := range f.listens {
		f.unsubscribe(sub)
	}
	clear(f.listens)
}

func (f *Frontier) unsubscribe(sub *nats.Subscription) {
	if err := sub.Unsubscribe(); err != nil && f.nc.IsConnected() {
		f.Log.Warn("ending a subscription", "error", err)
	}
}

// notice takes in the notices of new URLs.
func (f *Frontier) notice(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case msg := <-f.notices:
			if p, ok := partitionOf(msg.Subject); ok {
				f.add(msg.Subject, p, f.notBefore(p), true)
			}
		}
	}
}

// notBefore is the earliest time for a host that is new to this replica.
func (f *Frontier) notBefore(partition int) time.Time {
	now := f.Now()
	return latest(now, f.leases.quietEnd(partition))
}

// list finds all hosts with URLs in the owned partitions.
func (f *Frontier) list(ctx context.Context) {
	for p := range f.leases.owned() {
		subjects, err := f.queue.subjects(ctx, p)
		if err != nil {
			if ctx.Err() == nil {
				f.Log.Warn("listing the frontier; it is tried again", "partition", p, "error", err)
			}
			return
		}
		for _, subject := range subjects {
			f.add(subject, p, f.notBefore(p), false)
		}
	}
}
