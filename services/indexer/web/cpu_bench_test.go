package web_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/dateline-news/dateline/services/indexer/store"
)

// processors tells the CPU time of this process and of the PostgreSQL server on this machine, if
// there is one.
type processors struct {
	server string // folder in /proc of the server's first process
}

func newProcessors(b *testing.B, s store.Store) processors {
	b.Helper()
	database := s.SQL()
	if !database.Postgres {
		return processors{}
	}
	var backend int
	if err := database.Reader.QueryRowContext(b.Context(), "SELECT pg_backend_pid()").Scan(&backend); err != nil {
		b.Fatal(err)
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", backend))
	if err != nil {
		b.Fatalf("the server must run on this machine: %v", err)
	}
	_, parent, _ := strings.Cut(string(status), "\nPPid:\t")
	parent, _, _ = strings.Cut(parent, "\n")
	return processors{filepath.Join("/proc", parent, "task", parent)}
}

// used returns the CPU time that was used so far, without that of server processes that ended.
func (p processors) used(b *testing.B) time.Duration {
	b.Helper()
	var sum time.Duration
	if p.server != "" {
		children, err := os.ReadFile(filepath.Join(p.server, "children"))
		if err != nil {
			b.Fatal(err)
		}
		for child := range strings.FieldsSeq(string(children)) {
			var nanoseconds int64
			if text, err := os.ReadFile(filepath.Join("/proc", child, "schedstat")); err == nil {
				_, _ = fmt.Sscan(string(text), &nanoseconds)
			}
			sum += time.Duration(nanoseconds)
		}
	}
	var own syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &own); err != nil {
		b.Fatal(err)
	}
	return sum + time.Duration(own.Utime.Nano()+own.Stime.Nano())
}
