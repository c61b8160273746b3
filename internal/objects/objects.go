// Package objects reads and writes the objects of an S3-compatible service. Every transfer
// has a timeout and is repeated a few times; what is uploaded is checked by the service.
package objects

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"sync/atomic"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/dateline-news/dateline/internal/loop"
)

const (
	dialTimeout = 10 * time.Second
	// stallTimeout is the maximum time in which a transfer must make progress.
	stallTimeout = 30 * time.Second
	// callTimeout bounds each call that transfers no object.
	callTimeout = time.Minute
	// attempts is the maximum number of attempts at a call.
	attempts = 5
	// maxConns is the maximum number of connections to the service.
	maxConns = 16
)

// pauses are the pauses between the attempts at a call.
var pauses = loop.Backoff{First: 200 * time.Millisecond, Last: 5 * time.Second}

// Client uses a service. Create it with New.
type Client struct {
	core      *minio.Core
	transport *http.Transport
	endpoint  string
	// accepted reports that the service has accepted the keys before.
	accepted atomic.Bool
}

// New returns a client for a valid configuration. It does not connect.
func New(config Config) (*Client, error) {
	u, err := config.url()
	if err != nil {
		return nil, fmt.Errorf("s3.%w", err)
	}
	transport, err := newTransport(config.CA)
	if err != nil {
		return nil, err
	}
	lookup := minio.BucketLookupDNS
	if config.PathStyle {
		lookup = minio.BucketLookupPath
	}
	core, err := minio.NewCore(u.Host, &minio.Options{
		Creds: config.keys(transport), Secure: u.Scheme == "https", Transport: transport, Region: config.Region,
		BucketLookup: lookup, MaxRetries: 1, // attempt repeats calls
	})
	if err != nil {
		return nil, fmt.Errorf("s3.endpoint %s: %w", u.Redacted(), err)
	}
	return &Client{core: core, transport: transport, endpoint: u.Redacted()}, nil
}

// Close closes idle connections.
func (c *Client) Close() { c.transport.CloseIdleConnections() }

// keys returns where the keys come from.
func (c Config) keys(transport http.RoundTripper) *credentials.Credentials {
	if c.AccessKey != "" {
		return credentials.NewStaticV4(c.AccessKey, c.SecretKey, "")
	}
	if c.Credentials != "" {
		return credentials.New(&credentials.FileAWSCredentials{Filename: c.Credentials})
	}
	chain := []credentials.Provider{&credentials.EnvAWS{}}
	for _, name := range []string{
		"AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI",
	} {
		if os.Getenv(name) != "" {
			chain = append(chain, &credentials.IAM{Client: &http.Client{Transport: transport, Timeout: dialTimeout}})
			break
		}
	}
	return credentials.NewChainCredentials(chain)
}

func newTransport(ca string) (*http.Transport, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if ca != "" {
		pem, err := os.ReadFile(ca)
		if err != nil {
			return nil, fmt.Errorf("reading s3.ca: %w", err)
		}
		if config.RootCAs = x509.NewCertPool(); !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("s3.ca: the file %s has no certificates in the form PEM", ca)
		}
	}
	dialer := &net.Dialer{Timeout: dialTimeout}
	return &http.Transport{
		Proxy: http.ProxyFromEnvironment, TLSClientConfig: config, TLSHandshakeTimeout: dialTimeout,
		ResponseHeaderTimeout: callTimeout, ExpectContinueTimeout: time.Second, IdleConnTimeout: callTimeout,
		MaxConnsPerHost: maxConns, MaxIdleConnsPerHost: maxConns, DisableCompression: true,
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := dialer.DialContext(ctx, network, address)
			if err != nil {
				return nil, err
			}
			return &stallConn{conn}, nil
		},
	}, nil
}

// stallConn is a connection whose writes fail if they make no progress. Responses have
// timeouts of their own.
type stallConn struct{ net.Conn }

func (c *stallConn) Write(p []byte) (int, error) {
	if err := c.SetWriteDeadline(time.Now().Add(stallTimeout)); err != nil {
		return 0, err
	}
	return c.Conn.Write(p)
}

// attempt makes a call, and repeats it if that can help.
func (c *Client) attempt(
	ctx context.Context, timeout time.Duration, what action, at Location, call func(context.Context) error,
) error {
	n := 0
	err := loop.Retry(ctx, pauses, func(ctx context.Context) error {
		n++
		ctx, cancel := context.WithTimeout(ctx, timeout)
		defer cancel()
		err := call(ctx)
		if err == nil {
			c.accepted.Store(true)
		}
		return err
	}, func(err error) bool { return n < attempts && c.isTransient(err) })
	return c.explain(err, what, at)
}

// isTransient reports whether a later attempt may succeed.
func (c *Client) isTransient(err error) bool {
	if errors.Is(err, os.ErrNotExist) || errors.Is(err, errChanged) {
		return false
	}
	response := responseOf(err)
	switch {
	case c.isDamage(response.Code), response.Code == "RequestTimeout", response.StatusCode == http.StatusTooManyRequests:
		return true
	case response.StatusCode != 0:
		return response.StatusCode >= http.StatusInternalServerError && response.StatusCode != http.StatusNotImplemented
	}
	_, isDNS := errors.AsType[*net.DNSError](err)
	_, isCertificate := errors.AsType[*tls.CertificateVerificationError](err)
	return !isDNS && !isCertificate
}

// responseOf returns what the service has answered, or the zero value.
func responseOf(err error) minio.ErrorResponse {
	response, _ := errors.AsType[minio.ErrorResponse](err)
	return response
}

const signatureWrong = "SignatureDoesNotMatch"

// isDamage reports whether a code means that the bytes have changed on their way. The digest
// of the body is signed, so some services then find the signature of good keys wrong.
func (c *Client) isDamage(code string) bool {
	return code == signatureWrong && c.accepted.Load() ||
		code == "BadDigest" || code == "XAmzContentSHA256Mismatch" || code == "XAmzContentChecksumMismatch"
}
