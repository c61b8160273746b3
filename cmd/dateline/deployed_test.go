package main

import (
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/dateline-news/dateline/internal/bus"
	"github.com/dateline-news/dateline/internal/natstest"
)

// natsUsers are the users in deploy/nats/accounts.conf.
var natsUsers = []string{
	"setup", "fetcher", "discoverer", "extractor", "archiver", "indexer", "notifier", "monitor", "operator", "client",
}

func password(user string) string { return "passwordOf" + user }

// setNATSPasswords sets the environment variables that deploy/nats/nats.conf reads.
func setNATSPasswords() {
	os.Setenv("NATS_SERVER_NAME", "trial")
	for _, user := range natsUsers {
		os.Setenv("NATS_"+strings.ToUpper(user)+"_PASSWORD", password(user))
	}
}

// deployedNATS runs a server with the configuration in deploy/nats, and returns it with
// the log of what it refuses.
func deployedNATS(t *testing.T) (*server.Server, *violations) {
	t.Helper()
	return startNATS(t, deployedOptions(t))
}

func deployedOptions(t *testing.T) *server.Options {
	t.Helper()
	opts, err := server.ProcessConfigFile(filepath.Join("..", "..", "deploy", "nats", "nats.conf"))
	if err != nil {
		t.Fatal(err)
	}
	opts.Host, opts.Port, opts.HTTPPort = "127.0.0.1", server.RANDOM_PORT, 0
	opts.StoreDir, opts.SyncAlways, opts.NoSigs = t.TempDir(), false, true
	return opts
}

// deployedCluster runs three nodes with the configuration in deploy/nats.
func deployedCluster(t *testing.T) []*server.Server {
	t.Helper()
	var addrs []string
	var routes []*url.URL
	for range 3 {
		addr := natstest.FreeAddr(t)
		addrs, routes = append(addrs, addr), append(routes, &url.URL{Scheme: "nats", Host: addr})
	}
	var nodes []*server.Server
	for i, addr := range addrs {
		opts := deployedOptions(t)
		host, port, err := net.SplitHostPort(addr)
		if err != nil {
			t.Fatal(err)
		}
		opts.ServerName = fmt.Sprintf("node-%d", i)
		opts.Cluster = server.ClusterOpts{Name: "trial", Host: host}
		if opts.Cluster.Port, err = strconv.Atoi(port); err != nil {
			t.Fatal(err)
		}
		opts.Routes = routes
		node, _ := startNATS(t, opts)
		nodes = append(nodes, node)
	}
	return nodes
}

func startNATS(t *testing.T, opts *server.Options) (*server.Server, *violations) {
	t.Helper()
	srv, err := server.NewServer(opts)
	if err != nil {
		t.Fatal(err)
	}
	refused := &violations{}
	srv.SetLogger(refused, false, false)
	srv.Start()
	t.Cleanup(func() {
		srv.Shutdown()
		srv.WaitForShutdown()
	})
	if !srv.ReadyForConnections(natstest.Patience(t)) {
		t.Fatal("the server does not accept connections")
	}
	return srv, refused
}

func urlFor(srv *server.Server, user string) string {
	return strings.Replace(srv.ClientURL(), "://", "://"+user+":"+password(user)+"@", 1)
}

// connectAs connects as a user, with the connection name that a process uses.
func connectAs(t *testing.T, srv *server.Server, user, name string) (*nats.Conn, jetstream.JetStream) {
	t.Helper()
	return connectWith(t, bus.Config{URL: urlFor(srv, user)}, name)
}

func connectWith(t *testing.T, config bus.Config, name string) (*nats.Conn, jetstream.JetStream) {
	t.Helper()
	config.Wait = natstest.Patience(t)
	nc, js, err := bus.Connect(t.Context(), name, config, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	return nc, js
}

// violations is a logger of a NATS server that keeps the violations of permissions.
type violations struct {
	mu    sync.Mutex
	lines []string
}

func (v *violations) Errorf(format string, a ...any) {
	if line := fmt.Sprintf(format, a...); strings.Contains(line, "Violation") {
		v.mu.Lock()
		defer v.mu.Unlock()
		v.lines = append(v.lines, line)
	}
}

func (v *violations) Noticef(string, ...any) {}
func (v *violations) Warnf(string, ...any)   {}
func (v *violations) Fatalf(string, ...any)  {}
func (v *violations) Debugf(string, ...any)  {}
func (v *violations) Tracef(string, ...any)  {}

func (v *violations) all() []string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return slices.Clone(v.lines)
}

// readBatch reads several messages with one request.
func readBatch(t *testing.T, js jetstream.JetStream, stream string, first uint64, size int) {
	t.Helper()
	natstest.Eventually(t, "messages read at once", func() bool { // a follower may lag behind
		msgs, err := bus.ReadBatch(t.Context(), js, stream, first, size)
		if err != nil {
			t.Fatal(err)
		}
		return len(msgs) == size
	})
}
