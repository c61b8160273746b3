package frontier

import (
	"slices"
	"time"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// noticeGrace is how long an announced URL may take to become readable: the
// notice can arrive before the stream has stored the URL.
const noticeGrace = 2 * time.Second

// The time between two attempts to read an announced URL that is not readable yet:
// it starts at firstLook and doubles up to lookDoublings times.
const (
	firstLook     = 10 * time.Millisecond
	lookDoublings = 6
)

// maxDeferred is the maximum number of URLs of a lane that are known to wait for
// a later time. Once it is reached, the rest of the lane waits for the first of
// them.
const maxDeferred = 1000

// host is a host in this replica's partitions that has URLs or must rest.
type host struct {
	key       string
	partition int
	due       time.Time
	index     int // in the heap; -1 during a visit and in a round

	// notices is the number of URLs that were announced and not read yet. noticed
	// is the time of the last notice, and looks the number of failed attempts to
	// read since then.
	notices int
	noticed time.Time
	looks   int

	// lanes are the host's queues, most urgent first.
	lanes [laneCount]lane

	// position is the sequence of the host's first URL if the host was located, or 0. unlocated
	// reports whether the host waits to be located.
	position  uint64
	unlocated bool

	// created is when the stream that the lanes and current refer to was created.
	created time.Time

	// current is the entry that is not finished yet. unfinished is the decision
	// about that entry if the stream did not accept it yet.
	current    *Entry
	unfinished *Decision
}

// lane is one of a host's queues: a subject of the stream.
type lane struct {
	// filled reports whether there may be URLs at or after the cursor.
	filled bool
	// cursor is the sequence after the last URL that was read. deferred has the
	// URLs before the cursor that wait for their time, earliest first.
	cursor   uint64
	deferred []deferral
}

// deferral is an entry that waits. content is its state after earlier visits; nil
// means the state in the stream.
type deferral struct {
	sequence uint64
	until    time.Time
	content  *datelinev1.FrontierEntry
}

func (l *lane) postpone(d deferral) {
	at, _ := slices.BinarySearchFunc(l.deferred, d.until, func(d deferral, t time.Time) int { return d.until.Compare(t) })
	l.deferred = slices.Insert(l.deferred, at, d)
}

// forget drops everything that refers to messages of an earlier stream.
func (h *host) forget(created time.Time) {
	for i := range h.lanes {
		h.lanes[i] = lane{filled: true}
	}
	h.current, h.unfinished, h.created, h.position = nil, nil, created, 0
}

// drainLane reports whether a lane may have URLs. It also marks the lane as empty,
// until found or a notice marks it as filled again.
func (f *Frontier) drainLane(l *lane) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	filled := l.filled
	l.filled = false
	return filled
}

// refill undoes drainLane, because the lane could not be read.
func (f *Frontier) refill(l *lane) {
	f.mu.Lock()
	defer f.mu.Unlock()
	l.filled = true
}

// found records that an entry was read, which may be one that was announced.
func (f *Frontier) found(h *host, l *lane, entry *Entry) {
	f.mu.Lock()
	defer f.mu.Unlock()
	l.filled, h.looks = true, 0
	if h.notices > 0 && entry.Stored.After(h.noticed.Add(-clockSkew)) {
		h.notices--
	}
}

// lookAgain returns how long to wait before looking again for an announced URL
// that is not readable yet. 0 means that none is expected.
func (h *host) lookAgain(now time.Time) time.Duration {
	if h.notices == 0 || now.Sub(h.noticed) >= noticeGrace {
		return 0
	}
	h.looks++
	for i := range h.lanes {
		h.lanes[i].filled = true
	}
	return firstLook << min(h.looks-1, lookDoublings)
}

// subject returns the subject of a lane. It is not kept, because a host that waits should take
// little memory.
func (h *host) subject(i int) string { return laneSubject(h.partition, i, h.key) }

// next returns the sequence at which the next URL of the host may be.
func (h *host) next() uint64 {
	for i := range h.lanes {
		if h.lanes[i].filled && h.lanes[i].cursor > 0 {
			return h.lanes[i].cursor
		}
	}
	return h.position
}

// lane returns the queue that an entry came from.
func (h *host) lane(entry *Entry) *lane { return &h.lanes[max(0, laneOf(entry.Subject))] }

// wakes returns when the first deferred entry is due, or the zero time if there is
// none.
func (h *host) wakes() time.Time {
	var first time.Time
	for i := range h.lanes {
		if d := h.lanes[i].deferred; len(d) > 0 && (first.IsZero() || d[0].until.Before(first)) {
			first = d[0].until
		}
	}
	return first
}

// dueHeap is a heap of hosts; the host that is due first is at the top.
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
