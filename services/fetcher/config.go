package fetcher

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/dateline-news/dateline/services/fetcher/internal/site"
)

// DefaultUserAgent says what fetches and where to read about it, but not who
// runs it: set your own before you fetch from sites that are not yours.
const DefaultUserAgent = "Dateline/1.0 (+https://github.com/dateline-news/dateline)"

// Config of the fetcher.
type Config struct {
	UserAgent       string        `doc:"How the fetcher names itself: a product token, then how to reach whoever runs it, such as \"ExampleNews/1.0 (+https://example.com/bot)\". The token is what robots.txt is asked for."`
	Replica         string        `doc:"Name of this process among those that share the frontier, unique among the living; empty makes one up."`
	MaxInFlight     int           `doc:"Most requests at the same time, over all hosts."`
	IntakeWorkers   int           `doc:"Most messages of the urls subject that are checked at the same time."`
	Delay           time.Duration `doc:"Least pause between two requests to a host."`
	MaxDelay        time.Duration `doc:"Most pause that a host's Crawl-delay or slowness can lead to."`
	DelayFactor     float64       `doc:"A host rests for at least this many times its own response time."`
	PerAddress      bool          `doc:"Whether the hosts on one address take turns, as one host would, with one request at a time and the usual pause: they are one machine's, or one company's. Each replica keeps to that by itself."`
	PaceFile        string        `doc:"YAML file with pauses for single hosts (with those below them) and networks, instead of delay and delay-factor, such as - {host: example.com, delay: 5s} or - {network: 192.0.2.0/24, delay: 0s}. It is read again when it changes. A host's Crawl-delay is obeyed all the same."`
	MaxAttempts     int           `doc:"How often a page is asked for before it is dead-lettered."`
	RetryDelay      time.Duration `doc:"Pause before the second attempt, longer for failures that are slow to pass (an overloaded server 2 times, no connection 3 times, an unknown name or too many requests 6 times); each further one is four times as long, at most an hour."`
	MaxRetryAfter   time.Duration `doc:"Longest Retry-After that is obeyed; longer ones count as this."`
	MaxWait         time.Duration `doc:"Longest that a URL waits for a host that asks for patience, by Retry-After or by a robots.txt that cannot be had, before it is dead-lettered."`
	BreakerFailures int           `doc:"After so many failures in a row a host is left alone, and then gets one request at a time to see whether it works again; 0 for never."`
	BreakerRest     time.Duration `doc:"How long a failing host is left alone first; twice as long after each failure that follows, at most an hour."`
	MaxRedirects    int           `doc:"Most redirects that are followed for one URL."`
	MaxBodyBytes    int64         `doc:"Largest body in bytes as received; what is longer is cut and flagged."`
	ConnectTimeout  time.Duration `doc:"Longest wait for name resolution and connection."`
	HeaderTimeout   time.Duration `doc:"Longest wait for the answer's headers."`
	IdleBodyTimeout time.Duration `doc:"Longest silence within a body."`
	TotalTimeout    time.Duration `doc:"Longest time for a whole request."`
	AllowPrivate    bool          `doc:"Whether addresses that are not public, and all ports, may be fetched from: for tests and one's own machine only."`
	AllowNets       []string      `doc:"Networks that may be fetched from though they are not public, such as 10.1.0.0/16."`
	AllowPorts      []string      `doc:"Ports that may be fetched from."`
	Proxy           string        `doc:"URL of an HTTP proxy that makes the connections to sites, such as http://proxy.example:3128; empty for none. Proxies that the environment names are ignored. Addresses that are not public are refused here, but the proxy looks names up again: let it reach nothing private itself."`
	DrainTimeout    time.Duration `doc:"Longest time to finish what is under way after being told to stop."`
}

// DefaultConfig is safe and polite: public addresses only, one request at a
// time and a pause of a second per host.
func DefaultConfig() Config {
	return Config{
		UserAgent: DefaultUserAgent, MaxInFlight: 256, IntakeWorkers: 8,
		Delay: time.Second, MaxDelay: time.Minute, DelayFactor: 2, PerAddress: true,
		MaxAttempts: 4, RetryDelay: 10 * time.Second, MaxRetryAfter: time.Hour, MaxWait: 24 * time.Hour,
		BreakerFailures: 5, BreakerRest: time.Minute, MaxRedirects: 10,
		MaxBodyBytes: 10 << 20, ConnectTimeout: 10 * time.Second, HeaderTimeout: 20 * time.Second,
		IdleBodyTimeout: 10 * time.Second, TotalTimeout: time.Minute,
		AllowPorts: []string{"80", "443", "8080", "8443"}, DrainTimeout: 10 * time.Second,
	}
}

// Validate refuses what cannot work.
func (c Config) Validate() error {
	var problems []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			problems = append(problems, fmt.Errorf(format, args...))
		}
	}
	check(c.productToken() != "", "user-agent is %q: begin it with a product token of letters, such as ExampleNews/1.0", c.UserAgent)
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
	check(c.MaxRedirects >= 0, "max-redirects is %d: it must not be negative", c.MaxRedirects)
	for _, timeout := range []struct {
		name  string
		value time.Duration
	}{
		{"connect-timeout", c.ConnectTimeout}, {"header-timeout", c.HeaderTimeout}, {"idle-body-timeout", c.IdleBodyTimeout},
		{"total-timeout", c.TotalTimeout}, {"drain-timeout", c.DrainTimeout},
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

// maxBreakerRest is the longest that a failing host goes without a probe.
const maxBreakerRest = time.Hour

func (c Config) breaker() site.Breaker {
	return site.Breaker{Failures: c.BreakerFailures, Rest: c.BreakerRest, MaxRest: max(c.BreakerRest, maxBreakerRest)}
}

// productToken is what robots.txt is asked for (RFC 9309, section 2.2.1).
func (c Config) productToken() string {
	end := strings.IndexFunc(c.UserAgent, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '_' || r == '-')
	})
	if end < 0 {
		return c.UserAgent
	}
	return c.UserAgent[:end]
}

func (c Config) proxy() (*url.URL, error) {
	if c.Proxy == "" {
		return nil, nil
	}
	u, err := url.Parse(c.Proxy)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, errors.New("proxy is no URL of an HTTP proxy: write it as http://proxy.example:3128") // it may hold a password
	}
	return u, nil
}

func (c Config) nets() ([]netip.Prefix, error) {
	var nets []netip.Prefix
	for _, text := range c.AllowNets {
		prefix, err := netip.ParsePrefix(text)
		if err != nil {
			return nil, fmt.Errorf("allow-nets has %q, which is no network: write it as 10.1.0.0/16", text)
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
			return nil, fmt.Errorf("allow-ports has %q, which is no port from 1 to 65535", text)
		}
		ports = append(ports, port)
	}
	return ports, nil
}
