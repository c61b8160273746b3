package indexer

import (
	"strings"
	"testing"
	"time"

	"github.com/dateline-news/dateline/internal/configtest"
)

// Each limit of a setting is allowed, and what is just beyond it is refused with an error that names the setting.
func TestLimitsOfSettings(t *testing.T) {
	for i, c := range []struct {
		change  func(*Config)
		problem string // the setting that the error names
	}{
		{func(c *Config) { c.Batch = 1 }, ""},
		{func(c *Config) { c.Batch = 0 }, "batch"},
		{func(c *Config) { c.Batch = 500 }, ""},
		{func(c *Config) { c.Batch = 501 }, "batch"},
		{func(c *Config) { c.BatchWait = 1 }, ""},
		{func(c *Config) { c.BatchWait = 0 }, "batch-wait"},
		{func(c *Config) { c.MaxAttempts = 1 }, ""},
		{func(c *Config) { c.MaxAttempts = 0 }, "max-attempts"},
		{func(c *Config) { c.DrainTimeout = 0 }, ""},
		{func(c *Config) { c.DrainTimeout = -1 }, "drain-timeout"},
		{func(c *Config) { c.KeepRevisionTexts = 7 * 24 * time.Hour }, ""},
		{func(c *Config) { c.KeepRevisionTexts = 7*24*time.Hour - 1 }, "keep-revision-texts"},
		{func(c *Config) { c.KeepRevisionTexts = 0 }, ""},
		{func(c *Config) { c.KeepRevisionTexts = -1 }, "keep-revision-texts"},
		{func(c *Config) { c.KeepDeadLetters = 24 * time.Hour }, ""},
		{func(c *Config) { c.KeepDeadLetters = -1 }, "keep-dead-letters"},
		{func(c *Config) { c.CopiesWindow = 365 * 24 * time.Hour }, ""},
		{func(c *Config) { c.CopiesWindow = 365*24*time.Hour + 1 }, "copies-window"},
		{func(c *Config) { c.CopiesMemory = 1 << 20 }, ""},
		{func(c *Config) { c.CopiesMemory = 1<<20 - 1 }, "copies-memory"},
		{func(c *Config) { c.CopiesMemory = 100 << 28 }, ""},
		{func(c *Config) { c.CopiesMemory = 100<<28 + 1 }, "copies-memory"},
	} {
		config := DefaultConfig()
		c.change(&config)
		configtest.Check(t, i, config.Validate(), c.problem)
	}
}

func TestStoreSettings(t *testing.T) {
	const database, replica = "postgres://a.example/news", "postgres://b.example/news"
	for _, c := range []struct {
		config  StoreConfig
		problem string
	}{
		{StoreConfig{}, ""},
		{StoreConfig{URL: database, ReplicaURL: replica, ReplicaMaxLag: 0}, ""},
		{StoreConfig{URL: "news.db"}, ""},
		{StoreConfig{URL: "news.db", ReplicaURL: replica}, "replica-url"},
		{StoreConfig{URL: database, ReplicaURL: "news.db"}, "replica-url"},
		{StoreConfig{URL: database, ReplicaURL: replica, ReplicaMaxLag: -1}, "replica-max-lag"},
	} {
		switch err := c.config.Validate(); {
		case c.problem == "" && err != nil:
			t.Errorf("%+v: %v", c.config, err)
		case c.problem != "" && (err == nil || !strings.HasPrefix(err.Error(), c.problem+" ") ||
			strings.Contains(err.Error(), "\n")):
			t.Errorf("%+v: the error is %v, want one that only names %s", c.config, err, c.problem)
		}
	}
}
