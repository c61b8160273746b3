package httpget

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

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

// newClient returns a client that may fetch from loopback. Its timeouts are
// long, so that a test meets only the one that it shortens.
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

func serve(t testing.TB, handler http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL
}

// servePage serves one body with the given headers, name and value in turn.
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

// serveRaw runs a server that reads a request's headers and then does on the
// connection whatever it likes, until the test ends at the latest.
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

func mustGet(t testing.TB, client *Client, request Request) *Response {
	t.Helper()
	response, err := client.Get(t.Context(), request)
	if err != nil {
		t.Fatalf("Get(%s): %v", request.URL, err)
	}
	return response
}

// wantError makes a request that must fail with a class.
func wantError(t testing.TB, client *Client, request Request, class Class) *Error {
	t.Helper()
	response, err := client.Get(t.Context(), request)
	if err == nil {
		t.Fatalf("Get(%s) gave status %d and %d bytes, want an error of class %s", request.URL, response.Status, len(response.Body), class)
	}
	var failure *Error
	if !errors.As(err, &failure) {
		t.Fatalf("Get(%s): %T is not an *Error: %v", request.URL, err, err)
	}
	if failure.Class != class {
		t.Fatalf("Get(%s): class %s, phase %q, want class %s: %v", request.URL, failure.Class, failure.Phase, class, err)
	}
	if strings.Contains(err.Error(), "\n") || !strings.Contains(err.Error(), failure.Host) {
		t.Errorf("the message is not one line with the host: %q", err)
	}
	return failure
}

func TestGetReturnsWhatTheServerSent(t *testing.T) {
	var got http.Header
	base := serve(t, func(w http.ResponseWriter, r *http.Request) {
		got = r.Header.Clone()
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("ETag", `"abc"`)
		w.Header().Set("Set-Cookie", "id=1")
		w.Header().Set("X-Own", "1")
		w.Header().Add("X-Robots-Tag", "noai")
		w.Header().Add("X-Robots-Tag", "noarchive")
		w.Header().Set("Link", strings.Repeat("x", maxHeaderValue+1))
		io.WriteString(w, page)
	})
	fetchTime := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	client := newClient(t, func(c *Config) { c.Now = func() time.Time { return fetchTime } })
	response := mustGet(t, client, Request{URL: base + "/"})

	if response.Status != 200 || string(response.Body) != page || response.Truncated || response.ContentEncoding != "" || response.Location != "" {
		t.Errorf("response is %+v", response)
	}
	if "http://"+response.RemoteAddr.String() != base || response.FetchTime != fetchTime {
		t.Errorf("remote address %v, fetch time %v", response.RemoteAddr, response.FetchTime)
	}
	if timings := response.Timings; timings.Connect <= 0 || timings.FirstByte < timings.Connect || timings.Total < timings.FirstByte || timings.TLS != 0 {
		t.Errorf("timings are %+v", timings)
	}
	for name, want := range map[string]int{"Etag": 1, "Content-Type": 1, "X-Robots-Tag": 2, "Set-Cookie": 0, "X-Own": 0, "Link": 0} {
		if values := response.Header[name]; len(values) != want {
			t.Errorf("header %s is kept as %q", name, values)
		}
	}
	for name, want := range map[string]string{
		"User-Agent": "Dateline/1.0 (+https://example.com/bot)", "Accept-Encoding": "gzip, br, zstd, deflate",
		"If-None-Match": "", "Cookie": "", "Referer": "",
	} {
		if got.Get(name) != want {
			t.Errorf("request header %s was %q, want %q", name, got.Get(name), want)
		}
	}
}

func TestConditionalRequest(t *testing.T) {
	base := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("If-None-Match") == `"abc"` && r.Header.Get("If-Modified-Since") == "Mon, 23 Nov 2026 12:00:00 GMT" {
			w.WriteHeader(http.StatusNotModified)
		}
	})
	client := newClient(t, nil)
	response := mustGet(t, client, Request{URL: base + "/", IfNoneMatch: `"abc"`, IfModifiedSince: "Mon, 23 Nov 2026 12:00:00 GMT"})
	if response.Status != 304 || len(response.Body) != 0 {
		t.Errorf("response is %+v", response)
	}
	wantError(t, client, Request{URL: base + "/", IfNoneMatch: "a\r\nX: y"}, BadRequest)
}

func TestConnectionsAreReused(t *testing.T) {
	client := newClient(t, nil)
	for name, size := range map[string]int{"small": 100, "a full buffer": scratchSize, "large": 5*scratchSize + 1} {
		base := servePage(t, page+strings.Repeat("x", size-len(page)), "Content-Type", "text/html")
		mustGet(t, client, Request{URL: base + "/"})
		if again := mustGet(t, client, Request{URL: base + "/"}); again.Timings.Connect != 0 || len(again.Body) != size {
			t.Errorf("%s: the second request connected anew: %+v", name, again.Timings)
		}
	}
}

// The request target goes out as it is in the canonical URL, also where
// net/url would refuse it or write it differently.
func TestTargetIsSentByteForByte(t *testing.T) {
	targets := make(chan string, 1)
	base := serveRawTarget(t, targets)
	client := newClient(t, nil)
	for _, target := range []string{"/", "/a?b=c", "/a?", "/%zz", "/a%2fb", "/a^b|c", "/a;b=(c)'d", "//a//b", "//a?", "/?a?b", "/a:b", "/%E4?%e4"} {
		mustGet(t, client, Request{URL: base + target})
		if got := <-targets; got != target {
			t.Errorf("%s was sent as %s", target, got)
		}
	}
}

func serveRawTarget(t testing.TB, targets chan<- string) string {
	return serveLines(t, func(requestLine string) string {
		_, rest, _ := strings.Cut(requestLine, " ")
		target, _, _ := strings.Cut(rest, " ")
		targets <- target
		return fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s", len(page), page)
	})
}

// serveLines answers by a request's first line as it stands on the wire, which
// net/http does not show.
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

func TestRedirectsAreReturnedNotFollowed(t *testing.T) {
	hits := 0
	base := serve(t, func(w http.ResponseWriter, r *http.Request) {
		hits++
		status := 302
		fmt.Sscanf(r.URL.Query().Get("status"), "%d", &status)
		if location := r.URL.Query().Get("to"); location != "" {
			w.Header()["Location"] = []string{location}
		}
		w.WriteHeader(status)
	})
	client := newClient(t, nil)
	tests := []struct{ query, want string }{
		{"to=/b%23c", base + "/b"},
		{"status=301&to=//other.example/x", "http://other.example/x"},
		{"status=307&to=http://169.254.169.254/latest", "http://169.254.169.254/latest"},
		{"status=308&to=/caf%E9", base + "/caf%E9"},
		{"status=303&to=mailto:desk@example.com", "mailto:desk@example.com"},
		{"to=http://[::1/", "http://[::1/"},
		{"status=302", ""},
		{"status=404&to=/x", ""},
	}
	for _, test := range tests {
		response := mustGet(t, client, Request{URL: base + "/a?" + test.query})
		if response.Location != test.want {
			t.Errorf("%s: Location is %q, want %q", test.query, response.Location, test.want)
		}
	}
	if hits != len(tests) {
		t.Errorf("%d requests for %d calls", hits, len(tests))
	}

	// An endless chain ends when the caller stops asking.
	url := base + "/loop?to=/loop%3Fto=/loop"
	for range 20 {
		response := mustGet(t, client, Request{URL: url})
		if response.Status != 302 {
			t.Fatalf("status %d", response.Status)
		}
		if response.Location != "" {
			url = response.Location
		}
	}
	if hits != len(tests)+20 {
		t.Errorf("%d requests instead of %d", hits, len(tests)+20)
	}
}

func TestOtherStatusesAreAnswers(t *testing.T) {
	big := strings.Repeat("x", 2*otherBodyBytes)
	base := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "image/png")
		w.Header().Set("Retry-After", "120")
		w.WriteHeader(http.StatusServiceUnavailable)
		io.WriteString(w, big)
	})
	response := mustGet(t, newClient(t, nil), Request{URL: base + "/"})
	if response.Status != 503 || len(response.Body) != otherBodyBytes || !response.Truncated || response.Header.Get("Retry-After") != "120" {
		t.Errorf("status %d, %d bytes, truncated %v, header %v", response.Status, len(response.Body), response.Truncated, response.Header)
	}
}

func TestBodyLimit(t *testing.T) {
	const limit = 100_000
	client := newClient(t, func(c *Config) { c.MaxBodyBytes = limit })
	for _, test := range []struct {
		size, want int
		truncated  bool
	}{{0, 0, false}, {limit - 1, limit - 1, false}, {limit, limit, false}, {limit + 1, limit, true}, {10 * limit, limit, true}} {
		body := strings.Repeat("x", test.size)
		for _, headers := range [][]string{{"Content-Length", fmt.Sprint(test.size)}, {"Transfer-Encoding", "chunked"}} {
			base := servePage(t, body, append(headers, "Content-Type", "text/html")...)
			response := mustGet(t, client, Request{URL: base + "/"})
			if len(response.Body) != test.want || response.Truncated != test.truncated {
				t.Errorf("%d bytes with %v: got %d, truncated %v", test.size, headers, len(response.Body), response.Truncated)
			}
			if cap(response.Body) > 2*len(response.Body)+64 {
				t.Errorf("a body of %d bytes holds %d", len(response.Body), cap(response.Body))
			}
		}
	}
	base := servePage(t, "User-agent: *\n", "Content-Type", "text/plain")
	if response := mustGet(t, client, Request{URL: base + "/", AnyType: true, MaxBodyBytes: 4}); string(response.Body) != "User" || !response.Truncated {
		t.Errorf("a request's own limit: %+v", response)
	}
}

func TestEncodedBodiesPassThroughUntouched(t *testing.T) {
	client := newClient(t, nil)
	for _, coding := range []string{"gzip", "br", "zstd", "deflate"} {
		whole := encode(t, coding, strings.Repeat(page, 1000))
		for name, body := range map[string][]byte{"whole": whole, "cut short": whole[:len(whole)/2], "garbage": bytes.Repeat([]byte{0xfe}, 5000)} {
			base := servePage(t, string(body), "Content-Type", "text/html", "Content-Encoding", strings.ToUpper(coding))
			response := mustGet(t, client, Request{URL: base + "/"})
			if !bytes.Equal(response.Body, body) || response.ContentEncoding != coding || response.Truncated {
				t.Errorf("%s, %s: %d bytes of %d came, encoding %q", coding, name, len(response.Body), len(body), response.ContentEncoding)
			}
		}
	}
}

func TestConfigIsChecked(t *testing.T) {
	_, err := New(Config{ConnectTimeout: -1, MaxBodyBytes: -1, AllowPorts: []int{0, 80}, AllowNets: make([]netip.Prefix, 1)})
	if err == nil {
		t.Fatal("a bad configuration was accepted")
	}
	for _, want := range []string{"UserAgent is empty", "ConnectTimeout is negative", "MaxBodyBytes is negative", "AllowPorts has 0", "AllowNets has"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not say %q: %v", want, err)
		}
	}
	if _, err := New(Config{UserAgent: "a\r\nX: y"}); err == nil {
		t.Error("a User-Agent with a line break was accepted")
	}
}

func TestBadRequests(t *testing.T) {
	client := newClient(t, nil)
	for _, url := range []string{
		"", "example.com", "http://", "http:///a", "http://example.com", "ftp://example.com/", "HTTP://example.com/", "http://user:secret@example.com/",
		"http://example.com/a b", "http://example.com/ä", "http://example.com/\n", "http://example.com/#a", "http://example.com?a/",
	} {
		failure := wantError(t, client, Request{URL: url}, BadRequest)
		if failure.Transient() || strings.Contains(failure.Error(), "secret") {
			t.Errorf("%q: transient %v: %v", url, failure.Transient(), failure)
		}
	}
}

func redirectTo(location string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, location, http.StatusFound) }
}

func flagHit(hit *bool) http.HandlerFunc {
	return func(http.ResponseWriter, *http.Request) { *hit = true }
}
