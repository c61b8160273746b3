package bus

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"

	"github.com/nats-io/nats.go"
)

// Serve answers requests on a subject until ctx ends, and then waits for the handlers. Of the processes with the
// same queue, one gets each request. handle runs for at most limit requests at the same time; busy answers the others
// and must not block.
func Serve(
	ctx context.Context, nc *nats.Conn, subject, queue string, limit int,
	handle func(context.Context, *nats.Msg), busy func(*nats.Msg),
) error {
	requests := make(chan *nats.Msg, limit)
	sub, err := nc.ChanQueueSubscribe(subject, queue, requests)
	if err != nil {
		return fmt.Errorf("subscribing to requests on %s: %w", subject, err)
	}
	defer func() { _ = sub.Unsubscribe() }() // it fails if the connection is closed
	var running sync.WaitGroup
	defer running.Wait()
	free := make(chan struct{}, limit)
	for {
		select {
		case <-ctx.Done():
			return nil
		case msg := <-requests:
			select {
			case free <- struct{}{}:
				running.Go(func() {
					defer func() { <-free }()
					handle(ctx, msg)
				})
			default:
				busy(msg)
			}
		}
	}
}

// Respond responds to a request with a value in JSON.
func Respond(msg *nats.Msg, value any) error {
	data, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("encoding a response: %w", err)
	}
	return msg.Respond(data)
}
