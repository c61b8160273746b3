package pipeline

import (
	"cmp"
	"errors"
	"os"
	"path/filepath"
	"strings"

	"github.com/dateline-news/dateline/internal/bus"
	"github.com/dateline-news/dateline/internal/objects"
	"github.com/dateline-news/dateline/internal/telemetry"
	"github.com/dateline-news/dateline/internal/topology"
	"github.com/dateline-news/dateline/internal/tracing"
	"github.com/dateline-news/dateline/services/archiver"
	"github.com/dateline-news/dateline/services/archiver/files"
	"github.com/dateline-news/dateline/services/discoverer"
	"github.com/dateline-news/dateline/services/extractor"
	"github.com/dateline-news/dateline/services/fetcher"
	"github.com/dateline-news/dateline/services/indexer"
	"github.com/dateline-news/dateline/services/indexer/replica"
	"github.com/dateline-news/dateline/services/indexer/store"
	"github.com/dateline-news/dateline/services/indexer/web"
	"github.com/dateline-news/dateline/services/notifier"
)

// Config is the configuration of the whole pipeline in one process.
type Config struct {
	Data       DataConfig
	Client     ClientConfig
	NATS       bus.Config
	Admin      telemetry.Config
	Tracing    tracing.Config
	Store      indexer.StoreConfig
	Fetcher    fetcher.Config
	Discoverer discoverer.Config
	Extractor  extractor.Config
	Archiver   archiver.Config
	Indexer    indexer.Config
	Notifier   notifier.Config
	HTTP       web.Config
	S3         objects.Config
}

// DataConfig configures the embedded NATS server and the embedded store.
type DataConfig struct {
	Dir          string `doc:"Folder of the embedded NATS server and store. Only one process can use it at a time."`
	NATSAddr     string `doc:"Address on which the embedded NATS server accepts clients of other processes. Empty means none. An address that other machines can reach requires a password."`
	NATSPassword string `doc:"Password of the user dateline on the embedded NATS server, of at least 16 characters. Empty generates one. The file nats.url in the folder contains the address with user and password."`
	Relaxed      bool   `doc:"Let the operating system decide when messages are written to disk. Faster, but a power failure loses messages acknowledged in the last minutes."`
	MinFree      int64  `doc:"Minimum free space on the disk of the folder. With less, the pipeline stops before the disk is full." unit:"bytes"`
	MaxBytes     int64  `doc:"Maximum size of the embedded NATS server's streams on disk. 0 means no limit but the disk." unit:"bytes"`
}

// ClientConfig configures commands that talk to a running deployment.
type ClientConfig struct {
	Admin       []string `doc:"Admin addresses of the deployment's processes, for the commands doctor, status and top. Empty means admin.addr, unless a context is used."`
	Web         string   `doc:"Address of the deployment's web page and API, such as http://127.0.0.1:8080. Empty means http.addr, unless a context is used."`
	NATSMonitor string   `doc:"Address of the NATS server's monitoring endpoint, such as http://127.0.0.1:8222, for the command doctor. Empty skips the checks that need it."`
}

// defaultMinFree is enough for the work in progress to finish and for the embedded
// server to keep running.
const defaultMinFree = 256 << 20

// DefaultConfig returns a configuration in which everything is embedded, durable and
// polite.
func DefaultConfig() Config {
	nats := bus.DefaultConfig()
	nats.URL = ""
	return Config{
		Data: DataConfig{Dir: "dateline-data", NATSAddr: "127.0.0.1:4222", MinFree: defaultMinFree},
		NATS: nats, Admin: telemetry.DefaultConfig(), Tracing: tracing.DefaultConfig(),
		Fetcher: fetcher.DefaultConfig(), Discoverer: discoverer.DefaultConfig(), Extractor: extractor.DefaultConfig(),
		Archiver: archiver.DefaultConfig(), Indexer: indexer.DefaultConfig(), Notifier: notifier.DefaultConfig(),
		HTTP: web.DefaultConfig(),
		S3:   objects.DefaultConfig(), Store: indexer.StoreConfig{ReplicaMaxLag: replica.DefaultMaxLag},
	}
}

// Validate returns an error if settings contradict each other.
func (c Config) Validate() error {
	if c.Data.Dir == "" && (c.NATS.URL == "" || c.Store.URL == "") {
		return errors.New("data.dir is empty: name a folder, or an external NATS server (nats.url) and store (store.url)")
	}
	return nil
}

// limits returns what the streams must have for this configuration.
func (c Config) limits() topology.Limits {
	return topology.Limits{Replicas: c.NATS.Replicas, Archive: c.Archiver.Dir != ""}
}

// NATSURL returns the address at which another process reaches the NATS server: that
// of the external server, that of the pipeline that runs on the data folder, or the
// address on which such a pipeline would listen.
func (c Config) NATSURL() string {
	if c.NATS.URL != "" {
		return c.NATS.URL
	}
	if url, err := os.ReadFile(addressFile(c.Data.Dir)); err == nil {
		return string(url)
	}
	return "nats://" + c.Data.NATSAddr
}

// StoreURL returns the configured URL of the store, or that of a file in the data
// folder if none is configured.
func (c Config) StoreURL() string {
	if c.Store.URL != "" {
		return c.Store.URL
	}
	return "sqlite:" + filepath.Join(c.Data.Dir, "articles.db")
}

// Archive returns the files of the archive, or nil if nothing is archived. An archive in a
// bucket has its spool in the data folder, unless another one is configured.
func (c Config) Archive() (*files.Files, error) {
	return files.Open(c.Archiver.Dir, cmp.Or(c.Archiver.Spool, filepath.Join(c.Data.Dir, "archive-spool")), c.S3)
}

// folder returns the folder in which the process keeps its data: that of an embedded
// server, or else that of a store in a file. It is empty if both are external.
func (c Config) folder(embedded bool) string {
	if embedded {
		return c.Data.Dir
	}
	return store.Folder(c.StoreURL())
}

// StoreName returns StoreURL without user and password, for logs.
func (c Config) StoreName() string {
	name := c.StoreURL()
	if at, scheme := strings.LastIndexByte(name, '@'), strings.Index(name, "://"); at >= 0 && scheme >= 0 && scheme < at {
		return name[:scheme+3] + name[at+1:]
	}
	return name
}
