package fetcher

import (
	"sync/atomic"
	"testing"
	"time"
	_ "unsafe" // for go:linkname

	"github.com/nats-io/nats-server/v2/server/ats"
)

// The NATS server decides which messages have expired by a clock of the package ats, which the process has once. Its
// goroutine waits for serverClockDone, a channel that no bubble has, so that it cannot run in one.
//
//go:linkname serverClock github.com/nats-io/nats-server/v2/server/ats.utime
var serverClock atomic.Int64

//go:linkname serverClockDone github.com/nats-io/nats-server/v2/server/ats.done
var serverClockDone chan struct{}

// stopServerClock ends the goroutine of the server's clock. Call it outside of the bubble.
func stopServerClock() {
	ats.Register()
	serverClockDone <- struct{}{}
}

// simulateServerClock has the server's clock follow that of the bubble, until the test ends.
func simulateServerClock(t *testing.T) {
	t.Helper()
	serverClock.Store(time.Now().UnixNano())
	ticker, done := time.NewTicker(ats.TickInterval), make(chan struct{})
	t.Cleanup(func() {
		ticker.Stop()
		close(done)
	})
	go func() {
		for {
			select {
			case <-ticker.C:
				serverClock.Store(time.Now().UnixNano())
			case <-done:
				return
			}
		}
	}()
}
