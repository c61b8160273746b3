package httpget

import (
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/dateline-news/dateline/internal/weburl"
)

var discardLog = log.New(io.Discard, "", 0)

// TestAddressesThatAreNotPublicAreRefused checks many spellings of addresses. The
// class BlockedAddress shows that no packet was sent: a connection that fails has
// the class Connect.
func TestAddressesThatAreNotPublicAreRefused(t *testing.T) {
	client := newClient(t, func(c *Config) { c.AllowPrivate = false })
	for _, host := range []string{
		"127.0.0.1", "127.255.255.254", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
		"192.0.0.1", "192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.1",
		"224.0.0.1", "240.0.0.1", "255.255.255.255",
		"2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "127.1", "１２７.０.０.１", "127。0。0。1",
		"[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::ffff:a9fe:a9fe]", "[::127.0.0.1]",
		"[64:ff9b::7f00:1]", "[64:ff9b:1::7f00:1]", "[2002:7f00:1::]", "[fe80::1]", "[fc00::1]", "[fd00:ec2::254]",
		"[ff02::1]", "[2001:db8::1]", "[2001::1]", "[100::1]", "[fec0::1]",
		"192.31.196.1", "192.52.193.1", "192.88.99.1", "192.175.48.1", "[2620:4f:8000::1]", "[3fff::1]", "[5f00::1]",
		"localhost",
		// Services of clouds: Azure, Alibaba, AWS, Oracle, Google, Scaleway, Akamai, IBM.
		"168.63.129.16", "100.100.100.200", "169.254.170.2", "192.0.0.192", "[fd20:ce::254]", "[fd00:42::42]",
		"[fd00:a9fe:a9fe::1]", "161.26.0.10", "166.9.20.1", "[fe80::a9fe:a9fe]",
		// The same within IPv6: mapped, compatible, 6to4, NAT64 and Teredo.
		"[::ffff:168.63.129.16]", "[::168.63.129.16]", "[2002:a83f:8110::1]", "[64:ff9b::a83f:8110]",
		"[64:ff9b:1::a83f:8110]", "[2001:0:a83f:8110::1]", "[2001:0:4136:e378:8000:63bf:57c0:7eef]",
	} {
		u, err := weburl.Parse("http://" + host + "/")
		if err != nil {
			t.Errorf("Parse(%s): %v", host, err)
			continue
		}
		if failure := mustFail(t, client, Request{URL: u.String()}, BlockedAddress); failure.Transient() {
			t.Errorf("%s: classified as transient: %v", host, failure)
		}
	}
}

// TestNamesOfPrivateAddressesAreRefused checks that a public name that resolves to
// a private address is refused when dialing. What the name resolved to before does
// not matter.
func TestNamesOfPrivateAddressesAreRefused(t *testing.T) {
	base := servePage(t, page, "Content-Type", "text/html")
	port := int(netip.MustParseAddrPort(strings.TrimPrefix(base, "http://")).Port())
	guarded := func(c *Config) {
		c.AllowPrivate, c.AllowPorts = false, []int{port}
		c.Resolver = serveDNS(t, dnsmessage.RCodeSuccess, &[4]byte{127, 0, 0, 1})
	}
	url := "http://rebound.example" + base[strings.LastIndexByte(base, ':'):] + "/"
	wantError(t, newClient(t, guarded), Request{URL: url}, BlockedAddress)

	allowed := newClient(t, func(c *Config) {
		guarded(c)
		c.AllowNets = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	})
	mustGet(t, allowed, Request{URL: url})
	wantError(t, newClient(t, func(c *Config) {
		guarded(c)
		c.AllowNets = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	}), Request{URL: url}, BlockedAddress)
}

func TestARedirectToAPrivateAddressIsRefused(t *testing.T) {
	base := serve(t, redirectTo("http://169.254.169.254/latest/meta-data/"))
	client := newClient(t, func(c *Config) {
		c.AllowPrivate = false
		c.AllowNets = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
		c.AllowPorts = []int{80, int(netip.MustParseAddrPort(strings.TrimPrefix(base, "http://")).Port())}
	})
	response := mustGet(t, client, Request{URL: base + "/"})
	wantError(t, client, Request{URL: response.Location}, BlockedAddress)
}

func TestPortsAreLimited(t *testing.T) {
	client := newClient(t, func(c *Config) { c.AllowPrivate = false })
	for _, url := range []string{"http://127.0.0.1:22/", "http://example.com:6379/", "https://[::1]:5432/"} {
		wantError(t, client, Request{URL: url}, BlockedPort)
	}
	// These pass the port check and fail the address check.
	for _, url := range []string{
		"http://127.0.0.1/", "https://127.0.0.1/", "http://127.0.0.1:8080/", "https://[::1]:8443/",
	} {
		wantError(t, client, Request{URL: url}, BlockedAddress)
	}
}

func TestProxiesFromTheEnvironmentAreIgnored(t *testing.T) {
	proxied := false
	proxy := serve(t, flagHit(&proxied))
	t.Setenv("HTTP_PROXY", proxy)
	t.Setenv("http_proxy", proxy)
	client := newClient(t, func(c *Config) { c.Resolver = serveDNS(t, dnsmessage.RCodeNameError, nil) })
	wantError(t, client, Request{URL: "http://missing.example/"}, DNS)
	if proxied {
		t.Error("the request went through the proxy")
	}
}

// TestProxy sends requests through a proxy on a private address. A request to a
// private site is refused before it reaches the proxy.
func TestProxy(t *testing.T) {
	var proxied atomic.Int32
	proxy := serve(t, func(w http.ResponseWriter, r *http.Request) {
		proxied.Add(1)
		if r.URL.Host == "" {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, r.URL.String()+page)
	})
	proxyURL, err := url.Parse(proxy)
	if err != nil {
		t.Fatal(err)
	}
	with := func(address [4]byte) *Client {
		return newClient(t, func(c *Config) {
			c.AllowPrivate, c.Proxy, c.Resolver = false, proxyURL, serveDNS(t, dnsmessage.RCodeSuccess, &address)
		})
	}
	public := with([4]byte{93, 184, 216, 34})
	response := mustGet(t, public, Request{URL: "http://news.example/a?b=1"})
	if string(response.Body) != "http://news.example/a?b=1"+page || proxied.Load() != 1 {
		t.Errorf("body %q, %d requests reached the proxy", response.Body, proxied.Load())
	}
	wantError(t, with([4]byte{10, 1, 2, 3}), Request{URL: "http://inside.example/"}, BlockedAddress)
	wantError(t, public, Request{URL: "http://127.0.0.1/"}, BlockedAddress)
	wantError(t, public, Request{URL: "http://[::1]/"}, BlockedAddress)
	// A proxy would be asked to connect to these.
	wantError(t, with([4]byte{10, 1, 2, 3}), Request{URL: "https://inside.example/"}, BlockedAddress)
	wantError(t, public, Request{URL: "https://169.254.169.254/"}, BlockedAddress)
	if proxied.Load() != 1 {
		t.Errorf("%d requests reached the proxy, want 1", proxied.Load())
	}
}

// TestNameThatFlips uses a name that first resolves to an allowed address and then
// to a private one. An attacker's name server may do this to pass a check that is
// made before the connection.
func TestNameThatFlips(t *testing.T) {
	base := servePage(t, page, "Content-Type", "text/html")
	port := base[strings.LastIndexByte(base, ':'):]
	var lookups atomic.Int32
	flips := serveDNSWith(t, func(kind dnsmessage.Type) (dnsmessage.RCode, [][4]byte) {
		if kind == dnsmessage.TypeA && lookups.Add(1) == 1 {
			return dnsmessage.RCodeSuccess, [][4]byte{{127, 0, 0, 1}} // allowed below
		}
		return dnsmessage.RCodeSuccess, [][4]byte{{127, 0, 0, 2}} // the same server
	})
	client := newClient(t, func(c *Config) {
		c.AllowPrivate, c.Resolver = false, flips
		c.AllowNets = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
		c.AllowPorts = []int{int(netip.MustParseAddrPort(strings.TrimPrefix(base, "http://")).Port())}
	})
	first, err := client.Address(t.Context(), "http", "flips.example"+port)
	if err != nil || first.Addr().String() != "127.0.0.1" {
		t.Fatalf("Address returned %v, %v", first, err)
	}
	wantError(t, client, Request{URL: "http://flips.example" + port + "/"}, BlockedAddress)
	if lookups.Load() != 2 {
		t.Errorf("the name was looked up %d times, want 2", lookups.Load())
	}
	mustGet(t, client, Request{URL: base + "/"}) // the address itself is allowed
}

// TestNameWithMixedAddresses uses a name with an allowed and a private address, in both
// orders. Nothing may connect to the private one. With a proxy, which chooses an address
// by itself, the name is refused.
func TestNameWithMixedAddresses(t *testing.T) {
	allowed, private := [4]byte{127, 0, 0, 1}, [4]byte{127, 0, 0, 2}
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.2:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	var reached atomic.Int32
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			reached.Add(1)
			connection.Close()
		}
	}()
	port := netip.MustParseAddrPort(listener.Addr().String()).Port()
	target := fmt.Sprintf("http://mixed.example:%d/", port)
	var proxied atomic.Int32
	proxy, err := url.Parse(serve(t, func(http.ResponseWriter, *http.Request) { proxied.Add(1) }))
	if err != nil {
		t.Fatal(err)
	}
	for _, addresses := range [][][4]byte{{allowed, private}, {private, allowed}, {private, private, allowed}} {
		guarded := func(c *Config) {
			c.AllowPrivate, c.AllowPorts = false, []int{int(port)}
			c.AllowNets = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
			c.Resolver = serveDNSWith(t, func(dnsmessage.Type) (dnsmessage.RCode, [][4]byte) {
				return dnsmessage.RCodeSuccess, addresses
			})
		}
		// Nothing listens on the port of the allowed address.
		if _, err := newClient(t, guarded).Get(t.Context(), Request{URL: target}); err == nil {
			t.Errorf("%v: the request succeeds", addresses)
		}
		viaProxy := newClient(t, func(c *Config) { guarded(c); c.Proxy = proxy })
		wantError(t, viaProxy, Request{URL: target}, BlockedAddress)
	}
	if reached.Load() != 0 || proxied.Load() != 0 {
		t.Errorf("%d connections to the private address, %d requests to the proxy", reached.Load(), proxied.Load())
	}
}
