package bus_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"log/slog"
	"math/big"
	"net"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/dateline-news/dateline/internal/bus"
	"github.com/dateline-news/dateline/internal/natstest"
)

// certificate returns a self-signed certificate for loopback that is valid until the
// given time.
func certificate(t *testing.T, until time.Time) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: until.Add(-2 * time.Hour), NotAfter: until,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}

func TestExposeCertificateExpiry(t *testing.T) {
	until := time.Now().Add(time.Hour).Truncate(time.Second)
	own, pool := certificate(t, until)
	for name, want := range map[string]float64{"encrypted": float64(until.Unix()), "not encrypted": 0} {
		options := &server.Options{Host: "127.0.0.1", Port: server.RANDOM_PORT, NoSigs: true, NoLog: true}
		var extra []nats.Option
		if want > 0 {
			options.TLS, options.TLSConfig = true, &tls.Config{Certificates: []tls.Certificate{own}}
			extra = append(extra, nats.Secure(&tls.Config{RootCAs: pool}))
		}
		ns, err := server.NewServer(options)
		if err != nil {
			t.Fatal(err)
		}
		ns.Start()
		if !ns.ReadyForConnections(natstest.Patience(t)) {
			t.Fatal("the server did not start")
		}
		config := bus.DefaultConfig()
		config.URL = ns.ClientURL()
		nc, _, err := bus.Connect(t.Context(), "test", config, slog.New(slog.DiscardHandler), extra...)
		if err != nil {
			t.Fatal(err)
		}
		reg := prometheus.NewRegistry()
		bus.Expose(nc, reg)
		got, err := reg.Gather()
		if err != nil {
			t.Fatal(err)
		}
		if value := got[0].GetMetric()[0].GetGauge().GetValue(); value != want {
			t.Errorf("%s: got %v, want %v", name, value, want)
		}
		nc.Close()
		ns.Shutdown()
		ns.WaitForShutdown()
	}
}
