package notifier

import (
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/dateline-news/dateline/internal/objects"
	"github.com/dateline-news/dateline/services/notifier/targets"
)

// maxTimeout bounds the time for which a process claims a subscription.
const maxTimeout = 10 * time.Minute

// Config configures the notifier.
type Config struct {
	AllowHosts   []string      `doc:"Hosts of targets that may have private addresses, use http, and use any port, such as hooks.internal. All other targets must be public and use https."`
	Timeout      time.Duration `doc:"Maximum time for a request to a target, including its answer."`
	Targets      int           `doc:"Maximum number of subscriptions to deliver to at the same time."`
	PerHost      int           `doc:"Maximum number of subscriptions to deliver to at the same time on one host."`
	RetryDelay   time.Duration `doc:"Delay before a failed request is repeated. It doubles after each further failure in a row, up to max-delay."`
	MaxDelay     time.Duration `doc:"Maximum delay before a failed request is repeated. A Retry-After header of the target can extend it to 24h."`
	GiveUp       time.Duration `doc:"Time after which a subscription is suspended if every request has failed, such as 72h. A single delivery that fails for this long while others succeed is given up."`
	MaxPending   int           `doc:"Maximum number of waiting deliveries of a subscription. Further matches are counted as missed."`
	Keep         time.Duration `doc:"How long finished deliveries are kept, such as 2160h. The erasure of an article is delivered only to subscriptions that still have a delivery of that article."`
	Files        string        `doc:"Folder, or s3://BUCKET/PREFIX, for the files of subscriptions. The settings s3.… name the service of a bucket. Empty refuses targets files:…."`
	DrainTimeout time.Duration `doc:"Maximum time to finish requests in progress at shutdown. Unfinished ones are repeated with the same id."`

	SMTP targets.SMTPConfig
}

// DefaultConfig returns the default configuration, which delivers to public addresses only.
func DefaultConfig() Config {
	return Config{
		Timeout: 30 * time.Second, Targets: 512, PerHost: 16, RetryDelay: 5 * time.Second, MaxDelay: time.Hour,
		GiveUp: 72 * time.Hour, MaxPending: 100_000, Keep: 90 * 24 * time.Hour, DrainTimeout: 10 * time.Second,
		SMTP: targets.DefaultSMTPConfig(),
	}
}

// Connect returns the targets. js may be nil, if nothing is published on NATS.
func (c Config) Connect(js jetstream.JetStream, s3 objects.Config) (*targets.Targets, error) {
	return targets.New(targets.Config{
		AllowHosts: c.AllowHosts, Timeout: c.Timeout, Files: c.Files, SMTP: c.SMTP,
	}, targets.Dependencies{JS: js, S3: s3})
}

// Validate reports every setting that cannot work.
func (c Config) Validate() error {
	var problems []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			problems = append(problems, fmt.Errorf(format, args...))
		}
	}
	check(c.Timeout > 0 && c.Timeout <= maxTimeout, "timeout is %s: it must be positive and at most %s", c.Timeout,
		maxTimeout)
	check(c.Targets > 0, "targets is %d: it must be at least 1", c.Targets)
	check(c.PerHost > 0, "per-host is %d: it must be at least 1", c.PerHost)
	check(c.RetryDelay > 0, "retry-delay is %s: it must be positive", c.RetryDelay)
	check(c.MaxDelay >= c.RetryDelay && c.MaxDelay <= maxRetryAfter,
		"max-delay is %s: it must be at least retry-delay (%s) and at most %s", c.MaxDelay, c.RetryDelay, maxRetryAfter)
	check(c.GiveUp > 0, "give-up is %s: it must be positive", c.GiveUp)
	check(c.MaxPending > 0, "max-pending is %d: it must be at least 1", c.MaxPending)
	check(c.Keep >= c.GiveUp, "keep is %s: it must be at least give-up (%s)", c.Keep, c.GiveUp)
	check(c.DrainTimeout >= 0, "drain-timeout is %s: it must not be negative", c.DrainTimeout)
	return errors.Join(problems...)
}
