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
)

// Bus is a connection to NATS with the pipeline's streams declared, and the
// embedded server behind it where there is one.
type Bus struct {
	NC *nats.Conn
	JS jetstream.JetStream

	server *natsembed.Server
	folder *folder
}

// OpenBus reaches the NATS server of a configuration: the outside one where one
// is named; else that of the pipeline that runs on the data folder; else an
// embedded one on that folder for as long as the bus is open.
func OpenBus(ctx context.Context, config Config, log *slog.Logger) (*Bus, error) {
	b, err := embed(ctx, config, "", log)
	if !errors.Is(err, errInUse) {
		return b, err
	}
	url, readErr := os.ReadFile(addressFile(config.Data.Dir))
	if readErr != nil {
		return nil, err
	}
	config.NATS.URL = string(url)
	return embed(ctx, config, "", log)
}

// embed opens the bus of a pipeline of this process's own; addr is where an
// embedded server takes other clients.
func embed(ctx context.Context, config Config, addr string, log *slog.Logger) (*Bus, error) {
	b, err := OpenBare(ctx, config, addr, log)
	if err != nil {
		return nil, err
	}
	prepare := topology.Reconcile
	if !config.NATS.Declare {
		prepare = topology.Await
	}
	limited, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	if err := prepare(limited, b.JS, topology.Limits{Replicas: config.NATS.Replicas}); err != nil {
		return nil, errors.Join(err, b.Close())
	}
	if b.server != nil {
		if err := b.server.Sync(); err != nil {
			return nil, errors.Join(err, b.Close())
		}
	}
	return b, nil
}

// OpenBare opens the bus without declaring a stream: for putting streams back.
func OpenBare(ctx context.Context, config Config, addr string, log *slog.Logger) (*Bus, error) {
	b := &Bus{}
	var options []nats.Option
	if config.NATS.URL == "" {
		if err := b.startServer(config, addr); err != nil {
			return nil, errors.Join(err, b.Close())
		}
		options = append(options, nats.InProcessServer(b.server))
		config.NATS.URL = b.server.ClientURL()
	}
	var err error
	if b.NC, b.JS, err = bus.Connect(ctx, "dateline", config.NATS, log, options...); err != nil {
		return nil, errors.Join(err, b.Close())
	}
	return b, nil
}

func (b *Bus) startServer(config Config, addr string) error {
	var err error
	if b.folder, err = openFolder(config.Data.Dir); err != nil {
		return err
	}
	if err := config.checkDisk(); err != nil {
		return err
	}
	b.server, err = natsembed.Start(natsembed.Config{
		Dir: filepath.Join(config.Data.Dir, "nats"), Addr: addr, Relaxed: config.Data.Relaxed, MaxStoreBytes: config.Data.MaxBytes,
	})
	if err != nil {
		return err
	}
	if addr == "" {
		return nil
	}
	return b.folder.announce(b.server.ClientURL())
}

// Embedded reports whether the server is this process's own.
func (b *Bus) Embedded() bool { return b.server != nil }

// URL is where clients reach the server.
func (b *Bus) URL() string {
	if b.server != nil {
		return b.server.ClientURL()
	}
	return b.NC.ConnectedUrlRedacted()
}

// Close ends the connection, then the server, then the use of the folder.
func (b *Bus) Close() error {
	if b.NC != nil {
		b.NC.Close()
	}
	if b.server != nil {
		b.server.Stop()
	}
	if b.folder != nil {
		if err := b.folder.close(); err != nil {
			return fmt.Errorf("letting go of the data folder: %w", err)
		}
	}
	return nil
}
