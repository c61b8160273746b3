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

	"github.com/spf13/pflag"
	"go.uber.org/goleak"

	"github.com/dateline-news/dateline/internal/bus"
	"github.com/dateline-news/dateline/internal/natsembed"
	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/subject"
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
	service := idleService()
	service.New = func(context.Context, Env) (Runner, []telemetry.Check, error) {
		return idle{}, []telemetry.Check{{Name: "own", Test: func(context.Context) error { return nil }}}, nil
	}
	go func() { ended <- service.main(ctx, args, nil, io.Discard, &log) }()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 5 * time.Second}
	get := func(path string) (body string, err error) {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+admin+path, nil)
		if err != nil {
			return "", err
		}
		response, err := client.Do(request)
		if err != nil {
			return "", err
		}
		defer response.Body.Close()
		text, err := io.ReadAll(response.Body)
		return string(text), err
	}
	isReady := func() bool {
		report, err := get("/readyz")
		return err == nil && report == "nats: ok\nstreams: ok\nstorage: ok\nown: ok\n"
	}
	natstest.Eventually(t, "the service is ready", isReady)
	metrics, err := get("/metrics")
	for _, part := range []string{
		`dateline_build_info{component="trial"`, "dateline_bus_certificate_expiry_timestamp_seconds 0\n",
	} {
		if err != nil || !strings.Contains(metrics, part) {
			t.Errorf("the metrics lack %s: %v", part, err)
		}
	}
	_, js := natstest.Connect(t, server)
	if err := js.DeleteStream(t.Context(), subject.StreamURLs); err != nil {
		t.Fatal(err)
	}
	natstest.Eventually(t, "the lost stream is declared again", isReady)
	js.Conn().Close()
	cancel()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	if text := log.String(); !strings.Contains(text, "started") || !strings.Contains(text, "stopped") {
		t.Errorf("the log lacks the start or the stop: %s", text)
	}
}

// TestDeclare declares the streams for a service that may not.
func TestDeclare(t *testing.T) {
	server, err := natsembed.Start(natsembed.Config{Dir: t.TempDir(), Addr: "127.0.0.1:0", Relaxed: true})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Stop()
	var log lockedBuffer
	args := []string{"declare", "--nats-url", server.ClientURL()}
	if err := idleService().main(t.Context(), args, nil, io.Discard, &log); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(log.String(), "declared") {
		t.Errorf("the log lacks what was done: %s", log.String())
	}
	_, js := natstest.Connect(t, server)
	defer js.Conn().Close()
	for _, name := range subject.Streams() {
		if _, err := js.Stream(t.Context(), name); err != nil {
			t.Errorf("the stream %s: %v", name, err)
		}
	}
}

// TestHelpAndVersion checks what is printed and where.
func TestHelpAndVersion(t *testing.T) {
	for argument, want := range map[string]string{
		"--help": "Does nothing.\n\nUsage:\n  trial [flags]\n", "--version": "trial ",
	} {
		var out, log bytes.Buffer
		err := idleService().main(t.Context(), []string{argument}, nil, &out, &log)
		if err != nil && !errors.Is(err, pflag.ErrHelp) {
			t.Errorf("%s: %v", argument, err)
		}
		if !strings.HasPrefix(out.String(), want) || log.Len() > 0 {
			t.Errorf("%s prints %q, and %q as errors", argument, out.String(), log.String())
		}
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
