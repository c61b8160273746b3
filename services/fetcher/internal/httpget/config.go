package httpget

import (
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/dateline-news/dateline/services/fetcher/internal/dnscache"
)

// Config of a Client. The zero value of a field, where no other meaning is
// given, is its default.
type Config struct {
	// UserAgent is sent with every request; required. Name the crawler by
	// its robots.txt product token and give a contact:
	// "Dateline/1.0 (+https://example.com/bot)".
	UserAgent string

	// ConnectTimeout bounds resolving the name and connecting to its
	// addresses. Default 10 s.
	ConnectTimeout time.Duration
	// TLSTimeout bounds the handshake. Default 10 s.
	TLSTimeout time.Duration
	// HeaderTimeout bounds the wait from the sent request to the end of the
	// answer's headers. Default 20 s.
	HeaderTimeout time.Duration
	// IdleBodyTimeout bounds the wait for the next byte of the body.
	// Default 10 s.
	IdleBodyTimeout time.Duration
	// TotalTimeout bounds the whole request. Default 60 s.
	TotalTimeout time.Duration
	// IdleConnTimeout is how long a connection without a request is kept.
	// Default 90 s.
	IdleConnTimeout time.Duration

	// MaxHeaderBytes bounds the answer's headers. Default 64 KiB.
	MaxHeaderBytes int64
	// MaxBodyBytes bounds a body as received, before any decoding. What is
	// longer is cut there and flagged. Default 10 MiB.
	MaxBodyBytes int64
	// MaxIdleConns bounds the connections kept for later requests, over all
	// hosts. Each takes about 20 KB and a file descriptor. Default 1,000.
	MaxIdleConns int

	// AllowPrivate switches the guard off: every address and every port may
	// be fetched from. For tests and demonstrations on one machine.
	AllowPrivate bool
	// AllowNets are networks that may be fetched from though they are not
	// public, for crawling one's own intranet. Default none.
	AllowNets []netip.Prefix
	// AllowPorts are the ports that may be fetched from. Default 80, 443,
	// 8080 and 8443: where news sites are; others are mostly services that
	// should not be talked to by a crawler.
	AllowPorts []int

	// Proxy makes the connections to sites; nil for none. Names are looked up
	// here as well, and those of addresses that are not public refused, but
	// the proxy looks them up again: let it reach nothing private itself.
	Proxy *url.URL

	// Resolver looks names up. Default: the system's name servers, with a
	// cache in front of them.
	Resolver *net.Resolver
	// Dial makes connections instead of the network, without the guard: for
	// simulated networks. Default none.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// RootCAs are the certificate authorities that are trusted. Default:
	// the system's.
	RootCAs *x509.CertPool
	// Now is the clock for Response.FetchTime. Default time.Now.
	Now func() time.Time
}

func (c Config) withDefaults() Config {
	c.ConnectTimeout = cmp.Or(c.ConnectTimeout, 10*time.Second)
	c.TLSTimeout = cmp.Or(c.TLSTimeout, 10*time.Second)
	c.HeaderTimeout = cmp.Or(c.HeaderTimeout, 20*time.Second)
	c.IdleBodyTimeout = cmp.Or(c.IdleBodyTimeout, 10*time.Second)
	c.TotalTimeout = cmp.Or(c.TotalTimeout, time.Minute)
	c.IdleConnTimeout = cmp.Or(c.IdleConnTimeout, 90*time.Second)
	c.MaxHeaderBytes = cmp.Or(c.MaxHeaderBytes, 64<<10)
	c.MaxBodyBytes = cmp.Or(c.MaxBodyBytes, 10<<20)
	c.MaxIdleConns = cmp.Or(c.MaxIdleConns, 1000)
	if len(c.AllowPorts) == 0 {
		c.AllowPorts = []int{80, 443, 8080, 8443}
	}
	if c.Resolver == nil {
		c.Resolver = dnscache.New(nil, time.Now)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return c
}

// validate returns everything that is wrong, at once.
func (c Config) validate() error {
	var problems []error
	if strings.TrimSpace(c.UserAgent) == "" {
		problems = append(problems, errors.New("UserAgent is empty; name the crawler and a contact, such as Dateline/1.0 (+https://example.com/bot)"))
	}
	if !isHeaderValue(c.UserAgent) {
		problems = append(problems, errors.New("UserAgent has a control character or is not ASCII"))
	}
	for _, field := range []struct {
		name  string
		value int64
	}{
		{"ConnectTimeout", int64(c.ConnectTimeout)}, {"TLSTimeout", int64(c.TLSTimeout)}, {"HeaderTimeout", int64(c.HeaderTimeout)},
		{"IdleBodyTimeout", int64(c.IdleBodyTimeout)}, {"TotalTimeout", int64(c.TotalTimeout)}, {"IdleConnTimeout", int64(c.IdleConnTimeout)},
		{"MaxHeaderBytes", c.MaxHeaderBytes}, {"MaxBodyBytes", c.MaxBodyBytes}, {"MaxIdleConns", int64(c.MaxIdleConns)},
	} {
		if field.value < 0 {
			problems = append(problems, fmt.Errorf("%s is negative; leave it out for the default", field.name))
		}
	}
	for _, port := range c.AllowPorts {
		if port < 1 || port > 65535 {
			problems = append(problems, fmt.Errorf("AllowPorts has %d; a port is between 1 and 65535", port))
		}
	}
	for _, network := range c.AllowNets {
		if !network.IsValid() {
			problems = append(problems, errors.New("AllowNets has a network that is not valid; write one such as 10.1.0.0/16"))
		}
	}
	return errors.Join(problems...)
}

// isHeaderValue accepts the printable ASCII characters.
func isHeaderValue(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}
