// Package bus connects a process to NATS.
package bus

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/url"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/dateline-news/dateline/internal/loop"
)

const (
	// reconnectWait is the pause between attempts to reconnect, and connectWait
	// between attempts to connect at start.
	reconnectWait = 500 * time.Millisecond
	connectWait   = 250 * time.Millisecond
	// connectTimeout bounds an attempt to connect.
	connectTimeout = 5 * time.Second
	// maxPendingPublishes bounds the asynchronous publishes in flight. With more,
	// the server refuses large messages (963 of 4,000 when flooded).
	maxPendingPublishes = 256
)

// Connect opens a connection that survives restarts of the server. It waits for the
// server for at most config.Wait.
//
// Replies arrive on _INBOX.NAME, so that the server can prevent processes from reading
// each other's. extra options, such as nats.InProcessServer, are applied last.
func Connect(
	ctx context.Context, name string, config Config, log *slog.Logger, extra ...nats.Option,
) (*nats.Conn, jetstream.JetStream, error) {
	if config.URL == "" {
		return nil, nil, errors.New("nats.url is empty: set it to the server's address, such as " + nats.DefaultURL)
	}
	options := append(connectOptions(name, config, log), extra...)
	deadline := time.Now().Add(config.Wait)
	for {
		nc, err := nats.Connect(config.URL, options...)
		if err == nil {
			js, err := jetstream.New(nc, jetstream.WithPublishAsyncMaxPending(maxPendingPublishes))
			if err != nil {
				nc.Close()
				return nil, nil, fmt.Errorf("opening JetStream: %w", err)
			}
			return nc, js, nil
		}
		if time.Now().After(deadline) || isPermanent(err) {
			return nil, nil, fmt.Errorf("connecting to NATS at %s: %w; "+
				"check that the server runs and that the address and credentials are correct",
				redact(config.URL), WithoutAddress(err))
		}
		if !loop.Sleep(ctx, connectWait) {
			return nil, nil, fmt.Errorf("connecting to NATS at %s: %w", redact(config.URL), ctx.Err())
		}
	}
}

func connectOptions(name string, config Config, log *slog.Logger) []nats.Option {
	options := []nats.Option{
		nats.Name(name),
		nats.CustomInboxPrefix("_INBOX." + name),
		nats.MaxReconnects(-1),
		nats.ReconnectWait(reconnectWait),
		nats.Timeout(connectTimeout),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if err != nil {
				log.Warn("NATS connection lost, reconnecting", "error", err)
			}
		}),
		nats.ReconnectHandler(func(nc *nats.Conn) {
			log.Info("NATS connection restored", "server", nc.ConnectedUrlRedacted())
		}),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
			log.Warn("NATS reported an error", "error", err)
		}),
	}
	return append(options, config.Authentication()...)
}

// isPermanent reports whether a connection error remains until somebody changes the
// configuration: an invalid address, wrong credentials, a missing file, or a certificate
// that one side does not accept.
func isPermanent(err error) bool {
	var address *url.Error
	var file *fs.PathError
	var untrusted *tls.CertificateVerificationError
	var alert *net.OpError // crypto/tls has no type for an alert of the other side
	return errors.As(err, &address) || errors.As(err, &file) || errors.As(err, &untrusted) ||
		errors.As(err, &alert) && alert.Op == "remote error" || errors.Is(err, nats.ErrAuthorization) ||
		errors.Is(err, nats.ErrSecureConnRequired) || errors.Is(err, nats.ErrSecureConnWanted)
}
