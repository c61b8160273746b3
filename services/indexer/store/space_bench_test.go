package store_test

import (
	"bufio"
	"database/sql"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// BenchmarkPointerMap compares storing articles and their outcomes in an SQLite file that can give back
// space with storing them in one that cannot. Both store the same batches in turns. The metrics are those of
// the first file divided by those of the second.
func BenchmarkPointerMap(b *testing.B) {
	files := map[string]string{}
	stores := map[string]store.Store{}
	for _, mode := range []string{"INCREMENTAL", "NONE"} {
		dsn := sqliteFile(b)
		db, err := openFile(dsn)
		if err != nil {
			b.Fatal(err)
		}
		for _, statement := range []string{"PRAGMA auto_vacuum = " + mode, "CREATE TABLE t (x)", "DROP TABLE t"} {
			if _, err := db.ExecContext(b.Context(), statement); err != nil {
				b.Fatal(err)
			}
		}
		if err := db.Close(); err != nil {
			b.Fatal(err)
		}
		files[mode], stores[mode] = strings.TrimPrefix(dsn, "sqlite:"), reopen(b, dsn)
	}
	for mode, value := range map[string]int{"INCREMENTAL": 2, "NONE": 0} {
		var got int
		err := stores[mode].SQL().Reader.QueryRowContext(b.Context(), "PRAGMA auto_vacuum").Scan(&got)
		if err != nil || got != value {
			b.Fatalf("auto_vacuum of the file with %s is %d, %v", mode, got, err)
		}
	}
	articles := newGenerator()
	var took, cpu [2]time.Duration
	var written [2]int64
	for b.Loop() {
		batch := articles.batch()
		var outcomes []*datelinev1.Outcome
		for n, a := range batch {
			for stage := datelinev1.Stage_STAGE_INTAKE; stage <= datelinev1.Stage_STAGE_INDEX; stage++ {
				o := outcome(stage, a.GetId(), noon.Add(time.Duration(articles.made)*time.Second))
				o.InputId = fmt.Sprintf("%016x", uint64(articles.made+n)*0x9e3779b97f4a7c15+uint64(stage))
				outcomes = append(outcomes, o)
			}
		}
		for turn := range 2 {
			i := (turn + b.N) % 2 // neither is always the first
			s := stores[[]string{"INCREMENTAL", "NONE"}[i]]
			own := make([]*datelinev1.Article, len(batch))
			for n, a := range batch {
				own[n] = proto.CloneOf(a)
			}
			start, startCPU, startWritten := time.Now(), cpuTime(b), writtenBytes(b)
			put(b, s, own...)
			record(b, s, outcomes...)
			store.Checkpoint(b, s)
			took[i], cpu[i] = took[i]+time.Since(start), cpu[i]+cpuTime(b)-startCPU
			written[i] += writtenBytes(b) - startWritten
		}
	}
	b.ReportMetric(took[0].Seconds()/took[1].Seconds(), "time-ratio")
	b.ReportMetric(cpu[0].Seconds()/cpu[1].Seconds(), "cpu-ratio")
	b.ReportMetric(float64(written[0])/float64(written[1]), "written-ratio")
	b.ReportMetric(fileSize(b, files["INCREMENTAL"])/fileSize(b, files["NONE"]), "size-ratio")
}

func fileSize(tb testing.TB, path string) float64 {
	tb.Helper()
	info, err := os.Stat(path)
	if err != nil {
		tb.Fatal(err)
	}
	return float64(info.Size())
}

// writtenBytes returns the bytes that this process has written to files.
func writtenBytes(tb testing.TB) (n int64) {
	tb.Helper()
	file, err := os.Open("/proc/self/io")
	if err != nil {
		tb.Skip("the bytes written are only known on Linux")
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		if _, err := fmt.Sscanf(lines.Text(), "wchar: %d", &n); err == nil {
			return n
		}
	}
	tb.Fatal("the bytes written are not in /proc/self/io")
	return 0
}

func openFile(dsn string) (*sql.DB, error) {
	path := strings.NewReplacer("%", "%25", "#", "%23", "?", "%3f").Replace(strings.TrimPrefix(dsn, "sqlite:"))
	return sql.Open("sqlite", "file:"+path)
}
