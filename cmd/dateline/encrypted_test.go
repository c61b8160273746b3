package main

import (
	"crypto/tls"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/dateline-news/dateline/internal/bus"
	"github.com/dateline-news/dateline/internal/certtest"
	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/postgrestest"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/topology"
	"github.com/dateline-news/dateline/services/indexer/library"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// TestEncryptedPipeline runs the services on a NATS server and a PostgreSQL server that
// require client certificates.
func TestEncryptedPipeline(t *testing.T) {
	t.Parallel()
	authority := certtest.New(t)
	until := time.Now().Add(time.Hour)
	opts := deployedOptions(t)
	opts.TLS, opts.TLSVerify, opts.TLSTimeout = true, true, natstest.Patience(t).Seconds()
	opts.TLSConfig = &tls.Config{
		Certificates: []tls.Certificate{authority.Issue(t, "nats", until).Load(t)},
		ClientAuth:   tls.RequireAndVerifyClientCert, ClientCAs: authority.Pool(), MinVersion: tls.VersionTLS12,
	}
	srv, refused := startNATS(t, opts)
	certificateOf := func(user string) bus.TLS {
		files := authority.Issue(t, user, until)
		return bus.TLS{CA: authority.File, Certificate: files.Certificate, Key: files.Key}
	}
	connect := func(user string) bus.Config { return bus.Config{URL: urlFor(srv, user), TLS: certificateOf(user)} }
	_, setup := connectWith(t, connect("setup"), "declare")
	if err := topology.Reconcile(t.Context(), setup, topology.Limits{Archive: true}); err != nil {
		t.Fatal(err)
	}
	own := authority.Issue(t, "postgres", until)
	articles, err := store.Open(t.Context(), postgrestest.Encrypted(t, authority)+"&"+
		url.Values{"sslcert": {own.Certificate}, "sslkey": {own.Key}}.Encode())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { articles.Close() })

	d := &deployment{srv: srv, site: permissionsSite(t), articles: articles, tls: certificateOf}
	stop := d.start(t)
	defer stop()
	client, _ := connectWith(t, connect("client"), "client")
	page := d.site.URL + "/news/1"
	if err := client.Publish(subject.URLs, []byte(page)); err != nil {
		t.Fatal(err)
	}
	natstest.Eventually(t, "the article in PostgreSQL", func() bool {
		hit, err := d.lib.Article(t.Context(), library.Name(page))
		return err == nil && strings.Contains(hit.Article.GetTitle(), "ferry of day 1")
	})
	if lines := refused.all(); len(lines) > 0 {
		t.Errorf("the server refused:\n%s", strings.Join(lines, "\n"))
	}
}
