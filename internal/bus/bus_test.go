package bus_test

import (
	"context"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/dateline-news/dateline/internal/bus"
	"github.com/dateline-news/dateline/internal/natsembed"
	"github.com/dateline-news/dateline/internal/natstest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var quiet = slog.New(slog.DiscardHandler)

func TestConnectWaitsForTheServer(t *testing.T) {
	addr := natstest.FreeAddr(t)
	connected := make(chan error, 1)
	go func() {
		nc, _, err := bus.Connect(t.Context(), "test", bus.Config{URL: "nats://" + addr, Wait: natstest.Patience(t)}, quiet)
		if err == nil {
			nc.Close()
		}
		connected <- err
	}()
	server, err := natsembed.Start(natsembed.Config{Dir: t.TempDir(), Addr: addr, Relaxed: true})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Stop()
	if err := <-connected; err != nil {
		t.Fatal(err)
	}
}

func TestConnectErrorIsOneLine(t *testing.T) {
	config := bus.Config{URL: "nats://user:secret@" + natstest.FreeAddr(t), Wait: 10 * time.Millisecond}
	_, _, err := bus.Connect(t.Context(), "test", config, quiet)
	if err == nil {
		t.Fatal("no error")
	}
	text := err.Error()
	if !strings.Contains(text, "connecting to NATS at nats://127.0.0.1:") ||
		!strings.Contains(text, "check that the server runs") {
		t.Errorf("the error does not name the server or the remedy: %s", text)
	}
	if strings.Contains(text, "\n") || strings.Contains(text, "secret") {
		t.Errorf("the error has several lines or contains the password: %s", text)
	}
}

func TestConnectDoesNotRetryPermanentErrors(t *testing.T) {
	server, err := natsembed.Start(natsembed.Config{Dir: t.TempDir(), Addr: "127.0.0.1:0", Relaxed: true})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Stop()
	// The wait is longer than the test may take.
	for name, config := range map[string]bus.Config{
		"missing credentials": {
			URL: server.ClientURL(), Credentials: filepath.Join(t.TempDir(), "none.creds"), Wait: time.Hour,
		},
		"invalid address": {URL: "nats://127.0.0.1:port", Wait: time.Hour},
	} {
		if _, _, err := bus.Connect(t.Context(), "test", config, quiet); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestConnectEndsWithContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	config := bus.Config{URL: "nats://" + natstest.FreeAddr(t), Wait: time.Hour}
	if _, _, err := bus.Connect(ctx, "test", config, quiet); err == nil {
		t.Fatal("no error")
	}
}

func TestValidateReportsEverything(t *testing.T) {
	err := bus.Config{Replicas: 2, Wait: -1}.Validate()
	if err == nil || strings.Count(err.Error(), "\n") != 1 {
		t.Fatalf("got %v, want two problems", err)
	}
	if err := bus.DefaultConfig().Validate(); err != nil {
		t.Fatalf("the default configuration is invalid: %v", err)
	}
}
