package discoverer

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
		{func(c *Config) { c.Workers = 1 }, ""},
		{func(c *Config) { c.Workers = 0 }, "workers"},
		{func(c *Config) { c.MaxAge = 1 }, ""},
		{func(c *Config) { c.MaxAge = 0 }, "max-age"},
		{func(c *Config) { c.MinInterval = 1 }, ""},
		{func(c *Config) { c.MinInterval = 0 }, "min-interval"},
		{func(c *Config) { c.PollsPerDay = 1 }, ""},
		{func(c *Config) { c.PollsPerDay = 0 }, "polls-per-day"},
		{func(c *Config) { c.ArticlesPerDay = 1 }, ""},
		{func(c *Config) { c.ArticlesPerDay = 0 }, "articles-per-day"},
		{func(c *Config) { c.BackfillPerDay = 1 }, ""},
		{func(c *Config) { c.BackfillPerDay = 0 }, "backfill-per-day"},
		{func(c *Config) { c.PollTimeout = 1 }, ""},
		{func(c *Config) { c.PollTimeout = 0 }, "poll-timeout"},
		{func(c *Config) { c.MaxAttempts = 1 }, ""},
		{func(c *Config) { c.MaxAttempts = 0 }, "max-attempts"},
		{func(c *Config) { c.DrainTimeout = 0 }, ""},
		{func(c *Config) { c.DrainTimeout = -1 }, "drain-timeout"},
		{func(c *Config) { c.MaxInterval = c.MinInterval }, ""},
		{func(c *Config) { c.MaxInterval = c.MinInterval - 1 }, "max-interval"},
		{func(c *Config) { c.Revisits = nil }, ""},
		{func(c *Config) { c.Revisits = []string{"1ns", "2ns"} }, ""},
		{func(c *Config) { c.Revisits = []string{"0s"} }, "revisits"},
		{func(c *Config) { c.Revisits = []string{"1h", "1h"} }, "revisits"},
		{func(c *Config) { c.Revisits = []string{"soon"} }, "revisits"},
		{func(c *Config) { c.CallbackURL, c.CallbackAddr = "https://a.example/hub", ":8081" }, ""},
		{func(c *Config) { c.CallbackURL, c.CallbackAddr = "http://a.example", ":8081" }, ""},
		{func(c *Config) { c.CallbackURL = "https://a.example/hub" }, "callback-url"},
		{func(c *Config) { c.CallbackAddr = ":8081" }, "callback-url"},
		{func(c *Config) { c.CallbackURL, c.CallbackAddr = "ftp://a.example/hub", ":8081" }, "callback-url"},
		{func(c *Config) { c.CallbackURL, c.CallbackAddr = "https:///hub", ":8081" }, "callback-url"},
		{func(c *Config) { c.CallbackURL, c.CallbackAddr = "https://a.example/hub?a=b", ":8081" }, "callback-url"},
		{func(c *Config) { c.CallbackURL, c.CallbackAddr = "https://a.example/hub#a", ":8081" }, "callback-url"},
		{func(c *Config) { c.CallbackURL, c.CallbackAddr = "https://%", ":8081" }, "callback-url"},
	} {
		config := DefaultConfig()
		c.change(&config)
		configtest.Check(t, i, config.Validate(), c.problem)
	}
}
