// Package dnscache keeps the answers of name servers for as long as they say,
// within bounds. It stands between Go's resolver and the name server, and so
// leaves everything else to that: /etc/hosts, search domains, both families,
// several servers.
package dnscache

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

const (
	// maxEntries bounds the answers that are kept, and maxMessage each in
	// bytes: 100 MB at the very most, some 10 MB in practice.
	maxEntries = 50_000
	maxMessage = 2 << 10
	// Answers are kept for at least minTTL, so that a name that changes by
	// the second is not looked up for each page, and for at most maxTTL.
	minTTL = 10 * time.Second
	maxTTL = time.Hour
	// maxNegative is the longest that a name is believed not to exist (RFC
	// 2308, section 5, allows three hours).
	maxNegative = 5 * time.Minute
	// maxStale is how long an answer may be used that has run out, where no
	// server gives a newer one (RFC 8767).
	maxStale = time.Hour
	// maxUDP is the largest datagram that is read.
	maxUDP = 64 << 10
)

// Dial connects to a name server, as net.Resolver.Dial.
type Dial func(ctx context.Context, network, address string) (net.Conn, error)

// Cache is the answers known. It is safe for concurrent use.
type Cache struct {
	next Dial
	now  func() time.Time

	mu      sync.Mutex
	answers map[string]answer
}

type answer struct {
	message []byte
	until   time.Time
}

// New returns a resolver with a cache in front of the name servers that next
// connects to; nil for those of the system.
func New(next Dial, now func() time.Time) *net.Resolver {
	if next == nil {
		next = (&net.Dialer{}).DialContext
	}
	c := &Cache{next: next, now: now, answers: map[string]answer{}}
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
		return &exchange{cache: c, ctx: ctx, network: network, address: address}, nil
	}}
}

// exchange is a connection of the resolver's. It is no net.PacketConn, so that
// messages are framed by their length (RFC 1035, section 4.2.2) both ways.
type exchange struct {
	cache            *Cache
	ctx              context.Context
	network, address string
	deadline         time.Time
	reply            []byte
}

// Write takes one framed query and has it answered.
func (x *exchange) Write(framed []byte) (int, error) {
	if len(framed) < 2 || int(binary.BigEndian.Uint16(framed)) != len(framed)-2 {
		return 0, errors.New("dnscache: a query came in parts")
	}
	ctx := x.ctx
	if !x.deadline.IsZero() {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, x.deadline)
		defer cancel()
	}
	reply, err := x.cache.ask(ctx, x.network, x.address, framed[2:])
	if err != nil {
		return 0, err
	}
	x.reply = binary.BigEndian.AppendUint16(make([]byte, 0, len(reply)+2), uint16(len(reply)))
	x.reply = append(x.reply, reply...)
	return len(framed), nil
}

// Read gives the reply.
func (x *exchange) Read(b []byte) (int, error) {
	if len(x.reply) == 0 {
		return 0, io.EOF
	}
	n := copy(b, x.reply)
	x.reply = x.reply[n:]
	return n, nil
}

func (x *exchange) Close() error                       { return nil }
func (x *exchange) LocalAddr() net.Addr                { return nil }
func (x *exchange) RemoteAddr() net.Addr               { return nil }
func (x *exchange) SetDeadline(t time.Time) error      { x.deadline = t; return nil }
func (x *exchange) SetReadDeadline(t time.Time) error  { return nil }
func (x *exchange) SetWriteDeadline(t time.Time) error { return nil }

// ask answers a query: from memory, by the server, or with what has run out
// where the server cannot say.
func (c *Cache) ask(ctx context.Context, network, address string, query []byte) ([]byte, error) {
	key, err := keyOf(query)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	known, ok := c.answers[key]
	c.mu.Unlock()
	if ok && c.now().Before(known.until) {
		return withID(known.message, query), nil
	}
	reply, err := c.forward(ctx, network, address, query)
	usable := ok && c.now().Before(known.until.Add(maxStale))
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
		c.keep(key, answer{message: reply, until: c.now().Add(life)})
	}
	return reply, nil
}

func (c *Cache) keep(key string, a answer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.answers) >= maxEntries {
		for other := range c.answers { // any one
			delete(c.answers, other)
			break
		}
	}
	c.answers[key] = a
}

// keyOf is what a query asks: name, type and class.
func keyOf(query []byte) (string, error) {
	var p dnsmessage.Parser
	if _, err := p.Start(query); err != nil {
		return "", fmt.Errorf("dnscache: reading a query: %w", err)
	}
	q, err := p.Question()
	if err != nil {
		return "", fmt.Errorf("dnscache: reading a question: %w", err)
	}
	return fmt.Sprintf("%s %d %d", strings.ToLower(q.Name.String()), q.Type, q.Class), nil
}

// withID is a copy of a reply that bears the id of a query.
func withID(reply, query []byte) []byte {
	out := append([]byte(nil), reply...)
	copy(out[:2], query[:2])
	return out
}

// forward asks the server.
func (c *Cache) forward(ctx context.Context, network, address string, query []byte) ([]byte, error) {
	conn, err := c.next(ctx, network, address)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	if strings.HasPrefix(network, "udp") {
		return overUDP(conn, query)
	}
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
	if !answers(reply, query) {
		return nil, errors.New("dnscache: the name server answered another question")
	}
	return reply, nil
}

// overUDP waits for the datagram that answers the query: others are forged or late.
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
		if answers(buffer[:n], query) {
			return append([]byte(nil), buffer[:n]...), nil
		}
	}
}

// answers says that a message is the reply to a query.
func answers(reply, query []byte) bool {
	if len(reply) < 12 || reply[0] != query[0] || reply[1] != query[1] || reply[2]&0x80 == 0 {
		return false
	}
	asked, err := keyOf(query)
	if err != nil {
		return false
	}
	got, err := keyOf(reply)
	return err == nil && got == asked
}

// lifetime is how long a reply may be kept, 0 for not at all, and whether the
// server failed to answer.
func lifetime(reply []byte) (life time.Duration, failed bool) {
	var p dnsmessage.Parser
	header, err := p.Start(reply)
	if err != nil || header.RCode != dnsmessage.RCodeSuccess && header.RCode != dnsmessage.RCodeNameError {
		return 0, true
	}
	if header.Truncated || p.SkipAllQuestions() != nil {
		return 0, false
	}
	least, found := uint32(0), false
	for {
		h, err := p.AnswerHeader()
		if err != nil {
			break
		}
		if !found || h.TTL < least {
			least, found = h.TTL, true
		}
		if p.SkipAnswer() != nil {
			return 0, false
		}
	}
	if found && header.RCode == dnsmessage.RCodeSuccess {
		return min(max(time.Duration(least)*time.Second, minTTL), maxTTL), false
	}
	// Only a zone's SOA says how long a name does not exist (RFC 2308, section 5).
	for {
		h, err := p.AuthorityHeader()
		if err != nil {
			return 0, false
		}
		if h.Type != dnsmessage.TypeSOA {
			if p.SkipAuthority() != nil {
				return 0, false
			}
			continue
		}
		soa, err := p.SOAResource()
		if err != nil {
			return 0, false
		}
		return min(max(time.Duration(min(h.TTL, soa.MinTTL))*time.Second, minTTL), maxNegative), false
	}
}
