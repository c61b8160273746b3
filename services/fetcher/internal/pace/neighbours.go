package pace

import (
	"net/netip"
	"slices"
	"sync"
	"time"
)

// sweep is how often unused addresses are forgotten, and how long an address must
// have been unused.
const sweep = time.Minute

// grace is how late a host may be for its turn before the next host gets the turn.
const grace = time.Second

// minWait is the minimum wait for a turn, so that hosts do not poll constantly.
const minWait = 5 * time.Millisecond

// Neighbours lets hosts that share an address take turns, because one machine or
// company serves them all. It is safe for concurrent use.
type Neighbours struct {
	now func() time.Time

	mu        sync.Mutex
	addresses map[netip.AddrPort]*address
	swept     time.Time
}

// address is the state of an address with its port.
type address struct {
	// queue has the hosts that wait for a turn, the next one first.
	queue []string
	busy  bool
	since time.Time     // start of the current turn
	mean  time.Duration // length of a turn; recent turns weigh more
	due   time.Time     // earliest time for the next turn
}

// NewNeighbours returns an empty table.
func NewNeighbours(now func() time.Time) *Neighbours {
	return &Neighbours{now: now, addresses: map[netip.AddrPort]*address{}}
}

// Enter asks for a host's turn on an address. It returns 0 if the host has its turn
// now; Leave must be called at the end of the turn. Otherwise, it returns an estimate
// of how long to wait before calling Enter again. Hosts get their turns in the order
// of their first calls. interval is the usual pause between two turns. The first
// turn on an address begins one interval after taken, which is when this process
// became responsible for the host: another may have made a request just before.
func (n *Neighbours) Enter(
	addr netip.AddrPort, host string, interval time.Duration, taken time.Time,
) (wait time.Duration) {
	n.mu.Lock()
	defer n.mu.Unlock()
	now := n.now()
	n.forget(now)
	a := n.addresses[addr]
	if a == nil {
		a = &address{due: taken.Add(interval)}
		n.addresses[addr] = a
	}
	free := !a.busy && !now.Before(a.due)
	position := slices.Index(a.queue, host)
	if position < 0 {
		position = len(a.queue)
		a.queue = append(a.queue, host)
	}
	if late := free && position > 0 && now.Sub(a.due) > max(grace, interval); late {
		a.queue = a.queue[1:]
		position--
	}
	if free && position == 0 {
		a.queue = a.queue[1:]
		a.busy, a.since = true, now
		return 0
	}
	wait = time.Duration(position) * (a.mean + interval)
	switch {
	case a.busy:
		wait += max(0, a.mean-now.Sub(a.since)) + interval
	case a.due.After(now):
		wait += a.due.Sub(now)
	}
	return max(wait, minWait)
}

// Others returns the number of other hosts that have the turn on an address or wait for
// it, for a host that waits.
func (n *Neighbours) Others(addr netip.AddrPort) int {
	n.mu.Lock()
	defer n.mu.Unlock()
	a := n.addresses[addr]
	if a == nil {
		return 0
	}
	others := max(0, len(a.queue)-1)
	if a.busy {
		others++
	}
	return others
}

// Leave ends a turn: the address rests for a pause.
func (n *Neighbours) Leave(addr netip.AddrPort, pause time.Duration) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if a := n.addresses[addr]; a != nil {
		now := n.now()
		a.mean = (3*a.mean + now.Sub(a.since)) / 4
		a.busy, a.due = false, now.Add(pause)
	}
}

// Sharing returns the number of hosts that take turns because they share an address
// with others, and the number of these addresses.
func (n *Neighbours) Sharing() (hosts, addresses int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	now := n.now()
	for _, a := range n.addresses {
		waiting := len(a.queue)
		if waiting == 0 || !a.busy && now.Sub(a.due) > sweep {
			continue // the hosts in the queue never came back
		}
		hosts += waiting + 1 // the last one had its turn, or has it now
		addresses++
	}
	return hosts, addresses
}

// forget drops the addresses that have been unused for long, including the hosts
// that never came back for their turn.
func (n *Neighbours) forget(now time.Time) {
	if now.Sub(n.swept) < sweep {
		return
	}
	n.swept = now
	for addr, a := range n.addresses {
		if !a.busy && now.Sub(a.due) > sweep {
			delete(n.addresses, addr)
		}
	}
}
