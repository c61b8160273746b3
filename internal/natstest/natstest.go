// Package natstest runs a NATS server for a test, in the process and with every
// stream declared.
package natstest

import (
	"context"
	"log/slog"
	"net"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/dateline-news/dateline/internal/bus"
	"github.com/dateline-news/dateline/internal/natsembed"
	"github.com/dateline-news/dateline/internal/topology"
)

// untimed bounds the waits of a test that has no deadline (go test -timeout 0).
const untimed = time.Hour

// Patience is the longest time that a test should wait for a signal: nine tenths
// of the time until its deadline. The rest is for reporting the failure and for
// cleaning up, before the test binary is stopped. Tests have no other bound,
// because a busy machine can be slower than any constant allows for.
func Patience(t testing.TB) time.Duration {
	timed, ok := t.(interface{ Deadline() (time.Time, bool) })
	if !ok {
		return untimed
	}
	deadline, ok := timed.Deadline()
	if !ok {
		return untimed
	}
	left := time.Until(deadline)
	return left - left/10
}

// Context returns a context that ends after the test's Patience, or with the test.
func Context(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), Patience(t))
	t.Cleanup(cancel)
	return ctx
}

// maxStoreBytes exceeds the default limits of all streams together.
const maxStoreBytes = 64 << 30

// Start runs a server until the test ends, and declares the topology with its default
// limits.
func Start(t testing.TB) (*nats.Conn, jetstream.JetStream) {
	t.Helper()
	nc, js := Connect(t, Server(t, t.TempDir()))
	Reconcile(t, js, topology.Limits{})
	return nc, js
}

// Server runs a server without streams until the test ends. It stores its files in
// dir and does not sync them to disk.
func Server(t testing.TB, dir string) *natsembed.Server {
	t.Helper()
	server, err := natsembed.Start(natsembed.Config{Dir: dir, Relaxed: true, MaxStoreBytes: maxStoreBytes})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Stop)
	return server
}

// Connect connects to a server in the process until the test ends.
func Connect(t testing.TB, server *natsembed.Server) (*nats.Conn, jetstream.JetStream) {
	t.Helper()
	// The connection is in the process: the URL is only a placeholder.
	config := bus.Config{URL: nats.DefaultURL, Wait: Patience(t)}
	log := slog.New(slog.DiscardHandler)
	nc, js, err := bus.Connect(t.Context(), t.Name(), config, log, nats.InProcessServer(server))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	return nc, js
}

// Reconcile declares the topology.
func Reconcile(t testing.TB, js jetstream.JetStream, limits topology.Limits) {
	t.Helper()
	if err := topology.Reconcile(Context(t), js, limits); err != nil {
		t.Fatal(err)
	}
}

// Eventually polls until a condition holds. It fails the test if the condition
// does not hold within the test's Patience.
func Eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	deadline := time.NewTimer(Patience(t))
	defer deadline.Stop()
	poll := time.NewTicker(5 * time.Millisecond)
	defer poll.Stop()
	for !holds() {
		select {
		case <-deadline.C:
			t.Fatalf("timed out waiting for: %s", what)
		case <-poll.C:
		}
	}
}

// Messages returns all messages of a stream in order.
func Messages(t testing.TB, js jetstream.JetStream, stream string) []*jetstream.RawStreamMsg {
	t.Helper()
	s, err := js.Stream(t.Context(), stream)
	if err != nil {
		t.Fatal(err)
	}
	info := s.CachedInfo()
	var all []*jetstream.RawStreamMsg
	for sequence := info.State.FirstSeq; sequence <= info.State.LastSeq && info.State.Msgs > 0; sequence++ {
		msg, err := s.GetMsg(t.Context(), sequence)
		if err == nil {
			all = append(all, msg)
		}
	}
	return all
}

// Count returns the number of messages in a stream.
func Count(t testing.TB, js jetstream.JetStream, stream string) int {
	t.Helper()
	s, err := js.Stream(t.Context(), stream)
	if err != nil {
		t.Fatal(err)
	}
	return int(s.CachedInfo().State.Msgs)
}

// FreeAddr returns a loopback address on which nothing listens.
func FreeAddr(t testing.TB) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}
