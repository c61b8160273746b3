package httpget

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

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
		w.Header().Set("Link", strings.Repeat("x", 9<<10))
		_, _ = io.WriteString(w, page)
	})
	fetchTime := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	client := newClient(t, func(c *Config) { c.Now = func() time.Time { return fetchTime } })
	response := mustGet(t, client, Request{URL: base + "/"})

	if response.Status != 200 || string(response.Body) != page || response.Truncated ||
		response.ContentEncoding != "" || response.Location != "" {
		t.Errorf("response is %+v", response)
	}
	if "http://"+response.RemoteAddr.String() != base || response.FetchTime != fetchTime {
		t.Errorf("remote address %v, fetch time %v", response.RemoteAddr, response.FetchTime)
	}
	if timings := response.Timings; timings.Connect <= 0 || timings.FirstByte < timings.Connect ||
		timings.Total < timings.FirstByte || timings.TLS != 0 {
		t.Errorf("timings are %+v", timings)
	}
	for name, want := range map[string]int{
		"Etag": 1, "Content-Type": 1, "X-Robots-Tag": 2, "Set-Cookie": 0, "X-Own": 0, "Link": 0,
	} {
		if values := response.Header[name]; len(values) != want {
			t.Errorf("header %s has values %q, want %d", name, values, want)
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
	const date = "Mon, 23 Nov 2026 12:00:00 GMT"
	base := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("If-None-Match") == `"abc"` && r.Header.Get("If-Modified-Since") == date {
			w.WriteHeader(http.StatusNotModified)
		}
	})
	client := newClient(t, nil)
	response := mustGet(t, client, Request{URL: base + "/", IfNoneMatch: `"abc"`, IfModifiedSince: date})
	if response.Status != 304 || len(response.Body) != 0 {
		t.Errorf("response is %+v", response)
	}
	wantError(t, client, Request{URL: base + "/", IfNoneMatch: "a\r\nX: y"}, BadRequest)
}

func TestConnectionsAreReused(t *testing.T) {
	client := newClient(t, nil)
	for name, size := range map[string]int{
		"small": 100, "exactly one buffer": scratchSize, "large": 5*scratchSize + 1,
	} {
		base := servePage(t, page+strings.Repeat("x", size-len(page)), "Content-Type", "text/html")
		mustGet(t, client, Request{URL: base + "/"})
		if again := mustGet(t, client, Request{URL: base + "/"}); again.Timings.Connect != 0 || len(again.Body) != size {
			t.Errorf("%s: the second request opened a new connection: %+v", name, again.Timings)
		}
	}
}

// TestTargetIsSentByteForByte checks that the request target is sent as it is in
// the canonical URL, even if net/url would refuse it or write it differently.
func TestTargetIsSentByteForByte(t *testing.T) {
	targets := make(chan string, 1)
	base := serveRawTarget(t, targets)
	client := newClient(t, nil)
	for _, target := range []string{
		"/", "/a?b=c", "/a?", "/%zz", "/a%2fb", "/a^b|c", "/a;b=(c)'d", "//a//b", "//a?", "/?a?b", "/a:b", "/%E4?%e4",
	} {
		mustGet(t, client, Request{URL: base + target})
		if got := <-targets; got != target {
			t.Errorf("target %s was sent as %s", target, got)
		}
	}
}

func TestRedirectsAreReturnedNotFollowed(t *testing.T) {
	hits := 0
	base := serve(t, func(w http.ResponseWriter, r *http.Request) {
		hits++
		status := 302
		_, _ = fmt.Sscanf(r.URL.Query().Get("status"), "%d", &status)
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
		t.Errorf("%d requests, want %d", hits, len(tests))
	}

	// An endless chain of redirects costs one request per call of Get.
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
		t.Errorf("%d requests, want %d", hits, len(tests)+20)
	}
}

func TestServerErrorIsAResponse(t *testing.T) {
	big := strings.Repeat("x", 2*otherBodyBytes)
	base := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "image/png")
		w.Header().Set("Retry-After", "120")
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = io.WriteString(w, big)
	})
	response := mustGet(t, newClient(t, nil), Request{URL: base + "/"})
	if response.Status != 503 || len(response.Body) != otherBodyBytes || !response.Truncated ||
		response.Header.Get("Retry-After") != "120" {
		t.Errorf("status %d, %d bytes, truncated %v, header %v",
			response.Status, len(response.Body), response.Truncated, response.Header)
	}
}

func TestBodyLimit(t *testing.T) {
	const limit = 100_000
	client := newClient(t, func(c *Config) { c.MaxBodyBytes = limit })
	for _, test := range []struct {
		size, want int
		truncated  bool
	}{
		{0, 0, false}, {limit - 1, limit - 1, false}, {limit, limit, false},
		{limit + 1, limit, true}, {10 * limit, limit, true},
	} {
		body := strings.Repeat("x", test.size)
		for _, headers := range [][]string{{"Content-Length", fmt.Sprint(test.size)}, {"Transfer-Encoding", "chunked"}} {
			base := servePage(t, body, append(headers, "Content-Type", "text/html")...)
			response := mustGet(t, client, Request{URL: base + "/"})
			if len(response.Body) != test.want || response.Truncated != test.truncated {
				t.Errorf("%d bytes with %v: got %d, truncated %v",
					test.size, headers, len(response.Body), response.Truncated)
			}
			if cap(response.Body) > 2*len(response.Body)+64 {
				t.Errorf("a body of %d bytes has a capacity of %d", len(response.Body), cap(response.Body))
			}
		}
	}
	base := servePage(t, "User-agent: *\n", "Content-Type", "text/plain")
	response := mustGet(t, client, Request{URL: base + "/", AnyType: true, MaxBodyBytes: 4})
	if string(response.Body) != "User" || !response.Truncated {
		t.Errorf("with Request.MaxBodyBytes: %+v", response)
	}
}

func TestEncodedBodiesPassThroughUntouched(t *testing.T) {
	client := newClient(t, nil)
	for _, coding := range []string{"gzip", "br", "zstd", "deflate"} {
		whole := encode(t, coding, strings.Repeat(page, 1000))
		for name, body := range map[string][]byte{
			"complete": whole, "truncated": whole[:len(whole)/2], "garbage": bytes.Repeat([]byte{0xfe}, 5000),
		} {
			base := servePage(t, string(body), "Content-Type", "text/html", "Content-Encoding", strings.ToUpper(coding))
			response := mustGet(t, client, Request{URL: base + "/"})
			if !bytes.Equal(response.Body, body) || response.ContentEncoding != coding || response.Truncated {
				t.Errorf("%s, %s: received %d of %d bytes, encoding %q",
					coding, name, len(response.Body), len(body), response.ContentEncoding)
			}
		}
	}
}
