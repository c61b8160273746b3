package store_test

import (
	"context"
	"net/url"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/dateline-news/dateline/internal/certtest"
	"github.com/dateline-news/dateline/internal/postgrestest"
)

// TestPostgresUsesReplacedCertificates opens a store over a connection that both sides
// authenticate with certificates, and replaces the client's files while it is open.
func TestPostgresUsesReplacedCertificates(t *testing.T) {
	authority, stranger := certtest.New(t), certtest.New(t)
	until := time.Now().Add(time.Hour)
	address := postgrestest.Encrypted(t, authority)
	if conn, err := pgx.Connect(t.Context(), address); err == nil {
		_ = conn.Close(context.Background())
		t.Fatal("the server admits a client without certificate")
	}
	files := authority.Issue(t, "postgres", until)
	dsn := address + "&" + url.Values{"sslcert": {files.Certificate}, "sslkey": {files.Key}}.Encode()
	s := reopen(t, dsn)
	put(t, s, article("first", "Before", "x", after(1)))

	// disconnect ends the store's connections, so that its next request opens one.
	disconnect := func() {
		t.Helper()
		own := authority.Issue(t, "postgres", until)
		conn, err := pgx.Connect(t.Context(),
			address+"&"+url.Values{"sslcert": {own.Certificate}, "sslkey": {own.Key}}.Encode())
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.Close(context.Background()) }()
		const end = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'dateline'"
		if _, err := conn.Exec(t.Context(), end); err != nil {
			t.Fatal(err)
		}
	}
	stranger.Replace(t, files, "postgres", until)
	disconnect()
	for range 2 { // the first may only notice that the connection has ended
		if err := s.Ping(t.Context()); err == nil {
			t.Fatal("the certificate of an unknown authority is accepted, or its file is not read")
		}
	}
	authority.Replace(t, files, "postgres", until)
	put(t, s, article("second", "After", "x", after(2)))
}
