package archiver

import (
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
		{func(c *Config) { c.MaxFileBytes = 1 << 20 }, ""},
		{func(c *Config) { c.MaxFileBytes = 1<<20 - 1 }, "max-file-bytes"},
		{func(c *Config) { c.MaxFileAge = time.Second }, ""},
		{func(c *Config) { c.MaxFileAge = time.Second - 1 }, "max-file-age"},
		{func(c *Config) { c.MinFree = 0 }, ""},
		{func(c *Config) { c.MinFree = -1 }, "min-free"},
		{func(c *Config) { c.MaxAttempts = 1 }, ""},
		{func(c *Config) { c.MaxAttempts = 0 }, "max-attempts"},
		{func(c *Config) { c.DrainTimeout = 0 }, ""},
		{func(c *Config) { c.DrainTimeout = -1 }, "drain-timeout"},
		{func(c *Config) { c.MaxAge = c.MaxFileAge }, ""},
		{func(c *Config) { c.MaxAge = c.MaxFileAge - 1 }, "max-age"},
		{func(c *Config) { c.MaxAge = 0 }, ""},
		{func(c *Config) { c.MaxAge = -1 }, "max-age"},
		{func(c *Config) { c.MaxBytes = c.MaxFileBytes }, ""},
		{func(c *Config) { c.MaxBytes = c.MaxFileBytes - 1 }, "max-bytes"},
		{func(c *Config) { c.MaxBytes = 0 }, ""},
		{func(c *Config) { c.MaxBytes = -1 }, "max-bytes"},
		{func(c *Config) { c.Dir, c.MaxSpool = "s3://news/archive", 2*c.MaxFileBytes }, ""},
		{func(c *Config) { c.Dir, c.MaxSpool = "s3://news/archive", 2*c.MaxFileBytes-1 }, "max-spool"},
		{func(c *Config) { c.Dir, c.MaxSpool = "archive", 0 }, ""},
		{func(c *Config) { c.Dir = "s3://" }, "dir:"},
	} {
		config := DefaultConfig()
		c.change(&config)
		configtest.Check(t, i, config.Validate(), c.problem)
	}
}
