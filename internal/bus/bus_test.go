package bus_test

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nkeys"
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

func TestConnectWithAnNkey(t *testing.T) {
	pair, err := nkeys.CreateUser()
	if err != nil {
		t.Fatal(err)
	}
	public, err := pair.PublicKey()
	if err != nil {
		t.Fatal(err)
	}
	seed, err := pair.Seed()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "user.nk")
	if err := os.WriteFile(file, seed, 0o600); err != nil {
		t.Fatal(err)
	}
	ns, err := server.NewServer(&server.Options{
		Host: "127.0.0.1", Port: server.RANDOM_PORT, NoSigs: true, NoLog: true, Nkeys: []*server.NkeyUser{{Nkey: public}},
	})
	if err != nil {
		t.Fatal(err)
	}
	ns.Start()
	t.Cleanup(func() {
		ns.Shutdown()
		ns.WaitForShutdown()
	})
	if !ns.ReadyForConnections(natstest.Patience(t)) {
		t.Fatal("the server did not start")
	}
	nc, _, err := bus.Connect(t.Context(), "test", bus.Config{URL: ns.ClientURL(), Nkey: file}, quiet)
	if err != nil {
		t.Fatal(err)
	}
	nc.Close()
	_, _, err = bus.Connect(t.Context(), "test", bus.Config{URL: ns.ClientURL(), Nkey: file + "x", Wait: time.Hour}, quiet)
	if err == nil || !strings.Contains(err.Error(), "reading the seed in nats.nkey") {
		t.Errorf("a seed that is missing: %v", err)
	}
}

func TestConnectErrorIsOneLine(t *testing.T) {
	addr := natstest.FreeAddr(t)
	config := bus.Config{URL: "nats://user:secret@" + addr, Wait: 10 * time.Millisecond}
	_, _, err := bus.Connect(t.Context(), "test", config, quiet)
	if err == nil {
		t.Fatal("no error")
	}
	text := err.Error()
	if !strings.Contains(text, "connecting to NATS at nats://"+addr) ||
		!strings.Contains(text, "check that the server runs") {
		t.Errorf("the error does not name the server or the remedy: %s", text)
	}
	if strings.Contains(text, "\n") || strings.Contains(text, "secret") {
		t.Errorf("the error has several lines or contains the password: %s", text)
	}
}

// TestErrorsDoNotContainPasswords connects to addresses that cannot be parsed.
func TestErrorsDoNotContainPasswords(t *testing.T) {
	for _, url := range []string{
		"nats://user:secret@127.0.0.1:port", "nats://user:secret%zz@127.0.0.1", "nats://user:se cret@127.0.0.1:1",
		"nats://127.0.0.1:1,nats://user:secret@[::1", "nats://user:secret\n@127.0.0.1",
	} {
		_, _, err := bus.Connect(t.Context(), "test", bus.Config{URL: url, Wait: time.Millisecond}, quiet)
		if err == nil || strings.Contains(err.Error(), "cret") || !strings.Contains(err.Error(), "check that the server") {
			t.Errorf("%q: got error %v", url, err)
		}
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
