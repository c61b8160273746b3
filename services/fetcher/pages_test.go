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
	site := trouble(t, elsewhere.URL)
	send(t, js, &datelinev1.FetchRequest{Url: site.URL + "/away?utm_source=mail", RequestId: "r1", Labels: map[string]string{"desk": "culture"}})
	run(t, nc, js, hasty())
	ended(t, js, fetch, 1)
	p := pages(t, js)[0]
	if p.RequestedUrl != site.URL+"/away" || p.FinalUrl != elsewhere.URL+"/good/away" || len(p.Redirects) != 1 || p.Redirects[0].Status != 302 ||
		p.Request.RequestId != "r1" || p.Request.Labels["desk"] != "culture" || p.Status != 200 || p.FetchTime == nil || p.RemoteAddress == "" {
		t.Errorf("page: %v", p)
	}
	if elsewhere.count("/robots.txt") != 1 {
		t.Error("the other host's robots.txt was not asked for")
	}
}

func TestBodyLargerThanAMessage(t *testing.T) {
	nc, js := natstest.Start(t)
	noise := make([]byte, 9<<20)
	for i := range noise {
		noise[i] = 'a' + byte(rand.N(64)) // does not compress below a message
	}
	site := newWeb(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/robots.txt" {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Encoding", "br") // taken as it is
		w.Header().Set("Content-Type", "text/html")
		w.Write(noise)
	})
	publish(t, js, site.URL+"/long")
	config := hasty()
	config.MaxBodyBytes = 20 << 20
	run(t, nc, js, config)
	ended(t, js, fetch, 1)
	p := pages(t, js)[0]
	if p.BodyObject == nil || len(p.Body) > 0 {
		t.Fatalf("the body of %d bytes is in the message", len(p.Body))
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

// TestUnchangedPage asks for a page again after the freshness window.
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
	run(t, nc, js, hasty())
	ask := func(id string, force bool, want end) {
		t.Helper()
		before := len(outcomes(t, js, fetch))
		natstest.Eventually(t, "the URL is admitted", func() bool {
			send(t, js, &datelinev1.FetchRequest{Url: site.URL + "/a", RequestId: id, Force: force})
			time.Sleep(300 * time.Millisecond)
			return len(outcomes(t, js, fetch)) > before
		})
		all := outcomes(t, js, fetch)
		if got := (end{all[len(all)-1].Verdict, all[len(all)-1].Reason}); got != want {
			t.Errorf("request %s ended as %v, want %v", id, got, want)
		}
	}
	ask("1", false, end{produced, ""})
	ask("2", false, end{datelinev1.Verdict_VERDICT_UNCHANGED, "not_modified"})
	ask("3", true, end{produced, ""})
	version.Add(1)
	ask("4", false, end{produced, ""})
	ask("5", false, end{datelinev1.Verdict_VERDICT_UNCHANGED, "not_modified"})
	if got := whole.Load(); got != 3 {
		t.Errorf("the page was sent %d times, want 3", got)
	}
}

// TestCookiesLiveForOneChain has a site that lets nobody in without its cookie,
// which it sets by a redirect.
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
	run(t, nc, js, hasty())
	for _, o := range ended(t, js, fetch, 4) {
		want := end{produced, ""}
		if strings.HasPrefix(o.Url, loop.URL) {
			want = end{rejected, "too_many_redirects"}
		}
		if got := (end{o.Verdict, o.Reason}); got != want {
			t.Errorf("%s ended as %v (%s), want %v", o.Url, got, o.Detail, want)
		}
	}
	if got := site.count("/a"); got != 2 {
		t.Errorf("/a was asked for %d times, want 2", got)
	}
	if got := site.count("/b"); got != 2 {
		t.Errorf("/b was asked for %d times: the cookie of another chain was sent", got)
	}
	if leaked.Load() > 0 {
		t.Error("another host got the cookie")
	}
	for _, p := range pages(t, js) {
		for _, h := range p.GetHeaders() {
			if h.GetName() == "set-cookie" {
				t.Error("a cookie is kept with the page")
			}
		}
	}
}
