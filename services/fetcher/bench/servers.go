package main

import (
	"bytes"
	"compress/gzip"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"math/big"
	mathrand "math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/dateline-news/dateline/internal/natsembed"
)

// page is a made-up news page of some 90 KB, gzipped to some 20.
func page() []byte {
	random := mathrand.New(mathrand.NewPCG(1, 2))
	var b strings.Builder
	b.WriteString("<!doctype html><html lang=en><head><title>Harbour bridge opens</title></head><body><article><h1>Harbour bridge opens</h1>")
	for b.Len() < 90_000 {
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
	io.WriteString(z, b.String())
	z.Close()
	return packed.Bytes()
}

// serveWeb serves the page on every loopback address until standard input ends.
func serveWeb(s settings) error {
	body := page()
	listener, err := net.Listen("tcp", "0.0.0.0:0")
	if err != nil {
		return err
	}
	visits := newVisitors()
	server := &http.Server{ErrorLog: log.New(io.Discard, "", 0), Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/report" {
			json.NewEncoder(w).Encode(visits.report())
			return
		}
		if s.Watch {
			visits.begin(r.Host, r.URL.Path)
			defer visits.end(r.Host)
		}
		if r.URL.Path == "/robots.txt" {
			io.WriteString(w, "User-agent: *\nDisallow: /private\n")
			return
		}
		if s.Soak > 0 {
			hostile(w, r, body)
			return
		}
		if strings.HasPrefix(r.Host, slowHost+":") {
			time.Sleep(slowLatency)
		} else {
			time.Sleep(s.Latency)
		}
		h := w.Header()
		h["Content-Type"], h["Content-Encoding"] = []string{"text/html; charset=utf-8"}, []string{"gzip"}
		h["Content-Length"], h["Cache-Control"], h["Server"], h["Vary"] = []string{fmt.Sprint(len(body))}, []string{"max-age=60"}, []string{"bench"}, []string{"Accept-Encoding"}
		if s.Close {
			h["Connection"] = []string{"close"}
		}
		w.Write(body)
	})}
	port := listener.Addr().(*net.TCPAddr).Port
	if s.TLS {
		certificate, err := selfSigned(s.Hosts)
		if err != nil {
			return err
		}
		path := certificateFile(fmt.Sprint(port))
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Certificate[0]}), 0o600); err != nil {
			return err
		}
		defer os.Remove(path)
		config := &tls.Config{Certificates: []tls.Certificate{certificate}, SessionTicketsDisabled: s.FullHandshakes}
		go server.Serve(tls.NewListener(listener, config))
	} else {
		go server.Serve(listener)
	}
	fmt.Println(port)
	io.Copy(io.Discard, os.Stdin)
	return server.Close()
}

// visitors watches how politely the web server is asked.
type visitors struct {
	mu    sync.Mutex
	hosts map[string]*visited
	pages map[string]int
	tally report
}

type visited struct {
	busy  int
	ended time.Time
}

// report is how many pages were asked for more than once, and how many requests
// came while another of the host was under way, or within the pause behind it.
type report struct {
	Twice int `json:"twice"`
	Early int `json:"early"`
}

func newVisitors() *visitors { return &visitors{hosts: map[string]*visited{}, pages: map[string]int{}} }

func (v *visitors) begin(host, path string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	h := v.hosts[host]
	if h == nil {
		h = &visited{}
		v.hosts[host] = h
	}
	if h.busy > 0 || time.Since(h.ended) < fairDelay {
		v.tally.Early++
	}
	h.busy++
	if path != "/robots.txt" {
		if v.pages[host+path]++; v.pages[host+path] == 2 {
			v.tally.Twice++
		}
	}
}

func (v *visitors) end(host string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.hosts[host].busy--
	v.hosts[host].ended = time.Now()
}

func (v *visitors) report() report {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.tally
}

// certificateFile is where the web server on a port leaves its certificate.
func certificateFile(port string) string {
	return filepath.Join(os.TempDir(), "dateline-bench-"+port+".pem")
}

// authorities trusts the web server's certificate, which it left in a file.
func authorities(s settings) (*x509.CertPool, error) {
	pool := x509.NewCertPool()
	if !s.TLS {
		return pool, nil
	}
	text, err := os.ReadFile(certificateFile(s.Web))
	if err == nil && !pool.AppendCertsFromPEM(text) {
		err = errors.New("there is no certificate in the web server's file")
	}
	return pool, err
}

func selfSigned(hosts int) (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	for i := range hosts {
		template.IPAddresses = append(template.IPAddresses, net.IPv4(127, byte(1+i/62500), byte(i/250%250), byte(1+i%250)))
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return tls.Certificate{}, err
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
}

// serveNATS runs a NATS server until standard input ends. It syncs as an operating
// system does: what is compared is CPU, not disks.
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
	fmt.Println(server.ClientURL() + fmt.Sprintf("#%d", os.Getpid()))
	io.Copy(io.Discard, os.Stdin)
	return nil
}
