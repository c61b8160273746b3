package web

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// secure sets headers that isolate the pages: a page loads nothing from other
// sites, runs only the scripts of this server and cannot be framed.
func secure(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", contentPolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "private, no-cache")
		next.ServeHTTP(w, r)
	})
}

// contentPolicy is the Content-Security-Policy of all pages. Scripts and styles are files
// of this server: a page's own markup can contain neither.
const contentPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

// sameOrigin refuses requests that pages of other sites have a browser send. Such
// pages cannot read the responses, but a change would take effect, and a search or an
// export would use up the server's memory and time.
func sameOrigin(next http.Handler) http.Handler {
	deny := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		refuse(w, r, http.StatusForbidden, "cross-origin request refused: use a page of this server")
	})
	changes := http.NewCrossOriginProtection()
	changes.SetDenyHandler(deny)
	admitted := changes.Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if isForeign(r.Header) && !strings.HasPrefix(r.URL.Path, "/static/") {
			deny(w, r)
			return
		}
		admitted.ServeHTTP(w, r)
	})
}

// isForeign reports whether a page of another origin has sent a request by itself. A
// link that a person follows is admitted. Only browsers send these headers (Fetch
// Metadata Request Headers, sections 2.1 to 2.4).
func isForeign(h http.Header) bool {
	switch h.Get("Sec-Fetch-Site") {
	case "cross-site", "same-site":
		return h.Get("Sec-Fetch-User") != "?1" || h.Get("Sec-Fetch-Dest") != "document"
	}
	return false
}

// observe measures the duration of requests by part and status class.
func observe(reg prometheus.Registerer, next http.Handler) http.Handler {
	took := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name:                        "dateline_http_request_duration_seconds",
		Help:                        "Duration of requests to the web page and the API in seconds, by part and status class.",
		Buckets:                     prometheus.ExponentialBuckets(0.001, 4, 8),
		NativeHistogramBucketFactor: 1.1, NativeHistogramMaxBucketNumber: 100,
	}, []string{"part", "class"})
	reg.MustRegister(took)
	for _, part := range []string{"api", "page"} {
		for class := 2; class <= 5; class++ {
			took.WithLabelValues(part, fmt.Sprintf("%dxx", class))
		}
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		part := "page"
		if strings.HasPrefix(r.URL.Path, "/api/") {
			part = "api"
		}
		start, seen := time.Now(), &statusWriter{ResponseWriter: w, status: http.StatusOK}
		defer func() {
			took.WithLabelValues(part, fmt.Sprintf("%dxx", seen.status/100)).Observe(time.Since(start).Seconds())
		}()
		next.ServeHTTP(seen, r)
	})
}

type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap makes the connection accessible to http.ResponseController.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
