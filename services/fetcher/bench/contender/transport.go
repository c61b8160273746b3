package contender

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/http"
	"os"
	"path/filepath"
)

// UserAgent is the user agent of all contenders.
const UserAgent = "Bench/1.0 (+https://example.com/bot)"

// MaxIdleConns is the number of connections that a contender keeps. It exceeds the
// number of hosts.
const MaxIdleConns = 10_000

// Transport returns a transport that does not decode and keeps as many connections as
// the fetcher.
func (s Settings) Transport() (*http.Transport, error) {
	trusted, err := s.Authorities()
	return &http.Transport{
		DisableCompression: true, MaxIdleConns: MaxIdleConns, MaxIdleConnsPerHost: 2,
		TLSClientConfig: &tls.Config{
			RootCAs: trusted, ClientSessionCache: tls.NewLRUClientSessionCache(MaxIdleConns),
		},
	}, err
}

// CertificateFile returns the file in which the web server stores its certificate.
func (s Settings) CertificateFile() string {
	return filepath.Join(os.TempDir(), "dateline-bench-"+s.Web+".pem")
}

// Authorities returns a pool with the web server's certificate, or an empty pool
// without TLS.
func (s Settings) Authorities() (*x509.CertPool, error) {
	pool := x509.NewCertPool()
	if !s.TLS {
		return pool, nil
	}
	text, err := os.ReadFile(s.CertificateFile())
	if err == nil && !pool.AppendCertsFromPEM(text) {
		err = errors.New("the web server's file has no certificate")
	}
	return pool, err
}
