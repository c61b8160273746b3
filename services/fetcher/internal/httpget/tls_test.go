package httpget

import (
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestTLSAndHTTP2(t *testing.T) {
	server, trust := serveTLS(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/flood":
			for i := range 1750 {
				w.Header().Set(fmt.Sprintf("X-%d", i), "x")
			}
		case "/abort":
			w.Header().Set("Content-Type", "text/html")
			_, _ = io.WriteString(w, page)
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		case "/endless":
			w.Header().Set("Content-Type", "text/html")
			for {
				if _, err := io.WriteString(w, strings.Repeat("x", 1000)); err != nil {
					return
				}
			}
		}
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, r.Proto+page)
	})
	client := newClient(t, trust)
	response := mustGet(t, client, Request{URL: server.URL + "//a^%zz"})
	if string(response.Body) != "HTTP/2.0"+page || response.Timings.TLS <= 0 || !response.RemoteAddr.IsValid() {
		t.Errorf("response is %+v", response)
	}
	if again := mustGet(t, client, Request{URL: server.URL + "/"}); again.Timings.TLS != 0 || again.Timings.Connect != 0 {
		t.Errorf("the second request made a new handshake: %+v", again.Timings)
	}
	wantError(t, client, Request{URL: server.URL + "/flood"}, HeaderTooLarge)
	wantError(t, client, Request{URL: server.URL + "/abort"}, Reset)
	response = mustGet(t, client, Request{URL: server.URL + "/endless", MaxBodyBytes: 100_000})
	if len(response.Body) != 100_000 || !response.Truncated {
		t.Errorf("%d bytes, truncated %v", len(response.Body), response.Truncated)
	}
}

func TestTLSFailures(t *testing.T) {
	server, trust := serveTLS(t, func(http.ResponseWriter, *http.Request) {})
	if failure := mustFail(t, newClient(t, nil), Request{URL: server.URL + "/"}, TLS); failure.Transient() {
		t.Errorf("an unknown authority is classified as transient: %v", failure)
	}
	plain := servePage(t, page)
	plain = strings.Replace(plain, "http", "https", 1)
	if failure := mustFail(t, newClient(t, trust), Request{URL: plain + "/"}, TLS); failure.Transient() {
		t.Errorf("a TLS handshake with a plain HTTP server is classified as transient: %v", failure)
	}
	old := httptest.NewUnstartedServer(http.NotFoundHandler())
	old.TLS = &tls.Config{MaxVersion: tls.VersionTLS11, MinVersion: tls.VersionTLS10}
	old.Config.ErrorLog = discardLog
	old.StartTLS()
	defer old.Close()
	if failure := mustFail(t, newClient(t, trust), Request{URL: old.URL + "/"}, TLS); failure.Transient() {
		t.Errorf("an old protocol version is classified as transient: %v", failure)
	}
	// A handshake that was interrupted may succeed the next time.
	listener := listen(t)
	defer listener.Close()
	go func() {
		if connection, err := listener.Accept(); err == nil {
			_, _ = connection.Read(make([]byte, 1))
			connection.Close()
		}
	}()
	failure := mustFail(t, newClient(t, trust), Request{URL: "https://" + listener.Addr().String() + "/"}, TLS)
	if !failure.Transient() {
		t.Errorf("an interrupted handshake is classified as permanent: %v", failure)
	}
}
