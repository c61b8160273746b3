package httpget

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// short is a timeout that a test wants to run into.
const short = 50 * time.Millisecond

func TestTimeouts(t *testing.T) {
	hang := func(sent string) func(net.Conn, <-chan struct{}) {
		return func(connection net.Conn, done <-chan struct{}) {
			io.WriteString(connection, sent)
			<-done
		}
	}
	// drip sends one byte again and again, always in time for the next.
	drip := func(sent, dropped string) func(net.Conn, <-chan struct{}) {
		return func(connection net.Conn, done <-chan struct{}) {
			io.WriteString(connection, sent)
			ticker := time.NewTicker(short / 10)
			defer ticker.Stop()
			for {
				select {
				case <-done:
					return
				case <-ticker.C:
					if _, err := io.WriteString(connection, dropped); err != nil {
						return
					}
				}
			}
		}
	}
	const head = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 1000000\r\n\r\n"
	tests := []struct {
		name   string
		change func(*Config)
		server func(net.Conn, <-chan struct{})
		phase  Phase
	}{
		{"no answer", func(c *Config) { c.HeaderTimeout = short }, hang(""), PhaseHeader},
		{"half a header", func(c *Config) { c.HeaderTimeout = short }, hang("HTTP/1.1 200 OK\r\nContent-"), PhaseHeader},
		{"dripping header", func(c *Config) { c.HeaderTimeout = short }, drip("HTTP/1.1 200 OK\r\nX: ", "x"), PhaseHeader},
		{"no body", func(c *Config) { c.IdleBodyTimeout = short }, hang(head), PhaseBody},
		{"half a body", func(c *Config) { c.IdleBodyTimeout = short }, hang(head + page), PhaseBody},
		{"dripping body", func(c *Config) { c.TotalTimeout = 4 * short }, drip(head, "x"), PhaseTotal},
		{"total in the header", func(c *Config) { c.TotalTimeout = short }, hang(""), PhaseTotal},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			client := newClient(t, test.change)
			failure := wantError(t, client, Request{URL: serveRaw(t, test.server) + "/"}, Timeout)
			if failure.Phase != test.phase || !failure.Transient() {
				t.Errorf("phase %q, transient %v: %v", failure.Phase, failure.Transient(), failure)
			}
		})
	}
}

func TestTLSTimeout(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0") // accepts by backlog, says nothing
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	client := newClient(t, func(c *Config) { c.TLSTimeout = short })
	if failure := wantError(t, client, Request{URL: "https://" + listener.Addr().String() + "/"}, Timeout); failure.Phase != PhaseTLS {
		t.Errorf("phase %q: %v", failure.Phase, failure)
	}
}

func TestBrokenAnswers(t *testing.T) {
	send := func(text string) func(net.Conn, <-chan struct{}) {
		return func(connection net.Conn, _ <-chan struct{}) { io.WriteString(connection, text) }
	}
	reset := func(text string) func(net.Conn, <-chan struct{}) {
		return func(connection net.Conn, _ <-chan struct{}) {
			io.WriteString(connection, text)
			connection.(*net.TCPConn).SetLinger(0)
		}
	}
	const ok = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"
	tests := []struct {
		name      string
		server    func(net.Conn, <-chan struct{})
		class     Class
		transient bool
	}{
		{"closed at once", send(""), Reset, true},
		{"reset at once", reset(""), Reset, true},
		{"closed in the header", send(ok), Reset, true},
		{"closed in the body", send(ok + "Content-Length: 1000\r\n\r\n" + page), Reset, true},
		{"reset in the body", reset(ok + "Content-Length: 1000\r\n\r\n" + page), Reset, true},
		{"closed in a chunk", send(ok + "Transfer-Encoding: chunked\r\n\r\n100\r\n" + page), Reset, true},
		{"closed between chunks", send(ok + "Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n"), Reset, true},
		{"bad chunk", send(ok + "Transfer-Encoding: chunked\r\n\r\nzz\r\n"), Protocol, false},
		{"no HTTP", send("SSH-2.0-OpenSSH_9.9\r\n"), Protocol, false},
		{"bad status", send("HTTP/1.1 abc OK\r\n\r\n"), Protocol, false},
		{"bad header", send("HTTP/1.1 200 OK\r\nno colon\r\n\r\n"), Protocol, false},
		{"bad length", send(ok + "Content-Length: x\r\n\r\n"), Protocol, false},
		{"two lengths", send(ok + "Content-Length: 1\r\nContent-Length: 2\r\n\r\nx"), Protocol, false},
		{"strange transfer", send(ok + "Transfer-Encoding: gzip\r\n\r\n"), Protocol, false},
		{"endless 1xx", send(strings.Repeat("HTTP/1.1 103 Early Hints\r\n\r\n", 5000)), HeaderTooLarge, false},
		{"flood of headers", send(ok + strings.Repeat("X-Flood: xxxxxxxx\r\n", 10_000)), HeaderTooLarge, false},
		{"one long header", send(ok + "X-Long: " + strings.Repeat("x", 100_000)), HeaderTooLarge, false},
		{"endless first line", send("HTTP/1.1 200 " + strings.Repeat("x", 100_000)), HeaderTooLarge, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			failure := wantError(t, newClient(t, nil), Request{URL: serveRaw(t, test.server) + "/"}, test.class)
			if failure.Transient() != test.transient {
				t.Errorf("transient %v: %v", failure.Transient(), failure)
			}
		})
	}
}

func TestAnswerWithoutLengthEndsWithItsConnection(t *testing.T) {
	base := serveRaw(t, func(connection net.Conn, _ <-chan struct{}) {
		io.WriteString(connection, "HTTP/1.0 200 OK\r\nContent-Type: text/html\r\n\r\n"+page)
	})
	if response := mustGet(t, newClient(t, nil), Request{URL: base + "/"}); string(response.Body) != page {
		t.Errorf("body is %q", response.Body)
	}
}

func TestEndlessBodyIsCut(t *testing.T) {
	base := serveRaw(t, func(connection net.Conn, _ <-chan struct{}) {
		io.WriteString(connection, "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n"+page)
		for chunk := strings.Repeat("x", 64<<10); ; {
			if _, err := io.WriteString(connection, chunk); err != nil {
				return // the client has hung up
			}
		}
	})
	response := mustGet(t, newClient(t, nil), Request{URL: base + "/"})
	if len(response.Body) != 10<<20 || !response.Truncated || !strings.HasPrefix(string(response.Body), page) {
		t.Errorf("%d bytes, truncated %v", len(response.Body), response.Truncated)
	}
}

// What is refused by its headers is not read: the server never gets to send a
// body that would take for ever.
func TestRefusedBodyIsNotTaken(t *testing.T) {
	base := serveRaw(t, func(connection net.Conn, done <-chan struct{}) {
		io.WriteString(connection, "HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\nContent-Length: 1000000000\r\n\r\n")
		<-done
	})
	wantError(t, newClient(t, nil), Request{URL: base + "/"}, BadType)
}

func TestKeptConnectionThatDied(t *testing.T) {
	hits := make(chan net.Conn, 10)
	base := serveRaw(t, func(connection net.Conn, _ <-chan struct{}) {
		fmt.Fprintf(connection, "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n%s", len(page), page)
		hits <- connection // and the server closes it
	})
	client := newClient(t, nil)
	for range 3 {
		mustGet(t, client, Request{URL: base + "/"})
		<-hits
	}
}

func TestCancellation(t *testing.T) {
	reached := make(chan struct{})
	base := serveRaw(t, func(_ net.Conn, done <-chan struct{}) { close(reached); <-done })
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-reached; cancel() }()
	_, err := newClient(t, nil).Get(ctx, Request{URL: base + "/"})
	var failure *Error
	if !errors.As(err, &failure) || failure.Class != Canceled || !errors.Is(err, context.Canceled) || !failure.Transient() {
		t.Errorf("error is %v", err)
	}
	ctx, cancel = context.WithTimeout(t.Context(), short)
	defer cancel()
	_, err = newClient(t, nil).Get(ctx, Request{URL: serveRaw(t, func(_ net.Conn, done <-chan struct{}) { <-done }) + "/"})
	if !errors.As(err, &failure) || failure.Class != Canceled || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error is %v", err)
	}
}

func TestConnectionRefused(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listener.Close()
	if failure := wantError(t, newClient(t, nil), Request{URL: "http://" + listener.Addr().String() + "/"}, Connect); !failure.Transient() {
		t.Errorf("not transient: %v", failure)
	}
}

// serveTLS serves pages over TLS and HTTP/2, and returns a configuration that
// trusts it.
func serveTLS(t testing.TB, handler http.HandlerFunc) (*httptest.Server, func(*Config)) {
	t.Helper()
	server := httptest.NewUnstartedServer(handler)
	server.EnableHTTP2 = true
	server.Config.ErrorLog = discardLog
	server.StartTLS()
	t.Cleanup(server.Close)
	roots := server.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	return server, func(c *Config) { c.RootCAs = roots }
}

func TestTLSAndHTTP2(t *testing.T) {
	server, trust := serveTLS(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/flood":
			for i := range 1750 {
				w.Header().Set(fmt.Sprintf("X-%d", i), "x")
			}
		case "/abort":
			w.Header().Set("Content-Type", "text/html")
			io.WriteString(w, page)
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		case "/endless":
			w.Header().Set("Content-Type", "text/html")
			for {
				if _, err := io.WriteString(w, strings.Repeat("x", 1000)); err != nil {
					return
				}
			}
		}
		w.Header().Set("Content-Type", "text/html")
		io.WriteString(w, r.Proto+page)
	})
	client := newClient(t, trust)
	response := mustGet(t, client, Request{URL: server.URL + "//a^%zz"})
	if string(response.Body) != "HTTP/2.0"+page || response.Timings.TLS <= 0 || !response.RemoteAddr.IsValid() {
		t.Errorf("response is %+v", response)
	}
	if again := mustGet(t, client, Request{URL: server.URL + "/"}); again.Timings.TLS != 0 || again.Timings.Connect != 0 {
		t.Errorf("the second request shook hands anew: %+v", again.Timings)
	}
	wantError(t, client, Request{URL: server.URL + "/flood"}, HeaderTooLarge)
	wantError(t, client, Request{URL: server.URL + "/abort"}, Reset)
	if response := mustGet(t, client, Request{URL: server.URL + "/endless", MaxBodyBytes: 100_000}); len(response.Body) != 100_000 || !response.Truncated {
		t.Errorf("%d bytes, truncated %v", len(response.Body), response.Truncated)
	}
}

func TestTLSFailures(t *testing.T) {
	server, trust := serveTLS(t, func(http.ResponseWriter, *http.Request) {})
	if failure := wantError(t, newClient(t, nil), Request{URL: server.URL + "/"}, TLS); failure.Transient() {
		t.Errorf("an unknown authority is transient: %v", failure)
	}
	plain := servePage(t, page)
	if failure := wantError(t, newClient(t, trust), Request{URL: strings.Replace(plain, "http", "https", 1) + "/"}, TLS); failure.Transient() {
		t.Errorf("HTTP on a TLS port is transient: %v", failure)
	}
	old := httptest.NewUnstartedServer(http.NotFoundHandler())
	old.TLS = &tls.Config{MaxVersion: tls.VersionTLS11, MinVersion: tls.VersionTLS10}
	old.Config.ErrorLog = discardLog
	old.StartTLS()
	defer old.Close()
	if failure := wantError(t, newClient(t, trust), Request{URL: old.URL + "/"}, TLS); failure.Transient() {
		t.Errorf("an old protocol is transient: %v", failure)
	}
	// A handshake that is cut off may go better the next time.
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go func() {
		if connection, err := listener.Accept(); err == nil {
			connection.Read(make([]byte, 1))
			connection.Close()
		}
	}()
	if failure := wantError(t, newClient(t, trust), Request{URL: "https://" + listener.Addr().String() + "/"}, TLS); !failure.Transient() {
		t.Errorf("a handshake cut off is permanent: %v", failure)
	}
}

// serveDNS is a name server on loopback that answers every question with a
// code and, for an A record, the address, if there is one.
func serveDNS(t testing.TB, code dnsmessage.RCode, address *[4]byte) *net.Resolver {
	t.Helper()
	return serveDNSWith(t, func(dnsmessage.Type) (dnsmessage.RCode, *[4]byte) { return code, address })
}

// serveDNSWith is serveDNS with an answer of its own for each question; one that
// is not for an IPv4 address gets the code alone.
func serveDNSWith(t testing.TB, answer func(dnsmessage.Type) (dnsmessage.RCode, *[4]byte)) *net.Resolver {
	t.Helper()
	socket, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { socket.Close() })
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
			code, address := answer(q.Type)
			message.Response, message.RCode, message.Additionals = true, code, nil
			if address != nil && q.Type == dnsmessage.TypeA {
				message.Answers = []dnsmessage.Resource{{
					Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class},
					Body:   &dnsmessage.AResource{A: *address},
				}}
			}
			if reply, err := message.Pack(); err == nil {
				socket.WriteTo(reply, from)
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
	missing := wantError(t, with(serveDNS(t, dnsmessage.RCodeNameError, nil)), Request{URL: "http://missing.example/"}, DNS)
	if !missing.NotFound || !missing.Transient() {
		t.Errorf("a missing name: not found %v, transient %v: %v", missing.NotFound, missing.Transient(), missing)
	}
	broken := wantError(t, with(serveDNS(t, dnsmessage.RCodeServerFailure, nil)), Request{URL: "http://broken.example/"}, DNS)
	if broken.NotFound || !broken.Transient() {
		t.Errorf("a broken name server: not found %v, transient %v: %v", broken.NotFound, broken.Transient(), broken)
	}
	base := servePage(t, page, "Content-Type", "text/html")
	port := base[strings.LastIndexByte(base, ':'):]
	found := mustGet(t, with(serveDNS(t, dnsmessage.RCodeSuccess, &[4]byte{127, 0, 0, 1})), Request{URL: "http://news.example" + port + "/"})
	if found.Timings.DNS <= 0 || found.RemoteAddr.String() != "127.0.0.1"+port {
		t.Errorf("timings %+v, remote address %v", found.Timings, found.RemoteAddr)
	}
	silent, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	slow := newClient(t, func(c *Config) {
		c.ConnectTimeout = short
		c.Resolver = &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
			// The resolver goes on waiting when nobody waits for it any
			// more; the end of the test ends that.
			connection, err := (&net.Dialer{}).DialContext(t.Context(), "udp", silent.LocalAddr().String())
			if err == nil {
				context.AfterFunc(t.Context(), func() { connection.Close() })
			}
			return connection, err
		}}
	})
	if failure := wantError(t, slow, Request{URL: "http://slow.example/"}, Timeout); failure.Phase != PhaseDNS {
		t.Errorf("phase %q: %v", failure.Phase, failure)
	}
}
