package natstest

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"strconv"
	"sync"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/dateline-news/dateline/internal/failtest"
	"github.com/dateline-news/dateline/internal/natsembed"
)

// Failing are connections to a server on which single requests fail: the server answers that nobody serves their
// subjects. Each request is a step. JetStream publishes a message again if nobody responds. These repetitions of a
// message fail, too.
type Failing struct {
	failtest.Steps

	// LosesResponses makes the server serve the requests that fail. Only their responses are lost, and repetitions of a
	// message pass. Set it before the first request fails.
	LosesResponses bool

	// URL is the address at which other clients connect. It is empty unless Listen returned the connections.
	URL string

	server  nats.InProcessConnProvider
	serving sync.WaitGroup
}

// Fail connects to a server in the process until the test ends.
func Fail(tb testing.TB, server *natsembed.Server) (*Failing, jetstream.JetStream) {
	tb.Helper()
	f := &Failing{server: server}
	tb.Cleanup(f.serving.Wait) // after the connection has been closed
	_, js := Connect(tb, f)
	return f, js
}

// Listen accepts connections to a server on a loopback address until the test ends.
func Listen(tb testing.TB, server *natsembed.Server) *Failing {
	tb.Helper()
	listener, err := new(net.ListenConfig).Listen(tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	f := &Failing{URL: "nats://" + listener.Addr().String(), server: server}
	f.serving.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			if err := f.serve(client); err != nil {
				client.Close()
			}
		}
	})
	tb.Cleanup(func() { // after the clients have closed their connections
		listener.Close()
		f.serving.Wait()
	})
	return f
}

// InProcessConn implements nats.InProcessConnProvider.
func (f *Failing) InProcessConn() (net.Conn, error) {
	client, own := net.Pipe()
	return client, f.serve(own)
}

// serve connects a client to the server, and returns at once.
func (f *Failing) serve(client net.Conn) error {
	server, err := f.server.InProcessConn()
	if err != nil {
		return err
	}
	f.serving.Go(func() {
		_, _ = io.Copy(client, server) // ends with either connection
		client.Close()
	})
	f.serving.Go(func() {
		_ = f.forward(server, bufio.NewReader(client)) // ends with either connection
		server.Close()
	})
	return nil
}

// forward passes the commands of a client on. Each command is a line. After PUB and HPUB come a message, whose size is
// the last word of the line, and CR LF. The third word is the subject for the response if PUB has four words or HPUB
// five (https://docs.nats.io/reference/reference-protocols/nats-protocol).
func (f *Failing) forward(server io.Writer, client *bufio.Reader) error {
	var last failed
	for {
		line, err := client.ReadBytes('\n')
		if err != nil {
			return err
		}
		words := bytes.Fields(line)
		if len(words) > 0 && (string(words[0]) == "PUB" || string(words[0]) == "HPUB") {
			size, err := strconv.Atoi(string(words[len(words)-1]))
			if err != nil {
				return fmt.Errorf("reading the size of a message: %w", err)
			}
			msg := make([]byte, size+2)
			if _, err := io.ReadFull(client, msg); err != nil {
				return err
			}
			isRequest := string(words[0]) == "PUB" && len(words) == 4 || string(words[0]) == "HPUB" && len(words) == 5
			if isRequest && (last.isRepeatedBy(words[1], msg) || f.Next()) {
				if line, err = f.fail(server, words, msg, &last); err != nil {
					return err
				}
			}
			line = append(line, msg...)
		}
		if _, err := server.Write(line); err != nil {
			return err
		}
	}
}

// fail returns the line of a request that fails.
func (f *Failing) fail(server io.Writer, words [][]byte, msg []byte, last *failed) (line []byte, err error) {
	if f.LosesResponses {
		// A request of its own gets the answer that nobody serves its subject.
		_, err = fmt.Fprintf(server, "PUB nobody.responds %s 0\r\n\r\n", words[2])
		words[2] = []byte("nobody.listens")
	} else {
		last.note(words[1], msg)
		words[1] = []byte("nobody.responds")
	}
	return append(bytes.Join(words, []byte(" ")), "\r\n"...), err
}

// failed is the request that has failed last.
type failed struct {
	subject string
	msg     []byte
	left    int // repetitions that fail, too
}

// isRepeatedBy reports whether a request repeats the one that has failed.
func (r *failed) isRepeatedBy(subject, msg []byte) bool {
	return r.left > 0 && r.subject == string(subject) && bytes.Equal(r.msg, msg)
}

// note notes that a request fails.
func (r *failed) note(subject, msg []byte) {
	switch {
	case r.isRepeatedBy(subject, msg):
		r.left--
	case bytes.HasPrefix(subject, []byte("$JS.API.")): // the client does not repeat it
		r.left = 0
	default:
		*r = failed{subject: string(subject), msg: msg, left: jetstream.DefaultPubRetryAttempts}
	}
}
