package httpget

import (
	"bufio"
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
func newClient(t testing.TB, change func(*Config)) *Client {
	t.Helper()
	config := Config{UserAgent: "Dateline/1.0 (+https://example.com/bot)", AllowPrivate: true}
	if change != nil {
		change(&config)
	}
	client, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client
}

func mustGet(t testing.TB, client *Client, request Request) *Response {
	t.Helper()
	response, err := client.Get(t.Context(), request)
	if err != nil {
		t.Fatalf("Get(%s): %v", request.URL, err)
	}
	return response
}

// wantError makes a request that must fail with the given class.
func wantError(t testing.TB, client *Client, request Request, class Class) *Error {
	t.Helper()
	response, err := client.Get(t.Context(), request)
	if err == nil {
		t.Fatalf("Get(%s) returned status %d and %d bytes, want an error of class %s",
			request.URL, response.Status, len(response.Body), class)
	}
	var failure *Error
	if !errors.As(err, &failure) {
		t.Fatalf("Get(%s): %T is not an *Error: %v", request.URL, err, err)
	}
	if failure.Class != class {
		t.Fatalf("Get(%s): class %s, phase %q, want class %s: %v", request.URL, failure.Class, failure.Phase, class, err)
	}
	if strings.Contains(err.Error(), "\n") || !strings.Contains(err.Error(), failure.Host) {
		t.Errorf("the message is not a single line that names the host: %q", err)
	}
	return failure
}

func serve(t testing.TB, handler http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL
}

// servePage serves one body with the given headers, as alternating names and
// values.
func servePage(t testing.TB, body string, headers ...string) string {
	return serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["Date"] = nil
		for i := 0; i < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		if w.Header().Get("Content-Type") == "" {
			w.Header()["Content-Type"] = nil
		}
		io.WriteString(w, body)
	})
}

func redirectTo(location string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, location, http.StatusFound) }
}

func flagHit(hit *bool) http.HandlerFunc {
	return func(http.ResponseWriter, *http.Request) { *hit = true }
}

// serveRaw runs a server that reads a request's headers and then passes the
// connection to misbehave. The channel done is closed when the test ends.
func serveRaw(t testing.TB, misbehave func(connection net.Conn, done <-chan struct{})) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	var running sync.WaitGroup
	running.Go(func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			running.Go(func() {
				defer connection.Close()
				if _, err := http.ReadRequest(bufio.NewReader(connection)); err != nil {
					return
				}
				misbehave(connection, done)
			})
		}
	})
	t.Cleanup(func() {
		close(done)
		listener.Close()
		running.Wait()
	})
	return "http://" + listener.Addr().String()
}

// serveRawTarget serves a page and sends each request target to the channel.
func serveRawTarget(t testing.TB, targets chan<- string) string {
	return serveLines(t, func(requestLine string) string {
		_, rest, _ := strings.Cut(requestLine, " ")
		target, _, _ := strings.Cut(rest, " ")
		targets <- target
		return fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n"+
			"Connection: close\r\n\r\n%s", len(page), page)
	})
}

// serveLines answers each request according to its first line as sent, which
// net/http does not expose.
func serveLines(t testing.TB, answer func(requestLine string) string) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
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
			io.WriteString(connection, answer(first))
			connection.Close()
		}
	})
	t.Cleanup(func() { listener.Close(); running.Wait() })
	return "http://" + listener.Addr().String()
}

// serveTLS serves pages over TLS and HTTP/2. The function that it returns makes a
// configuration trust the server.
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
