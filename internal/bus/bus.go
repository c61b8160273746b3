// Package bus connects a process to NATS.
package bus

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Config says how to reach NATS.
type Config struct {
	URL         string        `doc:"Address of the NATS server; several are parted by commas. User and password may stand in it."`
	Credentials string        `doc:"File with NATS credentials (JWT and seed); empty for none."`
	Replicas    int           `doc:"Copies that a cluster keeps of each stream: 1, 3 or 5."`
	Wait        time.Duration `doc:"How long to try to reach the server at start."`
	Declare     bool          `doc:"Whether the process declares streams and consumers at start. Where its NATS user may not, say no, and have a user who may run it with the command declare beforehand."`
}

// DefaultConfig is a server on this machine.
func DefaultConfig() Config {
	return Config{URL: nats.DefaultURL, Replicas: 1, Wait: 30 * time.Second, Declare: true}
}

// Validate refuses what cannot work.
func (c Config) Validate() error {
	var problems []error
	if c.Replicas != 1 && c.Replicas != 3 && c.Replicas != 5 {
		problems = append(problems, fmt.Errorf("replicas is %d: choose 1, 3 or 5", c.Replicas))
	}
	if c.Wait < 0 {
		problems = append(problems, fmt.Errorf("wait is %s: it must not be negative", c.Wait))
	}
	return errors.Join(problems...)
}

// Connect opens a connection that survives restarts of the server. Answers come
// to _INBOX.NAME, so that a server can keep processes from reading each other's.
// Extra options, such as nats.InProcessServer, come last.
func Connect(ctx context.Context, name string, config Config, log *slog.Logger, extra ...nats.Option) (*nats.Conn, jetstream.JetStream, error) {
	options := []nats.Option{
		nats.Name(name),
		nats.CustomInboxPrefix("_INBOX." + name),
		nats.MaxReconnects(-1),
		nats.ReconnectWait(500 * time.Millisecond),
		nats.Timeout(5 * time.Second),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if err != nil {
				log.Warn("the connection to NATS broke; it is tried again", "error", err)
			}
		}),
		nats.ReconnectHandler(func(nc *nats.Conn) { log.Info("NATS is back", "server", nc.ConnectedUrlRedacted()) }),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { log.Warn("NATS", "error", err) }),
	}
	if config.Credentials != "" {
		options = append(options, nats.UserCredentials(config.Credentials))
	}
	if config.URL == "" {
		return nil, nil, errors.New("nats.url is empty: give the server's address, such as " + nats.DefaultURL)
	}
	deadline := time.Now().Add(config.Wait)
	for {
		nc, err := nats.Connect(config.URL, append(options, extra...)...)
		if err == nil {
			// More publishes under way than this and the server refuses large
			// ones (963 of 4,000 when flooded).
			js, err := jetstream.New(nc, jetstream.WithPublishAsyncMaxPending(256))
			if err != nil {
				nc.Close()
				return nil, nil, fmt.Errorf("opening JetStream: %w", err)
			}
			return nc, js, nil
		}
		if time.Now().After(deadline) || isLasting(err) {
			return nil, nil, fmt.Errorf("connecting to NATS at %s: %w; check that the server runs and that the address and credentials are right", redact(config.URL), err)
		}
		select {
		case <-ctx.Done():
			return nil, nil, fmt.Errorf("connecting to NATS at %s: %w", redact(config.URL), ctx.Err())
		case <-time.After(250 * time.Millisecond):
		}
	}
}

// isLasting tells what waiting does not mend: a wrong address, wrong
// credentials, a file that is not there.
func isLasting(err error) bool {
	var address *url.Error
	var file *fs.PathError
	return errors.As(err, &address) || errors.As(err, &file) ||
		errors.Is(err, nats.ErrAuthorization) || errors.Is(err, nats.ErrSecureConnRequired) || errors.Is(err, nats.ErrSecureConnWanted)
}
