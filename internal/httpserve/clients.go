package httpserve

import (
	"net/http"
	"net/netip"
	"sync"
	"time"
)

// Clients bounds what one client has in use at the same time, and how fast it may
// start. A client is an IPv4 address or a /64 network of IPv6, which is what one
// subscriber has. Create it with NewClients.
type Clients struct {
	limit ClientLimit
	now   func() time.Time

	mu    sync.Mutex
	known map[netip.Prefix]*client
}

// ClientLimit is the limit of each client.
type ClientLimit struct {
	// Concurrent is the maximum number of entries at the same time.
	Concurrent int
	// Burst is how many entries may follow each other at once, and Refill the time
	// after which one more is permitted. A burst of 0 means no limit.
	Burst  int
	Refill time.Duration
}

// client is what is known of a client: how many entries it has, and until when its
// past entries use up its burst.
type client struct {
	inside int
	busy   time.Time
}

// maxClients is the maximum number of clients to remember.
const maxClients = 8192

// NewClients returns a table without clients.
func NewClients(limit ClientLimit) *Clients {
	return &Clients{limit: limit, now: time.Now, known: map[netip.Prefix]*client{}}
}

// Enter counts an entry of the client that sent a request. It returns a function that
// ends the entry, or false if the client has reached its limit.
func (c *Clients) Enter(r *http.Request) (leave func(), ok bool) {
	key, now := clientOf(r.RemoteAddr), c.now()
	c.mu.Lock()
	defer c.mu.Unlock()
	one := c.known[key]
	if one == nil {
		if len(c.known) >= maxClients && !c.forgetOne() {
			return nil, false
		}
		one = &client{}
		c.known[key] = one
	}
	if one.busy.Before(now) {
		one.busy = now
	}
	if one.inside >= c.limit.Concurrent ||
		c.limit.Burst > 0 && one.busy.Sub(now) > time.Duration(c.limit.Burst-1)*c.limit.Refill {
		return nil, false
	}
	one.inside++
	one.busy = one.busy.Add(c.limit.Refill)
	return func() { c.leave(key) }, true
}

func (c *Clients) leave(key netip.Prefix) {
	c.mu.Lock()
	defer c.mu.Unlock()
	one := c.known[key]
	if one.inside--; one.inside == 0 && !one.busy.After(c.now()) {
		delete(c.known, key)
	}
}

// forgetOne removes a client without entries, chosen at random. It returns false if
// all have entries.
func (c *Clients) forgetOne() bool {
	for key, one := range c.known {
		if one.inside == 0 {
			delete(c.known, key)
			return true
		}
	}
	return false
}

// clientOf returns the network that stands for the sender of a request. Senders without
// an IP address share the zero value.
func clientOf(remote string) netip.Prefix {
	const ipv6Bits = 64
	parsed, err := netip.ParseAddrPort(remote)
	if err != nil {
		return netip.Prefix{}
	}
	addr, bits := parsed.Addr().Unmap().WithZone(""), ipv6Bits
	if addr.Is4() {
		bits = addr.BitLen()
	}
	return netip.PrefixFrom(addr, bits).Masked()
}
