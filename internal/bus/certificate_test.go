package bus_test

import (
	"context"
	"crypto/tls"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/dateline-news/dateline/internal/bus"
	"github.com/dateline-news/dateline/internal/certtest"
	"github.com/dateline-news/dateline/internal/natstest"
)

// startServer runs a NATS server, encrypted if a configuration is given, and returns
// its address.
func startServer(t *testing.T, encryption *tls.Config) *server.Server {
	t.Helper()
	ns, err := server.NewServer(&server.Options{
		Host: "127.0.0.1", Port: server.RANDOM_PORT, NoSigs: true, NoLog: true,
		TLS: encryption != nil, TLSConfig: encryption,
		TLSVerify: encryption != nil && encryption.ClientAuth == tls.RequireAndVerifyClientCert,
	})
	if err != nil {
		t.Fatal(err)
	}
	ns.Start()
	t.Cleanup(func() {
		ns.Shutdown()
		ns.WaitForShutdown()
	})
	if !ns.ReadyForConnections(natstest.Patience(t)) {
		t.Fatal("the server did not start")
	}
	return ns
}

func TestExposeCertificateExpiry(t *testing.T) {
	until := time.Now().Add(time.Hour).Truncate(time.Second)
	authority := certtest.New(t)
	own := authority.Issue(t, "server", until).Load(t)
	for name, test := range map[string]struct {
		encryption *tls.Config
		want       float64
	}{
		"encrypted":     {&tls.Config{Certificates: []tls.Certificate{own}}, float64(until.Unix())},
		"not encrypted": {nil, 0},
	} {
		config := bus.DefaultConfig()
		config.URL = startServer(t, test.encryption).ClientURL()
		if test.encryption != nil {
			config.TLS.CA = authority.File
		}
		nc, _, err := bus.Connect(t.Context(), "test", config, quiet)
		if err != nil {
			t.Fatal(err)
		}
		reg := prometheus.NewRegistry()
		bus.Expose(nc, reg)
		got, err := reg.Gather()
		if err != nil {
			t.Fatal(err)
		}
		if value := got[0].GetMetric()[0].GetGauge().GetValue(); value != test.want {
			t.Errorf("%s: got %v, want %v", name, value, test.want)
		}
		nc.Close()
	}
}

// TestMutualTLS connects to a server that requires certificates of its own authority. A
// connection that cannot succeed must fail at once, although the configured wait is
// longer than the test may take.
func TestMutualTLS(t *testing.T) {
	authority, stranger := certtest.New(t), certtest.New(t)
	until := time.Now().Add(time.Hour)
	own := authority.Issue(t, "server", until).Load(t)
	ns := startServer(t, &tls.Config{
		Certificates: []tls.Certificate{own}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: authority.Pool(),
	})
	known, unknown := authority.Issue(t, "fetcher", until), stranger.Issue(t, "fetcher", until)
	expired := authority.Issue(t, "fetcher", time.Now().Add(-time.Minute))
	for name, test := range map[string]struct {
		tls  bus.TLS
		want string
	}{
		"both known":            {bus.TLS{CA: authority.File, Certificate: known.Certificate, Key: known.Key}, ""},
		"server unknown":        {bus.TLS{CA: stranger.File, Certificate: known.Certificate, Key: known.Key}, "certificate"},
		"no client certificate": {bus.TLS{CA: authority.File}, "certificate required"},
		"client unknown": {
			bus.TLS{CA: authority.File, Certificate: unknown.Certificate, Key: unknown.Key}, "certificate",
		},
		"client expired": {
			bus.TLS{CA: authority.File, Certificate: expired.Certificate, Key: expired.Key}, "certificate",
		},
		"no file": {bus.TLS{CA: authority.File + ".missing"}, "no such file"},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), natstest.Patience(t))
		nc, _, err := bus.Connect(ctx, "test", bus.Config{URL: ns.ClientURL(), TLS: test.tls, Wait: time.Hour}, quiet)
		cancel()
		switch {
		case err == nil && test.want != "":
			t.Errorf("%s: connected", name)
		case err != nil && (test.want == "" || !strings.Contains(err.Error(), test.want)):
			t.Errorf("%s: got error %v, want %q", name, err, test.want)
		}
		if nc != nil {
			nc.Close()
		}
	}
}

// TestReplacedCertificateIsUsed replaces the files of a client while it is connected.
func TestReplacedCertificateIsUsed(t *testing.T) {
	authority := certtest.New(t)
	until := time.Now().Add(time.Hour)
	var presented []string
	seen := make(chan string, 10)
	own := authority.Issue(t, "server", until).Load(t)
	ns := startServer(t, &tls.Config{
		Certificates: []tls.Certificate{own}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: authority.Pool(),
		VerifyConnection: func(state tls.ConnectionState) error {
			seen <- state.PeerCertificates[0].Subject.CommonName
			return nil
		},
	})
	files := authority.Issue(t, "old", until)
	config := bus.Config{
		URL: ns.ClientURL(), TLS: bus.TLS{CA: authority.File, Certificate: files.Certificate, Key: files.Key},
		Wait: natstest.Patience(t),
	}
	nc, _, err := bus.Connect(t.Context(), "test", config, quiet)
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	presented = append(presented, <-seen)
	authority.Replace(t, files, "new", until)
	if err := nc.ForceReconnect(); err != nil {
		t.Fatal(err)
	}
	select {
	case name := <-seen:
		presented = append(presented, name)
	case <-time.After(natstest.Patience(t)):
		t.Fatal("the client did not connect again")
	}
	if got := strings.Join(presented, " "); got != "old new" {
		t.Errorf("the client presented %q, want old, then new", got)
	}
}

func TestValidateTLS(t *testing.T) {
	for config, want := range map[bus.TLS]string{
		{}:                                 "",
		{Certificate: "c.pem"}:             "key is not",
		{Key: "k.pem"}:                     "certificate is not",
		{Certificate: "c.pem", Key: "k.p"}: "",
	} {
		if err := config.Validate(); (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: got error %v, want %q", config, err, want)
		}
	}
}
