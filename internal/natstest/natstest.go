// Package natstest runs a NATS server for a test, in the process and with every
// stream declared.
package natstest

import (
	"context"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"sync/atomic"
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
func Patience(tb testing.TB) time.Duration {
	tb.Helper()
	timed, ok := tb.(interface{ Deadline() (time.Time, bool) })
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
func Context(tb testing.TB) context.Context {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), Patience(tb))
	tb.Cleanup(cancel)
	return ctx
}

// maxStoreBytes exceeds the default limits of all streams together.
const maxStoreBytes = 64 << 30

// Start runs a server until the test ends, and declares the topology with its default
// limits.
func Start(tb testing.TB) (*nats.Conn, jetstream.JetStream) {
	tb.Helper()
	nc, js := Connect(tb, Server(tb, tb.TempDir()))
	Reconcile(tb, js, topology.Limits{})
	return nc, js
}

// Server runs a server without streams until the test ends. It stores its files in
// dir and does not sync them to disk.
func Server(tb testing.TB, dir string) *natsembed.Server {
	tb.Helper()
	server, err := natsembed.Start(natsembed.Config{Dir: dir, Relaxed: true, MaxStoreBytes: maxStoreBytes})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(server.Stop)
	return server
}

// Connect connects to a server in the process until the test ends.
func Connect(tb testing.TB, server nats.InProcessConnProvider) (*nats.Conn, jetstream.JetStream) {
	tb.Helper()
	// The connection is in the process: the URL is only a placeholder.
	config := bus.Config{URL: nats.DefaultURL, Wait: Patience(tb)}
	log := slog.New(slog.DiscardHandler)
	nc, js, err := bus.Connect(tb.Context(), tb.Name(), config, log, nats.InProcessServer(server))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(nc.Close)
	return nc, js
}

// Reconcile declares the topology.
func Reconcile(tb testing.TB, js jetstream.JetStream, limits topology.Limits) {
	tb.Helper()
	if err := topology.Reconcile(Context(tb), js, limits); err != nil {
		tb.Fatal(err)
	}
}

// Eventually polls until a condition holds. It fails the test if the condition
// does not hold within the test's Patience.
func Eventually(tb testing.TB, what string, holds func() bool) {
	tb.Helper()
	deadline := time.NewTimer(Patience(tb))
	defer deadline.Stop()
	for {
		start := time.Now()
		if holds() {
			return
		}
		// After a condition that takes long to check, a longer pause leaves time to what the test waits for.
		pause := min(max(5*time.Millisecond, 4*time.Since(start)), 200*time.Millisecond)
		select {
		case <-deadline.C:
			tb.Fatalf("timed out waiting for: %s", what)
		case <-time.After(pause):
		}
	}
}

// Messages returns all messages of a stream in order.
func Messages(tb testing.TB, js jetstream.JetStream, stream string) []*jetstream.RawStreamMsg {
	tb.Helper()
	s, err := js.Stream(tb.Context(), stream)
	if err != nil {
		tb.Fatal(err)
	}
	info := s.CachedInfo()
	var all []*jetstream.RawStreamMsg
	for sequence := info.State.FirstSeq; sequence <= info.State.LastSeq && info.State.Msgs > 0; sequence++ {
		msg, err := s.GetMsg(tb.Context(), sequence)
		if err == nil {
			all = append(all, msg)
		}
	}
	return all
}

// Count returns the number of messages in a stream.
func Count(tb testing.TB, js jetstream.JetStream, stream string) int {
	tb.Helper()
	s, err := js.Stream(tb.Context(), stream)
	if err != nil {
		tb.Fatal(err)
	}
	return int(s.CachedInfo().State.Msgs)
}

// freeAddrs is the number of addresses that FreeAddr has returned.
var freeAddrs atomic.Uint32

// FreeAddr returns a loopback address on which nothing listens. It has an IP address of its own, so that no other test,
// which listens on any free port of 127.0.0.1, takes the port before it is used, or between two uses.
func FreeAddr(tb testing.TB) string {
	tb.Helper()
	process := uint16(os.Getpid())
	own := netip.AddrFrom4([4]byte{127, byte(64 + freeAddrs.Add(1)%128), byte(process >> 8), byte(process)})
	listener, err := new(net.ListenConfig).Listen(tb.Context(), "tcp", netip.AddrPortFrom(own, 0).String())
	if err != nil { // only Linux routes all of 127.0.0.0/8
		if listener, err = new(net.ListenConfig).Listen(tb.Context(), "tcp", "127.0.0.1:0"); err != nil {
			tb.Fatal(err)
		}
	}
	defer listener.Close()
	return listener.Addr().String()
}
