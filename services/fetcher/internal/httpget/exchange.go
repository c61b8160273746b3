package httpget

import (
	"context"
	"crypto/tls"
	"net"
	"net/http/httptrace"
	"net/netip"
	"sync"
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
// a timeout passes.
type exchange struct {
	start  time.Time
	total  time.Duration
	cancel context.CancelCauseFunc
	timer  *time.Timer

	// net/http calls the hooks from other goroutines, and continues to dial
	// after another connection has become available to the request.
	mu      sync.Mutex
	phase   Phase
	inBody  bool
	remote  net.Addr
	began   time.Time // when the phase began
	elapsed Timings
}

func startExchange(ctx context.Context, total time.Duration) (*exchange, context.Context) {
	x := &exchange{start: time.Now(), total: total, phase: PhaseConnect}
	ctx, x.cancel = context.WithCancelCause(ctx)
	x.timer = time.AfterFunc(total, x.expire)
	return x, httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn:              func(string) { x.dialling() },
		DNSStart:             func(httptrace.DNSStartInfo) { x.enter(PhaseDNS) },
		DNSDone:              func(httptrace.DNSDoneInfo) { x.leave(PhaseDNS) },
		ConnectStart:         func(string, string) { x.enter(PhaseConnect) },
		ConnectDone:          func(_, _ string, err error) { x.connectDone(err) },
		TLSHandshakeStart:    func() { x.enter(PhaseTLS) },
		TLSHandshakeDone:     func(tls.ConnectionState, error) { x.leave(PhaseTLS) },
		GotConn:              x.gotConn,
		GotFirstResponseByte: x.firstByte,
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

// dialling records that the request waits for a connection. net/http may call it
// several times per request.
func (x *exchange) dialling() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.phase = PhaseConnect
}

func (x *exchange) enter(phase Phase) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.phase == PhaseHeader || phase == x.phase && !x.began.IsZero() {
		return // another address of the same host, or a dial that the request no longer needs
	}
	x.phase, x.began = phase, time.Now()
}

func (x *exchange) leave(phase Phase) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.phase != phase {
		return
	}
	switch phase {
	case PhaseDNS:
		x.elapsed.DNS = time.Since(x.began)
	case PhaseConnect:
		x.elapsed.Connect = time.Since(x.began)
	case PhaseTLS:
		x.elapsed.TLS = time.Since(x.began)
	}
}

func (x *exchange) connectDone(err error) {
	if err == nil {
		x.leave(PhaseConnect)
	}
}

func (x *exchange) gotConn(info httptrace.GotConnInfo) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.phase = PhaseHeader
	x.remote = info.Conn.RemoteAddr()
	if info.Reused {
		x.elapsed = Timings{}
	}
}

func (x *exchange) firstByte() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.elapsed.FirstByte = time.Since(x.start)
}

func (x *exchange) currentPhase() Phase {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.phase
}

func (x *exchange) remoteAddr() netip.AddrPort {
	x.mu.Lock()
	defer x.mu.Unlock()
	if tcp, ok := x.remote.(*net.TCPAddr); ok {
		addr := tcp.AddrPort()
		return netip.AddrPortFrom(addr.Addr().Unmap(), addr.Port())
	}
	return netip.AddrPort{}
}

func (x *exchange) timings() Timings {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.elapsed.Total = time.Since(x.start)
	return x.elapsed
}
