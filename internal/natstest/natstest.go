// Package natstest gives a test a NATS server of its own, in the process and
// with every stream declared.
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

// Start runs a server and declares the topology with its default limits. All of
// it ends with the test.
func Start(t testing.TB) (*nats.Conn, jetstream.JetStream) {
	t.Helper()
	nc, js := Connect(t, Server(t, t.TempDir()))
	Reconcile(t, js, topology.Limits{})
	return nc, js
}

// Server runs a server on a folder, without streams, until the test ends. It
// does not wait for the disk.
func Server(t testing.TB, dir string) *natsembed.Server {
	t.Helper()
	server, err := natsembed.Start(natsembed.Config{Dir: dir, Relaxed: true, MaxStoreBytes: 64 << 30})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Stop)
	return server
}

// Connect connects to a server within the process until the test ends.
func Connect(t testing.TB, server *natsembed.Server) (*nats.Conn, jetstream.JetStream) {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	nc, js, err := bus.Connect(t.Context(), t.Name(), bus.Config{URL: nats.DefaultURL, Wait: Patience(t)}, log, nats.InProcessServer(server))
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

// Messages reads all messages that a stream holds, in order.
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

// Count is how many messages a stream holds.
func Count(t testing.TB, js jetstream.JetStream, stream string) int {
	t.Helper()
	s, err := js.Stream(t.Context(), stream)
	if err != nil {
		t.Fatal(err)
	}
	return int(s.CachedInfo().State.Msgs)
}

// FreeAddr returns an address on loopback that nothing listens on.
func FreeAddr(t testing.TB) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}
