package process

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/dateline-news/dateline/internal/bus"
	"github.com/dateline-news/dateline/internal/natsembed"
	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/telemetry"
	"github.com/dateline-news/dateline/internal/tracing"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// idle is a stage that only waits.
type idle struct{}

func (idle) Run(ctx context.Context) error { <-ctx.Done(); return nil }

type settings struct {
	NATS    bus.Config
	Admin   telemetry.Config
	Tracing tracing.Config
}

func idleService() Service {
	cfg := &settings{bus.DefaultConfig(), telemetry.DefaultConfig(), tracing.DefaultConfig()}
	return Service{
		Name: "trial", About: "Does nothing.", Config: cfg, NATS: &cfg.NATS, Admin: &cfg.Admin, Tracing: &cfg.Tracing,
		New: func(context.Context, Env) (Runner, []telemetry.Check, error) { return idle{}, nil, nil },
	}
}

func TestServiceIsReadyAndStops(t *testing.T) {
	server, err := natsembed.Start(natsembed.Config{Dir: t.TempDir(), Addr: "127.0.0.1:0", Relaxed: true})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Stop()
	admin := natstest.FreeAddr(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := make(chan error, 1)
	var log lockedBuffer
	args := []string{"--nats-url", server.ClientURL(), "--admin-addr", admin}
	go func() { ended <- idleService().main(ctx, args, nil, io.Discard, &log) }()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 5 * time.Second}
	ready, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+admin+"/readyz", nil)
	if err != nil {
		t.Fatal(err)
	}
	natstest.Eventually(t, "the service is ready", func() bool {
		response, err := client.Do(ready)
		if err != nil {
			return false
		}
		defer response.Body.Close()
		report, err := io.ReadAll(response.Body)
		return err == nil && response.StatusCode == http.StatusOK && string(report) == "nats: ok\nstreams: ok\nstorage: ok\n"
	})
	cancel()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	if text := log.String(); !strings.Contains(text, "started") || !strings.Contains(text, "stopped") {
		t.Errorf("the log lacks the start or the stop: %s", text)
	}
}

func TestMissingNATSIsReportedInOneLine(t *testing.T) {
	args := []string{"--nats-url", "nats://" + natstest.FreeAddr(t), "--nats-wait", "10ms"}
	err := idleService().main(t.Context(), args, nil, io.Discard, io.Discard)
	if err == nil || strings.Contains(err.Error(), "\n") || !strings.Contains(err.Error(), "check that the server runs") {
		t.Errorf("got %v", err)
	}
}

func TestEveryProblemOfTheConfigurationIsReported(t *testing.T) {
	args := []string{"--nats-replicas", "2", "--admin-log-format", "xml"}
	environ := []string{"DATELINE_ADMIN_LOG_LEVEL=loud"}
	err := idleService().main(t.Context(), args, environ, io.Discard, io.Discard)
	if _, usage := errors.AsType[*usageError](err); !usage {
		t.Fatalf("got %v, want a usage error", err)
	}
	for _, part := range []string{"replicas is 2", "xml", "loud"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("missing %q in %v", part, err)
		}
	}
}

// lockedBuffer is a buffer that several goroutines may write to.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
