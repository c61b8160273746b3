package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nats-io/nats.go"

	"github.com/dateline-news/dateline/internal/natstest"
)

// TestEmbeddedServerRequiresThePassword runs the service as other users of the machine
// see it: with its address, but without its data folder. Commands that use the folder
// work without further settings.
func TestEmbeddedServerRequiresThePassword(t *testing.T) {
	t.Parallel()
	data, ctx := filepath.Join(t.TempDir(), "data"), natstest.Context(t)
	addr, admin := natstest.FreeAddr(t), natstest.FreeAddr(t)
	for round := range 2 { // the password is the same after a restart
		run := program(ctx, t, "up", "--data", data, "--data-nats-addr", addr, "--admin-addr", admin, "--http-addr=")
		if err := run.Start(); err != nil {
			t.Fatal(err)
		}
		awaitReady(t, admin)
		url, err := os.ReadFile(filepath.Join(data, "nats.url"))
		if err != nil {
			t.Fatal(err)
		}
		for _, other := range []string{"nats://" + addr, "nats://dateline:wrong@" + addr} {
			if nc, err := nats.Connect(other, nats.Timeout(natstest.Patience(t))); !errors.Is(err, nats.ErrAuthorization) {
				t.Errorf("connecting to %s: got error %v", other, err)
				nc.Close()
			}
		}
		if round == 0 {
			for _, name := range []string{"nats.url", "nats.password"} {
				info, err := os.Stat(filepath.Join(data, name))
				if err != nil || info.Mode().Perm() != 0o600 {
					t.Errorf("%s: mode %v, %v", name, info.Mode(), err)
				}
			}
		}
		code, out, errText := dateline(t, "publish", "--data", data, "http://"+closedAddr+"/")
		if code != 0 || !strings.Contains(out, "published 1 URL") || strings.Contains(out+errText, natsPassword(t, data)) {
			t.Errorf("publish: exit code %d: %s%s", code, out, errText)
		}
		nc, err := nats.Connect(string(url), nats.Timeout(natstest.Patience(t)))
		if err != nil {
			t.Fatalf("connecting with the address in nats.url: %v", err)
		}
		nc.Close()
		if err := run.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
		if err := run.Wait(); err != nil {
			t.Errorf("up ended with %v after an interrupt", err)
		}
	}
}

func natsPassword(t *testing.T, data string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(data, "nats.password"))
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(text))
}
