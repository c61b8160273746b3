package notifier

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
		{func(c *Config) { c.Timeout = 1 }, ""},
		{func(c *Config) { c.Timeout = 0 }, "timeout"},
		{func(c *Config) { c.Timeout = 10 * time.Minute }, ""},
		{func(c *Config) { c.Timeout = 10*time.Minute + 1 }, "timeout"},
		{func(c *Config) { c.Targets = 1 }, ""},
		{func(c *Config) { c.Targets = 0 }, "targets"},
		{func(c *Config) { c.PerHost = 1 }, ""},
		{func(c *Config) { c.PerHost = 0 }, "per-host"},
		{func(c *Config) { c.RetryDelay = 1 }, ""},
		{func(c *Config) { c.RetryDelay = 0 }, "retry-delay"},
		{func(c *Config) { c.GiveUp = 1 }, ""},
		{func(c *Config) { c.GiveUp = 0 }, "give-up"},
		{func(c *Config) { c.MaxPending = 1 }, ""},
		{func(c *Config) { c.MaxPending = 0 }, "max-pending"},
		{func(c *Config) { c.MaxDelay = c.RetryDelay }, ""},
		{func(c *Config) { c.MaxDelay = c.RetryDelay - 1 }, "max-delay"},
		{func(c *Config) { c.MaxDelay = 24 * time.Hour }, ""},
		{func(c *Config) { c.MaxDelay = 24*time.Hour + 1 }, "max-delay"},
		{func(c *Config) { c.Keep = c.GiveUp }, ""},
		{func(c *Config) { c.Keep = c.GiveUp - 1 }, "keep"},
		{func(c *Config) { c.DrainTimeout = 0 }, ""},
		{func(c *Config) { c.DrainTimeout = -1 }, "drain-timeout"},
	} {
		config := DefaultConfig()
		c.change(&config)
		configtest.Check(t, i, config.Validate(), c.problem)
	}
}
