package discoverer

import (
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/dateline-news/dateline/services/discoverer/internal/schedule"
)

// Config configures the discoverer.
type Config struct {
	Workers        int           `doc:"Number of responses to process at the same time."`
	MaxAge         time.Duration `doc:"Maximum age of the articles that are fetched after the first request for an endpoint. Older ones are only remembered as known."`
	MinInterval    time.Duration `doc:"Minimum time between two requests for an endpoint."`
	MaxInterval    time.Duration `doc:"Maximum time between two requests for an endpoint."`
	PollsPerDay    int           `doc:"Maximum number of requests for the endpoints of a source in 24 hours, plus one for each article that it has brought in that time, up to three times as many. The fewer are left, the more new articles a request must be expected to find."`
	ArticlesPerDay int           `doc:"Maximum number of new articles to take from a source in 24 hours, unless its policy sets another. The rest are taken by later polls."`
	Revisits       []string      `doc:"Ages at which an article is requested again to see whether it has changed, in ascending order, such as 1h, 6h. An article that has changed is visited again as often as a new one. Visits take at most a third of the requests of a source. Empty means never."`
	BackfillPerDay int           `doc:"Maximum number of requests in 24 hours that the backfill of a source makes, for sitemaps and articles. They are fetched after all other requests for the same host, and not counted for polls-per-day."`
	PollTimeout    time.Duration `doc:"Time to wait for the response to a request before it is made again. Choose more than URLs usually wait in the frontier."`
	CallbackURL    string        `doc:"Public URL at which the hubs of feeds reach this program, such as https://dateline.example.org/hub. It makes the discoverer subscribe to feeds whose changes a hub pushes (WebSub). Such feeds are polled rarely while pushes arrive. Empty turns subscriptions off."`
	CallbackAddr   string        `doc:"Address on which the callback is served, such as 127.0.0.1:8090. Have a proxy pass the requests for callback-url to it. It needs callback-url."`
	AllowPrivate   bool          `doc:"Allow hubs at addresses that are not public, and on all ports. Only for tests and your own machine."`
	MaxAttempts    int           `doc:"Maximum number of attempts to read a response before it is dead-lettered."`
	DrainTimeout   time.Duration `doc:"Maximum time to finish work in progress when the process stops."`
}

// DefaultConfig returns the default configuration.
func DefaultConfig() Config {
	return Config{
		Workers: 4, MaxAge: 7 * 24 * time.Hour, MinInterval: 2 * time.Minute, MaxInterval: 24 * time.Hour,
		PollsPerDay: schedule.DefaultRequests, ArticlesPerDay: 10_000, Revisits: []string{"1h", "6h", "24h", "168h"},
		BackfillPerDay: 5_000, PollTimeout: 30 * time.Minute, MaxAttempts: 5, DrainTimeout: 10 * time.Second,
	}
}

// Validate returns an error that lists every invalid setting.
func (c Config) Validate() error {
	var problems []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			problems = append(problems, fmt.Errorf(format, args...))
		}
	}
	check(c.Workers > 0, "workers is %d: it must be at least 1", c.Workers)
	check(c.MaxAge > 0, "max-age is %s: it must be positive", c.MaxAge)
	check(c.MinInterval > 0, "min-interval is %s: it must be positive", c.MinInterval)
	check(c.MaxInterval >= c.MinInterval, "max-interval is %s, shorter than the min-interval of %s",
		c.MaxInterval, c.MinInterval)
	check(c.PollsPerDay > 0, "polls-per-day is %d: it must be at least 1", c.PollsPerDay)
	check(c.ArticlesPerDay > 0, "articles-per-day is %d: it must be at least 1", c.ArticlesPerDay)
	check(c.BackfillPerDay > 0, "backfill-per-day is %d: it must be at least 1", c.BackfillPerDay)
	last := time.Duration(0)
	for _, text := range c.Revisits {
		age, err := time.ParseDuration(text)
		check(err == nil && age > last, "revisits has %q: give ages such as 1h or 24h in ascending order", text)
		last = age
	}
	check(c.PollTimeout > 0, "poll-timeout is %s: it must be positive", c.PollTimeout)
	check(c.MaxAttempts > 0, "max-attempts is %d: it must be at least 1", c.MaxAttempts)
	check((c.CallbackURL == "") == (c.CallbackAddr == ""), "callback-url is %q and callback-addr is %q: set both or none",
		c.CallbackURL, c.CallbackAddr)
	if c.CallbackURL != "" {
		parsed, err := url.Parse(c.CallbackURL)
		check(err == nil && (parsed.Scheme == "https" || parsed.Scheme == "http") && parsed.Host != "" &&
			parsed.RawQuery == "" && parsed.Fragment == "",
			"callback-url is %q: give an http or https URL without query, such as https://dateline.example.org/hub",
			c.CallbackURL)
	}
	check(c.DrainTimeout >= 0, "drain-timeout is %s: it must not be negative", c.DrainTimeout)
	return errors.Join(problems...)
}

// revisits returns the ages at which an article is visited again. The configuration must be
// valid.
func (c Config) revisits() []time.Duration {
	ages := make([]time.Duration, 0, len(c.Revisits))
	for _, text := range c.Revisits {
		if age, err := time.ParseDuration(text); err == nil {
			ages = append(ages, age)
		}
	}
	return ages
}
