package telemetry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/dateline-news/dateline/internal/httpserve"
)

const (
	// readTimeout bounds reading a request, and writeTimeout handling it, which
	// leaves room for a profile of 30 s, the default of pprof.
	readTimeout  = 10 * time.Second
	writeTimeout = 45 * time.Second
	// checkTimeout bounds all checks of a request together.
	checkTimeout = 2 * time.Second
	// scrapeTimeout bounds collecting the metrics, and maxScrapes the number of
	// scrapes at the same time, of which one client may have maxScrapesOfClient.
	scrapeTimeout      = 20 * time.Second
	maxScrapes         = 8
	maxScrapesOfClient = 4
	// grace is the time that requests have to finish when the process stops.
	grace = time.Second

	maxHeaderBytes = 16 << 10
)

// Check tests whether a dependency of the process is available.
type Check struct {
	Name string
	// Test returns what is wrong. With an error made by Warning, the process is ready
	// all the same.
	Test func(context.Context) error
}

// Warning marks an error of a check that a person has to know, but that does not keep
// the process from working.
func Warning(err error) error { return warning{err} }

type warning struct{ error }

func (w warning) Unwrap() error { return w.error }

// Route is an additional endpoint of the admin address.
type Route struct {
	// Pattern has the syntax of http.ServeMux.
	Pattern string
	Handler http.Handler
}

// Serve serves a handler on the admin address until ctx ends. If the address is empty, it
// only waits for ctx to end.
func (c Config) Serve(ctx context.Context, handler http.Handler, log *slog.Logger) error {
	return httpserve.Server{
		Addr: c.Addr, Name: "admin", Setting: "admin.addr", Handler: c.refuseForeignHosts(handler), Log: log,
		ReadTimeout: readTimeout, WriteTimeout: writeTimeout, Grace: grace, MaxHeaderBytes: maxHeaderBytes,
	}.Run(ctx)
}

// Handler returns the handler of the admin address. It serves the routes and:
//   - /metrics
//   - /healthz, which always responds with 200
//   - /readyz, which responds with 200 if every check passes or only warns, and
//     otherwise with 503; the body lists the result of each check
func Handler(reg *prometheus.Registry, checks []Check, routes ...Route) http.Handler {
	mux := http.NewServeMux()
	for _, route := range routes {
		mux.Handle(route.Pattern, route.Handler)
	}
	mux.Handle("GET /metrics", limitClients(promhttp.HandlerFor(reg, promhttp.HandlerOpts{
		Registry: reg, MaxRequestsInFlight: maxScrapes, Timeout: scrapeTimeout,
	})))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok\n") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) { ready(w, r, checks) })
	return mux
}

// limitClients bounds the scrapes of each client, so that one that reads slowly does not
// prevent those of others.
func limitClients(next http.Handler) http.Handler {
	clients := httpserve.NewClients(httpserve.ClientLimit{Concurrent: maxScrapesOfClient})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		leave, ok := clients.Enter(r)
		if !ok {
			http.Error(w, "too many scrapes from your address at the same time", http.StatusTooManyRequests)
			return
		}
		defer leave()
		next.ServeHTTP(w, r)
	})
}

// ready runs all checks and writes their results.
func ready(w http.ResponseWriter, r *http.Request, checks []Check) {
	ctx, cancel := context.WithTimeout(r.Context(), checkTimeout)
	defer cancel()
	var report strings.Builder
	status := http.StatusOK
	for _, check := range checks {
		err := check.Test(ctx)
		if err == nil {
			fmt.Fprintf(&report, "%s: ok\n", check.Name)
			continue
		}
		if _, isWarning := errors.AsType[warning](err); !isWarning {
			status = http.StatusServiceUnavailable
		}
		fmt.Fprintf(&report, "%s: %v\n", check.Name, err)
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, report.String())
}
