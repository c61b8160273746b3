package web

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"time"

	"github.com/dateline-news/dateline/internal/httpserve"
	"github.com/dateline-news/dateline/services/indexer/api"
)

const (
	// maxRequests is the maximum number of concurrent requests with a token, and
	// maxAnonymous of those without. Requests without a token cannot take the places
	// of the others.
	maxRequests  = 256
	maxAnonymous = 64
	// bodyTimeout is the maximum time to receive the body of a request.
	bodyTimeout = 5 * time.Second
)

// The limits of one client. Logging in is all that can be sent without a token, so that
// nobody needs to do it often.
var (
	bodiesOfClient          = httpserve.ClientLimit{Concurrent: 16}
	requestsOfClient        = httpserve.ClientLimit{Concurrent: maxRequests / 2}
	anonymousBodiesOfClient = httpserve.ClientLimit{Concurrent: 8, Burst: 20, Refill: time.Second}
	anonymousOfClient       = httpserve.ClientLimit{Concurrent: 16}
)

// admission bounds the number of concurrent requests, their duration and the size of
// their bodies. The guard has determined the role of their senders before.
type admission struct{ known, anonymous *class }

// class is the places of the requests with or without a token. A request first receives
// its body and then takes a place to be handled, so that a slow sender delays nobody.
type class struct{ receiving, handling places }

// places are a number of places, of which each client may take only some.
type places struct {
	free    chan struct{}
	clients *httpserve.Clients
}

func newAdmission() admission {
	newClass := func(places int, bodies, requests httpserve.ClientLimit) *class {
		return &class{newPlaces(places, bodies), newPlaces(places, requests)}
	}
	return admission{
		known:     newClass(maxRequests, bodiesOfClient, requestsOfClient),
		anonymous: newClass(maxAnonymous, anonymousBodiesOfClient, anonymousOfClient),
	}
}

func newPlaces(n int, limit httpserve.ClientLimit) places {
	return places{make(chan struct{}, n), httpserve.NewClients(limit)}
}

// take takes a place for a request. Without one, it refuses the request and returns
// false.
func (p places) take(w http.ResponseWriter, r *http.Request) (leave func(), ok bool) {
	left, ok := p.clients.Enter(r)
	if !ok {
		w.Header().Set("Retry-After", "5")
		refuse(w, r, http.StatusTooManyRequests, "too many requests from your address: try again in a few seconds")
		return nil, false
	}
	select {
	case p.free <- struct{}{}:
		return func() { <-p.free; left() }, true
	default:
		left()
		w.Header().Set("Retry-After", "1")
		refuse(w, r, http.StatusServiceUnavailable, "too many concurrent requests: try again in a moment")
		return nil, false
	}
}

func (a admission) wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		of := a.known
		if roleOf(r.Context()) == nobody {
			of = a.anonymous
		}
		if r.ContentLength != 0 && !of.receive(w, r) {
			return
		}
		// The deadline of the body would also end a long response.
		_ = http.NewResponseController(w).SetReadDeadline(time.Time{})
		leave, ok := of.handling.take(w, r)
		if !ok {
			return
		}
		defer leave()
		ctx, cancel := deadline(w, r)
		defer cancel()
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// receive replaces the body of a request by one in memory. If that fails, it refuses the
// request and returns false.
func (c *class) receive(w http.ResponseWriter, r *http.Request) bool {
	leave, ok := c.receiving.take(w, r)
	if !ok {
		return false
	}
	defer leave()
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(bodyTimeout))
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxFormBytes))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		refuse(w, r, http.StatusRequestEntityTooLarge, "the body is too large: send at most 64 KiB")
	case errors.Is(err, os.ErrDeadlineExceeded):
		refuse(w, r, http.StatusRequestTimeout, "the body did not arrive within "+bodyTimeout.String())
	case err != nil:
		refuse(w, r, http.StatusBadRequest, "reading the body failed: send it completely")
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	return err == nil
}

// deadline returns a context that ends when the response to a request must be complete.
// Exports and tails have no such time.
func deadline(w http.ResponseWriter, r *http.Request) (context.Context, context.CancelFunc) {
	switch {
	case r.URL.Path == api.Prefix+"/export" || r.URL.Path == api.Prefix+"/tail":
		return r.Context(), func() {}
	case r.Method == http.MethodGet || r.Method == http.MethodHead:
		return context.WithTimeout(r.Context(), requestTimeout)
	}
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(changeTimeout))
	return context.WithTimeout(r.Context(), changeTimeout)
}
