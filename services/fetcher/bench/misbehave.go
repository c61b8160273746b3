package main

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"
)

// misbehave responds in one of the ways in which sites go wrong, chosen at random.
func misbehave(w http.ResponseWriter, r *http.Request, body []byte) {
	header := w.Header()
	header.Set("Content-Type", "text/html")
	switch rand.IntN(12) {
	case 1:
		w.WriteHeader(http.StatusNotFound)
	case 2:
		w.WriteHeader(http.StatusBadGateway)
	case 3:
		header.Set("Retry-After", "1")
		w.WriteHeader(http.StatusTooManyRequests)
	case 4:
		abort(w, body)
	case 5:
		drip(w)
	case 6:
		hang(r)
	case 7:
		header.Set("Set-Cookie", fmt.Sprintf("n=%d", rand.Int()))
		http.Redirect(w, r, r.URL.Path, http.StatusFound)
	case 8:
		header.Set("Content-Type", "video/mp4")
		_, _ = w.Write(body)
	case 9:
		floodHeaders(w, body)
	case 10:
		floodBody(w)
	default: // a good response, which is twice as likely as the others
		header.Set("Content-Encoding", "gzip")
		header.Set("ETag", fmt.Sprintf("%q", fmt.Sprint(rand.Int())))
		_, _ = w.Write(body)
	}
}

// abort closes the connection in the middle of the body.
func abort(w http.ResponseWriter, body []byte) {
	w.Header().Set("Content-Length", "100000")
	_, _ = w.Write(body[:1000])
	panic(http.ErrAbortHandler)
}

// drip sends single bytes for two seconds.
func drip(w http.ResponseWriter) {
	for range 40 {
		if _, err := w.Write([]byte("<")); err != nil {
			return
		}
		w.(http.Flusher).Flush()
		time.Sleep(50 * time.Millisecond)
	}
}

// hang sends nothing for two seconds.
func hang(r *http.Request) {
	select {
	case <-r.Context().Done():
	case <-time.After(2 * time.Second):
	}
}

// floodHeaders sends about 130 KB of headers.
func floodHeaders(w http.ResponseWriter, body []byte) {
	for i := range 2000 {
		w.Header().Set(fmt.Sprintf("X-Flood-%d", i), strings.Repeat("x", 50))
	}
	_, _ = w.Write(body)
}

// floodBody sends a body of 20 MB.
func floodBody(w http.ResponseWriter) {
	for range 300 {
		if _, err := io.WriteString(w, strings.Repeat("endless ", 8<<10)); err != nil {
			return
		}
	}
}
