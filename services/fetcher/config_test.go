package fetcher_test

import (
	"strings"
	"testing"

	"github.com/dateline-news/dateline/internal/configtest"
	"github.com/dateline-news/dateline/services/fetcher"
)

func TestValidateReportsEveryMistake(t *testing.T) {
	config := quickConfig()
	config.UserAgent, config.MaxInFlight, config.AllowNets, config.AllowPorts = "", 0, []string{"here"}, []string{"0"}
	config.HeaderTimeout, config.DrainTimeout = -1, -1
	err := config.Validate()
	if err == nil {
		t.Fatal("no error")
	}
	for _, name := range []string{
		"user-agent", "max-in-flight", "allow-nets", "allow-ports", "header-timeout", "drain-timeout",
	} {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("the error does not name %s: %v", name, err)
		}
	}
}

// Each limit of a setting is allowed, and what is just beyond it is refused with an error that names the setting.
func TestLimitsOfSettings(t *testing.T) {
	for i, c := range []struct {
		change  func(*fetcher.Config)
		problem string // the setting that the error names
	}{
		{func(c *fetcher.Config) { c.MaxInFlight = 1 }, ""},
		{func(c *fetcher.Config) { c.MaxInFlight = 0 }, "max-in-flight"},
		{func(c *fetcher.Config) { c.IntakeWorkers = 1 }, ""},
		{func(c *fetcher.Config) { c.IntakeWorkers = 0 }, "intake-workers"},
		{func(c *fetcher.Config) { c.MaxAttempts = 1 }, ""},
		{func(c *fetcher.Config) { c.MaxAttempts = 0 }, "max-attempts"},
		{func(c *fetcher.Config) { c.RetryDelay = 1 }, ""},
		{func(c *fetcher.Config) { c.RetryDelay = 0 }, "retry-delay"},
		{func(c *fetcher.Config) { c.BreakerRest = 1 }, ""},
		{func(c *fetcher.Config) { c.BreakerRest = 0 }, "breaker-rest"},
		{func(c *fetcher.Config) { c.MaxBodyBytes = 1 }, ""},
		{func(c *fetcher.Config) { c.MaxBodyBytes = 0 }, "max-body-bytes"},
		{func(c *fetcher.Config) { c.MaxFeedBytes = 1 }, ""},
		{func(c *fetcher.Config) { c.MaxFeedBytes = 0 }, "max-feed-bytes"},
		{func(c *fetcher.Config) { c.MaxSitemapBytes = 1 }, ""},
		{func(c *fetcher.Config) { c.MaxSitemapBytes = 0 }, "max-sitemap-bytes"},
		{func(c *fetcher.Config) { c.ConnectTimeout = 1 }, ""},
		{func(c *fetcher.Config) { c.ConnectTimeout = 0 }, "connect-timeout"},
		{func(c *fetcher.Config) { c.HeaderTimeout = 1 }, ""},
		{func(c *fetcher.Config) { c.HeaderTimeout = 0 }, "header-timeout"},
		{func(c *fetcher.Config) { c.IdleBodyTimeout = 1 }, ""},
		{func(c *fetcher.Config) { c.IdleBodyTimeout = 0 }, "idle-body-timeout"},
		{func(c *fetcher.Config) { c.TotalTimeout = 1 }, ""},
		{func(c *fetcher.Config) { c.TotalTimeout = 0 }, "total-timeout"},
		{func(c *fetcher.Config) { c.DrainTimeout = 1 }, ""},
		{func(c *fetcher.Config) { c.DrainTimeout = 0 }, "drain-timeout"},
		{func(c *fetcher.Config) { c.Delay = 0 }, ""},
		{func(c *fetcher.Config) { c.Delay = -1 }, "delay"},
		{func(c *fetcher.Config) { c.DelayFactor = 0 }, ""},
		{func(c *fetcher.Config) { c.DelayFactor = -1 }, "delay-factor"},
		{func(c *fetcher.Config) { c.MaxRetryAfter = 0 }, ""},
		{func(c *fetcher.Config) { c.MaxRetryAfter = -1 }, "max-retry-after"},
		{func(c *fetcher.Config) { c.MaxWait = 0 }, ""},
		{func(c *fetcher.Config) { c.MaxWait = -1 }, "max-wait"},
		{func(c *fetcher.Config) { c.BreakerFailures = 0 }, ""},
		{func(c *fetcher.Config) { c.BreakerFailures = -1 }, "breaker-failures"},
		{func(c *fetcher.Config) { c.MaxRedirects = 0 }, ""},
		{func(c *fetcher.Config) { c.MaxRedirects = -1 }, "max-redirects"},
		{func(c *fetcher.Config) { c.MaxDelay = c.Delay }, ""},
		{func(c *fetcher.Config) { c.MaxDelay = c.Delay - 1 }, "max-delay"},
	} {
		config := fetcher.DefaultConfig()
		c.change(&config)
		configtest.Check(t, i, config.Validate(), c.problem)
	}
}
