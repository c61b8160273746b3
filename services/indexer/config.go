package indexer

import (
	"errors"
	"fmt"
	"time"

	"github.com/dateline-news/dateline/services/indexer/replica"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// StoreConfig describes the store.
type StoreConfig struct {
	URL           string        `doc:"Database for articles and the ledger: postgres://user:password@host/database, or sqlite: followed by a file path."`
	ReplicaURL    string        `doc:"Streaming replica (hot standby) of the PostgreSQL database, from which the web page, the API and the commands that only read take articles and sources: postgres://user:password@host/database. If it is behind or unavailable, they read from store.url. If store.url is unavailable, they read everything from the replica. Empty means none."`
	ReplicaMaxLag time.Duration `doc:"Lag of the replica above which store.url is read instead, such as 10s. 0 means no limit."`
	Disk          string        `doc:"Folder on the disk that the disk metrics describe, for a process whose data is on another machine, such as a mounted volume of the NATS server. Empty means no such metrics."`
}

// DefaultStoreConfig uses an SQLite file in the working directory.
func DefaultStoreConfig() StoreConfig {
	return StoreConfig{URL: "sqlite:dateline.db", ReplicaMaxLag: replica.DefaultMaxLag}
}

// Validate reports every invalid setting.
func (c StoreConfig) Validate() error {
	var problems []error
	if c.ReplicaURL != "" && !store.IsPostgres(c.URL) {
		problems = append(problems, errors.New("replica-url is set, but url does not name a PostgreSQL database: SQLite has "+
			"no replicas; set url to postgres://…, or remove replica-url"))
	}
	if c.ReplicaURL != "" && !store.IsPostgres(c.ReplicaURL) {
		problems = append(problems, errors.New("replica-url does not name a PostgreSQL database: use postgres://…"))
	}
	if c.ReplicaMaxLag < 0 {
		problems = append(problems, fmt.Errorf("replica-max-lag is %s: it must be 0 (no limit) or positive", c.ReplicaMaxLag))
	}
	return errors.Join(problems...)
}

// Replica returns the configuration of the replica.
func (c StoreConfig) Replica() replica.Config {
	return replica.Config{URL: c.ReplicaURL, MaxLag: c.ReplicaMaxLag}
}

// Config configures the indexer.
type Config struct {
	Batch        int           `doc:"Maximum number of articles or outcomes in one transaction, from 1 to 500."`
	BatchWait    time.Duration `doc:"Maximum time to wait for a transaction to fill, such as 50ms."`
	MaxAttempts  int           `doc:"Maximum number of attempts to store an article before it is dead-lettered."`
	DrainTimeout time.Duration `doc:"Maximum time to finish work in progress when stopping."`

	KeepOutcomes      time.Duration `doc:"How long the ledger keeps outcomes, such as 2160h; at least 168h. dateline explain shows outcomes until they expire. The totals and the counts per host and hour still include them. 0 keeps all."`
	KeepRevisionTexts time.Duration `doc:"How long the text of a revision is kept after a later revision has replaced it, such as 8760h; at least 168h. The headline, times and hash of a revision stay, and so does the text of the newest revision. If an article is erased, texts that were deleted before are not recognised when they come again. 0 keeps all."`
	KeepDeadLetters   time.Duration `doc:"How long dead letters are kept, such as 2160h; at least 24h. 0 keeps them until the stream is full."`

	CopiesWindow time.Duration `doc:"How long the text of a stored article is compared with new ones to find copies, such as 72h; from 1h to 8760h. While nothing arrives, at most a quarter of this time passes, so that an outage does not empty the window. Set the same value for all indexers."`
	CopiesMemory int64         `doc:"Maximum memory of each indexer for finding copies, at most 100 bytes per article within copies-window. If it is used up, the oldest articles are no longer compared. 128 MiB suffice for 447,000 articles a day and 72h. Use the same for all indexers." unit:"bytes"`
}

// maxBatch bounds the time for which one transaction blocks other writers.
const maxBatch = 500

const (
	// minKeepOutcomes is longer than anything looks back in the ledger: the audit and
	// dateline repair (3 days), the discoverer (3 days), and messages that are delivered again.
	minKeepOutcomes = 7 * 24 * time.Hour
	// minKeepDeadLetters leaves time to look at a dead letter.
	minKeepDeadLetters = 24 * time.Hour
	// minKeepRevisionTexts is longer than a delivery of a revision is repeated.
	minKeepRevisionTexts = 7 * 24 * time.Hour
	// minCopiesWindow and minCopiesMemory leave time and room for a few batches. maxCopiesWindow
	// and maxCopiesMemory fit the types of the index.
	minCopiesWindow, maxCopiesWindow = time.Hour, 365 * 24 * time.Hour
	minCopiesMemory, maxCopiesMemory = 1 << 20, store.MaxCopyArticles * store.BytesPerCopy
	defaultKeep                      = 90 * 24 * time.Hour
)

// DefaultConfig makes articles searchable within a tenth of a second.
func DefaultConfig() Config {
	return Config{
		Batch: 200, BatchWait: 50 * time.Millisecond, MaxAttempts: 4, DrainTimeout: 10 * time.Second,
		KeepOutcomes: defaultKeep, KeepDeadLetters: defaultKeep,
		CopiesWindow: store.DefaultCopyLimits().Window,
		CopiesMemory: store.DefaultCopiesMemory,
	}
}

// copyLimits returns the limits of the window of copies.
func (c Config) copyLimits() store.CopyLimits {
	return store.CopyLimits{Window: c.CopiesWindow, Articles: int(c.CopiesMemory / store.BytesPerCopy)}
}

// Validate reports every invalid setting.
func (c Config) Validate() error {
	var problems []error
	if c.Batch < 1 || c.Batch > maxBatch {
		problems = append(problems, fmt.Errorf("batch is %d: choose 1 to %d", c.Batch, maxBatch))
	}
	if c.BatchWait <= 0 {
		problems = append(problems, fmt.Errorf("batch-wait is %s: it must be positive", c.BatchWait))
	}
	if c.MaxAttempts < 1 {
		problems = append(problems, fmt.Errorf("max-attempts is %d: it must be at least 1", c.MaxAttempts))
	}
	if c.DrainTimeout < 0 {
		problems = append(problems, fmt.Errorf("drain-timeout is %s: it must not be negative", c.DrainTimeout))
	}
	if c.KeepOutcomes != 0 && c.KeepOutcomes < minKeepOutcomes {
		problems = append(problems, fmt.Errorf("keep-outcomes is %s: it must be 0 (for ever), or at least %s, "+
			"because within that time outcomes are used to find lost inputs and to recognise messages that are delivered again",
			c.KeepOutcomes, minKeepOutcomes))
	}
	if c.KeepDeadLetters != 0 && c.KeepDeadLetters < minKeepDeadLetters {
		problems = append(problems, fmt.Errorf("keep-dead-letters is %s: it must be 0 (until the stream is full), "+
			"or at least %s", c.KeepDeadLetters, minKeepDeadLetters))
	}
	if c.KeepRevisionTexts != 0 && c.KeepRevisionTexts < minKeepRevisionTexts {
		problems = append(problems, fmt.Errorf("keep-revision-texts is %s: it must be 0 (for ever), or at least %s, "+
			"because subscriptions that fail get revisions for days", c.KeepRevisionTexts, minKeepRevisionTexts))
	}
	if c.CopiesWindow < minCopiesWindow || c.CopiesWindow > maxCopiesWindow {
		problems = append(problems, fmt.Errorf("copies-window is %s: choose %s to %s",
			c.CopiesWindow, minCopiesWindow, maxCopiesWindow))
	}
	if c.CopiesMemory < minCopiesMemory || c.CopiesMemory > maxCopiesMemory {
		problems = append(problems, fmt.Errorf("copies-memory is %d: choose %d to %d bytes",
			c.CopiesMemory, minCopiesMemory, int64(maxCopiesMemory)))
	}
	return errors.Join(problems...)
}
