package main

import (
	"net/http"
	"os"
	"testing"

	"github.com/dateline-news/dateline/internal/natstest"
)

// TestUpStops starts the service and interrupts it.
func TestUpStops(t *testing.T) {
	t.Parallel()
	ctx, admin := natstest.Context(t), natstest.FreeAddr(t)
	run := program(ctx, t, "up", "--data", t.TempDir(), "--data-nats-addr", "127.0.0.1:0", "--admin-addr", admin,
		"--http-addr=")
	if err := run.Start(); err != nil {
		t.Fatal(err)
	}
	awaitReady(t, admin)
	if err := run.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := run.Wait(); err != nil {
		t.Errorf("up ended with %v after an interrupt", err)
	}
}

// awaitReady waits until the process with an admin address is ready.
func awaitReady(t *testing.T, admin string) {
	t.Helper()
	ready, err := http.NewRequestWithContext(natstest.Context(t), http.MethodGet, "http://"+admin+"/readyz", nil)
	if err != nil {
		t.Fatal(err)
	}
	natstest.Eventually(t, "a service that is ready", func() bool {
		response, err := http.DefaultClient.Do(ready)
		if err != nil {
			return false
		}
		response.Body.Close()
		return response.StatusCode == http.StatusOK
	})
	http.DefaultClient.CloseIdleConnections()
}
