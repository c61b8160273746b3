// Package httpserve runs an HTTP server with timeouts until its context ends.
package httpserve

import (
	"context"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net"
	"net/http"
	"syscall"
	"time"

	"github.com/dateline-news/dateline/internal/loop"
)

// Server describes a server. Durations must be positive.
type Server struct {
	// Addr is the address to listen on, such as 127.0.0.1:9464. If it is empty,
	// nothing is served.
	Addr string
	// Name is the name of the server in errors, such as "admin". Setting is the
	// setting that determines Addr.
	Name, Setting string
	Handler       http.Handler
	// ReadTimeout and WriteTimeout bound one request and its response.
	ReadTimeout, WriteTimeout time.Duration
	// MaxHeaderBytes bounds the headers of a request.
	MaxHeaderBytes int
	// Grace is the time that requests have to finish once the server is told to
	// stop. Then their contexts end.
	Grace time.Duration
	// Log receives errors of connections, at debug level. It may be nil.
	Log *slog.Logger
}

const (
	// headerTimeout bounds the time to read a request's headers.
	headerTimeout = 5 * time.Second
	// idleTimeout is how long a connection is kept open for another request.
	idleTimeout = time.Minute
	// closeTimeout is how long handlers may take to return after their contexts
	// have ended, before their connections are closed.
	closeTimeout = 2 * time.Second
)

// Run serves until ctx ends, and then lets requests finish. It returns an error
// if the address cannot be listened on or the listener fails. Without an
// address it only waits for ctx to end.
func (s Server) Run(ctx context.Context) error {
	if s.Addr == "" {
		<-ctx.Done()
		return nil
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", s.Addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("listening on the %s address: %s is in use: "+
			"stop the program that uses it, or set %s to another address", s.Name, s.Addr, s.Setting)
	}
	if err != nil {
		return fmt.Errorf("listening on the %s address %s: %w; check %s", s.Name, s.Addr, err, s.Setting)
	}
	requests, stop := loop.Drain(ctx, s.Grace)
	defer stop()
	server := &http.Server{
		Handler:           s.Handler,
		BaseContext:       func(net.Listener) context.Context { return requests },
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       s.ReadTimeout,
		WriteTimeout:      s.WriteTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    s.MaxHeaderBytes,
		ErrorLog:          s.errorLog(),
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serving on the %s address %s: %w", s.Name, s.Addr, err)
	case <-ctx.Done():
	}
	timeout, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.Grace+closeTimeout)
	defer cancel()
	if server.Shutdown(timeout) != nil {
		server.Close()
	}
	<-failed //nolint:errcheck // http.ErrServerClosed
	return nil
}

func (s Server) errorLog() *log.Logger {
	handler := slog.DiscardHandler
	if s.Log != nil {
		handler = s.Log.Handler()
	}
	return slog.NewLogLogger(handler, slog.LevelDebug)
}
