package httpget

import (
	"context"
	"net"
	"strings"
	"testing"

	"golang.org/x/net/dns/dnsmessage"
)

// serveDNS runs a name server on a loopback address and returns a resolver that
// uses it. The server answers every question with the code and, for A records,
// with the address unless that is nil.
func serveDNS(tb testing.TB, code dnsmessage.RCode, address *[4]byte) *net.Resolver {
	tb.Helper()
	var addresses [][4]byte
	if address != nil {
		addresses = append(addresses, *address)
	}
	return serveDNSWith(tb, func(dnsmessage.Type) (dnsmessage.RCode, [][4]byte) { return code, addresses })
}

// serveDNSWith is like serveDNS but calls answer for each question. It ignores the
// addresses if the question is not for an A record.
func serveDNSWith(
	tb testing.TB, answer func(dnsmessage.Type) (dnsmessage.RCode, [][4]byte),
) *net.Resolver {
	tb.Helper()
	socket := listenUDP(tb)
	tb.Cleanup(func() { socket.Close() })
	go func() {
		buffer := make([]byte, 1500)
		for {
			n, from, err := socket.ReadFrom(buffer)
			if err != nil {
				return
			}
			var message dnsmessage.Message
			if message.Unpack(buffer[:n]) != nil {
				continue
			}
			q := message.Questions[0]
			code, addresses := answer(q.Type)
			message.Response, message.RCode, message.Additionals = true, code, nil
			for _, address := range addresses {
				if q.Type == dnsmessage.TypeA {
					message.Answers = append(message.Answers, dnsmessage.Resource{
						Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class},
						Body:   &dnsmessage.AResource{A: address},
					})
				}
			}
			if reply, err := message.Pack(); err == nil {
				_, _ = socket.WriteTo(reply, from)
			}
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", socket.LocalAddr().String())
	}}
}

func TestNameResolution(t *testing.T) {
	with := func(resolver *net.Resolver) *Client {
		return newClient(t, func(c *Config) { c.Resolver = resolver })
	}
	missing := mustFail(t, with(serveDNS(t, dnsmessage.RCodeNameError, nil)),
		Request{URL: "http://missing.example/"}, DNS)
	if !missing.NotFound || !missing.Transient() {
		t.Errorf("a missing name: not found %v, transient %v: %v", missing.NotFound, missing.Transient(), missing)
	}
	broken := mustFail(t, with(serveDNS(t, dnsmessage.RCodeServerFailure, nil)),
		Request{URL: "http://broken.example/"}, DNS)
	if broken.NotFound || !broken.Transient() {
		t.Errorf("a broken name server: not found %v, transient %v: %v", broken.NotFound, broken.Transient(), broken)
	}
	base := servePage(t, page, "Content-Type", "text/html")
	port := base[strings.LastIndexByte(base, ':'):]
	loopback := with(serveDNS(t, dnsmessage.RCodeSuccess, &[4]byte{127, 0, 0, 1}))
	found := mustGet(t, loopback, Request{URL: "http://news.example" + port + "/"})
	if found.Timings.DNS <= 0 || found.RemoteAddr.String() != "127.0.0.1"+port {
		t.Errorf("timings %+v, remote address %v", found.Timings, found.RemoteAddr)
	}
	silent := listenUDP(t)
	defer silent.Close()
	slow := newClient(t, func(c *Config) {
		c.ConnectTimeout = short
		c.Resolver = &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
			// The resolver keeps waiting after the request has given up. The
			// end of the test closes its connection.
			connection, err := (&net.Dialer{}).DialContext(t.Context(), "udp", silent.LocalAddr().String())
			if err == nil {
				context.AfterFunc(t.Context(), func() { connection.Close() })
			}
			return connection, err
		}}
	})
	if failure := mustFail(t, slow, Request{URL: "http://slow.example/"}, Timeout); failure.Phase != PhaseDNS {
		t.Errorf("phase %q: %v", failure.Phase, failure)
	}
}
