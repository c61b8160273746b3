package telemetry

import (
	"context"
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
	// scrapes at the same time.
	scrapeTimeout = 20 * time.Second
	maxScrapes    = 8
	// grace is the time that requests have to finish when the process stops.
	grace = time.Second

	maxHeaderBytes = 16 << 10
)

// Check tests whether a dependency of the process is available.
type Check struct {
	Name string
	Test func(context.Context) error
}

// Route is an additional endpoint of the admin address.
type Route struct {
	// Pattern has the syntax of http.ServeMux.
	Pattern string
	Handler http.Handler
}

// Serve serves a handler on the admin address until ctx ends. If addr is empty, it
// only waits for ctx to end.
func Serve(ctx context.Context, addr string, handler http.Handler, log *slog.Logger) error {
	return httpserve.Server{
		Addr: addr, Name: "admin", Setting: "admin.addr", Handler: handler, Log: log,
		ReadTimeout: readTimeout, WriteTimeout: writeTimeout, Grace: grace, MaxHeaderBytes: maxHeaderBytes,
	}.Run(ctx)
}

// Handler returns the handler of the admin address. It serves the routes and:
//   - /metrics
//   - /healthz, which always responds with 200
//   - /readyz, which responds with 200 if every check passes and otherwise with 503;
//     the body lists the result of each check
func Handler(reg *prometheus.Registry, checks []Check, routes ...Route) http.Handler {
	mux := http.NewServeMux()
	for _, route := range routes {
		mux.Handle(route.Pattern, route.Handler)
	}
	mux.Handle("GET /metrics", promhttp.HandlerFor(reg, promhttp.HandlerOpts{
		Registry: reg, MaxRequestsInFlight: maxScrapes, Timeout: scrapeTimeout,
	}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok\n") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) { ready(w, r, checks) })
	return mux
}

// ready runs all checks and writes their results.
func ready(w http.ResponseWriter, r *http.Request, checks []Check) {
	ctx, cancel := context.WithTimeout(r.Context(), checkTimeout)
	defer cancel()
	var report strings.Builder
	status := http.StatusOK
	for _, check := range checks {
		if err := check.Test(ctx); err != nil {
			status = http.StatusServiceUnavailable
			fmt.Fprintf(&report, "%s: %v\n", check.Name, err)
		} else {
			fmt.Fprintf(&report, "%s: ok\n", check.Name)
		}
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, report.String())
}
