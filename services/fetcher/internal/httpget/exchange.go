package httpget

import (
	"context"
	"net/http/httptrace"
	"sync"
	"sync/atomic"
	"time"
)

// Timings are the durations of a request's parts. DNS, Connect and TLS are zero
// if the request reused a connection.
type Timings struct {
	DNS       time.Duration // resolving the name
	Connect   time.Duration // from the first attempt to the connection
	TLS       time.Duration // handshake
	FirstByte time.Duration // from the start of the request to the first byte of the response
	Total     time.Duration // from the start of the request to the end of the body
}

// exchange tracks the phase and the timings of one request, and cancels it when
// a timeout passes. Only the request's goroutine changes the phase.
type exchange struct {
	start   time.Time
	total   time.Duration
	cancel  context.CancelCauseFunc
	timer   *time.Timer
	phase   Phase
	began   time.Time // when the phase began
	elapsed Timings
	// sent reports whether an HTTP/2 request has been sent. net/http sets it from
	// another goroutine, like the following fields.
	sent atomic.Bool

	mu        sync.Mutex
	inBody    bool
	firstByte time.Duration
}

func startExchange(ctx context.Context, total time.Duration) (*exchange, context.Context) {
	now := time.Now()
	x := &exchange{start: now, total: total, phase: PhaseConnect, began: now}
	ctx, x.cancel = context.WithCancelCause(ctx)
	x.timer = time.AfterFunc(total, x.expire)
	return x, httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		WroteHeaders:         func() { x.sent.Store(true) },
		GotFirstResponseByte: x.gotFirstByte,
	})
}

// stop ends the tracking and any work that net/http still does for the request.
func (x *exchange) stop() {
	x.timer.Stop()
	x.cancel(context.Canceled)
}

// expire cancels the request when the timer fires.
func (x *exchange) expire() {
	x.mu.Lock()
	idle := x.inBody && time.Since(x.start) < x.total
	x.mu.Unlock()
	if idle {
		x.cancel(errIdleBody)
	} else {
		x.cancel(errTotal)
	}
}

// waitForBody restarts the timer: the next byte of the body must arrive within
// idle and within the total timeout.
func (x *exchange) waitForBody(idle time.Duration) {
	x.mu.Lock()
	x.inBody = true
	x.mu.Unlock()
	x.timer.Reset(min(idle, x.total-time.Since(x.start)))
}

// enter begins a phase and records how long the phase before it took.
func (x *exchange) enter(phase Phase) {
	now := time.Now()
	switch x.phase {
	case PhaseDNS:
		x.elapsed.DNS = now.Sub(x.began)
	case PhaseConnect:
		x.elapsed.Connect = now.Sub(x.began)
	case PhaseTLS:
		x.elapsed.TLS = now.Sub(x.began)
	}
	x.phase, x.began = phase, now
}

// reuse records that the request is sent on a connection that was open before.
func (x *exchange) reuse() { x.phase, x.elapsed = PhaseHeader, Timings{} }

func (x *exchange) gotFirstByte() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.firstByte = time.Since(x.start)
}

func (x *exchange) timings() Timings {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.elapsed.FirstByte, x.elapsed.Total = x.firstByte, time.Since(x.start)
	return x.elapsed
}
