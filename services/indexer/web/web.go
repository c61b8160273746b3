// Package web serves the library over HTTP: the API below /api, and the web page.
package web

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/dateline-news/dateline/internal/httpserve"
	"github.com/dateline-news/dateline/services/indexer/access"
	"github.com/dateline-news/dateline/services/indexer/api"
	"github.com/dateline-news/dateline/services/indexer/library"
	"github.com/dateline-news/dateline/services/indexer/replica"
)

const (
	// requestTimeout is the maximum duration of a request that only reads. It does
	// not apply to exports and tails.
	requestTimeout = 10 * time.Second
	// changeTimeout is the maximum duration of a request that changes something:
	// erasing searches the streams.
	changeTimeout = 5 * time.Minute
	// readTimeout is the maximum time to receive a request, and writeTimeout to
	// send a response; long responses extend it.
	readTimeout  = 15 * time.Second
	writeTimeout = 30 * time.Second
	// maxFormBytes and maxHeaderBytes are the maximum sizes of a request's body
	// and headers.
	maxFormBytes   = 64 << 10
	maxHeaderBytes = 32 << 10
	// grace is the time that requests have to finish when the server stops.
	grace = time.Second
)

// Dependencies are what the web server needs besides its configuration.
type Dependencies struct {
	Library  *library.Library
	Registry prometheus.Registerer
	Log      *slog.Logger
	// Pictures sends the requests for pictures. nil means that they are sent to public
	// addresses only.
	Pictures http.RoundTripper
}

// Serve serves a valid configuration until ctx ends. If the address is empty, it
// only waits for ctx to end.
func Serve(ctx context.Context, config Config, deps Dependencies) error {
	server := httpserve.Server{
		Addr: config.Addr, Name: "web page", Setting: "http.addr",
		ReadTimeout: readTimeout, WriteTimeout: writeTimeout, MaxHeaderBytes: maxHeaderBytes,
		Grace: grace, Log: deps.Log,
	}
	if config.Addr != "" {
		server.Handler = Handler(config, deps)
	}
	return server.Run(ctx)
}

// Handler returns the handler of everything that is served. The configuration
// must be valid.
func Handler(config Config, deps Dependencies) http.Handler {
	mux := http.NewServeMux()
	described := api.Register(mux, deps.Library, deps.Log,
		func(ctx context.Context) bool { return roleOf(ctx) == operator })
	all := deps.Library.Access()
	g := guard{config, access.NewKeyring(all), deps.Log}
	newSite(deps, described.OpenAPI(), config, g).register(mux)
	read := placed{replica.Of(deps.Library.Store)}.wrap(mux)
	guarded := g.wrap(newAdmission().wrap(audited{all, deps.Log}.wrap(read)))
	return observe(deps.Registry, secure(sameOrigin(guarded)))
}
