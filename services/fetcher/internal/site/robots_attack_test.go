package site

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dateline-news/dateline/internal/weburl"
	"github.com/dateline-news/dateline/services/fetcher/internal/httpget"
	"github.com/dateline-news/dateline/services/fetcher/internal/robots"
)

// requestRobots requests a robots.txt with a client that may connect only to 127.0.0.1,
// and only to the given ports.
func requestRobots(t *testing.T, url weburl.URL, ports ...int) (robots.Fetch, *httpget.Error) {
	t.Helper()
	client, err := httpget.New(httpget.Config{
		UserAgent:  "TestNews/1.0 (+https://example.com/bot)",
		AllowNets:  []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")},
		AllowPorts: ports, TotalTimeout: time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	fetch, failure, err := RequestRobots(t.Context(), client, url, time.Now, func() bool { return true }, unseen)
	if err != nil {
		t.Fatal(err)
	}
	return fetch, failure
}

func portOf(t *testing.T, url weburl.URL) int {
	t.Helper()
	return int(netip.MustParseAddrPort(url.Host()).Port())
}

// TestRobotsLeadNowhereElse serves redirects of a robots.txt to a server on a private
// address, to a port that is not allowed, and to what is not a site.
func TestRobotsLeadNowhereElse(t *testing.T) {
	var reached atomic.Int32
	victim := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Add(1) }))
	victim.Listener.Close()
	var err error
	if victim.Listener, err = new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.2:0"); err != nil {
		t.Fatal(err)
	}
	victim.Start()
	t.Cleanup(victim.Close)
	private, err := weburl.Parse(victim.URL)
	if err != nil {
		t.Fatal(err)
	}
	onPort := serve(t, func(http.ResponseWriter, *http.Request) { reached.Add(1) })
	for _, location := range []string{
		private.String(), private.String() + "robots.txt", "http://user:secret@" + private.Host() + "/",
		"//" + private.Host() + "/robots.txt", onPort.String(), "http://169.254.169.254/latest/meta-data/",
		"file:///etc/passwd", "gopher://" + private.Host() + "/_x", "ftp://" + private.Host() + "/", "data:text/plain,x",
		"javascript:alert(1)", "unix:///var/run/docker.sock", "\\\\" + private.Host() + "\\x",
	} {
		url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", location)
			w.WriteHeader(http.StatusFound)
		})
		fetch, _ := requestRobots(t, url, portOf(t, url), portOf(t, private))
		if len(fetch.Body) > 0 || fetch.Status == http.StatusOK {
			t.Errorf("%s: status %d, body %q", location, fetch.Status, fetch.Body)
		}
	}
	if n := reached.Load(); n != 0 {
		t.Errorf("%d requests reached another server", n)
	}
}

// TestDrippingRobots serves a robots.txt that never ends.
func TestDrippingRobots(t *testing.T) {
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for r.Context().Err() == nil {
			if _, err := fmt.Fprint(w, "#"); err != nil || http.NewResponseController(w).Flush() != nil {
				return
			}
			<-tick.C
		}
	})
	if fetch, failure := requestRobots(t, url, portOf(t, url)); failure == nil || failure.Class != httpget.Timeout {
		t.Errorf("%+v, %v, want a timeout", fetch, failure)
	}
}
