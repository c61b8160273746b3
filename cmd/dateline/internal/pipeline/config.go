package pipeline

import (
	"errors"
	"os"
	"path/filepath"
	"strings"

	"github.com/dateline-news/dateline/internal/bus"
	"github.com/dateline-news/dateline/internal/telemetry"
	"github.com/dateline-news/dateline/internal/tracing"
	"github.com/dateline-news/dateline/services/extractor"
	"github.com/dateline-news/dateline/services/fetcher"
	"github.com/dateline-news/dateline/services/indexer"
	"github.com/dateline-news/dateline/services/indexer/store"
	"github.com/dateline-news/dateline/services/indexer/web"
)

// Config of the whole pipeline in one process.
type Config struct {
	Data      DataConfig
	NATS      bus.Config
	Admin     telemetry.Config
	Tracing   tracing.Config
	Store     indexer.StoreConfig
	Fetcher   fetcher.Config
	Extractor extractor.Config
	Indexer   indexer.Config
	HTTP      web.Config
}

// DataConfig says where the embedded NATS server and the embedded store live.
type DataConfig struct {
	Dir      string `doc:"Folder of the embedded NATS server and store. One process uses it at a time."`
	NATSAddr string `doc:"Address on which the embedded NATS server takes clients of other processes; empty for none."`
	Relaxed  bool   `doc:"Whether the operating system may decide when messages reach the disk: faster, but a power cut loses what was acknowledged in the last minutes."`
	MinFree  int64  `doc:"Room in bytes that must be left on the disk of the folder; with less the pipeline stops before the disk is full."`
	MaxBytes int64  `doc:"Most bytes that the embedded NATS server's streams may take on disk; 0 means no bound but the disk."`
}

// DefaultConfig is everything embedded, durable and polite.
func DefaultConfig() Config {
	nats := bus.DefaultConfig()
	nats.URL = ""
	return Config{
		Data: DataConfig{Dir: "dateline-data", NATSAddr: "127.0.0.1:4222", MinFree: 256 << 20},
		NATS: nats, Admin: telemetry.DefaultConfig(), Tracing: tracing.DefaultConfig(),
		Fetcher: fetcher.DefaultConfig(), Extractor: extractor.DefaultConfig(), Indexer: indexer.DefaultConfig(), HTTP: web.DefaultConfig(),
	}
}

// Validate refuses what cannot work together.
func (c Config) Validate() error {
	if c.Data.Dir == "" && !(c.NATS.URL != "" && c.Store.URL != "") {
		return errors.New("data.dir is empty: name a folder, or an outside NATS server (nats.url) and store (store.url)")
	}
	return nil
}

// NATSURL is where the deployment's NATS server is reached from another process:
// the outside one, that of the pipeline that runs on the data folder, or where
// such a one would listen.
func (c Config) NATSURL() string {
	if c.NATS.URL != "" {
		return c.NATS.URL
	}
	if url, err := os.ReadFile(addressFile(c.Data.Dir)); err == nil {
		return string(url)
	}
	return "nats://" + c.Data.NATSAddr
}

// StoreURL is where articles are stored: as configured, else a file in the
// data folder.
func (c Config) StoreURL() string {
	if c.Store.URL != "" {
		return c.Store.URL
	}
	return "sqlite:" + filepath.Join(c.Data.Dir, "articles.db")
}

// folder is where the process keeps its data: that of an embedded server, else
// that of a store in a file; empty where both are elsewhere.
func (c Config) folder(embedded bool) string {
	if embedded {
		return c.Data.Dir
	}
	return store.Folder(c.StoreURL())
}

// StoreName is StoreURL without user and password, for people.
func (c Config) StoreName() string {
	name := c.StoreURL()
	if at, scheme := strings.LastIndexByte(name, '@'), strings.Index(name, "://"); at >= 0 && scheme >= 0 && scheme < at {
		return name[:scheme+3] + name[at+1:]
	}
	return name
}
