package httpget

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/dateline-news/dateline/internal/natstest"
)

func TestMain(m *testing.M) {
	if os.Getenv(serverVariable) != "" {
		runBenchServer()
		return
	}
	goleak.VerifyTestMain(m)
}

const page = "<!doctype html><title>News</title><p>Something happened.</p>"

// newClient returns a client that may fetch from loopback addresses. Its timeouts
// are long, so that a test only runs into those that it shortens.
func newClient(tb testing.TB, change func(*Config)) *Client {
	tb.Helper()
	config := Config{UserAgent: "Dateline/1.0 (+https://example.com/bot)", AllowPrivate: true}
	if change != nil {
		change(&config)
	}
	client, err := New(config)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(client.Close)
	return client
}

func mustGet(tb testing.TB, client *Client, request Request) *Response {
	tb.Helper()
	response, err := client.Get(natstest.Context(tb), request)
	if err != nil {
		tb.Fatalf("Get(%s): %v", request.URL, err)
	}
	return response
}

// wantError makes a request that must fail with the given class.
func wantError(tb testing.TB, client *Client, request Request, class Class) {
	tb.Helper()
	_ = mustFail(tb, client, request, class)
}

// mustFail makes a request that must fail with the given class, and returns its error. A request that does not end is
// cancelled in time to report that.
func mustFail(tb testing.TB, client *Client, request Request, class Class) *Error {
	tb.Helper()
	response, err := client.Get(natstest.Context(tb), request)
	if err == nil {
		tb.Fatalf("Get(%s) returned status %d and %d bytes, want an error of class %s",
			request.URL, response.Status, len(response.Body), class)
	}
	var failure *Error
	if !errors.As(err, &failure) {
		tb.Fatalf("Get(%s): %T is not an *Error: %v", request.URL, err, err)
	}
	if failure.Class != class {
		tb.Fatalf("Get(%s): class %s, phase %q, want class %s: %v",
			request.URL, failure.Class, failure.Phase, class, err)
	}
	if strings.Contains(err.Error(), "\n") || !strings.Contains(err.Error(), failure.Host) {
		tb.Errorf("the message is not a single line that names the host: %q", err)
	}
	return failure
}

func serve(tb testing.TB, handler http.HandlerFunc) string {
	tb.Helper()
	server := httptest.NewServer(handler)
	tb.Cleanup(server.Close)
	return server.URL
}

// servePage serves one body with the given headers, as alternating names and
// values.
func servePage(tb testing.TB, body string, headers ...string) string {
	tb.Helper()
	return serve(tb, func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["Date"] = nil
		for i := 0; i < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		if w.Header().Get("Content-Type") == "" {
			w.Header()["Content-Type"] = nil
		}
		_, _ = io.WriteString(w, body)
	})
}

func redirectTo(location string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, location, http.StatusFound) }
}

func flagHit(hit *bool) http.HandlerFunc {
	return func(http.ResponseWriter, *http.Request) { *hit = true }
}

// listen listens on a free port of loopback. The caller closes the listener.
func listen(tb testing.TB) net.Listener {
	tb.Helper()
	var config net.ListenConfig
	listener, err := config.Listen(tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	return listener
}

// listenUDP listens on a free UDP port of loopback. The caller closes the socket.
func listenUDP(tb testing.TB) net.PacketConn {
	tb.Helper()
	var config net.ListenConfig
	socket, err := config.ListenPacket(tb.Context(), "udp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	return socket
}

// serveRaw runs a server that reads a request's headers and then passes the
// connection to misbehave. The channel done is closed when the test ends.
func serveRaw(tb testing.TB, misbehave func(connection net.Conn, done <-chan struct{})) string {
	tb.Helper()
	done := make(chan struct{})
	base := serveConnections(tb, func(connection net.Conn) {
		if _, err := http.ReadRequest(bufio.NewReader(connection)); err == nil {
			misbehave(connection, done)
		}
	})
	tb.Cleanup(func() { close(done) })
	return base
}

// serveConnections runs a server that calls handle for each connection and then closes
// it. The end of the test closes the connections that are still open.
func serveConnections(tb testing.TB, handle func(net.Conn)) string {
	tb.Helper()
	listener := listen(tb)
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			running.Go(func() {
				stop := context.AfterFunc(ctx, func() { connection.Close() })
				handle(connection)
				stop()
				connection.Close()
			})
		}
	})
	tb.Cleanup(func() {
		listener.Close()
		cancel()
		running.Wait()
	})
	return "http://" + listener.Addr().String()
}

// serveRawTarget serves a page and sends each request target to the channel.
func serveRawTarget(tb testing.TB, targets chan<- string) string {
	tb.Helper()
	return serveLines(tb, func(requestLine string) string {
		_, rest, _ := strings.Cut(requestLine, " ")
		target, _, _ := strings.Cut(rest, " ")
		targets <- target
		return fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n"+
			"Connection: close\r\n\r\n%s", len(page), page)
	})
}

// serveLines answers each request according to its first line as sent, which
// net/http does not expose.
func serveLines(tb testing.TB, answer func(requestLine string) string) string {
	tb.Helper()
	listener := listen(tb)
	var running sync.WaitGroup
	running.Go(func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			reader := bufio.NewReader(connection)
			first, err := reader.ReadString('\n')
			for line := first; err == nil && line != "\r\n"; {
				line, err = reader.ReadString('\n')
			}
			_, _ = io.WriteString(connection, answer(first))
			connection.Close()
		}
	})
	tb.Cleanup(func() { listener.Close(); running.Wait() })
	return "http://" + listener.Addr().String()
}

// serveTLS serves pages over TLS and HTTP/2. The function that it returns makes a
// configuration trust the server.
func serveTLS(tb testing.TB, handler http.HandlerFunc) (*httptest.Server, func(*Config)) {
	tb.Helper()
	server := httptest.NewUnstartedServer(handler)
	server.EnableHTTP2 = true
	server.Config.ErrorLog = discardLog
	server.StartTLS()
	tb.Cleanup(server.Close)
	roots := server.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	return server, func(c *Config) { c.RootCAs = roots }
}
