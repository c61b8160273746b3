//go:build unix

package postgrestest

import (
	"fmt"
	"path/filepath"
	"testing"
)

// Server is a server of a test's own.
type Server struct {
	tb      testing.TB
	server  *server
	running bool
}

// Replicated starts a server of the test's own and a streaming replica of it, a hot standby. The
// servers are removed when the test ends.
func Replicated(tb testing.TB) (primary, replica *Server) {
	tb.Helper()
	binaries := programs(tb)
	// A folder in PATH may have links to some of the programs only.
	initdb, err := filepath.EvalSymlinks(filepath.Join(binaries, "initdb"))
	if err != nil {
		tb.Fatal(err)
	}
	binaries = filepath.Dir(initdb)
	// The replica may fall behind for as long as the test wants.
	s, err := start(binaries, map[string]string{"listen_addresses": "", "wal_keep_size": "1GB"}, nil)
	primary = own(tb, s, err)
	s, err = startOn(binaries, map[string]string{
		"listen_addresses": "", "wal_retrieve_retry_interval": "100ms", "max_standby_streaming_delay": "10ms",
		"wal_receiver_status_interval": "1s",
	}, func(s *server) error {
		return s.createCluster(filepath.Join(binaries, "pg_basebackup"), "-h", primary.server.folder, "-U", "postgres",
			"-D", s.data, "-R", "-X", "stream", "--checkpoint=fast", "--no-sync")
	})
	return primary, own(tb, s, err)
}

func own(tb testing.TB, s *server, err error) *Server {
	tb.Helper()
	if err != nil {
		tb.Fatalf("starting PostgreSQL: %v", err)
	}
	owned := &Server{tb, s, true}
	tb.Cleanup(func() {
		if err := s.stop(); err != nil {
			tb.Error(err)
		}
	})
	return owned
}

// URL returns the URL of a database of the server.
func (s *Server) URL(database string) string { return s.server.url(database) }

// Execute executes a statement in the database postgres.
func (s *Server) Execute(statement string) {
	s.tb.Helper()
	if err := s.server.execute(s.tb.Context(), statement); err != nil {
		s.tb.Fatalf("executing %s: %v", statement, err)
	}
}

// Kill ends the server as a failure of its machine does: it finishes nothing, and its connections break.
func (s *Server) Kill() {
	s.tb.Helper()
	if err := s.server.abort(); err != nil {
		s.tb.Fatal(fmt.Errorf("killing PostgreSQL: %w", err))
	}
	s.running = false
}

// Start starts a server again that was killed.
func (s *Server) Start() {
	s.tb.Helper()
	if s.running {
		s.tb.Fatal("the server is running")
	}
	if err := s.server.run(); err != nil {
		s.tb.Fatalf("starting PostgreSQL again: %v", err)
	}
	s.running = true
}
