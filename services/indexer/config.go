package indexer

import (
	"errors"
	"fmt"
	"time"
)

// StoreConfig describes the store.
type StoreConfig struct {
	URL  string `doc:"Database for articles and the ledger: postgres://user:password@host/database, or sqlite: followed by a file path."`
	Disk string `doc:"Folder on the disk that the disk metrics describe, for a process whose data is on another machine, such as a mounted volume of the NATS server. Empty means no such metrics."`
}

// DefaultStoreConfig uses an SQLite file in the working directory.
func DefaultStoreConfig() StoreConfig { return StoreConfig{URL: "sqlite:dateline.db"} }

// Config configures the indexer.
type Config struct {
	Batch        int           `doc:"Maximum number of articles or outcomes in one transaction, from 1 to 500."`
	BatchWait    time.Duration `doc:"Maximum time to wait for a transaction to fill, such as 50ms."`
	MaxAttempts  int           `doc:"Maximum number of attempts to store an article before it is dead-lettered."`
	DrainTimeout time.Duration `doc:"Maximum time to finish work in progress when stopping."`
}

// maxBatch bounds the time for which one transaction blocks other writers.
const maxBatch = 500

// DefaultConfig makes articles searchable within a tenth of a second.
func DefaultConfig() Config {
	return Config{Batch: 200, BatchWait: 50 * time.Millisecond, MaxAttempts: 4, DrainTimeout: 10 * time.Second}
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
	return errors.Join(problems...)
}
