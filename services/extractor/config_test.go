package extractor

import (
	"testing"

	"github.com/dateline-news/dateline/internal/configtest"
)

// Each limit of a setting is allowed, and what is just beyond it is refused with an error that names the setting.
func TestLimitsOfSettings(t *testing.T) {
	for i, c := range []struct {
		change  func(*Config)
		problem string // the setting that the error names
	}{
		{func(c *Config) { c.Workers = 0 }, ""},
		{func(c *Config) { c.Workers = -1 }, "workers"},
		{func(c *Config) { c.MaxDecodedBytes = 1 }, ""},
		{func(c *Config) { c.MaxDecodedBytes = 0 }, "max-decoded-bytes"},
		{func(c *Config) { c.MaxPages = 1 }, ""},
		{func(c *Config) { c.MaxPages = 0 }, "max-pages"},
		{func(c *Config) { c.MaxPages = 50 }, ""},
		{func(c *Config) { c.MaxPages = 51 }, "max-pages"},
		{func(c *Config) { c.MaxAttempts = 1 }, ""},
		{func(c *Config) { c.MaxAttempts = 0 }, "max-attempts"},
		{func(c *Config) { c.DrainTimeout = 0 }, ""},
		{func(c *Config) { c.DrainTimeout = -1 }, "drain-timeout"},
		{func(c *Config) { c.Timeout = 1 }, ""},
		{func(c *Config) { c.Timeout = 0 }, "timeout"},
	} {
		config := DefaultConfig()
		c.change(&config)
		configtest.Check(t, i, config.Validate(), c.problem)
	}
}
