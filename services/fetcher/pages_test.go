package fetcher_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/topology"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

func TestPageRecordsItsRedirects(t *testing.T) {
	nc, js := natstest.Start(t)
	elsewhere := newWeb(t, page)
	site := troubleSite(t, elsewhere.URL)
	send(t, js, &datelinev1.FetchRequest{
		Url: site.URL + "/away?utm_source=mail", RequestId: "r1", Labels: map[string]string{"desk": "culture"},
	})
	run(t, nc, js, quickConfig())
	waitForOutcomes(t, js, fetch, 1)
	p := pages(t, js)[0]
	if p.RequestedUrl != site.URL+"/away" || p.FinalUrl != elsewhere.URL+"/good/away" ||
		len(p.Redirects) != 1 || p.Redirects[0].Status != 302 ||
		p.Request.RequestId != "r1" || p.Request.Labels["desk"] != "culture" ||
		p.Status != 200 || p.FetchTime == nil || p.RemoteAddress == "" {
		t.Errorf("page: %v", p)
	}
	if elsewhere.count("/robots.txt") != 1 {
		t.Error("the other host's robots.txt was not requested")
	}
	checkExchange(t, p.Exchange, "GET /good/away HTTP/1.1\r\n", "HTTP/1.1 200 OK\r\n")
	checkExchange(t, p.Redirects[0].Exchange, "GET /away HTTP/1.1\r\n", "HTTP/1.1 302 Found\r\n")
	if body := p.Redirects[0].Exchange.GetBody(); !strings.Contains(string(body), "Found") {
		t.Errorf("the redirect's body is %q", body)
	}
}

// checkExchange checks that an exchange is complete and that its heads start as wanted.
func checkExchange(t *testing.T, e *datelinev1.Exchange, request, response string) {
	t.Helper()
	if !strings.HasPrefix(string(e.GetRequestHead()), request) ||
		!strings.HasPrefix(string(e.GetResponseHead()), response) ||
		!strings.HasSuffix(string(e.GetResponseHead()), "\r\n\r\n") ||
		e.GetProtocol() != "http/1.1" || e.GetTime() == nil || e.GetRemoteAddress() == "" || e.GetTimings() == nil ||
		e.GetBodyTruncation() != datelinev1.BodyTruncation_BODY_TRUNCATION_UNSPECIFIED {
		t.Errorf("exchange: %v", e)
	}
}

func TestBodyLargerThanAMessage(t *testing.T) {
	nc, js := natstest.Start(t)
	noise := make([]byte, 9<<20)
	for i := range noise {
		noise[i] = 'a' + byte(rand.N(64)) // does not compress to the size of a message
	}
	site := newWeb(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/robots.txt" {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Encoding", "br") // passed on as received
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprintf(w, "%s", noise)
	})
	publish(t, js, site.URL+"/long")
	config := quickConfig()
	config.MaxBodyBytes = 20 << 20
	run(t, nc, js, config)
	waitForOutcomes(t, js, fetch, 1)
	p := pages(t, js)[0]
	if p.BodyObject == nil || len(p.Body) > 0 {
		t.Fatalf("the message contains the body of %d bytes", len(p.Body))
	}
	store, err := js.ObjectStore(t.Context(), p.BodyObject.Bucket)
	if err != nil {
		t.Fatal(err)
	}
	body, err := store.GetBytes(t.Context(), p.BodyObject.Name)
	if err != nil || len(body) != len(noise) {
		t.Fatalf("%d bytes, %v; want %d", len(body), err, len(noise))
	}
}

// TestUnchangedPage requests a page again after the freshness window.
func TestUnchangedPage(t *testing.T) {
	nc, js := natstest.Connect(t, natstest.Server(t, t.TempDir()))
	natstest.Reconcile(t, js, topology.Limits{Freshness: time.Second})
	var version atomic.Int32
	var whole atomic.Int32
	site := newWeb(t, func(w http.ResponseWriter, r *http.Request) {
		tag := fmt.Sprintf("\"v%d\"", version.Load())
		switch {
		case r.URL.Path == "/robots.txt":
			http.NotFound(w, r)
		case r.Header.Get("If-None-Match") == tag:
			w.WriteHeader(http.StatusNotModified)
		default:
			whole.Add(1)
			w.Header().Set("ETag", tag)
			html(w, tag)
		}
	})
	run(t, nc, js, quickConfig())
	// ask sends a request again until it is admitted, and waits for its outcome.
	ask := func(id string, force bool, want ending) {
		t.Helper()
		natstest.Eventually(t, "the URL is admitted", func() bool {
			before := len(outcomes(t, js, intake))
			send(t, js, &datelinev1.FetchRequest{Url: site.URL + "/a", RequestId: id, Force: force})
			ended := waitForOutcomes(t, js, intake, before+1)
			return ended[before].Verdict == produced
		})
		all := outcomes(t, js, fetch)
		if got := endingOf(all[len(all)-1]); got != want {
			t.Errorf("request %s ended as %v, want %v", id, got, want)
		}
	}
	ask("1", false, ending{produced, ""})
	ask("2", false, ending{datelinev1.Verdict_VERDICT_UNCHANGED, "not_modified"})
	ask("3", true, ending{produced, ""})
	version.Add(1)
	ask("4", false, ending{produced, ""})
	ask("5", false, ending{datelinev1.Verdict_VERDICT_UNCHANGED, "not_modified"})
	if got := whole.Load(); got != 3 {
		t.Errorf("the site sent the whole page %d times, want 3", got)
	}
}

// TestCookiesLiveForOneChain has a site that serves pages only with its cookie,
// which it sets in a redirect.
func TestCookiesLiveForOneChain(t *testing.T) {
	nc, js := natstest.Start(t)
	var leaked atomic.Int32
	elsewhere := newWeb(t, func(w http.ResponseWriter, r *http.Request) {
		if len(r.Cookies()) > 0 {
			leaked.Add(1)
		}
		page(w, r)
	})
	site := newWeb(t, func(w http.ResponseWriter, r *http.Request) {
		cookie, err := r.Cookie("seen")
		switch {
		case r.URL.Path == "/robots.txt":
			http.NotFound(w, r)
		case err != nil:
			w.Header().Add("Set-Cookie", "seen=1; Path=/; HttpOnly")
			http.Redirect(w, r, r.URL.Path, http.StatusFound)
		case r.URL.Path == "/away":
			http.Redirect(w, r, strings.Replace(elsewhere.URL, "127.0.0.1", "localhost", 1)+"/x", http.StatusFound)
		default:
			html(w, cookie.Value)
		}
	})
	loop := newWeb(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/robots.txt" {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Set-Cookie", fmt.Sprintf("n=%d", rand.Int()))
		http.Redirect(w, r, r.URL.Path, http.StatusFound)
	})
	for _, url := range []string{site.URL + "/a", site.URL + "/b", site.URL + "/away", loop.URL + "/"} {
		publish(t, js, url)
	}
	run(t, nc, js, quickConfig())
	for _, o := range waitForOutcomes(t, js, fetch, 4) {
		want := ending{produced, ""}
		if strings.HasPrefix(o.Url, loop.URL) {
			want = ending{rejected, "too_many_redirects"}
		}
		if got := endingOf(o); got != want {
			t.Errorf("%s ended as %v (%s), want %v", o.Url, got, o.Detail, want)
		}
	}
	if got := site.count("/a"); got != 2 {
		t.Errorf("/a was requested %d times, want 2", got)
	}
	if got := site.count("/b"); got != 2 {
		t.Errorf("/b was requested %d times, want 2: the cookie of another chain was sent", got)
	}
	if leaked.Load() > 0 {
		t.Error("the cookie was sent to another host")
	}
	for _, p := range pages(t, js) {
		for _, h := range p.GetHeaders() {
			if h.GetName() == "set-cookie" {
				t.Error("a cookie is stored with the page")
			}
		}
	}
}
