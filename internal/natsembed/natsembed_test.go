package natsembed_test

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"go.uber.org/goleak"

	"github.com/dateline-news/dateline/internal/natsembed"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func start(t *testing.T, config natsembed.Config) (*natsembed.Server, jetstream.JetStream, func()) {
	t.Helper()
	server, err := natsembed.Start(config)
	if err != nil {
		t.Fatal(err)
	}
	option := nats.InProcessServer(server)
	if config.Addr != "" {
		option = func(*nats.Options) error { return nil }
	}
	nc, err := nats.Connect(server.ClientURL(), option)
	if err != nil {
		server.Stop()
		t.Fatal(err)
	}
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	return server, js, func() { nc.Close(); server.Stop() }
}

func TestRestartKeepsAcknowledgedMessages(t *testing.T) {
	dir := t.TempDir()
	for _, relaxed := range []bool{false, true} {
		server, js, stop := start(t, natsembed.Config{Dir: dir, Relaxed: relaxed})
		keep := jetstream.StreamConfig{Name: "KEEP", Subjects: []string{"keep"}}
		if _, err := js.CreateOrUpdateStream(t.Context(), keep); err != nil {
			t.Fatal(err)
		}
		for range 10 {
			if _, err := js.Publish(t.Context(), "keep", []byte("x")); err != nil {
				t.Fatal(err)
			}
		}
		if err := server.Sync(); err != nil {
			t.Fatal(err)
		}
		stop()
	}
	_, js, stop := start(t, natsembed.Config{Dir: dir})
	defer stop()
	stream, err := js.Stream(t.Context(), "KEEP")
	if err != nil {
		t.Fatal(err)
	}
	if got := stream.CachedInfo().State.Msgs; got != 20 {
		t.Fatalf("%d messages, want 20", got)
	}
}

func TestListensOnAFreePort(t *testing.T) {
	server, _, stop := start(t, natsembed.Config{Dir: t.TempDir(), Addr: "127.0.0.1:0", Relaxed: true})
	defer stop()
	if !strings.HasPrefix(server.ClientURL(), "nats://127.0.0.1:") {
		t.Fatalf("the client URL is %s", server.ClientURL())
	}
}

func TestMaxPayload(t *testing.T) {
	_, js, stop := start(t, natsembed.Config{Dir: t.TempDir(), Relaxed: true})
	defer stop()
	if got := js.Conn().MaxPayload(); got != natsembed.MaxPayload {
		t.Fatalf("max payload %d, want %d", got, natsembed.MaxPayload)
	}
}

func TestStartErrors(t *testing.T) {
	taken, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		config natsembed.Config
		want   []string
	}{
		"port in use": {
			natsembed.Config{Dir: t.TempDir(), Addr: taken.Addr().String()},
			[]string{taken.Addr().String(), "in use", "choose another"},
		},
		"no port":             {natsembed.Config{Dir: t.TempDir(), Addr: "127.0.0.1"}, []string{`"127.0.0.1"`, "port"}},
		"port not a number":   {natsembed.Config{Dir: t.TempDir(), Addr: "127.0.0.1:nats"}, []string{"0 to 65535"}},
		"port too high":       {natsembed.Config{Dir: t.TempDir(), Addr: "127.0.0.1:65536"}, []string{"0 to 65535"}},
		"port too low":        {natsembed.Config{Dir: t.TempDir(), Addr: "127.0.0.1:-1"}, []string{"0 to 65535"}},
		"foreign address":     {natsembed.Config{Dir: t.TempDir(), Addr: "192.0.2.1:4222"}, []string{"192.0.2.1:4222"}},
		"folder is a file":    {natsembed.Config{Dir: file}, []string{file, "choose another"}},
		"parent is a file":    {natsembed.Config{Dir: filepath.Join(file, "store")}, []string{file, "choose another"}},
		"folder not writable": {natsembed.Config{Dir: "/proc/dateline"}, []string{"/proc/dateline", "choose another"}},
		"store is corrupted":  {natsembed.Config{Dir: corrupted(t)}, []string{"starting the embedded NATS server"}},
	} {
		t.Run(name, func(t *testing.T) {
			server, err := natsembed.Start(test.config)
			if err == nil {
				server.Stop()
				t.Fatal("the server started")
			}
			for _, part := range test.want {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("the error does not contain %q: %v", part, err)
				}
			}
		})
	}
}

// corrupted returns a store folder with a file in place of the folder for streams.
func corrupted(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "jetstream"), []byte("not a folder"), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestOnlyThePasswordAdmits connects with the right password, with another one and without.
func TestOnlyThePasswordAdmits(t *testing.T) {
	addr := freeAddr(t)
	server, err := natsembed.Start(natsembed.Config{
		Dir: t.TempDir(), Addr: addr, Password: "right", Relaxed: true, MaxStoreBytes: 10 << 20,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Stop()
	if got := server.ClientURL(); got != "nats://"+addr {
		t.Errorf("the client URL is %s, want that of %s", got, addr)
	}
	if err := server.Health(); err != nil {
		t.Error(err)
	}
	for name, c := range map[string]struct {
		option nats.Option
		want   bool
	}{
		"right": {nats.UserInfo(natsembed.User, "right"), true}, "wrong": {nats.UserInfo(natsembed.User, "wrong"), false},
		"none": {nats.Name("none"), false}, "another user": {nats.UserInfo("other", "right"), false},
	} {
		nc, err := nats.Connect(server.ClientURL(), c.option)
		if (err == nil) != c.want {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil {
			continue
		}
		js, err := jetstream.New(nc)
		if err != nil {
			t.Fatal(err)
		}
		info, err := js.AccountInfo(t.Context())
		if err != nil || nc.ConnectedServerName() != natsembed.Name {
			t.Errorf("the server %s has %+v, %v", nc.ConnectedServerName(), info, err)
		}
		for size, fits := range map[int64]bool{10 << 20: true, 10<<20 + 1: false} {
			_, err := js.CreateOrUpdateStream(t.Context(), jetstream.StreamConfig{
				Name: "LIMIT", Subjects: []string{"limit"}, MaxBytes: size,
			})
			if (err == nil) != fits {
				t.Errorf("a stream of %d bytes: %v", size, err)
			}
		}
		nc.Close()
	}
}

// TestSyncReportsAMissingFolder syncs a store whose folder is gone.
func TestSyncReportsAMissingFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "store")
	server, _, stop := start(t, natsembed.Config{Dir: dir, Relaxed: true})
	defer stop()
	if err := os.Rename(dir, dir+".moved"); err != nil {
		t.Fatal(err)
	}
	if err := server.Sync(); err == nil || !strings.Contains(err.Error(), "opening the NATS store folder") {
		t.Errorf("got %v", err)
	}
	if err := os.Rename(dir+".moved", dir); err != nil {
		t.Fatal(err)
	}
	if err := server.Sync(); err != nil {
		t.Error(err)
	}
	if leftovers, _ := filepath.Glob(filepath.Join(dir, ".writable-*")); len(leftovers) > 0 {
		t.Errorf("the probe of the folder is left: %q", leftovers)
	}
}

// freeAddr returns a free address. The package natstest imports this one.
func freeAddr(t *testing.T) string {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}
