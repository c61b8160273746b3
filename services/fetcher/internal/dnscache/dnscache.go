// Package dnscache caches the replies of name servers for their time to live,
// within bounds. The cache sits between Go's resolver and the name server. So it
// leaves everything else to the resolver: /etc/hosts, search domains, both address
// families and multiple servers.
package dnscache

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"time"
)

const (
	// maxEntries bounds the number of cached replies, and maxMessage the size
	// of each in bytes. Together they allow 100 MB; in practice the cache takes
	// about 10 MB.
	maxEntries = 50_000
	maxMessage = 2 << 10
	// minTTL is the minimum time that a reply is cached, so that a name that
	// changes every second is not looked up for each page. maxTTL is the
	// maximum.
	minTTL = 10 * time.Second
	maxTTL = time.Hour
	// maxNegative is the maximum time that a name is remembered as missing.
	// RFC 2308, section 5, allows three hours.
	maxNegative = 5 * time.Minute
	// maxStale is how long an expired reply may still be used if no server
	// gives a newer one (RFC 8767).
	maxStale = time.Hour
	// maxUDP is the size in bytes of the largest datagram that is read.
	maxUDP = 64 << 10
)

// Dial connects to a name server. It has the signature of net.Resolver.Dial.
type Dial func(ctx context.Context, network, address string) (net.Conn, error)

// cache holds the known replies by question. It is safe for concurrent use.
type cache struct {
	next Dial
	now  func() time.Time

	mu      sync.Mutex
	replies map[string]cachedReply
}

type cachedReply struct {
	message []byte
	expires time.Time
}

// New returns a resolver with a cache in front of the name servers that next
// connects to. If next is nil, these are the system's name servers.
func New(next Dial, now func() time.Time) *net.Resolver {
	if next == nil {
		next = (&net.Dialer{}).DialContext
	}
	c := &cache{next: next, now: now, replies: map[string]cachedReply{}}
	return &net.Resolver{
		PreferGo: true,
		Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
			return &exchange{cache: c, ctx: ctx, network: network, address: address}, nil
		},
	}
}

// ask answers a query from the cache or from the server. If the server fails, it
// falls back to a reply that expired at most maxStale ago.
func (c *cache) ask(ctx context.Context, network, address string, query []byte) ([]byte, error) {
	key, err := questionKey(query)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	known, ok := c.replies[key]
	c.mu.Unlock()
	if ok && c.now().Before(known.expires) {
		return withID(known.message, query), nil
	}
	reply, err := c.forward(ctx, network, address, query)
	usable := ok && c.now().Before(known.expires.Add(maxStale))
	if err != nil {
		if usable {
			return withID(known.message, query), nil
		}
		return nil, err
	}
	life, failed := lifetime(reply)
	if failed && usable {
		return withID(known.message, query), nil
	}
	if life > 0 && len(reply) <= maxMessage {
		c.store(key, cachedReply{message: reply, expires: c.now().Add(life)})
	}
	return reply, nil
}

func (c *cache) store(key string, reply cachedReply) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.replies) >= maxEntries {
		for arbitrary := range c.replies {
			delete(c.replies, arbitrary)
			break
		}
	}
	c.replies[key] = reply
}

// forward sends a query to the name server and returns its reply.
func (c *cache) forward(ctx context.Context, network, address string, query []byte) ([]byte, error) {
	conn, err := c.next(ctx, network, address)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	// A deadline in the past interrupts reads and writes.
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	if strings.HasPrefix(network, "udp") {
		return overUDP(conn, query)
	}
	return overTCP(conn, query)
}

func overTCP(conn net.Conn, query []byte) ([]byte, error) {
	if _, err := conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(query))), query...)); err != nil {
		return nil, err
	}
	var size [2]byte
	if _, err := io.ReadFull(conn, size[:]); err != nil {
		return nil, err
	}
	reply := make([]byte, binary.BigEndian.Uint16(size[:]))
	if _, err := io.ReadFull(conn, reply); err != nil {
		return nil, err
	}
	if !isReply(reply, query) {
		return nil, errors.New("dnscache: the name server answered a different question")
	}
	return reply, nil
}

// overUDP waits for the datagram that answers the query. It ignores others, which
// are forged or late.
func overUDP(conn net.Conn, query []byte) ([]byte, error) {
	if _, err := conn.Write(query); err != nil {
		return nil, err
	}
	buffer := make([]byte, maxUDP)
	for {
		n, err := conn.Read(buffer)
		if err != nil {
			return nil, err
		}
		if isReply(buffer[:n], query) {
			return append([]byte(nil), buffer[:n]...), nil
		}
	}
}
