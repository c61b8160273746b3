package store_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"github.com/dateline-news/dateline/internal/postgrestest"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// turnBatches is the number of batches that an indexer stores in a turn of BenchmarkIngest.
const turnBatches = 10

// BenchmarkIngest stores new articles in a PostgreSQL server that syncs its commits, in turns with
// COPY of the same records into a table with one key, which is the least that a server does for
// them. One indexer stores batch after batch, or two do so at the same time. It reports the rates and the CPU time per
// article, of the server and of this process.
func BenchmarkIngest(b *testing.B) {
	for _, indexers := range []int{1, 2} {
		b.Run(fmt.Sprintf("indexers-%d", indexers), func(b *testing.B) { benchmarkIngest(b, indexers) })
	}
}

func benchmarkIngest(b *testing.B, indexers int) {
	b.Helper()
	dsn := postgrestest.Durable(b)
	stores := make([]store.Store, indexers)
	for i := range stores {
		stores[i] = reopen(b, dsn)
	}
	conn, err := pgx.Connect(b.Context(), dsn)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = conn.Close(context.Background()) })
	const table = `CREATE TABLE bare_records (id text PRIMARY KEY, record bytea NOT NULL)`
	if _, err := conn.Exec(b.Context(), table); err != nil {
		b.Fatal(err)
	}
	server := newServerCPU(b, conn)
	var ours, bare usage
	articles := newGenerator()
	measure := func(u *usage, run func()) {
		start, client, cpu := time.Now(), cpuTime(b), server.used(b)
		run()
		u.elapsed += time.Since(start)
		u.client += cpuTime(b) - client
		u.server += server.used(b) - cpu
		u.articles += benchBatch * turnBatches * indexers
	}
	for _, s := range stores {
		put(b, s, articles.batch()...) // prepares the statements
	}
	for b.Loop() {
		b.StopTimer()
		var batches [][]*datelinev1.Article
		var rows []store.BareRow
		for range turnBatches * indexers {
			batch := articles.batch()
			batches = append(batches, batch)
			rows = append(rows, store.BareRows(b, batch)...)
		}
		b.StartTimer()
		measure(&ours, func() { putAll(b, stores, batches) })
		b.StopTimer()
		measure(&bare, func() {
			source := pgx.CopyFromSlice(len(rows), func(i int) ([]any, error) {
				return []any{rows[i].ID, rows[i].Record}, nil
			})
			_, err := conn.CopyFrom(b.Context(), pgx.Identifier{"bare_records"}, []string{"id", "record"}, source)
			if err != nil {
				b.Fatal(err)
			}
		})
		b.StartTimer()
	}
	ours.report(b, "")
	bare.report(b, "copy-")
}

// putAll stores the batches through stores that work at the same time, each as many.
func putAll(b *testing.B, stores []store.Store, batches [][]*datelinev1.Article) {
	b.Helper()
	var storing errgroup.Group
	for i, s := range stores {
		storing.Go(func() error {
			for n := i; n < len(batches); n += len(stores) {
				results, err := s.Put(b.Context(), batches[n])
				for _, r := range results {
					err = errors.Join(err, r.Err)
				}
				if err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := storing.Wait(); err != nil {
		b.Fatal(err)
	}
}

// usage is what storing articles has used.
type usage struct {
	articles                int
	elapsed, client, server time.Duration
}

func (u usage) report(b *testing.B, prefix string) {
	b.Helper()
	n := float64(u.articles)
	b.ReportMetric(n/u.elapsed.Seconds(), prefix+"articles/s")
	b.ReportMetric(u.server.Seconds()*1e3/n, prefix+"server-ms/article")
	b.ReportMetric(u.client.Seconds()*1e3/n, prefix+"client-ms/article")
}

// serverCPU tells the CPU time of a PostgreSQL server on this machine.
type serverCPU struct {
	process string // folder in /proc of the server's first process
}

func newServerCPU(b *testing.B, conn *pgx.Conn) serverCPU {
	b.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", conn.PgConn().PID()))
	if err != nil {
		b.Skipf("needs /proc and a server on this machine: %v", err)
	}
	_, parent, _ := strings.Cut(string(status), "\nPPid:\t")
	parent, _, _ = strings.Cut(parent, "\n")
	return serverCPU{filepath.Join("/proc", parent)}
}

// used returns the CPU time of the server's processes so far, with that of those that have ended.
func (c serverCPU) used(b *testing.B) time.Duration {
	b.Helper()
	stat, err := os.ReadFile(filepath.Join(c.process, "stat"))
	if err != nil {
		b.Fatal(err)
	}
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	var ticks, ended int64
	for _, field := range fields[13:15] { // cutime and cstime
		_, _ = fmt.Sscan(field, &ticks)
		ended += ticks
	}
	sum := time.Duration(ended) * 10 * time.Millisecond
	children, err := os.ReadFile(filepath.Join(c.process, "task", filepath.Base(c.process), "children"))
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
	return sum
}
