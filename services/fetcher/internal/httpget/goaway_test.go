package httpget

import (
	"testing"

	"golang.org/x/net/http2"
)

// TestGoAway has an HTTP/2 server that ends its connections: the first after the
// request that it answers, and the second before. It did not process the latter
// request, so it gets the request again.
func TestGoAway(t *testing.T) {
	base, trust, requests := serveHTTP2(t, func(framer *http2.Framer, stream uint32, number int32) {
		switch number {
		case 1:
			_ = framer.WriteGoAway(stream, http2.ErrCodeNo, nil)
		case 2:
			_ = framer.WriteGoAway(0, http2.ErrCodeNo, nil)
			return
		}
		answerHTTP2(framer, stream)
	})
	client := newClient(t, trust)
	for i := range 3 {
		if response := mustGet(t, client, Request{URL: base + "/"}); string(response.Body) != page {
			t.Errorf("request %d: the body is %q", i+1, response.Body)
		}
	}
	if got := requests.Load(); got != 4 {
		t.Errorf("%d requests, want 4", got)
	}
}

// TestGoAwayAgain has an HTTP/2 server that ends every connection before it answers.
func TestGoAwayAgain(t *testing.T) {
	base, trust, requests := serveHTTP2(t, func(framer *http2.Framer, _ uint32, _ int32) {
		_ = framer.WriteGoAway(0, http2.ErrCodeNo, nil)
	})
	wantError(t, newClient(t, trust), Request{URL: base + "/"}, Reset)
	if got := requests.Load(); got != 2 {
		t.Errorf("%d requests, want 2", got)
	}
}
