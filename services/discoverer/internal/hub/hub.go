// Package hub speaks WebSub (W3C Recommendation of 23 January 2018) as a subscriber: it asks hubs
// to push the content of a topic, and checks what they send.
package hub

import (
	"context"
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
)

// The modes of requests to a hub, and of its requests to the callback.
const (
	Subscribe   = "subscribe"
	Unsubscribe = "unsubscribe"
	Denied      = "denied"
)

const (
	// timeout bounds one request with its redirects.
	timeout = 10 * time.Second
	// maxRedirects is the maximum number of redirects to another hub.
	maxRedirects = 3
	// maxAnswer is the maximum number of bytes that are read of an answer, and maxHeader that of
	// its headers.
	maxAnswer, maxHeader = 1 << 10, 64 << 10
	// maxRetryAfter is the longest Retry-After that is respected.
	maxRetryAfter = 24 * time.Hour
	userAgent     = "Dateline/1.0 (+https://github.com/dateline-news/dateline)"
)

// usualPorts are the ports on which a public hub may be.
var usualPorts = []string{"", "80", "443", "8080", "8443"}

// Request asks a hub to begin or to end pushing a topic to a callback.
type Request struct {
	Hub, Mode, Topic, Callback string
	// Secret is the key of the signatures, and Lease the time to subscribe for. An unsubscription
	// has neither.
	Secret string
	Lease  time.Duration
}

// RefusalError is the error if a hub has answered that it does not accept a request.
type RefusalError struct {
	Status     int
	Detail     string
	RetryAfter time.Duration // 0 if the hub states none
}

func (r *RefusalError) Error() string {
	text := fmt.Sprintf("the hub refuses with status %d", r.Status)
	if r.Detail != "" {
		text += ": " + r.Detail
	}
	return text
}

// Lasting reports whether the same request will be refused again.
func (r *RefusalError) Lasting() bool {
	return r.Status < http.StatusInternalServerError && r.Status != http.StatusTooManyRequests &&
		r.Status != http.StatusRequestTimeout
}

// Client asks hubs. Feeds choose their addresses, so it connects to public addresses and usual
// ports only.
type Client struct {
	http    *http.Client
	anyPort bool
}

// NewClient returns a client. If allowPrivate is set, it connects to all addresses and ports.
func NewClient(allowPrivate bool) *Client {
	var allowed []netip.Prefix
	if allowPrivate {
		allowed = []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")}
	}
	dialer := net.Dialer{Timeout: timeout, Control: dialguard.New(allowed)}
	c := &Client{anyPort: allowPrivate}
	c.http = &http.Client{
		Timeout: timeout, CheckRedirect: c.checkRedirect,
		Transport: &http.Transport{
			DialContext: dialer.DialContext, DisableKeepAlives: true, MaxResponseHeaderBytes: maxHeader,
		},
	}
	return c
}

// checkRedirect follows only the redirects by which a hub names another one.
func (c *Client) checkRedirect(next *http.Request, via []*http.Request) error {
	switch next.Response.StatusCode {
	case http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
	default:
		return http.ErrUseLastResponse
	}
	if len(via) > maxRedirects {
		return errors.New("too many redirects")
	}
	if via[0].URL.Scheme == "https" && next.URL.Scheme != "https" {
		return errors.New("redirect from https to http, which would expose the secret")
	}
	return c.check(next.URL)
}

func (c *Client) check(hub *url.URL) error {
	if !c.anyPort && !slices.Contains(usualPorts, hub.Port()) {
		return fmt.Errorf("port %s is not one that a public hub uses", hub.Port())
	}
	return nil
}

// Ask sends a request to a hub. The error is a *RefusalError if the hub has refused it. Otherwise the
// hub has accepted the request, and verifies it at the callback.
func (c *Client) Ask(ctx context.Context, r Request) error {
	form := url.Values{"hub.callback": {r.Callback}, "hub.mode": {r.Mode}, "hub.topic": {r.Topic}}
	if r.Mode == Subscribe {
		form.Set("hub.secret", r.Secret)
		form.Set("hub.lease_seconds", strconv.Itoa(int(r.Lease/time.Second)))
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, r.Hub, strings.NewReader(form.Encode()))
	if err != nil {
		return fmt.Errorf("asking hub %s: %w", r.Hub, err)
	}
	if err := c.check(request.URL); err != nil {
		return fmt.Errorf("asking hub %s: %w", r.Hub, err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("User-Agent", userAgent)
	response, err := c.http.Do(request)
	if err != nil {
		return fmt.Errorf("asking hub %s: %w", r.Hub, err)
	}
	defer response.Body.Close()
	if response.StatusCode >= 200 && response.StatusCode < 300 {
		return nil
	}
	detail, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		detail = nil // the status says enough
	}
	return fmt.Errorf("asking hub %s: %w", r.Hub, &RefusalError{
		Status: response.StatusCode, Detail: strings.TrimSpace(string(detail)),
		RetryAfter: retryAfter(response.Header.Get("Retry-After")),
	})
}

func retryAfter(value string) time.Duration {
	seconds, err := strconv.Atoi(value)
	if err != nil || seconds < 0 {
		return 0
	}
	return time.Duration(min(seconds, int(maxRetryAfter/time.Second))) * time.Second
}
