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
	"sync/atomic"
	"testing"

	"github.com/dateline-news/dateline/internal/failtest"
)

// Failing is a proxy of a server that loses the connection in place of a statement that fails. The driver's pings are
// statements, too: if one fails, database/sql uses another connection.
type Failing struct {
	failtest.Steps

	// URL is that of the database, through this proxy.
	URL string
	// LosesResponses makes the server execute the statements that fail. Only their responses are lost. Set it before
	// the first statement fails.
	LosesResponses bool

	socket string // of the server
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
	f := &Failing{socket: filepath.Join(query.Get("host"), name)}
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

// errFails ends a connection in place of a statement, and errLost after one.
var (
	errFails = errors.New("the connection fails")
	errLost  = errors.New("the responses are lost")
)

func (f *Failing) serve(client net.Conn) {
	defer client.Close()
	server, err := new(net.Dialer).DialContext(context.Background(), "unix", f.socket)
	if err != nil {
		return // the client's connection ends, too
	}
	defer server.Close()
	to := &responses{client: client}
	var answers sync.WaitGroup
	answers.Go(func() {
		_, _ = io.Copy(to, server) // ends with either connection
		client.Close()
	})
	if err := f.forward(server, client, to); errors.Is(err, errLost) {
		_ = server.(*net.UnixConn).CloseWrite() // the server executes the statement, and ends the connection
	} else {
		server.Close()
	}
	answers.Wait()
}

// responses passes the responses of a server on until they are lost.
type responses struct {
	client io.Writer
	lost   atomic.Bool
}

func (r *responses) Write(data []byte) (int, error) {
	if r.lost.Load() {
		return len(data), nil
	}
	return r.client.Write(data)
}

// forward passes the messages of a client on. Each message starts with a byte for its type, which only the first one
// does not have, and the length of the rest (PostgreSQL 15, section 55.7, "Message Formats").
func (f *Failing) forward(server io.Writer, client io.Reader, to *responses) error {
	for first := true; ; first = false {
		header := make([]byte, 5)
		if first {
			header = header[:4]
		}
		if _, err := io.ReadFull(client, header); err != nil {
			return err
		}
		const simpleQuery, execute, sync = 'Q', 'E', 'S'
		if !first && (header[0] == simpleQuery || header[0] == execute) && f.Next() {
			if !f.LosesResponses {
				return errFails
			}
			to.lost.Store(true)
		}
		if _, err := server.Write(header); err != nil {
			return err
		}
		rest := int64(binary.BigEndian.Uint32(header[len(header)-4:])) - 4
		if _, err := io.CopyN(server, client, rest); err != nil {
			return err
		}
		if to.lost.Load() && (header[0] == simpleQuery || header[0] == sync) {
			return errLost
		}
	}
}
