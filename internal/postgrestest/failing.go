//go:build unix

package postgrestest

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// Failing is a proxy of a server that can lose a connection in place of a statement.
type Failing struct {
	// URL is that of the database, through this proxy.
	URL string

	socket string // of the server

	mu   sync.Mutex
	left int // statements until the connection is lost; negative: none is
}

// Fail returns a proxy for a database that Database or Copy created. It runs until the test ends.
func Fail(tb testing.TB, database string) *Failing {
	tb.Helper()
	target, err := url.Parse(database)
	if err != nil {
		tb.Fatal(err)
	}
	query := target.Query()
	const name = ".s.PGSQL.5432"
	f := &Failing{socket: filepath.Join(query.Get("host"), name), left: -1}
	folder, err := os.MkdirTemp("", "failing") //nolint:usetesting // the path of a socket is limited to 107 bytes
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { os.RemoveAll(folder) })
	query.Set("host", folder)
	target.RawQuery = query.Encode()
	f.URL = target.String()
	listener, err := new(net.ListenConfig).Listen(tb.Context(), "unix", filepath.Join(folder, name))
	if err != nil {
		tb.Fatal(err)
	}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			serving.Go(func() { f.serve(client) })
		}
	})
	tb.Cleanup(func() { // after the pool of connections has been closed
		listener.Close()
		serving.Wait()
	})
	return f
}

// After lets n statements pass, and then loses the connection that executes the next one, in place of that statement.
// The driver's pings count, too: if one fails, database/sql uses another connection.
func (f *Failing) After(n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.left = n
}

// Failed reports whether a connection has been lost since the last call of After. No other is lost until the next call.
func (f *Failing) Failed() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	failed := f.left < 0
	f.left = -1
	return failed
}

// maxStatements is the number of statements after which an operation counts as endless.
const maxStatements = 10_000

// Each calls do with its first statement failing, then with its second one, and so on, until none has failed. The last
// call must succeed. After each call that returns no error, check is called, and none of its statements fails.
func (f *Failing) Each(t *testing.T, do func(context.Context) error, check func()) {
	t.Helper()
	for n := range maxStatements {
		f.After(n)
		err := do(t.Context())
		failed := f.Failed()
		if err == nil {
			check()
		}
		switch {
		case t.Failed():
			t.Fatalf("statement %d failed", n+1)
		case !failed && err != nil:
			t.Fatalf("without a failure: %v", err)
		case !failed:
			return
		}
	}
	t.Fatalf("the operation has more than %d statements", maxStatements)
}

// fails counts a statement, and reports whether it fails.
func (f *Failing) fails() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.left < 0 {
		return false
	}
	f.left--
	return f.left < 0
}

// errFails ends a connection.
var errFails = errors.New("the connection fails")

func (f *Failing) serve(client net.Conn) {
	defer client.Close()
	server, err := new(net.Dialer).DialContext(context.Background(), "unix", f.socket)
	if err != nil {
		return // the client's connection ends, too
	}
	var answers sync.WaitGroup
	answers.Go(func() {
		_, _ = io.Copy(client, server) // ends with either connection
		client.Close()
	})
	_ = f.forward(server, client)
	server.Close()
	answers.Wait()
}

// forward passes the messages of a client on. The first message has no type (PostgreSQL 15, section 55.7, "Message
// Formats"): each of the others starts with a byte for its type and the length of the rest.
func (f *Failing) forward(server io.Writer, client io.Reader) error {
	for first := true; ; first = false {
		header := make([]byte, 5)
		if first {
			header = header[:4]
		}
		if _, err := io.ReadFull(client, header); err != nil {
			return err
		}
		const simpleQuery, execute = 'Q', 'E'
		if !first && (header[0] == simpleQuery || header[0] == execute) && f.fails() {
			return errFails
		}
		if _, err := server.Write(header); err != nil {
			return err
		}
		rest := int64(binary.BigEndian.Uint32(header[len(header)-4:])) - 4
		if _, err := io.CopyN(server, client, rest); err != nil {
			return err
		}
	}
}
