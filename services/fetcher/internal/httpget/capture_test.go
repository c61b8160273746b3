package httpget

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
)

// answerOnce serves one connection: it sends a fixed answer to each request.
func answerOnce(tb testing.TB, answer string) string {
	tb.Helper()
	listener := listen(tb)
	done := make(chan struct{})
	go func() {
		defer close(done)
		connection, err := listener.Accept()
		if err != nil {
			return
		}
		defer connection.Close()
		for reader := bufio.NewReader(connection); ; {
			request, err := http.ReadRequest(reader)
			if err != nil {
				return
			}
			if _, err := io.WriteString(connection, answer); err != nil || request.Close {
				return
			}
		}
	}()
	tb.Cleanup(func() { listener.Close(); <-done })
	return "http://" + listener.Addr().String()
}

func TestCaptureOfHTTP1IsVerbatim(t *testing.T) {
	length := strconv.Itoa(len(page))
	const head = "HTTP/1.1 200 Fine thanks\r\nx-LOWER: 1\r\nContent-Type: text/html\r\nB: 2\r\nA: 3\r\nB: 4\r\n"
	for name, test := range map[string]struct {
		before, head string
		requests     int // on the same connection
	}{
		"clean":    {"", head + "Content-Length: " + length + "\r\n\r\n", 2},
		"repaired": {"", head + "no colon\r\nContent-Length : 59\r\n\r\n", 1},
		"interim":  {"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", head + "Content-Length: " + length + "\r\n\r\n", 2},
		"LF only":  {"", strings.ReplaceAll(head, "\r", "") + "Content-Length: " + length + "\n\n", 2},
	} {
		t.Run(name, func(t *testing.T) {
			site := answerOnce(t, test.before+test.head+page) // ends when the client closes its connection
			client := newClient(t, nil)
			for range test.requests {
				r := mustGet(t, client, Request{URL: site + "/a?b=c", IfNoneMatch: `"v1"`, Cookie: "k=v"})
				if got := string(r.Capture.Response); got != test.head {
					t.Errorf("response head %q, want %q", got, test.head)
				}
				request := string(r.Capture.Request)
				host := strings.TrimPrefix(site, "http://")
				if !strings.HasPrefix(request, "GET /a?b=c HTTP/1.1\r\nHost: "+host+"\r\nUser-Agent: Dateline/1.0") ||
					!strings.Contains(request, "\r\nIf-None-Match: \"v1\"\r\n") || !strings.Contains(request, "\r\nCookie: k=v\r\n") ||
					strings.Count(request, "\r\n\r\n") != 1 || !strings.HasSuffix(request, "\r\n\r\n") {
					t.Errorf("request head %q", request)
				}
				if r.Capture.Protocol != "http/1.1" || r.Capture.TLSVersion != "" || r.Capture.ResponseCut {
					t.Errorf("protocol %q, TLS %q, cut %t", r.Capture.Protocol, r.Capture.TLSVersion, r.Capture.ResponseCut)
				}
			}
		})
	}
}

func TestCaptureOfHTTP2(t *testing.T) {
	server, trust := serveTLS(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		w.Header().Set("X-Two", "2")
		w.Header().Set("X-One", "1")
		w.Header()["Date"] = nil
		_, _ = io.WriteString(w, page)
	})
	client := newClient(t, trust)
	r := mustGet(t, client, Request{URL: server.URL + "/a?b"})
	if r.Capture.Protocol != "h2" || r.Capture.TLSVersion != "1.3" {
		t.Errorf("protocol %q, TLS %q", r.Capture.Protocol, r.Capture.TLSVersion)
	}
	want := fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\nContent-Type: text/html\r\nX-One: 1\r\nX-Two: 2\r\n\r\n",
		len(page))
	if got := string(r.Capture.Response); got != want {
		t.Errorf("response head %q, want %q", got, want)
	}
	parsed, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(r.Capture.Request)))
	if err != nil || parsed.RequestURI != "/a?b" || parsed.Host != strings.TrimPrefix(server.URL, "https://") {
		t.Errorf("request head %q: %v", r.Capture.Request, err)
	}
}

func TestCaptureHasNoCredentials(t *testing.T) {
	var received string
	proxy := serve(t, func(w http.ResponseWriter, r *http.Request) {
		received = r.Header.Get("Proxy-Authorization")
		w.Header().Set("Content-Type", "text/html")
		w.Header().Set("Link", "<http://user:secret@example.com/>; rel=next")
		_, _ = io.WriteString(w, page)
	})
	address, err := url.Parse(proxy)
	if err != nil {
		t.Fatal(err)
	}
	address.User = url.UserPassword("name", "secret")
	client := newClient(t, func(c *Config) { c.Proxy = address })
	r := mustGet(t, client, Request{URL: "http://site.example/a"})
	if received == "" {
		t.Fatal("the proxy got no credentials")
	}
	if all := string(r.Capture.Request) + string(r.Capture.Response); strings.Contains(all, "secret") ||
		strings.Contains(all, "Proxy-Authorization") || !strings.Contains(all, "Link: <http://") {
		t.Errorf("capture: %q", all)
	}
}

func TestCutHead(t *testing.T) {
	line := "X-Long: " + strings.Repeat("v", 990) + "\r\n"
	head := []byte("HTTP/1.1 200 OK\r\n" + strings.Repeat(line, 70) + "\r\n")
	cut, removed := CutHead(head, maxCapturedHead)
	if !removed || len(cut) > maxCapturedHead || !strings.HasSuffix(string(cut), "v\r\n\r\n") {
		t.Errorf("removed %t, %d bytes, ends with %q", removed, len(cut), cut[len(cut)-10:])
	}
	whole := head[:maxCapturedHead]
	if same, removed := CutHead(whole, maxCapturedHead); removed || len(same) != len(whole) {
		t.Errorf("a head of the maximum size is cut to %d bytes", len(same))
	}
}
