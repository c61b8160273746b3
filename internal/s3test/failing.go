package s3test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"testing"

	"github.com/dateline-news/dateline/internal/failtest"
	"github.com/dateline-news/dateline/internal/objects"
)

// Failing is a proxy of a server that refuses single requests. Each request is a step. A client does not repeat a
// request that is refused.
type Failing struct {
	failtest.Steps

	// Config is the owner's, with the address of the proxy.
	Config objects.Config
}

// Fail runs a proxy for a server until the test ends.
func Fail(tb testing.TB, s *Server) *Failing {
	tb.Helper()
	target, err := url.Parse(s.Config.Endpoint)
	if err != nil {
		tb.Fatal(err)
	}
	transport := &http.Transport{DisableCompression: true}
	forward := &httputil.ReverseProxy{
		Transport: transport,
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.Host = r.In.Host // the signature contains it
		},
	}
	f := &Failing{Config: s.Config}
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !f.Next() {
			forward.ServeHTTP(w, r)
			return
		}
		_, _ = io.Copy(io.Discard, r.Body) // the client may have gone
		w.Header().Set("Content-Type", "application/xml")
		w.WriteHeader(http.StatusForbidden)
		_, _ = io.WriteString(w, `<Error><Code>AccessDenied</Code><Message>The request fails.</Message></Error>`)
	}))
	tb.Cleanup(func() {
		proxy.Close()
		transport.CloseIdleConnections()
	})
	f.Config.Endpoint = proxy.URL
	return f
}
