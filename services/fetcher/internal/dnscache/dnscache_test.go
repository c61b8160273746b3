package dnscache

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// nameServer answers on a loopback address, over UDP and TCP.
type nameServer struct {
	address string
	queries atomic.Int32 // the number of queries for A records
	reply   atomic.Pointer[func(q dnsmessage.Question) dnsmessage.Message]
}

func serve(tb testing.TB, reply func(q dnsmessage.Question) dnsmessage.Message) *nameServer {
	tb.Helper()
	s := &nameServer{}
	s.reply.Store(&reply)
	var config net.ListenConfig
	listener, err := config.Listen(tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	s.address = listener.Addr().String()
	socket, err := config.ListenPacket(tb.Context(), "udp", s.address)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { socket.Close(); listener.Close() })
	go func() {
		buffer := make([]byte, 1500)
		for {
			n, from, err := socket.ReadFrom(buffer)
			if err != nil {
				return
			}
			_, _ = socket.WriteTo([]byte("not a reply"), from)
			for _, forgery := range forgeries(buffer[:n]) {
				_, _ = socket.WriteTo(forgery, from)
			}
			_, _ = socket.WriteTo(s.answer(buffer[:n], true), from)
		}
	}()
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			var size [2]byte
			if _, err := io.ReadFull(conn, size[:]); err == nil {
				query := make([]byte, binary.BigEndian.Uint16(size[:]))
				if _, err := io.ReadFull(conn, query); err == nil {
					reply := s.answer(query, false)
					_, _ = conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(reply))), reply...))
				}
			}
			conn.Close()
		}
	}()
	return s
}

func (s *nameServer) answer(query []byte, datagram bool) []byte {
	var message dnsmessage.Message
	if err := message.Unpack(query); err != nil {
		return nil
	}
	if message.Questions[0].Type == dnsmessage.TypeA {
		s.queries.Add(1)
	}
	out := (*s.reply.Load())(message.Questions[0])
	out.ID, out.Response, out.Questions = message.ID, true, message.Questions
	if out.Truncated && !datagram {
		out.Truncated = false
	} else if out.Truncated {
		out.Answers = nil
	}
	packed, err := out.Pack()
	if err != nil {
		return nil
	}
	return packed
}

// forgeries returns messages as an attacker would send them, who knows all of a query but one thing. Each
// gives an address for the name, or for another one.
func forgeries(query []byte) (all [][]byte) {
	for _, forge := range []func(*dnsmessage.Message){
		func(m *dnsmessage.Message) { m.Questions[0].Name = dnsmessage.MustNewName("attacker.example.") },
		func(m *dnsmessage.Message) { m.ID ^= 1 },
		func(m *dnsmessage.Message) { m.ID ^= 1 << 8 },
		func(m *dnsmessage.Message) { m.Response = false },
	} {
		var message dnsmessage.Message
		if err := message.Unpack(query); err != nil {
			return nil
		}
		message.Response = true
		forge(&message)
		message.Answers = []dnsmessage.Resource{{
			Header: dnsmessage.ResourceHeader{
				Name: message.Questions[0].Name, Type: dnsmessage.TypeA, Class: dnsmessage.ClassINET, TTL: 60,
			},
			Body: &dnsmessage.AResource{A: [4]byte{203, 0, 113, 66}},
		}}
		if packed, err := message.Pack(); err == nil {
			all = append(all, packed)
		}
	}
	return all
}

func (s *nameServer) dial(ctx context.Context, network, _ string) (net.Conn, error) {
	return (&net.Dialer{}).DialContext(ctx, network, s.address)
}

// address returns a function that answers queries for A records with 192.0.2.last.
func address(ttl uint32, last byte) func(dnsmessage.Question) dnsmessage.Message {
	return func(q dnsmessage.Question) dnsmessage.Message {
		if q.Type != dnsmessage.TypeA {
			return dnsmessage.Message{}
		}
		return dnsmessage.Message{Answers: []dnsmessage.Resource{{
			Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class, TTL: ttl},
			Body:   &dnsmessage.AResource{A: [4]byte{192, 0, 2, last}},
		}}}
	}
}

// missing answers that the name does not exist.
func missing(q dnsmessage.Question) dnsmessage.Message {
	zone := dnsmessage.MustNewName("example.")
	return dnsmessage.Message{
		Header: dnsmessage.Header{RCode: dnsmessage.RCodeNameError},
		Authorities: []dnsmessage.Resource{{
			Header: dnsmessage.ResourceHeader{Name: zone, Type: dnsmessage.TypeSOA, Class: q.Class, TTL: 60},
			Body:   &dnsmessage.SOAResource{NS: zone, MBox: zone, MinTTL: 3600},
		}},
	}
}

// failing answers SERVFAIL.
func failing(dnsmessage.Question) dnsmessage.Message {
	return dnsmessage.Message{Header: dnsmessage.Header{RCode: dnsmessage.RCodeServerFailure}}
}

func TestCache(t *testing.T) {
	server := serve(t, address(60, 1))
	clock := time.Now()
	resolver := New(server.dial, func() time.Time { return clock })
	lookup := func(name, want string, queries int32) {
		t.Helper()
		before := server.queries.Load()
		var got string
		addresses, err := resolver.LookupNetIP(t.Context(), "ip4", name)
		if err == nil {
			got = addresses[0].String()
		} else if e, ok := errors.AsType[*net.DNSError](err); ok && e.IsNotFound {
			got = "missing"
		} else {
			got = "failed"
		}
		if n := server.queries.Load() - before; got != want || n != queries {
			t.Errorf("%s: got %s with %d queries, want %s with %d", name, got, n, want, queries)
		}
	}
	set := func(reply func(dnsmessage.Question) dnsmessage.Message) { server.reply.Store(&reply) }

	lookup("news.example.", "192.0.2.1", 1)
	set(address(60, 2))
	lookup("NEWS.example.", "192.0.2.1", 0)
	clock = clock.Add(59 * time.Second)
	lookup("news.example.", "192.0.2.1", 0)
	clock = clock.Add(2 * time.Second)
	lookup("news.example.", "192.0.2.2", 1)

	set(address(0, 3)) // a TTL below minTTL
	lookup("often.example.", "192.0.2.3", 1)
	clock = clock.Add(minTTL - time.Second)
	lookup("often.example.", "192.0.2.3", 0)
	set(address(1<<30, 4)) // a TTL above maxTTL
	lookup("never.example.", "192.0.2.4", 1)
	clock = clock.Add(maxTTL + time.Second)
	lookup("never.example.", "192.0.2.4", 1)

	set(missing)
	lookup("none.example.", "missing", 1)
	set(address(60, 5))
	lookup("none.example.", "missing", 0)
	clock = clock.Add(61 * time.Second)
	lookup("none.example.", "192.0.2.5", 1)

	clock = clock.Add(2 * time.Minute)
	set(failing) // Go's resolver asks a second time after SERVFAIL
	lookup("none.example.", "192.0.2.5", 1)
	clock = clock.Add(maxStale)
	lookup("none.example.", "failed", 2)
	lookup("none.example.", "failed", 2)
}

func TestTruncatedReplyIsRetriedOverTCP(t *testing.T) {
	server := serve(t, func(q dnsmessage.Question) dnsmessage.Message {
		m := address(60, 9)(q)
		m.Truncated = q.Type == dnsmessage.TypeA
		return m
	})
	resolver := New(server.dial, time.Now)
	for range 2 {
		got, err := resolver.LookupNetIP(t.Context(), "ip4", "long.example.")
		if err != nil || got[0].String() != "192.0.2.9" {
			t.Fatalf("%v, %v", got, err)
		}
	}
	if got := server.queries.Load(); got != 2 {
		t.Errorf("%d queries, want one over UDP and one over TCP", got)
	}
}

// TestForgedReplyOverTCP checks that only the reply to the query is accepted on a connection.
func TestForgedReplyOverTCP(t *testing.T) {
	name := dnsmessage.MustNewName("news.example.")
	query := dnsmessage.Message{
		Header:    dnsmessage.Header{ID: 7},
		Questions: []dnsmessage.Question{{Name: name, Type: dnsmessage.TypeA, Class: dnsmessage.ClassINET}},
	}
	packed, err := query.Pack()
	if err != nil {
		t.Fatal(err)
	}
	replies := forgeries(packed)
	if len(replies) != 4 {
		t.Fatalf("%d forged replies, want 4", len(replies))
	}
	query.Response = true
	genuine, err := query.Pack()
	if err != nil {
		t.Fatal(err)
	}
	for i, reply := range append(replies, genuine) {
		client, server := net.Pipe()
		go func() {
			_, _ = io.ReadFull(server, make([]byte, len(packed)+2))
			_, _ = server.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(reply))), reply...))
		}()
		_, err := overTCP(client, packed)
		if accepted := err == nil; accepted != (i == len(replies)) {
			t.Errorf("reply %d is accepted: %t (%v)", i, accepted, err)
		}
		client.Close()
		server.Close()
	}
}

func TestCacheIsBounded(t *testing.T) {
	c := &cache{replies: map[string]cachedReply{}, now: time.Now}
	for i := range maxEntries + 100 {
		c.store(string(binary.BigEndian.AppendUint32(nil, uint32(i))), cachedReply{})
	}
	if len(c.replies) != maxEntries {
		t.Errorf("%d cached replies, want %d", len(c.replies), maxEntries)
	}
}

// TestSilentServer checks that the context ends the wait for a reply.
func TestSilentServer(t *testing.T) {
	silent, err := new(net.ListenConfig).ListenPacket(t.Context(), "udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	resolver := New(func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", silent.LocalAddr().String())
	}, time.Now)
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if _, err := resolver.LookupNetIP(ctx, "ip4", "slow.example."); err == nil {
		t.Error("the lookup succeeded without a reply")
	}
}

// FuzzLifetime parses arbitrary replies.
func FuzzLifetime(f *testing.F) {
	for _, reply := range []func(dnsmessage.Question) dnsmessage.Message{address(60, 1), missing, failing} {
		q := dnsmessage.Question{
			Name: dnsmessage.MustNewName("a.example."), Type: dnsmessage.TypeA, Class: dnsmessage.ClassINET,
		}
		m := reply(q)
		m.Questions = []dnsmessage.Question{q}
		packed, err := m.Pack()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(packed)
	}
	f.Fuzz(func(t *testing.T, reply []byte) {
		life, failed := lifetime(reply)
		if life < 0 || life > maxTTL || life > 0 && (failed || life < minTTL) {
			t.Errorf("lifetime is %s, failed is %v", life, failed)
		}
		isReply(reply, append([]byte{1, 2}, reply...))
	})
}
