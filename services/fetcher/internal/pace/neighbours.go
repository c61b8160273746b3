package pace

import (
	"net/netip"
	"slices"
	"sync"
	"time"
)

// sweep is how often addresses are forgotten that nothing is known of any more.
const sweep = time.Minute

// Neighbours lets those hosts take turns that are served from one address: it is
// one machine, or one company's, that all of them ask something of. It is safe
// for concurrent use.
type Neighbours struct {
	now func() time.Time

	mu    sync.Mutex
	doors map[netip.AddrPort]*door
	swept time.Time
}

// door is an address with its port.
type door struct {
	// queue is the hosts that wait, the next one first.
	queue []string
	busy  bool
	since time.Time     // of the turn under way
	mean  time.Duration // of turns, later ones weighing more
	due   time.Time     // of the next turn
}

// grace is how late a host may be for its turn before the next one has it.
const grace = time.Second

// NewNeighbours returns an empty table.
func NewNeighbours(now func() time.Time) *Neighbours {
	return &Neighbours{now: now, doors: map[netip.AddrPort]*door{}}
}

// Enter lets a host have the address's turn, or says how long to wait before it
// asks again: about until its turn comes, in the order of asking. Leave must
// follow where the wait is 0. The interval is the usual pause between two turns.
func (n *Neighbours) Enter(address netip.AddrPort, host string, interval time.Duration) (wait time.Duration) {
	n.mu.Lock()
	defer n.mu.Unlock()
	now := n.now()
	n.forget(now)
	d := n.doors[address]
	if d == nil {
		d = &door{}
		n.doors[address] = d
	}
	free := !d.busy && !now.Before(d.due)
	place := slices.Index(d.queue, host)
	if place < 0 {
		place = len(d.queue)
		d.queue = append(d.queue, host)
	}
	if late := free && place > 0 && now.Sub(d.due) > max(grace, interval); late {
		d.queue = d.queue[1:]
		place--
	}
	if free && place == 0 {
		d.queue = d.queue[1:]
		d.busy, d.since = true, now
		return 0
	}
	wait = time.Duration(place) * (d.mean + interval)
	switch {
	case d.busy:
		wait += max(0, d.mean-now.Sub(d.since)) + interval
	case d.due.After(now):
		wait += d.due.Sub(now)
	}
	return max(wait, 5*time.Millisecond)
}

// Leave ends a turn: the address rests for a pause.
func (n *Neighbours) Leave(address netip.AddrPort, pause time.Duration) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if d := n.doors[address]; d != nil {
		now := n.now()
		d.mean = (3*d.mean + now.Sub(d.since)) / 4
		d.busy, d.due = false, now.Add(pause)
	}
}

// forget drops addresses that have been at rest for long, with the hosts that
// never came back for their turns.
func (n *Neighbours) forget(now time.Time) {
	if now.Sub(n.swept) < sweep {
		return
	}
	n.swept = now
	for address, d := range n.doors {
		if !d.busy && now.Sub(d.due) > sweep {
			delete(n.doors, address)
		}
	}
}
