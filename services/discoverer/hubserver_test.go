package discoverer_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dateline-news/dateline/internal/natstest"
)

// wire is a hub that follows WebSub to the letter: it refuses incomplete requests, and verifies
// each one at the callback before it does anything.
type wire struct {
	*httptest.Server
	t       *testing.T
	mu      sync.Mutex
	topics  map[string]subscriber // by topic
	asked   []url.Values
	refusal int    // status of the answer to every request, or 0
	moved   string // where the hub has moved to, or ""
	verify  sync.WaitGroup
	lease   time.Duration
}

type subscriber struct{ callback, secret string }

func newWire(t *testing.T) *wire {
	t.Helper()
	hub := &wire{t: t, topics: map[string]subscriber{}, lease: time.Hour}
	hub.Server = httptest.NewServer(http.HandlerFunc(hub.serve))
	t.Cleanup(func() {
		hub.Close()
		hub.verify.Wait()
	})
	return hub
}

func (h *wire) serve(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.moved != "" {
		w.Header().Set("Location", h.moved)
		w.WriteHeader(http.StatusTemporaryRedirect)
		return
	}
	if err := r.ParseForm(); err != nil || r.Method != http.MethodPost || r.URL.RawQuery != "" {
		http.Error(w, "send a form with POST", http.StatusBadRequest)
		return
	}
	h.asked = append(h.asked, r.PostForm)
	if h.refusal != 0 {
		http.Error(w, "no", h.refusal)
		return
	}
	mode, topic, secret := r.PostForm.Get("hub.mode"), r.PostForm.Get("hub.topic"), r.PostForm.Get("hub.secret")
	callback, err := url.Parse(r.PostForm.Get("hub.callback"))
	isComplete := err == nil && callback.IsAbs() && topic != "" && len(secret) < 200
	if !isComplete || mode == "subscribe" && secret == "" || mode != "subscribe" && mode != "unsubscribe" {
		http.Error(w, "the request is incomplete", http.StatusBadRequest)
		return
	}
	w.WriteHeader(http.StatusAccepted)
	h.verify.Go(func() { h.verifyIntent(mode, topic, subscriber{callback.String(), secret}) })
}

// verifyIntent asks the callback whether it has made a request.
func (h *wire) verifyIntent(mode, topic string, by subscriber) {
	const challenge = "c<h>allenge & more"
	status, body := h.get(by.callback, url.Values{
		"hub.mode": {mode}, "hub.topic": {topic}, "hub.challenge": {challenge},
		"hub.lease_seconds": {strconv.Itoa(int(h.lease.Seconds()))},
	})
	if status/100 != 2 || body != challenge {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if mode == "subscribe" {
		h.topics[topic] = by
	} else {
		delete(h.topics, topic)
	}
}

// get makes a request to a callback, and returns the status and the body.
func (h *wire) get(callback string, query url.Values) (status int, body string) {
	request, err := http.NewRequestWithContext(context.Background(), http.MethodGet, callback+"?"+query.Encode(), nil)
	if err != nil {
		h.t.Error(err)
		return 0, ""
	}
	return h.do(request)
}

func (h *wire) do(request *http.Request) (status int, body string) {
	response, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(request)
	if err != nil {
		return 0, "" // nobody listens
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	if err != nil {
		h.t.Error(err)
	}
	return response.StatusCode, string(data)
}

func (h *wire) subscriber(topic string) (subscriber, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	by, ok := h.topics[topic]
	return by, ok
}

// awaitSubscriber returns the subscriber to a topic. The discoverer stores a subscription before
// the hub does, which waits for the answer to its verification.
func (h *wire) awaitSubscriber(t *testing.T, topic string) (by subscriber) {
	t.Helper()
	natstest.Eventually(t, "the hub knows the subscriber", func() (ok bool) {
		by, ok = h.subscriber(topic)
		return ok
	})
	return by
}

func (h *wire) set(refusal int, moved string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.refusal, h.moved = refusal, moved
}

func (h *wire) requests() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.asked)
}

// push sends content to a subscriber, signed with a secret, and returns the status.
func (h *wire) push(by subscriber, topic, secret, content string) int {
	h.t.Helper()
	request, err := http.NewRequestWithContext(h.t.Context(), http.MethodPost, by.callback, strings.NewReader(content))
	if err != nil {
		h.t.Fatal(err)
	}
	mac := hmac.New(sha256.New, []byte(secret))
	_, _ = io.Copy(mac, bytes.NewReader([]byte(content)))
	request.Header.Set("Content-Type", "application/rss+xml")
	request.Header.Set("Link", fmt.Sprintf(`<%s>; rel="hub", <%s>; rel="self"`, h.URL, topic))
	request.Header.Set("X-Hub-Signature", "sha256="+hex.EncodeToString(mac.Sum(nil)))
	status, _ := h.do(request)
	return status
}

// press is a site with a feed that announces a hub. The feed does not change, like one from a
// cache: only pushes bring new articles.
type press struct {
	*httptest.Server
	mu       sync.Mutex
	hub      string
	requests map[string]int
}

func newPress(t *testing.T, hub string) *press {
	t.Helper()
	site := &press{hub: hub, requests: map[string]int{}}
	site.Server = httptest.NewServer(http.HandlerFunc(site.serve))
	t.Cleanup(site.Close)
	return site
}

func (s *press) requested(path string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.requests[path]
}

// items returns the items of articles, all of which appeared an hour ago.
func (s *press) items(names ...string) string {
	var b strings.Builder
	for _, name := range names {
		fmt.Fprintf(&b, `<item><title>%s</title><link>%s</link><pubDate>%s</pubDate></item>`, name, s.article(name),
			time.Now().Add(-time.Hour).Truncate(time.Hour).Format(time.RFC1123Z))
	}
	return `<rss version="2.0"><channel><title>Press</title>` + b.String() + `</channel></rss>`
}

func (s *press) article(name string) string { return s.URL + "/2026/harbour/" + name + "-opens-again" }

func (s *press) topic() string { return s.URL + "/feed.xml" }

func (s *press) serve(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests[r.URL.Path]++
	switch {
	case r.URL.Path == "/":
		fmt.Fprint(w, `<html><head><link rel="alternate" type="application/rss+xml" href="/feed.xml"></head></html>`)
	case r.URL.Path == "/feed.xml":
		if s.hub != "" {
			w.Header().Set("Link", fmt.Sprintf(`<%s>; rel=hub, </feed.xml>; rel=self`, s.hub))
		}
		fmt.Fprint(w, s.items("pier", "quay"))
	case strings.HasPrefix(r.URL.Path, "/2026/"):
		text := strings.Repeat("The ferry crosses the bay every morning, and its passengers wait at the old pier. ", 12)
		fmt.Fprintf(w, `<html lang="en"><head><title>%[1]s</title><meta property="og:type" content="article"></head>
			<body><article><h1>%[1]s</h1><p>%[2]s</p><p>%[2]s</p></article></body></html>`, r.URL.Path, r.URL.Path+text)
	default:
		http.NotFound(w, r)
	}
}
