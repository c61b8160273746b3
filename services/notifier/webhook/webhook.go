// Package webhook sends signed HTTP requests, as the specification Standard Webhooks describes
// (https://www.standardwebhooks.com).
package webhook

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dateline-news/dateline/internal/dialguard"
	"github.com/dateline-news/dateline/internal/escape"
	"github.com/dateline-news/dateline/internal/telemetry"
)

const (
	// maxAnswer is the maximum size of an answer that is read, and maxExcerpt of the part that is kept.
	maxAnswer, maxExcerpt = 64 << 10, 500
	maxHeader             = 64 << 10
	maxRedirects          = 3
	connectTimeout        = 10 * time.Second
	// maxIdle bounds the idle connections, in total and to a host.
	maxIdle, maxIdlePerHost = 256, 64
	idleTimeout             = 30 * time.Second
)

// The headers of a request.
const (
	headerID        = "webhook-id"
	headerTimestamp = "webhook-timestamp"
	headerSignature = "webhook-signature"
)

// usualPorts are the ports on which a public target may be.
var usualPorts = []string{"", "80", "443", "8080", "8443"}

// Message is a request to a target.
type Message struct {
	// ID identifies the event. It is the same for every attempt.
	ID          string
	ContentType string
	// Header has further headers, or is nil.
	Header map[string]string
	Body   []byte
	// Keys sign the message. Without keys, it is not signed.
	Keys [][]byte
}

// Answer is what a target has answered.
type Answer struct {
	Status int
	// Excerpt is the start of its body, on one line.
	Excerpt string
	// RetryAfter is how long the target asks to wait, or 0.
	RetryAfter time.Duration
}

// OK reports whether the target has accepted the message.
func (a Answer) OK() bool { return a.Status >= 200 && a.Status <= 299 }

// IsGone reports whether the target wants no messages any more.
func (a Answer) IsGone() bool { return a.Status == http.StatusGone }

// Client sends messages. It connects to public addresses only, except to allowed hosts.
type Client struct {
	timeout          time.Duration
	allowed          []string
	public, anywhere *http.Client
}

// NewClient returns a client. The allowed hosts may have addresses that are not public, use HTTP without
// encryption, and be on any port. timeout bounds a request with its answer.
func NewClient(allowed []string, timeout time.Duration) *Client {
	everywhere := []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")}
	return &Client{timeout: timeout, allowed: allowed, public: newHTTP(nil), anywhere: newHTTP(everywhere)}
}

func newHTTP(allowed []netip.Prefix) *http.Client {
	dialer := net.Dialer{Timeout: connectTimeout, Control: dialguard.New(allowed)}
	return &http.Client{
		CheckRedirect: checkRedirect,
		Transport: &http.Transport{
			DialContext: dialer.DialContext, TLSHandshakeTimeout: connectTimeout, MaxResponseHeaderBytes: maxHeader,
			MaxIdleConns: maxIdle, MaxIdleConnsPerHost: maxIdlePerHost, IdleConnTimeout: idleTimeout, ForceAttemptHTTP2: true,
		},
	}
}

// Close closes idle connections.
func (c *Client) Close() {
	c.public.CloseIdleConnections()
	c.anywhere.CloseIdleConnections()
}

// checkRedirect follows the redirects that keep the method and the host.
func checkRedirect(next *http.Request, via []*http.Request) error {
	first := via[0].URL
	keepsMethod := next.Response.StatusCode == http.StatusTemporaryRedirect ||
		next.Response.StatusCode == http.StatusPermanentRedirect
	if !keepsMethod || next.URL.Scheme != first.Scheme || !strings.EqualFold(next.URL.Host, first.Host) {
		return http.ErrUseLastResponse
	}
	if len(via) > maxRedirects {
		return errors.New("too many redirects")
	}
	return nil
}

// Check returns an error if the client never connects to a target.
func (c *Client) Check(target *url.URL) error {
	switch {
	case c.isAllowed(target):
		return nil
	case target.Scheme != "https":
		return fmt.Errorf("%s is not encrypted: use https, or add %s to notifier.allow-hosts if it is on your own network",
			target.Redacted(), target.Hostname())
	case !slices.Contains(usualPorts, target.Port()):
		return fmt.Errorf("port %s is not one that a public web hook uses: add %s to notifier.allow-hosts if it is your own",
			target.Port(), target.Hostname())
	}
	return nil
}

func (c *Client) isAllowed(target *url.URL) bool {
	return slices.ContainsFunc(c.allowed, func(host string) bool { return strings.EqualFold(host, target.Hostname()) })
}

// NewRequest returns the request of a message, signed at a time.
func NewRequest(ctx context.Context, target string, m Message, now time.Time) (*http.Request, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, target, bytes.NewReader(m.Body))
	if err != nil {
		return nil, fmt.Errorf("creating a request: %w", err)
	}
	version, _ := telemetry.Build()
	timestamp := strconv.FormatInt(now.Unix(), 10)
	request.Header.Set("User-Agent", "Dateline/"+version)
	request.Header.Set("Content-Type", m.ContentType)
	for name, value := range m.Header {
		request.Header.Set(name, value)
	}
	request.Header.Set(headerID, m.ID)
	request.Header.Set(headerTimestamp, timestamp)
	if len(m.Keys) > 0 {
		request.Header.Set(headerSignature, signature(m, timestamp))
	}
	return request, nil
}

// signature returns the signatures by all keys, separated by spaces.
func signature(m Message, timestamp string) string {
	all := make([]string, len(m.Keys))
	for i, key := range m.Keys {
		sum := hmac.New(sha256.New, key)
		_, _ = fmt.Fprintf(sum, "%s.%s.", m.ID, timestamp) // it never fails
		_, _ = sum.Write(m.Body)
		all[i] = "v1," + base64.StdEncoding.EncodeToString(sum.Sum(nil))
	}
	return strings.Join(all, " ")
}

// Send sends a message to a target. The error is nil if the target has answered, whatever it answered.
func (c *Client) Send(ctx context.Context, target string, m Message) (Answer, error) {
	request, err := NewRequest(ctx, target, m, time.Now())
	if err != nil {
		return Answer{}, err
	}
	return c.Do(request)
}

// Do sends a request. The error is nil if the target has answered, whatever it answered.
func (c *Client) Do(request *http.Request) (Answer, error) {
	ctx, cancel := context.WithTimeout(request.Context(), c.timeout)
	defer cancel()
	request = request.WithContext(ctx)
	if err := c.Check(request.URL); err != nil {
		return Answer{}, err
	}
	client := c.public
	if c.isAllowed(request.URL) {
		client = c.anywhere
	}
	response, err := client.Do(request)
	if err != nil {
		var failed *url.Error
		if errors.As(err, &failed) {
			err = failed.Err // without the URL, which may contain a token
		}
		return Answer{}, fmt.Errorf("sending to %s: %w", request.URL.Host, err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	answer := Answer{
		Status: response.StatusCode, Excerpt: escape.Excerpt(string(body), maxExcerpt),
		RetryAfter: retryAfter(response.Header.Get("Retry-After"), time.Now()),
	}
	if err != nil && !answer.OK() {
		return answer, fmt.Errorf("reading the answer of %s: %w", request.URL.Host, err)
	}
	return answer, nil
}

// retryAfter returns the time of a header Retry-After, or 0.
func retryAfter(value string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseUint(value, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(0, at.Sub(now))
	}
	return 0
}
