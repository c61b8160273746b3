package main

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"net/smtp"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/dateline-news/dateline/internal/natsembed"
)

func TestSiteHasArticlesOnEveryHost(t *testing.T) {
	for target, want := range map[string]struct {
		status int
		text   string
	}{
		"http://north.example/articles/1":   {http.StatusOK, "Harbour book of north.example, page 1"},
		"http://south.example/articles/5":   {http.StatusOK, "Harbour book of south.example, page 5"},
		"http://south.example/articles/101": {http.StatusNotFound, ""},
		"http://south.example/articles/x":   {http.StatusNotFound, ""},
		"http://south.example/robots.txt":   {http.StatusOK, "Disallow: /private/"},
		"http://south.example/feed.xml":     {http.StatusOK, "<link>http://south.example/articles/1</link>"},
	} {
		response := httptest.NewRecorder()
		request := httptest.NewRequestWithContext(t.Context(), http.MethodGet, target, nil)
		site().ServeHTTP(response, request)
		if response.Code != want.status || !strings.Contains(response.Body.String(), want.text) {
			t.Errorf("%s: got %d %q, want %d with %q", target, response.Code, response.Body, want.status, want.text)
		}
	}
}

func TestFeedGrows(t *testing.T) {
	started := time.Date(2026, time.March, 1, 6, 0, 0, 0, time.UTC)
	for after, want := range map[time.Duration]int{0: 1, 9 * time.Second: 1, 25 * time.Second: 3, time.Hour: maxListed} {
		if got := len(listed(started, started.Add(after))); got != want {
			t.Errorf("after %s: %d articles, want %d", after, got, want)
		}
	}
}

func TestPublishCountsStoredMessages(t *testing.T) {
	server, err := natsembed.Start(natsembed.Config{Dir: t.TempDir(), Addr: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Stop()
	urls := "http://north.example/articles/1\nhttp://north.example/articles/2\n"
	var out strings.Builder
	short, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if err := publish(short, server.ClientURL(), "urls", strings.NewReader(urls), &out); err == nil {
		t.Error("without a stream: no error")
	}
	nc, err := nats.Connect(server.ClientURL())
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	stream, err := js.CreateStream(t.Context(), jetstream.StreamConfig{Name: "URLS", Subjects: []string{"urls"}})
	if err != nil {
		t.Fatal(err)
	}
	if err := publish(t.Context(), server.ClientURL(), "urls", strings.NewReader(urls), &out); err != nil {
		t.Fatal(err)
	}
	info, err := stream.Info(t.Context())
	if err != nil || info.State.Msgs != 2 || !strings.HasPrefix(out.String(), "2 messages") {
		t.Errorf("got %v, %v and %q, want 2 messages", info, err, out.String())
	}
}

// TestReceiverCountsDeliveries checks that a repetition is not counted as another delivery.
func TestReceiverCountsDeliveries(t *testing.T) {
	hooks, mails := newDeliveries(), newDeliveries()
	server := httptest.NewServer(receiver(hooks, mails))
	defer server.Close()
	for _, id := range []string{"a-1", "b-1", "a-1", ""} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL, strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Webhook-Id", id)
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if ok := answer.StatusCode == http.StatusOK; ok != (id != "") {
			t.Errorf("delivery %q: %s", id, answer.Status)
		}
	}
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- serveMail(ctx, listener, mails) }()
	for _, id := range []string{"a", "a", "b", "c"} {
		text := "Message-ID: <" + id + "@example.com>\r\n\r\ntext\r\n"
		err := smtp.SendMail(listener.Addr().String(), nil, "news@example.com", []string{"desk@example.com"}, []byte(text))
		if err != nil {
			t.Error(err)
		}
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	for path, want := range map[string]string{"": "2 1\n", "/mail": "3 1\n"} {
		var out strings.Builder
		if err := received(t.Context(), server.URL+path, &out); err != nil || out.String() != want {
			t.Errorf("%s: got %q, %v; want %q", path, &out, err, want)
		}
	}
}
