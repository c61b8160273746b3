package fetcher

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/dateline-news/dateline/services/fetcher/internal/robots"
	"github.com/dateline-news/dateline/services/fetcher/internal/site"
)

// DefaultUserAgent names the program and where to read about it, but not who runs
// it: set another one before fetching from sites that are not yours.
const DefaultUserAgent = "Dateline/1.0 (+https://github.com/dateline-news/dateline)"

// Config configures the fetcher.
type Config struct {
	UserAgent        string        `doc:"User-Agent header: a product token, then a way to contact the operator, such as \"ExampleNews/1.0 (+https://example.com/bot)\". The rules of robots.txt are matched against the token."`
	Replica          string        `doc:"Name of this process, unique among the running replicas that share the frontier. Empty generates a name."`
	MaxInFlight      int           `doc:"Maximum number of requests at the same time, over all hosts."`
	IntakeWorkers    int           `doc:"Maximum number of batches of up to 64 messages on the subject urls that are processed at the same time."`
	Delay            time.Duration `doc:"Minimum pause between two requests to a host."`
	MaxDelay         time.Duration `doc:"Maximum pause between two requests to a host because of its Crawl-delay or slow responses."`
	DelayFactor      float64       `doc:"Minimum pause between two requests to a host, as a multiple of its own response time. 0 ignores the response time."`
	PerAddress       bool          `doc:"Let the hosts on one address take turns as if they were one host, with one request at a time and the usual pause, because one machine or company serves them all. Each replica enforces this for itself."`
	PaceFile         string        `doc:"YAML file with pauses that replace delay and delay-factor for single hosts (including their subdomains) and networks, such as - {host: example.com, delay: 5s} or - {network: 192.0.2.0/24, delay: 0s}. It is read again when it changes. A longer Crawl-delay of a host is still obeyed. Empty means no file."`
	MaxAttempts      int           `doc:"Maximum number of attempts to fetch a URL before it is dead-lettered."`
	RetryDelay       time.Duration `doc:"Delay before the second attempt. Failures that take long to pass are retried later: after 2 times the delay for a server error, 3 times if no connection could be made, 6 times for an unknown host name or too many requests. The delay quadruples after each further attempt, up to an hour."`
	MaxRetryAfter    time.Duration `doc:"Maximum Retry-After that is obeyed. A longer one is shortened to it."`
	MaxWait          time.Duration `doc:"Maximum time that a URL waits for a paused host before it is dead-lettered. A host is paused because of its Retry-After, an unavailable robots.txt or repeated failures."`
	BreakerFailures  int           `doc:"Number of failures in a row after which a host is paused. It then gets single requests until one succeeds. 0 never pauses a host."`
	BreakerRest      time.Duration `doc:"First pause of a failing host. It doubles after each further failure, up to an hour."`
	MaxRedirects     int           `doc:"Maximum number of redirects that are followed for one URL."`
	MaxBodyBytes     int64         `doc:"Maximum size of a body as received. A longer body is cut and marked as truncated." unit:"bytes"`
	MaxFeedBytes     int64         `doc:"Maximum size of a feed as received. A longer one is cut." unit:"bytes"`
	MaxSitemapBytes  int64         `doc:"Maximum size of a sitemap as received. A longer one is cut." unit:"bytes"`
	CaptureExchanges bool          `doc:"Also archive exchanges other than pages: robots.txt, redirects that lead to no page, 304 (Not Modified) responses, errors, and failed attempts. Requires an archiver."`
	CaptureListings  bool          `doc:"With capture-exchanges, also keep the exchanges of the discoverer in the archive: feeds, sitemaps and pages of links."`
	ConnectTimeout   time.Duration `doc:"Maximum time to resolve a host's name and connect to it."`
	HeaderTimeout    time.Duration `doc:"Maximum time to wait for the headers of a response."`
	IdleBodyTimeout  time.Duration `doc:"Maximum time to wait for the next bytes of a body."`
	TotalTimeout     time.Duration `doc:"Maximum time for a whole request."`
	AllowPrivate     bool          `doc:"Allow fetching from addresses that are not public, and from all ports. Only for tests and your own machine."`
	AllowNets        []string      `doc:"Networks that may be fetched from although they are not public, such as 10.1.0.0/16."`
	AllowPorts       []string      `doc:"Ports that may be fetched from."`
	Proxy            string        `doc:"URL of an HTTP proxy that connects to the sites, such as http://proxy.example:3128. Empty means no proxy; proxies in the environment are ignored. The fetcher refuses addresses that are not public, but the proxy resolves names again, so keep it from reaching private addresses."`
	DrainTimeout     time.Duration `doc:"Maximum time to finish work in progress when the process stops."`
}

// DefaultConfig is safe and polite: it allows public addresses only, and one
// request at a time per host with a pause of at least a second in between.
func DefaultConfig() Config {
	return Config{
		UserAgent: DefaultUserAgent, MaxInFlight: 256, IntakeWorkers: 2,
		Delay: time.Second, MaxDelay: time.Minute, DelayFactor: 2, PerAddress: true,
		MaxAttempts: 4, RetryDelay: 10 * time.Second, MaxRetryAfter: time.Hour, MaxWait: 24 * time.Hour,
		BreakerFailures: 5, BreakerRest: time.Minute, MaxRedirects: 10,
		MaxBodyBytes: 10 << 20, MaxFeedBytes: 10 << 20, MaxSitemapBytes: 50 << 20,
		ConnectTimeout: 10 * time.Second, HeaderTimeout: 20 * time.Second, IdleBodyTimeout: 10 * time.Second,
		TotalTimeout: time.Minute, AllowPorts: []string{"80", "443", "8080", "8443"}, DrainTimeout: 10 * time.Second,
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
	check(c.productToken() != "",
		"user-agent is %q: start it with a product token of letters, such as ExampleNews/1.0", c.UserAgent)
	check(c.MaxInFlight > 0, "max-in-flight is %d: it must be at least 1", c.MaxInFlight)
	check(c.IntakeWorkers > 0, "intake-workers is %d: it must be at least 1", c.IntakeWorkers)
	check(c.MaxAttempts > 0, "max-attempts is %d: it must be at least 1", c.MaxAttempts)
	check(c.Delay >= 0, "delay is %s: it must not be negative", c.Delay)
	check(c.MaxDelay >= c.Delay, "max-delay is %s, shorter than the delay of %s", c.MaxDelay, c.Delay)
	check(c.DelayFactor >= 0, "delay-factor is %g: it must not be negative", c.DelayFactor)
	check(c.RetryDelay > 0, "retry-delay is %s: it must be positive", c.RetryDelay)
	check(c.MaxRetryAfter >= 0, "max-retry-after is %s: it must not be negative", c.MaxRetryAfter)
	check(c.MaxWait >= 0, "max-wait is %s: it must not be negative", c.MaxWait)
	check(c.BreakerFailures >= 0, "breaker-failures is %d: it must not be negative", c.BreakerFailures)
	check(c.BreakerRest > 0, "breaker-rest is %s: it must be positive", c.BreakerRest)
	check(c.MaxBodyBytes > 0, "max-body-bytes is %d: it must be positive", c.MaxBodyBytes)
	check(c.MaxFeedBytes > 0, "max-feed-bytes is %d: it must be positive", c.MaxFeedBytes)
	check(c.MaxSitemapBytes > 0, "max-sitemap-bytes is %d: it must be positive", c.MaxSitemapBytes)
	check(c.MaxRedirects >= 0, "max-redirects is %d: it must not be negative", c.MaxRedirects)
	for _, timeout := range []struct {
		name  string
		value time.Duration
	}{
		{"connect-timeout", c.ConnectTimeout}, {"header-timeout", c.HeaderTimeout},
		{"idle-body-timeout", c.IdleBodyTimeout}, {"total-timeout", c.TotalTimeout}, {"drain-timeout", c.DrainTimeout},
	} {
		check(timeout.value > 0, "%s is %s: it must be positive", timeout.name, timeout.value)
	}
	_, err := c.proxy()
	problems = append(problems, err)
	_, err = c.nets()
	problems = append(problems, err)
	_, err = c.ports()
	problems = append(problems, err)
	return errors.Join(problems...)
}

// maxBreakerRest is the maximum time between two probes of a failing host.
const maxBreakerRest = time.Hour

func (c Config) breaker() site.Breaker {
	return site.Breaker{Failures: c.BreakerFailures, Rest: c.BreakerRest, MaxRest: max(c.BreakerRest, maxBreakerRest)}
}

// maxRetryWait is the maximum delay before a later attempt, for whatever reason.
func (c Config) maxRetryWait() time.Duration {
	return max(maxBackoff+maxBackoff/jitterShare, c.MaxRetryAfter, c.breaker().MaxRest, robots.MaxRecheck)
}

// productToken returns the token that robots.txt addresses the crawler by (RFC
// 9309, section 2.2.1).
func (c Config) productToken() string {
	inToken := func(r rune) bool { return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '_' || r == '-' }
	return c.UserAgent[:len(c.UserAgent)-len(strings.TrimLeftFunc(c.UserAgent, inToken))]
}

func (c Config) proxy() (*url.URL, error) {
	if c.Proxy == "" {
		return nil, nil
	}
	u, err := url.Parse(c.Proxy)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		// The error does not quote the URL, which may contain a password.
		return nil, errors.New("proxy is not the URL of an HTTP proxy: write it as http://proxy.example:3128")
	}
	return u, nil
}

func (c Config) nets() ([]netip.Prefix, error) {
	var nets []netip.Prefix
	for _, text := range c.AllowNets {
		prefix, err := netip.ParsePrefix(text)
		if err != nil {
			return nil, fmt.Errorf("allow-nets has %q, which is not a network: write it as 10.1.0.0/16", text)
		}
		nets = append(nets, prefix)
	}
	return nets, nil
}

func (c Config) ports() ([]int, error) {
	var ports []int
	for _, text := range c.AllowPorts {
		port, err := strconv.Atoi(text)
		if err != nil || port < 1 || port > 65535 {
			return nil, fmt.Errorf("allow-ports has %q, which is not a port from 1 to 65535", text)
		}
		ports = append(ports, port)
	}
	return ports, nil
}
