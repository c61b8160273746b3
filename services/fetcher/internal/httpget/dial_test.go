package httpget

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// resolveTo returns a resolver for which every name has the given IPv4 addresses.
func resolveTo(t *testing.T, addresses ...string) *net.Resolver {
	t.Helper()
	var all [][4]byte
	for _, address := range addresses {
		all = append(all, netip.MustParseAddr(address).As4())
	}
	return serveDNSWith(t, func(kind dnsmessage.Type) (dnsmessage.RCode, [][4]byte) {
		if kind != dnsmessage.TypeA {
			return dnsmessage.RCodeSuccess, nil
		}
		return dnsmessage.RCodeSuccess, all
	})
}

// listenSilently occupies an address so that attempts to connect to it get no answer:
// the only place in the queue of the listening socket is taken.
func listenSilently(t *testing.T, address [4]byte, port int) {
	t.Helper()
	socket, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Close(socket) })
	if err := syscall.Bind(socket, &syscall.SockaddrInet4{Addr: address, Port: port}); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Listen(socket, 0); err != nil {
		t.Fatal(err)
	}
	first, err := new(net.Dialer).DialContext(t.Context(), "tcp4", fmt.Sprintf("%s:%d", netip.AddrFrom4(address), port))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { first.Close() })
}

func portOf(t *testing.T, base string) int {
	t.Helper()
	return int(netip.MustParseAddrPort(strings.TrimPrefix(base, "http://")).Port())
}

// TestOneOfSeveralAddressesWorks has hosts with dead addresses before the one that works.
// The timeout is too long to wait for, so a dead address must not be waited for.
func TestOneOfSeveralAddressesWorks(t *testing.T) {
	base := servePage(t, page, "Content-Type", "text/html")
	port := portOf(t, base)
	listenSilently(t, [4]byte{127, 0, 0, 2}, port)
	for name, addresses := range map[string][]string{
		"refuses":           {"127.0.0.3", "127.0.0.1"},
		"silent":            {"127.0.0.2", "127.0.0.1"},
		"silent and refuse": {"127.0.0.3", "127.0.0.2", "127.0.0.4", "127.0.0.1", "127.0.0.5"},
		"last":              {"127.0.0.1", "127.0.0.2"},
	} {
		t.Run(name, func(t *testing.T) {
			client := newClient(t, func(c *Config) {
				c.ConnectTimeout, c.TotalTimeout = time.Hour, time.Hour
				c.Resolver = resolveTo(t, addresses...)
			})
			response := mustGet(t, client, Request{URL: fmt.Sprintf("http://news.example:%d/", port)})
			if response.RemoteAddr.Addr().String() != "127.0.0.1" {
				t.Errorf("connected to %v", response.RemoteAddr)
			}
		})
	}
}

// TestNoAddressWorks has hosts of which no address works.
func TestNoAddressWorks(t *testing.T) {
	base := servePage(t, page, "Content-Type", "text/html")
	port := portOf(t, base)
	listenSilently(t, [4]byte{127, 0, 0, 2}, port)
	many := slices.Repeat([]string{"127.0.0.3"}, maxAddresses)
	for _, test := range []struct {
		name      string
		addresses []string
		class     Class
		phase     Phase
	}{
		{"refuse", []string{"127.0.0.3", "127.0.0.4"}, Connect, ""},
		{"silent", []string{"127.0.0.2", "127.0.0.2"}, Timeout, PhaseConnect},
		{"too many", append(many, "127.0.0.1"), Connect, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			client := newClient(t, func(c *Config) {
				c.Resolver = resolveTo(t, test.addresses...)
				if test.class == Timeout {
					c.ConnectTimeout = time.Second // includes the time to resolve the name
				}
			})
			failure := mustFail(t, client, Request{URL: fmt.Sprintf("http://news.example:%d/", port)}, test.class)
			if failure.Phase != test.phase || !failure.Transient() {
				t.Errorf("phase %q, transient %v: %v", failure.Phase, failure.Transient(), failure)
			}
		})
	}
}

// TestEveryAddressIsGuarded has hosts with addresses that are public and others that are
// not. Only the former are connected to.
func TestEveryAddressIsGuarded(t *testing.T) {
	base := servePage(t, page, "Content-Type", "text/html")
	port := portOf(t, base)
	var reached atomic.Bool
	private, err := new(net.ListenConfig).Listen(t.Context(), "tcp", fmt.Sprintf("127.0.0.2:%d", port))
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{
		Handler:           http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}),
		ConnState:         func(net.Conn, http.ConnState) { reached.Store(true) },
		ReadHeaderTimeout: time.Minute,
	}
	go func() { _ = server.Serve(private) }()
	t.Cleanup(func() { server.Close() })
	with := func(addresses ...string) *Client {
		return newClient(t, func(c *Config) {
			c.AllowPrivate, c.AllowPorts = false, []int{port}
			// 127.0.0.1 and 127.0.0.3 count as public.
			c.AllowNets = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32"), netip.MustParsePrefix("127.0.0.3/32")}
			c.Resolver = resolveTo(t, addresses...)
		})
	}
	request := Request{URL: fmt.Sprintf("http://news.example:%d/", port)}
	mustGet(t, with("127.0.0.2", "127.0.0.1"), request)
	mustGet(t, with("127.0.0.3", "127.0.0.2", "127.0.0.1"), request)
	wantError(t, with("127.0.0.2", "127.0.0.2"), request, BlockedAddress)
	wantError(t, with("127.0.0.2", "127.0.0.3"), request, Connect)
	wantError(t, with("127.0.0.3", "127.0.0.2"), request, Connect)
	if reached.Load() {
		t.Error("a connection to an address that is not public was opened")
	}
}

func TestInterleave(t *testing.T) {
	for _, test := range []struct{ in, want string }{
		{"", ""},
		{"1.1.1.1", "1.1.1.1"},
		{"1.1.1.1 1.1.1.2 1.1.1.3", "1.1.1.1 1.1.1.2 1.1.1.3"},
		{"2::1 2::2 2::3 1.1.1.1 1.1.1.2", "2::1 1.1.1.1 2::2 1.1.1.2 2::3"},
		{"1.1.1.1 2::1 2::2", "1.1.1.1 2::1 2::2"},
		{"::ffff:1.1.1.1 2::1 1.1.1.2", "::ffff:1.1.1.1 2::1 1.1.1.2"},
	} {
		var in []netip.Addr
		for _, text := range strings.Fields(test.in) {
			in = append(in, netip.MustParseAddr(text))
		}
		var got []string
		for _, address := range interleave(in) {
			got = append(got, address.String())
		}
		if strings.Join(got, " ") != test.want {
			t.Errorf("%s became %v, want %s", test.in, got, test.want)
		}
	}
}

// TestSlowHandshake has a server that sends its part of the TLS handshake byte by byte.
func TestSlowHandshake(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	base := serveConnections(t, func(connection net.Conn) {
		_, _ = connection.Write([]byte{0x16, 3, 3, 0x40, 0}) // the header of a record of 16 KiB
		ticker := time.NewTicker(short / 10)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
				if _, err := connection.Write([]byte{2}); err != nil {
					return
				}
			}
		}
	})
	t.Cleanup(cancel)
	client := newClient(t, func(c *Config) { c.TLSTimeout = short })
	failure := mustFail(t, client, Request{URL: strings.Replace(base, "http", "https", 1) + "/"}, Timeout)
	if failure.Phase != PhaseTLS || !failure.Transient() {
		t.Errorf("phase %q, transient %v: %v", failure.Phase, failure.Transient(), failure)
	}
}
