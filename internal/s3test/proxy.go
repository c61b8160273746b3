package s3test

import (
	"context"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/dateline-news/dateline/internal/objects"
)

// Proxy forwards connections to a server, and damages some.
type Proxy struct {
	// Config is the owner's, with the address of the proxy.
	Config objects.Config
	// Up and Down are what is done to requests and to responses.
	Up, Down Damage

	target string
}

// Damage is what a Proxy does to a direction of its connections.
type Damage struct {
	// Bytes is the number of bytes that were forwarded.
	Bytes atomic.Int64
	// Cut is the number of bytes of a connection after which it is closed, and Cuts how many
	// connections are closed so.
	Cut  atomic.Int64
	Cuts atomic.Int64
	// Flip is the number of bytes between two bits of a connection that are changed, and Flips
	// how many bits are changed.
	Flip  atomic.Int64
	Flips atomic.Int64
}

// NewProxy runs a proxy for a server until the test ends.
func NewProxy(tb testing.TB, s *Server) *Proxy {
	tb.Helper()
	listener, err := new(net.ListenConfig).Listen(tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	p := &Proxy{Config: s.Config, target: strings.TrimPrefix(s.Config.Endpoint, "http://")}
	p.Config.Endpoint = "http://" + listener.Addr().String()
	ctx, cancel := context.WithCancel(context.WithoutCancel(tb.Context()))
	var tasks sync.WaitGroup
	tasks.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			tasks.Go(func() { p.serve(ctx, conn) })
		}
	})
	tb.Cleanup(func() {
		cancel()
		listener.Close()
		tasks.Wait()
	})
	return p
}

func (p *Proxy) serve(ctx context.Context, client net.Conn) {
	defer client.Close()
	server, err := new(net.Dialer).DialContext(ctx, "tcp", p.target)
	if err != nil {
		return
	}
	defer server.Close()
	stop := context.AfterFunc(ctx, func() { client.Close(); server.Close() })
	defer stop()
	var both sync.WaitGroup
	forward := func(to, from net.Conn, damage *Damage) {
		defer to.Close()
		defer from.Close()
		damage.copy(to, from)
	}
	both.Go(func() { forward(server, client, &p.Up) })
	both.Go(func() { forward(client, server, &p.Down) })
	both.Wait()
}

// copy copies until an end is closed or the connection is cut.
func (d *Damage) copy(to io.Writer, from io.Reader) {
	buffer := make([]byte, 32<<10)
	var done int64
	for {
		n, err := from.Read(buffer)
		if d.Flips.Load() > 0 {
			every := d.Flip.Load()
			if at := every - 1 - done%every; at < int64(n) && d.Flips.Add(-1) >= 0 {
				buffer[at] ^= 1
			}
		}
		if at := d.Cut.Load() - done; at >= 0 && at < int64(n) && d.Cuts.Add(-1) >= 0 {
			_, _ = to.Write(buffer[:at]) // the connection ends anyway
			return
		}
		done += int64(n)
		d.Bytes.Add(int64(n))
		if _, writeErr := to.Write(buffer[:n]); err != nil || writeErr != nil {
			return
		}
	}
}
