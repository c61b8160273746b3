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

// Timings are how long the parts of a request took. DNS, Connect and TLS are
// zero where a kept connection was used.
type Timings struct {
	DNS       time.Duration // resolving the name
	Connect   time.Duration // from the first attempt to the connection
	TLS       time.Duration // handshake
	FirstByte time.Duration // from the start of the request to the answer's first byte
	Total     time.Duration // from the start of the request to the end of the body
}

// exchange watches one request: what it is doing, for how long, and whether it
// still may.
type exchange struct {
	start  time.Time
	total  time.Duration
	cancel context.CancelCauseFunc
	timer  *time.Timer

	// net/http calls the hooks from other goroutines, and goes on dialling
	// for a request that has got another connection meanwhile.
	mu      sync.Mutex
	phase   Phase
	inBody  bool
	remote  net.Addr
	began   time.Time // of the phase
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

// stop ends the watch and everything that net/http still does for the request.
func (x *exchange) stop() {
	x.timer.Stop()
	x.cancel(context.Canceled)
}

// expire is the timer's end.
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

// waitForBody lets the body be silent for at most idle, within the total.
func (x *exchange) waitForBody(idle time.Duration) {
	x.mu.Lock()
	x.inBody = true
	x.mu.Unlock()
	x.timer.Reset(min(idle, x.total-time.Since(x.start)))
}

// dialling: the request waits for a connection, perhaps not for the first time.
func (x *exchange) dialling() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.phase = PhaseConnect
}

func (x *exchange) enter(phase Phase) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.phase == PhaseHeader || phase == x.phase && !x.began.IsZero() {
		return // another address of the same host, or nobody's dial any more
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
