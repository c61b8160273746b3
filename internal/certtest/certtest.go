// Package certtest makes certificates for tests of encrypted connections.
package certtest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Authority signs certificates for loopback.
type Authority struct {
	// File contains the authority's own certificate (PEM).
	File string

	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

// New makes an authority that nobody trusts yet.
func New(tb testing.TB) *Authority {
	tb.Helper()
	template := &x509.Certificate{
		Subject: pkix.Name{CommonName: "authority of " + tb.Name()}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign, NotAfter: time.Now().Add(24 * time.Hour),
	}
	a := &Authority{File: filepath.Join(tb.TempDir(), "ca.pem")}
	a.certificate, a.key = sign(tb, template, nil)
	write(tb, a.File, "CERTIFICATE", a.certificate.Raw)
	return a
}

// Pool returns a pool that contains only this authority.
func (a *Authority) Pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.certificate)
	return pool
}

// Files are the paths of a certificate and its private key (PEM).
type Files struct{ Certificate, Key string }

// Issue writes a certificate for a server on 127.0.0.1 and for a client with that name,
// and its key, into a new folder.
func (a *Authority) Issue(tb testing.TB, name string, until time.Time) Files {
	tb.Helper()
	folder := tb.TempDir()
	f := Files{filepath.Join(folder, "certificate.pem"), filepath.Join(folder, "key.pem")}
	a.Replace(tb, f, name, until)
	return f
}

// Replace writes another certificate and key over those in files.
func (a *Authority) Replace(tb testing.TB, files Files, name string, until time.Time) {
	tb.Helper()
	certificate, key := sign(tb, &x509.Certificate{
		Subject: pkix.Name{CommonName: name}, NotAfter: until, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{
			x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth,
		},
	}, a)
	encoded, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		tb.Fatal(err)
	}
	write(tb, files.Certificate, "CERTIFICATE", certificate.Raw)
	write(tb, files.Key, "PRIVATE KEY", encoded)
}

// Load reads a certificate and its key.
func (f Files) Load(tb testing.TB) tls.Certificate {
	tb.Helper()
	pair, err := tls.LoadX509KeyPair(f.Certificate, f.Key)
	if err != nil {
		tb.Fatal(err)
	}
	return pair
}

// sign makes a key and a certificate for it, signed by an authority. If by is nil, the
// certificate is self-signed.
func sign(tb testing.TB, template *x509.Certificate, by *Authority) (*x509.Certificate, *ecdsa.PrivateKey) {
	tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	template.NotBefore = time.Now().Add(-time.Hour)
	if template.SerialNumber, err = rand.Int(rand.Reader, big.NewInt(1<<62)); err != nil {
		tb.Fatal(err)
	}
	parent, signer := template, key
	if by != nil {
		parent, signer = by.certificate, by.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		tb.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		tb.Fatal(err)
	}
	return certificate, key
}

func write(tb testing.TB, path, kind string, der []byte) {
	tb.Helper()
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		tb.Fatal(err)
	}
}
