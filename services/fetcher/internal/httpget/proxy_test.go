package httpget

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// serveTunnels runs a proxy that connects every tunnel to a site, and answers other
// requests itself. It refuses requests without credentials.
func serveTunnels(t *testing.T, secure bool, site string) (proxy string, tunnels *atomic.Int32, trust func(*Config)) {
	t.Helper()
	tunnels = &atomic.Int32{}
	var running sync.WaitGroup
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Proxy-Authorization") != "Basic bWU6c2VjcmV0" || r.UserAgent() == "" {
			w.WriteHeader(http.StatusProxyAuthRequired)
			return
		}
		if r.Method != http.MethodConnect {
			w.Header().Set("Content-Type", "text/html")
			_, _ = io.WriteString(w, r.URL.String()+page)
			return
		}
		tunnels.Add(1)
		out, err := new(net.Dialer).DialContext(t.Context(), "tcp", site)
		if err != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		in, buffered, err := w.(http.Hijacker).Hijack()
		if err != nil {
			out.Close()
			return
		}
		_, _ = io.WriteString(in, "HTTP/1.1 200 Connection established\r\n\r\n")
		running.Go(func() { _, _ = io.Copy(out, buffered); out.Close() })
		running.Go(func() { _, _ = io.Copy(in, out); in.Close() })
	}))
	server.Config.ErrorLog = discardLog
	trust = func(*Config) {}
	if secure {
		server.StartTLS()
		roots := server.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
		trust = func(c *Config) { c.RootCAs = roots }
	} else {
		server.Start()
	}
	t.Cleanup(func() { server.Close(); running.Wait() })
	return server.URL, tunnels, trust
}

// TestTunnel fetches from a site over TLS through a proxy that demands credentials.
func TestTunnel(t *testing.T) {
	var leaked atomic.Bool
	site, _ := serveTLS(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Proxy-Authorization") != "" {
			leaked.Store(true)
		}
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, r.Proto+page)
	})
	roots := site.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	for _, secure := range []bool{false, true} {
		proxy, tunnels, trust := serveTunnels(t, secure, site.Listener.Addr().String())
		with := func(user *url.Userinfo) *Client {
			return newClient(t, func(c *Config) {
				c.RootCAs = roots
				trust(c) // httptest has one certificate for all servers
				parsed, err := url.Parse(proxy)
				if err != nil {
					t.Fatal(err)
				}
				parsed.User = user
				c.Proxy = parsed
			})
		}
		client := with(url.UserPassword("me", "secret"))
		for range 2 {
			if r := mustGet(t, client, Request{URL: "https://example.com/"}); string(r.Body) != "HTTP/2.0"+page {
				t.Errorf("the body is %q", r.Body)
			}
		}
		if got := tunnels.Load(); got != 1 {
			t.Errorf("%d tunnels, want 1", got)
		}
		plain := mustGet(t, client, Request{URL: "http://news.example/a"})
		if !strings.HasPrefix(string(plain.Body), "http://news.example/a") {
			t.Errorf("the body is %q", plain.Body)
		}
		failure := mustFail(t, with(nil), Request{URL: "https://example.com/"}, Connect)
		if !strings.Contains(failure.Error(), "407") {
			t.Errorf("the proxy's answer is not reported: %v", failure)
		}
	}
	if leaked.Load() {
		t.Error("the credentials for the proxy reached the site")
	}
}

// TestSilentProxy has a proxy that never answers.
func TestSilentProxy(t *testing.T) {
	silent := serveRaw(t, func(_ net.Conn, done <-chan struct{}) { <-done })
	client := newClient(t, func(c *Config) {
		parsed, err := url.Parse(silent)
		if err != nil {
			t.Fatal(err)
		}
		c.Proxy, c.ConnectTimeout = parsed, short
	})
	if failure := mustFail(t, client, Request{URL: "https://example.com/"}, Timeout); failure.Phase != PhaseConnect {
		t.Errorf("phase %q: %v", failure.Phase, failure)
	}
}
