package mcpserver

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

const (
	// lastAnswers is the maximum time to wait for answers after a client has closed its end. It
	// is longer than a call can take.
	lastAnswers = callTimeout + time.Second
	// methodListen is the method of requests that are not answered until the connection ends.
	methodListen = "subscriptions/listen"
)

// answering is a transport whose connections end only after every request was answered. The SDK
// cancels the requests in progress as soon as a connection ends, and drops their answers.
type answering struct{ mcp.Transport }

// Connect implements mcp.Transport.
func (t answering) Connect(ctx context.Context) (mcp.Connection, error) {
	connection, err := t.Transport.Connect(ctx)
	if err != nil {
		return nil, fmt.Errorf("connecting to the client: %w", err)
	}
	return &answeringConnection{
		Connection: connection, open: map[jsonrpc.ID]bool{}, answered: make(chan struct{}, 1), closed: make(chan struct{}),
	}, nil
}

type answeringConnection struct {
	mcp.Connection
	answered  chan struct{} // receives after an answer
	closed    chan struct{}
	closeOnce sync.Once

	mu       sync.Mutex
	open     map[jsonrpc.ID]bool // requests without an answer
	isBroken bool                // an answer could not be written
}

// Read implements mcp.Connection. It returns an error, such as io.EOF, after all answers.
func (c *answeringConnection) Read(ctx context.Context) (jsonrpc.Message, error) {
	message, err := c.Connection.Read(ctx)
	if err != nil {
		c.awaitAnswers(ctx)
		return nil, err //nolint:wrapcheck // the SDK compares it with io.EOF
	}
	if request, ok := message.(*jsonrpc.Request); ok && request.IsCall() && request.Method != methodListen {
		c.mu.Lock()
		c.open[request.ID] = true
		c.mu.Unlock()
	}
	return message, nil
}

// awaitAnswers waits until nothing is to be answered.
func (c *answeringConnection) awaitAnswers(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, lastAnswers)
	defer cancel()
	for {
		c.mu.Lock()
		done := len(c.open) == 0 || c.isBroken
		c.mu.Unlock()
		if done {
			return
		}
		select {
		case <-c.answered:
		case <-c.closed:
			return
		case <-ctx.Done():
			return
		}
	}
}

// Write implements mcp.Connection.
func (c *answeringConnection) Write(ctx context.Context, message jsonrpc.Message) error {
	err := c.Connection.Write(ctx, message)
	if response, ok := message.(*jsonrpc.Response); ok {
		c.mu.Lock()
		delete(c.open, response.ID)
		c.isBroken = c.isBroken || err != nil
		c.mu.Unlock()
		select {
		case c.answered <- struct{}{}:
		default:
		}
	}
	return err //nolint:wrapcheck // the SDK examines it
}

// Close implements mcp.Connection.
func (c *answeringConnection) Close() error {
	c.closeOnce.Do(func() { close(c.closed) })
	return c.Connection.Close() //nolint:wrapcheck // nothing to add
}

// unclosed is a writer that stays open.
type unclosed struct{ io.Writer }

// Close does nothing.
func (unclosed) Close() error { return nil }
