package telemetry_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"testing"

	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/telemetry"
)

var passes = telemetry.Check{Name: "passes", Test: func(context.Context) error { return nil }}

// TestForeignHostsAreRefused sends requests as a browser does for a page whose name
// resolves to the admin address, and as Prometheus and probes do.
func TestForeignHostsAreRefused(t *testing.T) {
	config := telemetry.Config{
		Addr: natstest.FreeAddr(t), Pprof: true, Hosts: []string{"metrics.example.com"}, Discover: []string{"fetcher:9464"},
	}
	handler := telemetry.Handler(telemetry.NewRegistry("test"), []telemetry.Check{passes}, config.Routes()...)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- config.Serve(ctx, handler, quiet) }()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	request := func(host, path string) (status int, err error) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+config.Addr+path, nil)
		if err != nil {
			return 0, err
		}
		r.Host = host
		response, err := client.Do(r)
		if err != nil {
			return 0, err
		}
		body, err := io.ReadAll(response.Body)
		if err == nil && len(body) == 0 {
			err = errors.New("the response is empty")
		}
		return response.StatusCode, errors.Join(err, response.Body.Close())
	}
	natstest.Eventually(t, "the server listens", func() bool {
		_, err := request("localhost", "/healthz")
		return err == nil
	})
	const refused = http.StatusMisdirectedRequest
	for host, want := range map[string]int{
		"127.0.0.1:9464": 200, "[::1]:9464": 200, "10.2.3.4:9464": 200, "localhost:9464": 200, "LOCALHOST.": 200,
		"indexer:9464": 200, "indexer.news.svc.cluster.local:9464": 200, "host.docker.internal:9464": 200,
		"metrics.example.com": 200, "Metrics.Example.COM:9464": 200,
		"rebound.example:9464": refused, "127.0.0.1.rebound.example": refused, "localhost.rebound.example": refused,
		"other.example.com": refused, "local.": 200, "x.local.example": refused,
	} {
		for _, path := range []string{"/metrics", "/debug/pprof/cmdline", "/targets"} {
			if status, err := request(host, path); status != want || err != nil {
				t.Errorf("%s of %s: status %d, %v, want %d", path, host, status, err, want)
			}
		}
		for _, path := range []string{"/healthz", "/readyz"} {
			if status, err := request(host, path); status != http.StatusOK || err != nil {
				t.Errorf("%s of %s: status %d, %v, want 200", path, host, status, err)
			}
		}
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
