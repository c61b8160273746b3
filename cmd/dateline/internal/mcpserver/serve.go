package mcpserver

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/dateline-news/dateline/internal/httpserve"
)

// ServeStream serves one client that writes to in and reads from out, until ctx ends or
// the client closes its end. Requests from before that are answered.
func ServeStream(ctx context.Context, server *mcp.Server, in io.ReadCloser, out io.Writer) error {
	err := server.Run(ctx, answering{&mcp.IOTransport{Reader: in, Writer: unclosed{out}, MaxLineLength: maxMessage}})
	if err != nil && !errors.Is(err, io.EOF) && ctx.Err() == nil {
		return err
	}
	return nil
}

const (
	// Path is the path of the server over HTTP.
	Path = "/mcp"
	// maxRequests is the maximum number of requests at the same time.
	maxRequests = 32
	// readTimeout is the maximum time to receive a request, and writeTimeout to answer it.
	readTimeout, writeTimeout = 10 * time.Second, 30 * time.Second
	maxHeaderBytes            = 32 << 10
	grace                     = time.Second
)

// ServeHTTP serves clients over streamable HTTP until ctx ends. Each request stands for
// itself: the server keeps no sessions and sends nothing without a request. A token that
// is not empty is required.
func ServeHTTP(ctx context.Context, server *mcp.Server, addr, token string, log *slog.Logger) error {
	return httpserve.Server{
		Addr: addr, Name: "MCP", Setting: "--listen", Handler: handler(server, token),
		ReadTimeout: readTimeout, WriteTimeout: writeTimeout, MaxHeaderBytes: maxHeaderBytes, Grace: grace, Log: log,
	}.Run(ctx)
}

func handler(server *mcp.Server, token string) http.Handler {
	mux := http.NewServeMux()
	mux.Handle(Path, mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return server },
		&mcp.StreamableHTTPOptions{
			Stateless: true, JSONResponse: true, MaxRequestBodyBytes: maxMessage,
		}))
	places := make(chan struct{}, maxRequests)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if status, why := judge(r, token); status != 0 {
			if status == http.StatusUnauthorized {
				w.Header().Set("WWW-Authenticate", `Bearer realm="dateline"`)
			}
			w.Header().Set("Connection", "close") // do not wait for the rest of the body
			http.Error(w, why, status)
			return
		}
		select {
		case places <- struct{}{}:
			defer func() { <-places }()
			mux.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), requestKey{}, r.Context())))
		default:
			w.Header().Set("Retry-After", "1")
			http.Error(w, "too many requests at the same time: try again in a moment", http.StatusServiceUnavailable)
		}
	})
}

// judge returns the status and the reason with which a request is refused, or 0.
func judge(r *http.Request, token string) (status int, why string) {
	if token == "" && !isLocal(r.Host) {
		// A page may have its host name resolve to this address (DNS rebinding).
		return http.StatusMisdirectedRequest,
			"without http.read-token this server only accepts requests to localhost or an IP address"
	}
	if origin := r.Header.Get("Origin"); origin != "" {
		if from, err := url.Parse(origin); err != nil || from.Host != r.Host {
			return http.StatusForbidden, "requests of pages of other origins are refused"
		}
	}
	if token != "" && !equal(r.Header.Get("Authorization"), "Bearer "+token) {
		return http.StatusUnauthorized, "a token is required: send Authorization: Bearer TOKEN"
	}
	return 0, ""
}

// isLocal reports whether the Host header is localhost or an IP address.
func isLocal(hostport string) bool {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = hostport
	}
	return host == "localhost" || net.ParseIP(strings.Trim(host, "[]")) != nil
}

// equal compares two texts in a time that does not depend on where they differ.
func equal(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}
