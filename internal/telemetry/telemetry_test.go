package telemetry_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"

	"github.com/dateline-news/dateline/internal/telemetry"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func get(t *testing.T, handler http.Handler, path string) (int, string) {
	t.Helper()
	answer := httptest.NewRecorder()
	handler.ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
	body, err := io.ReadAll(answer.Result().Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.Code, string(body)
}

func TestReadyzReportsEachCheck(t *testing.T) {
	var broken error
	handler := telemetry.Handler(telemetry.NewRegistry("test"), []telemetry.Check{
		{Name: "nats", Test: func(context.Context) error { return nil }},
		{Name: "store", Test: func(context.Context) error { return broken }},
	})
	if status, body := get(t, handler, "/readyz"); status != http.StatusOK || body != "nats: ok\nstore: ok\n" {
		t.Errorf("ready: %d %q", status, body)
	}
	broken = errors.New("the disk is full")
	if status, body := get(t, handler, "/readyz"); status != http.StatusServiceUnavailable || body != "nats: ok\nstore: the disk is full\n" {
		t.Errorf("not ready: %d %q", status, body)
	}
	if status, _ := get(t, handler, "/healthz"); status != http.StatusOK {
		t.Errorf("alive: %d", status)
	}
	if status, body := get(t, handler, "/metrics"); status != http.StatusOK || !strings.Contains(body, `dateline_build_info{component="test"`) {
		t.Errorf("metrics: %d %.200q", status, body)
	}
}

func TestCheckThatHangsIsCutOff(t *testing.T) {
	handler := telemetry.Handler(prometheus.NewRegistry(), []telemetry.Check{
		{Name: "store", Test: func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }},
	})
	if status, _ := get(t, handler, "/readyz"); status != http.StatusServiceUnavailable {
		t.Errorf("status %d", status)
	}
}

func TestServeEndsWithItsContext(t *testing.T) {
	for _, addr := range []string{"", "127.0.0.1:0"} {
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- telemetry.Serve(ctx, addr, prometheus.NewRegistry(), nil) }()
		cancel()
		if err := <-ended; err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("%q: %v", addr, err)
		}
	}
}

func TestAdminAddressInUse(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	err = telemetry.Serve(t.Context(), taken.Addr().String(), prometheus.NewRegistry(), nil)
	if err == nil || !strings.Contains(err.Error(), "in use") || !strings.Contains(err.Error(), "admin.addr") {
		t.Errorf("got %v", err)
	}
}

func TestValidateReportsEverything(t *testing.T) {
	err := telemetry.Config{LogLevel: "loud", LogFormat: "xml"}.Validate()
	if err == nil || !strings.Contains(err.Error(), "loud") || !strings.Contains(err.Error(), "xml") {
		t.Errorf("got %v", err)
	}
	if err := telemetry.DefaultConfig().Validate(); err != nil {
		t.Errorf("the default: %v", err)
	}
}
