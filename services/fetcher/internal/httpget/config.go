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

// Config configures a Client. The zero value of a field selects its default,
// unless the field's comment gives it another meaning.
type Config struct {
	// UserAgent is sent with every request. It is required. Name the crawler
	// by its robots.txt product token and give a contact:
	// "Dateline/1.0 (+https://example.com/bot)".
	UserAgent string

	// ConnectTimeout bounds resolving the name and connecting to its
	// addresses. Default 10 s.
	ConnectTimeout time.Duration
	// TLSTimeout bounds the handshake. Default 10 s.
	TLSTimeout time.Duration
	// HeaderTimeout bounds the time from the end of the request to the end of
	// the response headers. Default 20 s.
	HeaderTimeout time.Duration
	// IdleBodyTimeout bounds the wait for the next byte of the body.
	// Default 10 s.
	IdleBodyTimeout time.Duration
	// TotalTimeout bounds the whole request. Default 60 s.
	TotalTimeout time.Duration
	// IdleConnTimeout is the time after which an idle connection is closed.
	// Default 90 s.
	IdleConnTimeout time.Duration

	// MaxHeaderBytes bounds the response headers. Default 64 KiB.
	MaxHeaderBytes int64
	// MaxBodyBytes bounds a body as received, before any decoding. A longer
	// body is cut there and marked as truncated. Default 10 MiB.
	MaxBodyBytes int64
	// MaxIdleConns bounds the idle connections kept for later requests to any
	// host. Each takes about 20 KB and a file descriptor. Default 1,000.
	MaxIdleConns int
	// SingleUse opens a connection for every request. Requests that follow each
	// other without a pause would otherwise meet connections that the server is
	// about to close.
	SingleUse bool

	// AllowPrivate turns off the guard and allows every address and port. For
	// tests and demonstrations on one machine.
	AllowPrivate bool
	// AllowNets are networks that are allowed although they are not public,
	// for crawling an intranet. Default none.
	AllowNets []netip.Prefix
	// AllowPorts are the allowed ports. Default 80, 443, 8080 and 8443, which
	// news sites use. Other ports mostly belong to services that a crawler
	// should not contact.
	AllowPorts []int

	// Proxy makes the connections to sites. nil connects directly. The Client
	// still resolves each name first and refuses it if an address is not
	// public. But the proxy resolves the name again: make sure that the proxy
	// itself cannot reach private addresses.
	Proxy *url.URL

	// Resolver resolves names. Default: the system's name servers behind a
	// cache.
	Resolver *net.Resolver
	// Dial replaces the network, for simulations. The guard does not apply to
	// it. Default none.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// RootCAs are the trusted certificate authorities. Default: the system's.
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

// validate returns an error that lists every problem.
func (c Config) validate() error {
	var problems []error
	if strings.TrimSpace(c.UserAgent) == "" {
		problems = append(problems, errors.New("UserAgent is empty; "+
			"name the crawler and a contact, such as Dateline/1.0 (+https://example.com/bot)"))
	}
	if !isHeaderValue(c.UserAgent) {
		problems = append(problems, errors.New("UserAgent has a control character or is not ASCII"))
	}
	for _, field := range []struct {
		name  string
		value int64
	}{
		{"ConnectTimeout", int64(c.ConnectTimeout)},
		{"TLSTimeout", int64(c.TLSTimeout)},
		{"HeaderTimeout", int64(c.HeaderTimeout)},
		{"IdleBodyTimeout", int64(c.IdleBodyTimeout)},
		{"TotalTimeout", int64(c.TotalTimeout)},
		{"IdleConnTimeout", int64(c.IdleConnTimeout)},
		{"MaxHeaderBytes", c.MaxHeaderBytes},
		{"MaxBodyBytes", c.MaxBodyBytes},
		{"MaxIdleConns", int64(c.MaxIdleConns)},
	} {
		if field.value < 0 {
			problems = append(problems, fmt.Errorf("%s is negative; omit it to use the default", field.name))
		}
	}
	for _, port := range c.AllowPorts {
		if port < 1 || port > 65535 {
			problems = append(problems, fmt.Errorf("AllowPorts contains %d; a port is between 1 and 65535", port))
		}
	}
	for _, network := range c.AllowNets {
		if !network.IsValid() {
			problems = append(problems, errors.New("AllowNets contains an invalid network; write one such as 10.1.0.0/16"))
		}
	}
	return errors.Join(problems...)
}

// isFieldValue reports whether s can be sent back to the server that it came from:
// RFC 9110, section 5.5 allows tabs, and bytes that are not ASCII.
func isFieldValue(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' && s[i] != '\t' || s[i] == 0x7f {
			return false
		}
	}
	return true
}

// isHeaderValue reports whether s has only printable ASCII characters.
func isHeaderValue(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}
