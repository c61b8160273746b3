package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"math/big"
	mathrand "math/rand/v2"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/dateline-news/dateline/internal/natsembed"
	"github.com/dateline-news/dateline/services/fetcher/bench/contender"
)

const (
	robotsPath = "/robots.txt"
	reportPath = "/report"
	// pageSize is the approximate size of a page in bytes before compression. It
	// compresses to about 20 KB.
	pageSize = 90_000
)

// page returns a generated news page, gzipped.
func page() []byte {
	random := mathrand.New(mathrand.NewPCG(1, 2))
	var b strings.Builder
	b.WriteString("<!doctype html><html lang=en><head><title>Harbour bridge opens</title></head>" +
		"<body><article><h1>Harbour bridge opens</h1>")
	for b.Len() < pageSize {
		b.WriteString(`<p class="story-text"><a href="/topics/harbour">`)
		for range 40 {
			for range 2 + random.IntN(8) {
				b.WriteByte("etaoinshrdlucmfwypvbgk"[int(random.ExpFloat64()*5)%22])
			}
			b.WriteByte(' ')
		}
		b.WriteString("</a></p>\n")
	}
	b.WriteString("</article></body></html>")
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, _ = io.WriteString(z, b.String())
	z.Close()
	return packed.Bytes()
}

// serveWeb serves the page on every loopback address until standard input is closed.
func serveWeb(s contender.Settings) error {
	listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "0.0.0.0:0")
	if err != nil {
		return err
	}
	s.Web = strconv.Itoa(listener.Addr().(*net.TCPAddr).Port)
	if s.TLS {
		certificate, err := selfSigned(s.Hosts)
		if err != nil {
			return err
		}
		block := &pem.Block{Type: "CERTIFICATE", Bytes: certificate.Certificate[0]}
		if err := os.WriteFile(s.CertificateFile(), pem.EncodeToMemory(block), 0o600); err != nil {
			return err
		}
		defer os.Remove(s.CertificateFile())
		listener = tls.NewListener(listener, &tls.Config{
			Certificates: []tls.Certificate{certificate}, SessionTicketsDisabled: s.FullHandshakes,
		})
	}
	server := &http.Server{Handler: newSite(s), ErrorLog: log.New(io.Discard, "", 0)}
	go func() { _ = server.Serve(listener) }()
	fmt.Println(s.Web)
	_, _ = io.Copy(io.Discard, os.Stdin)
	return server.Close()
}

// site is the handler of the web server.
type site struct {
	settings contender.Settings
	body     []byte
	length   string
	visitors *visitors
}

func newSite(s contender.Settings) *site {
	body := page()
	return &site{settings: s, body: body, length: strconv.Itoa(len(body)), visitors: newVisitors()}
}

func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == reportPath {
		_ = json.NewEncoder(w).Encode(s.visitors.report())
		return
	}
	if s.settings.Watch {
		s.visitors.begin(r.Host, r.URL.Path)
		defer s.visitors.end(r.Host)
	}
	switch {
	case r.URL.Path == robotsPath:
		_, _ = io.WriteString(w, "User-agent: *\nDisallow: /private\n")
		return
	case s.settings.Soak > 0:
		misbehave(w, r, s.body)
		return
	case strings.HasPrefix(r.Host, slowHost+":"):
		time.Sleep(slowLatency)
	default:
		time.Sleep(s.settings.Latency)
	}
	// Assigning to the map saves CPU time compared with Set.
	h := w.Header()
	h["Content-Type"], h["Content-Encoding"] = []string{"text/html; charset=utf-8"}, []string{"gzip"}
	h["Content-Length"], h["Cache-Control"] = []string{s.length}, []string{"max-age=60"}
	h["Server"], h["Vary"] = []string{"bench"}, []string{"Accept-Encoding"}
	if s.settings.Close {
		h["Connection"] = []string{"close"}
	}
	_, _ = w.Write(s.body)
}

// selfSigned returns a certificate for the loopback addresses of the hosts.
func selfSigned(hosts int) (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	for i := range hosts {
		a := contender.HostAddress(i)
		template.IPAddresses = append(template.IPAddresses, net.IPv4(a[0], a[1], a[2], a[3]))
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return tls.Certificate{}, err
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
}

// serveNATS runs a NATS server until standard input is closed. It lets the operating
// system decide when to sync, because the benchmark compares CPU time and not disks.
func serveNATS() error {
	dir, err := os.MkdirTemp("", "dateline-bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	server, err := natsembed.Start(natsembed.Config{Dir: dir, Addr: "127.0.0.1:0", Relaxed: true})
	if err != nil {
		return err
	}
	defer server.Stop()
	fmt.Printf("%s#%d\n", server.ClientURL(), os.Getpid())
	_, _ = io.Copy(io.Discard, os.Stdin)
	return nil
}
