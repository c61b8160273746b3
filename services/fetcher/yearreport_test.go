package fetcher

import (
	"fmt"
	"io/fs"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/dateline-news/dateline/internal/subject"
)

// year is a simulated year.
type year struct {
	t         *testing.T
	nc        *nats.Conn
	js        jetstream.JetStream
	dir       string // of the server's files
	web       *simulatedWeb
	store     *yearStore
	pages     int
	published int
	months    []month
}

// month is what was there at the end of a month.
type month struct {
	day    int
	values map[string]int64
}

// measured are the columns of the report. A value may be at most share times that of the first month
// after all times of retention, plus slack. A share of 0 means that it is not bounded.
var measured = []struct {
	name, query string
	stream      string
	share       float64
	slack       int64
}{
	{name: "marks", stream: subject.KVStream(subject.BucketSeen), share: 1.2, slack: 10},
	{name: "hosts", stream: subject.KVStream(subject.BucketHosts), share: 1.2, slack: 30},
	{name: "waiting", stream: subject.StreamFrontier, share: 1.2, slack: 10},
	{name: "dead letters", stream: subject.StreamDead, share: 1.2, slack: 10},
	{name: "revisions", stream: subject.StreamRevisions, share: 1.2, slack: 10},
	{name: "outcomes", query: `SELECT count(*) FROM outcomes`, share: 1.2, slack: 10},
	{name: "hourly counts", query: `SELECT count(*) FROM source_hours`, share: 1.2, slack: 10},
	{name: "baselines", query: `SELECT count(*) FROM source_baselines`, share: 1.2, slack: 10},
	// Keys leave the table once 2,048 successive ones are not needed any more.
	{name: "keys of copies", query: `SELECT count(*) FROM recent_keys`, share: 1.2, slack: 2048},
	{name: "articles", query: `SELECT count(*) FROM articles`},
	{name: "KB of articles", query: `SELECT sum(pgsize) / 1024 ` + storedBytes + ` AND ` + ofArticles},
	{name: "KB of other tables", query: `SELECT sum(pgsize) / 1024 ` + storedBytes + ` AND NOT ` + ofArticles,
		share: 1.2, slack: 64},
	{name: "KB of messages", share: 1.2, slack: 64},
	// The server gives the space of removed messages back once a block of up to 8 MB is complete.
	{name: "KB of files", share: 1.2, slack: 128 << 10},
	{name: "KB of heap", share: 1.5, slack: 8 << 10},
	{name: "goroutines", share: 1.2, slack: 50},
	{name: "CPU s"},
}

// storedBytes and ofArticles select from the pages of an SQLite file.
const (
	storedBytes = `FROM dbstat d LEFT JOIN sqlite_schema s ON s.name = d.name WHERE d.aggregate = 1`
	ofArticles  = `coalesce(s.tbl_name IN ('articles', 'revisions', 'aliases', 'sources')
		OR s.tbl_name LIKE 'article_words%', 0)`
)

// measure notes what is there at the end of a day.
func (y *year) measure(day int) {
	y.t.Helper()
	m := month{day, map[string]int64{}}
	for _, column := range measured {
		var value int64
		switch {
		case column.stream != "":
			value = y.messages(column.stream)
		case column.query != "":
			if err := y.store.SQL().Reader.QueryRowContext(y.t.Context(), column.query).Scan(&value); err != nil {
				y.t.Fatalf("%s: %v", column.name, err)
			}
		case column.name == "KB of messages":
			value = y.messageBytes() >> 10
		case column.name == "KB of files":
			value = folderBytes(y.t, y.dir) >> 10
		case column.name == "KB of heap":
			value = int64(measureUsage().heap >> 10)
		case column.name == "goroutines":
			value = int64(runtime.NumGoroutine())
		case column.name == "CPU s":
			value = int64(usedCPU(y.t).Seconds())
		}
		m.values[column.name] = value
	}
	y.months = append(y.months, m)
}

// messageBytes returns the size of the messages in all streams and buckets.
func (y *year) messageBytes() (total int64) {
	y.t.Helper()
	streams := y.js.ListStreams(y.t.Context())
	for info := range streams.Info() {
		total += int64(info.State.Bytes)
	}
	if err := streams.Err(); err != nil {
		y.t.Fatal(err)
	}
	return total
}

// folderBytes returns the size of all files in a folder.
func folderBytes(t *testing.T, folder string) (total int64) {
	t.Helper()
	err := filepath.WalkDir(folder, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return nil //nolint:nilerr // the server has removed it meanwhile
		}
		if info, err := entry.Info(); err == nil {
			total += info.Size()
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return total
}

// usedCPU returns the CPU time of this process.
func usedCPU(t *testing.T) time.Duration {
	t.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		t.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// report prints a table of the months.
func (y *year) report() {
	y.t.Helper()
	var table strings.Builder
	fmt.Fprintf(&table, "%d URLs a day in place of a million; a day is %s of the clocks of server and fetcher\n| day |",
		y.pages, yearDay)
	for _, column := range measured {
		fmt.Fprintf(&table, " %s |", column.name)
	}
	fmt.Fprint(&table, "\n|---|", strings.Repeat("---|", len(measured)))
	for _, m := range y.months {
		fmt.Fprintf(&table, "\n| %d |", m.day)
		for _, column := range measured {
			fmt.Fprintf(&table, " %d |", m.values[column.name])
		}
	}
	y.t.Log(table.String())
}

// checkFlat compares the last quarter of the year with the first month after all times of retention.
func (y *year) checkFlat() {
	y.t.Helper()
	var settled map[string]int64
	for _, m := range y.months {
		if settled == nil && m.day > keptDeadDays {
			settled = m.values
		}
		if m.day <= yearDays*3/4 {
			continue
		}
		for _, column := range measured {
			limit := int64(column.share*float64(settled[column.name])) + column.slack
			if got := m.values[column.name]; column.share > 0 && got > limit {
				y.t.Errorf("day %d: %s grow: %d, and %d after all times of retention", m.day, column.name, got,
					settled[column.name])
			}
		}
	}
}

// checkOutcomes expects one outcome of each stage for what the stage before has produced, among those that are stored
// and those that have expired.
func (y *year) checkOutcomes() {
	t := y.t
	t.Helper()
	tally, err := y.store.Tally(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ended, produced := map[string]int64{}, map[string]int64{}
	var total int64
	for _, count := range tally {
		stage := subject.StageName(count.Stage)
		total += count.Count
		ended[stage] += count.Count
		if verdict := subject.VerdictName(count.Verdict); verdict == "produced" {
			produced[stage] += count.Count
		}
		t.Logf("%s %s %s: %d", stage, subject.VerdictName(count.Verdict), count.Reason, count.Count)
	}
	waiting := y.messages(subject.StreamFrontier)
	if ended["intake"] != int64(y.published) || ended["fetch"] != produced["intake"]-waiting ||
		ended["extract"] != produced["fetch"] || ended["index"] != produced["extract"] {
		t.Errorf("%d URLs were published and %d wait: %v ended and %v had results", y.published, waiting, ended, produced)
	}
	stats, err := y.store.Stats(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if stats.Outcomes != total || stats.Expired < total/2 {
		t.Errorf("%d of %d outcomes have expired, and the totals are those of %d", stats.Expired, stats.Outcomes, total)
	}
	since, err := y.store.OutcomesSince(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	end := y.store.calendar(time.Now())
	if age := end.Sub(since); age < keptDays*calendarDay || age > (keptDays+1)*calendarDay {
		t.Errorf("the ledger has the outcomes of %s, want %d days", age, keptDays)
	}
}
