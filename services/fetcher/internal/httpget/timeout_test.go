package httpget

import (
	"context"
	"errors"
	"io"
	"net"
	"testing"
	"time"
)

// short is a timeout that a test is meant to run into.
const short = 50 * time.Millisecond

func TestTimeouts(t *testing.T) {
	// hang sends a text and then nothing more.
	hang := func(sent string) func(net.Conn, <-chan struct{}) {
		return func(connection net.Conn, done <-chan struct{}) {
			_, _ = io.WriteString(connection, sent)
			<-done
		}
	}
	// drip keeps sending a text, more often than the idle timeout requires.
	drip := func(sent, dropped string) func(net.Conn, <-chan struct{}) {
		return func(connection net.Conn, done <-chan struct{}) {
			_, _ = io.WriteString(connection, sent)
			ticker := time.NewTicker(short / 10)
			defer ticker.Stop()
			for {
				select {
				case <-done:
					return
				case <-ticker.C:
					if _, err := io.WriteString(connection, dropped); err != nil {
						return
					}
				}
			}
		}
	}
	const head = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 1000000\r\n\r\n"
	tests := []struct {
		name   string
		change func(*Config)
		server func(net.Conn, <-chan struct{})
		phase  Phase
	}{
		{"no answer", func(c *Config) { c.HeaderTimeout = short }, hang(""), PhaseHeader},
		{
			"half a header", func(c *Config) { c.HeaderTimeout = short },
			hang("HTTP/1.1 200 OK\r\nContent-"), PhaseHeader,
		},
		{
			"slow header", func(c *Config) { c.HeaderTimeout = short },
			drip("HTTP/1.1 200 OK\r\nX: ", "x"), PhaseHeader,
		},
		{"no body", func(c *Config) { c.IdleBodyTimeout = short }, hang(head), PhaseBody},
		{"half a body", func(c *Config) { c.IdleBodyTimeout = short }, hang(head + page), PhaseBody},
		{"slow body", func(c *Config) { c.TotalTimeout = 4 * short }, drip(head, "x"), PhaseTotal},
		{"total in the header", func(c *Config) { c.TotalTimeout = short }, hang(""), PhaseTotal},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			client := newClient(t, test.change)
			failure := mustFail(t, client, Request{URL: serveRaw(t, test.server) + "/"}, Timeout)
			if failure.Phase != test.phase || !failure.Transient() {
				t.Errorf("phase %q, transient %v: %v", failure.Phase, failure.Transient(), failure)
			}
		})
	}
}

func TestTLSTimeout(t *testing.T) {
	listener := listen(t) // the backlog accepts; nobody answers
	defer listener.Close()
	client := newClient(t, func(c *Config) { c.TLSTimeout = short })
	failure := mustFail(t, client, Request{URL: "https://" + listener.Addr().String() + "/"}, Timeout)
	if failure.Phase != PhaseTLS {
		t.Errorf("phase %q: %v", failure.Phase, failure)
	}
}

func TestCancellation(t *testing.T) {
	reached := make(chan struct{})
	base := serveRaw(t, func(_ net.Conn, done <-chan struct{}) { close(reached); <-done })
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-reached; cancel() }()
	_, err := newClient(t, nil).Get(ctx, Request{URL: base + "/"})
	var failure *Error
	if !errors.As(err, &failure) || failure.Class != Canceled || !errors.Is(err, context.Canceled) ||
		!failure.Transient() {
		t.Errorf("error is %v", err)
	}
	ctx, cancel = context.WithTimeout(t.Context(), short)
	defer cancel()
	base = serveRaw(t, func(_ net.Conn, done <-chan struct{}) { <-done })
	_, err = newClient(t, nil).Get(ctx, Request{URL: base + "/"})
	if !errors.As(err, &failure) || failure.Class != Canceled || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error is %v", err)
	}
}
