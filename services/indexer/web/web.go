// Package web serves the library over HTTP: the API below /api, and pages for
// people elsewhere.
package web

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/dateline-news/dateline/internal/httpserve"
	"github.com/dateline-news/dateline/services/indexer/api"
	"github.com/dateline-news/dateline/services/indexer/library"
)

// Config of the web server.
type Config struct {
	Addr         string `doc:"Address of the web page and the API; empty for none. An address that others can reach needs a read token."`
	ReadToken    string `doc:"Who reads has to know this: a long random text; empty for none."`
	OperateToken string `doc:"Who requeues, removes or erases has to know this; it lets one read as well. Empty: nobody can over HTTP."`
}

// DefaultConfig serves this machine alone.
func DefaultConfig() Config { return Config{Addr: "127.0.0.1:8080"} }

// minToken is the shortest token, in bytes: 16 random letters and digits hold
// more than 80 bits.
const minToken = 16

// Validate refuses what would be open to anyone.
func (c Config) Validate() error {
	var problems []error
	for name, token := range map[string]string{"read-token": c.ReadToken, "operate-token": c.OperateToken} {
		if token != "" && len(token) < minToken {
			problems = append(problems, fmt.Errorf("%s has %d characters: take at least %d random ones, such as those of \"openssl rand -hex 16\"", name, len(token), minToken))
		}
	}
	if c.ReadToken != "" && c.ReadToken == c.OperateToken {
		problems = append(problems, errors.New("read-token and operate-token are the same: whoever may read could erase"))
	}
	if c.Addr != "" && c.ReadToken == "" && !isLoopback(c.Addr) {
		problems = append(problems, fmt.Errorf("addr is %s, which others can reach, and there is no read-token: set one, or serve 127.0.0.1 alone", c.Addr))
	}
	return errors.Join(problems...)
}

// isLoopback says whether only this machine can reach an address.
func isLoopback(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

const (
	// readTimeout bounds what an answer costs, other than exports and tails.
	readTimeout = 10 * time.Second
	// eraseTimeout bounds the search of the streams for what is to be erased.
	eraseTimeout = 5 * time.Minute
	// maxRequests bounds the requests that are answered at once.
	maxRequests  = 256
	maxFormBytes = 64 << 10
)

// Serve answers until ctx ends. An empty address serves nothing and waits.
func Serve(ctx context.Context, config Config, l *library.Library, reg prometheus.Registerer, log *slog.Logger) error {
	return httpserve.Server{
		Addr: config.Addr, Name: "web page", Setting: "http.addr",
		Handler:     Handler(config, l, reg, log),
		ReadTimeout: requestTimeout, WriteTimeout: responseTimeout, MaxHeaderBytes: maxHeaderBytes,
		Grace: grace, Log: log,
	}.Run(ctx)
}

const (
	// requestTimeout and responseTimeout bound the transfer of a request and its
	// response. Exports and tails extend theirs.
	requestTimeout  = 15 * time.Second
	responseTimeout = 30 * time.Second
	// maxHeaderBytes bounds the headers of a request.
	maxHeaderBytes = 32 << 10
	// grace is the time that requests have to finish when the server stops. Then
	// exports and tails are ended.
	grace = time.Second
)

// Handler is all that is served. The configuration must be valid.
func Handler(config Config, l *library.Library, reg prometheus.Registerer, log *slog.Logger) http.Handler {
	mux := http.NewServeMux()
	api.Register(mux, l, log)
	newSite(l, config, log).register(mux)
	guarded := guard{config}.wrap(mux)
	origin := http.NewCrossOriginProtection()
	origin.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		refuse(w, r, http.StatusForbidden, "a page of another site asked for this; only pages of this one may")
	}))
	return observe(reg, limit(secure(origin.Handler(guarded))))
}

// secure sets the headers that keep a page to itself: nothing is loaded from
// elsewhere, nothing runs, and nobody frames it.
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

const contentPolicy = "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// limit bounds the requests at once, their time and their bodies.
func limit(next http.Handler) http.Handler {
	turns := make(chan struct{}, maxRequests)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case turns <- struct{}{}:
			defer func() { <-turns }()
		default:
			w.Header().Set("Retry-After", "1")
			http.Error(w, "too many requests are being answered; try again in a moment", http.StatusServiceUnavailable)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxFormBytes)
		if r.URL.Path != api.Prefix+"/export" && r.URL.Path != api.Prefix+"/tail" {
			timeout := readTimeout
			if r.Method != http.MethodGet && r.Method != http.MethodHead {
				timeout = eraseTimeout
				_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(timeout))
			}
			ctx, cancel := context.WithTimeout(r.Context(), timeout)
			defer cancel()
			r = r.WithContext(ctx)
		}
		next.ServeHTTP(w, r)
	})
}

// observe counts the answers, and how long they took, by what was asked for.
func observe(reg prometheus.Registerer, next http.Handler) http.Handler {
	took := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "dateline_http_request_duration_seconds", Help: "How long requests to the web page and the API took, by part and class of status.",
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

// Unwrap lets http.ResponseController reach the connection.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
