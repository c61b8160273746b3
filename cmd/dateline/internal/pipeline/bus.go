package pipeline

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/dateline-news/dateline/internal/bus"
	"github.com/dateline-news/dateline/internal/natsembed"
	"github.com/dateline-news/dateline/internal/topology"
	"github.com/dateline-news/dateline/internal/weburl"
)

// Bus is a connection to NATS with the pipeline's streams declared, and the embedded
// server that it leads to, if there is one.
type Bus struct {
	NC *nats.Conn
	JS jetstream.JetStream

	server *natsembed.Server // nil if the server is external
	folder *folder           // nil if the server is external
	// password admits clients to an embedded server that listens. It is empty
	// otherwise.
	password string
}

// Errors of Attach and OpenBus.
var (
	// ErrNotRunning means that no pipeline with a server for other processes runs on
	// the data folder.
	ErrNotRunning = errors.New("no pipeline runs on the data folder")
	// ErrNoFolder means that the data folder does not exist.
	ErrNoFolder = errors.New("the data folder does not exist")
)

// Attach connects to the external NATS server if the configuration names one, and
// otherwise to the server of the pipeline that runs on the data folder. It returns
// ErrNotRunning if no pipeline runs there. It declares no streams.
func Attach(ctx context.Context, config Config, log *slog.Logger, options ...nats.Option) (*Bus, error) {
	if config.NATS.URL == "" {
		url, err := os.ReadFile(addressFile(config.Data.Dir))
		if errors.Is(err, os.ErrNotExist) {
			return nil, fmt.Errorf("%s: %w", config.Data.Dir, ErrNotRunning)
		}
		if err != nil {
			return nil, fmt.Errorf("reading the address of the pipeline: %w", err)
		}
		config.NATS.URL = string(url)
	}
	b := &Bus{}
	var err error
	if b.NC, b.JS, err = bus.Connect(ctx, "dateline", config.NATS, log, options...); err != nil {
		return nil, err
	}
	return b, nil
}

// OpenBus connects as Attach does. If no pipeline runs on the data folder, it starts an
// embedded server on the folder until the bus is closed. It returns ErrNoFolder if the
// folder does not exist: only a pipeline creates one.
func OpenBus(ctx context.Context, config Config, log *slog.Logger, options ...nats.Option) (*Bus, error) {
	if config.NATS.URL != "" {
		return Attach(ctx, config, log, options...)
	}
	if _, err := os.Stat(config.Data.Dir); errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w", config.Data.Dir, ErrNoFolder)
	}
	b, err := openDeclared(ctx, config, "", log)
	if !errors.Is(err, errInUse) {
		return b, err
	}
	attached, attachErr := Attach(ctx, config, log, options...)
	if errors.Is(attachErr, ErrNotRunning) {
		return nil, err
	}
	return attached, attachErr
}

// declareTimeout bounds the declaration of the streams.
const declareTimeout = time.Minute

// openDeclared opens the bus as OpenBare does, and declares the streams, or waits
// until another process has declared them.
func openDeclared(ctx context.Context, config Config, addr string, log *slog.Logger) (*Bus, error) {
	b, err := OpenBare(ctx, config, addr, log)
	if err != nil {
		return nil, err
	}
	prepare := topology.Reconcile
	if !config.NATS.Declare {
		prepare = topology.Await
	}
	limited, cancel := context.WithTimeout(ctx, declareTimeout)
	defer cancel()
	if err := prepare(limited, b.JS, config.limits()); err != nil {
		return nil, errors.Join(err, b.Close())
	}
	if b.server != nil {
		if err := b.server.Sync(); err != nil {
			return nil, errors.Join(err, b.Close())
		}
	}
	return b, nil
}

// OpenBare opens the bus without declaring streams, so that streams can be restored.
// An embedded server listens for clients of other processes on addr, or not at all if
// addr is empty.
func OpenBare(ctx context.Context, config Config, addr string, log *slog.Logger) (*Bus, error) {
	b := &Bus{}
	var options []nats.Option
	if config.NATS.URL == "" {
		if err := b.startServer(config, addr); err != nil {
			return nil, errors.Join(err, b.Close())
		}
		options = append(options, nats.InProcessServer(b.server), nats.UserInfo(natsembed.User, b.password))
		config.NATS.URL = b.server.ClientURL()
	}
	var err error
	if b.NC, b.JS, err = bus.Connect(ctx, "dateline", config.NATS, log, options...); err != nil {
		return nil, errors.Join(err, b.Close())
	}
	return b, nil
}

// startServer takes the data folder and starts the embedded server on it.
func (b *Bus) startServer(config Config, addr string) error {
	var err error
	if b.folder, err = openFolder(config.Data.Dir); err != nil {
		return err
	}
	if err := config.checkDisk(); err != nil {
		return err
	}
	if addr != "" {
		if b.password, err = config.Data.password(); err != nil {
			return err
		}
	}
	b.server, err = natsembed.Start(natsembed.Config{
		Dir: filepath.Join(config.Data.Dir, "nats"), Addr: addr, Password: b.password,
		Relaxed: config.Data.Relaxed, MaxStoreBytes: config.Data.MaxBytes,
	})
	if err != nil {
		return err
	}
	if addr == "" {
		return nil
	}
	return b.folder.announce(b.server.ClientURL(), b.password)
}

// Embedded reports whether the server runs in this process.
func (b *Bus) Embedded() bool { return b.server != nil }

// health returns an error if an embedded server does not store messages.
func (b *Bus) health(context.Context) error {
	if b.server == nil {
		return nil
	}
	return b.server.Health()
}

// URL returns the server's address, without user and password.
func (b *Bus) URL() string {
	if b.server != nil {
		return b.server.ClientURL()
	}
	return weburl.WithoutUsers(b.NC.ConnectedUrl())
}

// Close closes the connection, stops an embedded server and releases its folder.
func (b *Bus) Close() error {
	if b.NC != nil {
		b.NC.Close()
	}
	if b.server != nil {
		b.server.Stop()
	}
	if b.folder != nil {
		if err := b.folder.close(); err != nil {
			return fmt.Errorf("releasing the data folder: %w", err)
		}
	}
	return nil
}
