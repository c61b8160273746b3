package archiver

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/dateline-news/dateline/internal/disktest"
	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/subject"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/archiver/captures"
	"github.com/dateline-news/dateline/services/archiver/files"
	"github.com/dateline-news/dateline/services/archiver/internal/folder"
	"github.com/dateline-news/dateline/services/archiver/warcfile"
)

func TestPagesAreArchivedAndAcked(t *testing.T) {
	room := newRoom(t)
	stop := run(t, room.archiver(t, room.config()))
	want := map[string]string{}
	for i := range 100 {
		id := "page-" + string(rune('a'+i/10)) + string(rune('a'+i%10))
		room.publish(t, page(t, id, "http://example.com/"+id, story+id))
		want[id] = "produced"
	}
	file := page(t, "file", "http://example.com/file", story)
	file.Exchange = nil
	room.publish(t, file)
	want["file"] = "rejected no_exchange"
	consumer, err := room.js.Consumer(t.Context(), subject.StreamPages, subject.ConsumerArchive)
	if err != nil {
		t.Fatal(err)
	}
	natstest.Eventually(t, "all pages are acked", func() bool {
		info, err := consumer.Info(t.Context())
		return err == nil && info.AckFloor.Stream == 101
	})
	stop()
	got := room.outcomes(t)
	for id, outcome := range want {
		if got[id] != outcome {
			t.Errorf("outcome of %s is %q, want %q", id, got[id], outcome)
		}
	}
	ids := room.ids(t)
	if slices.Sort(ids); len(ids) != 100 || len(slices.Compact(ids)) != 100 {
		t.Errorf("%d metadata records", len(ids))
	}
	if open := room.openFiles(t); len(open) > 0 {
		t.Errorf("files were left open: %s", open)
	}
}

func TestRecordsOfAPage(t *testing.T) {
	room := newRoom(t)
	p := page(t, "p", "http://example.com/new", story)
	p.RequestedUrl = "http://example.com/old"
	p.Redirects = []*datelinev1.Redirect{{Url: p.GetRequestedUrl(), Status: 301, Exchange: &datelinev1.Exchange{
		RequestHead:  []byte("GET /old HTTP/1.1\r\nHost: example.com\r\n\r\n"),
		ResponseHead: []byte("HTTP/1.1 301 Moved\r\nLocation: /new\r\nTransfer-Encoding: chunked\r\n\r\n"),
		Body:         []byte("moved"), Protocol: "http/1.1", Time: timestamppb.New(noon.Add(-time.Second)),
	}}}
	p.Exchange.ResponseHead = []byte("HTTP/1.1 200 OK\r\nContent-Type: Text/HTML; charset=x\r\nContent-Length: 99\r\n\r\n")
	p.Exchange.Protocol, p.Exchange.TlsVersion = "h2", "1.3"
	p.Exchange.BodyTruncation = datelinev1.BodyTruncation_BODY_TRUNCATION_DISCONNECT
	room.use(t, func(a *Archiver) {
		if got := archive(t, a, p); !slices.Equal(got, []string{"produced"}) {
			t.Fatal(got)
		}
	})
	records := room.records(t)
	var types []string
	for _, r := range records {
		types = append(types, r.Get(warcfile.FieldType)+" "+r.Get(warcfile.FieldURL))
	}
	want := []string{
		"warcinfo ", "request http://example.com/old", "response http://example.com/old",
		"request http://example.com/new", "response http://example.com/new", "metadata http://example.com/new",
	}
	if !slices.Equal(types, want) {
		t.Fatalf("records are %q, want %q", types, want)
	}
	response := records[4]
	head, body := response.HTTP()
	if string(body) != story || !strings.Contains(string(head), "\r\nX-Archive-Orig-Content-Length: 99\r\n") {
		t.Errorf("response: %q %q", head, body)
	}
	if !strings.Contains(string(records[2].Block), "\r\nX-Archive-Orig-Transfer-Encoding: chunked\r\n\r\nmoved") {
		t.Errorf("redirect: %q", records[2].Block)
	}
	for name, value := range map[string]string{
		warcfile.FieldDate: "2026-03-04T12:00:00.123456Z", "WARC-IP-Address": "192.0.2.7", "WARC-Protocol": "h2",
		"WARC-Truncated": "disconnect", "WARC-Warcinfo-ID": records[0].Get(warcfile.FieldID),
	} {
		if got := response.Get(name); got != value {
			t.Errorf("%s is %q, want %q", name, got, value)
		}
	}
	if got := warcfile.Value(records[5].Block, "labels"); got != `{"team":"rivers"}` {
		t.Errorf("labels: %s", got)
	}
	indexed, err := captures.Of(room.store).Page(t.Context(), "p")
	if err != nil || len(indexed) != 2 || indexed[1].Status != 200 || indexed[1].Type != "text/html" ||
		indexed[0].Status != 301 || !indexed[1].Time.Equal(noon) {
		t.Fatalf("index: %+v, %v", indexed, err)
	}
	checkPlace(t, room, indexed[1], response)
}

// checkPlace reads a record by its place in the index.
func checkPlace(t *testing.T, room *room, c captures.Capture, want *warcfile.Entry) {
	t.Helper()
	file, err := folder.OpenFile(room.dir, c.File)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	entry, err := warcfile.NewReader(io.NewSectionReader(file, c.Offset, c.Length), c.Offset).Next()
	if err != nil || entry.Get(warcfile.FieldID) != want.Get(warcfile.FieldID) {
		t.Errorf("record at %d: %v, %v", c.Offset, entry, err)
	}
}

func TestSameBodyIsWrittenOnce(t *testing.T) {
	room := newRoom(t)
	room.use(t, func(a *Archiver) {
		for i, ended := range []string{"produced", "produced revisit", "produced revisit", "produced", "produced"} {
			p := page(t, "p"+string(rune('0'+i)), "http://example.com/a", story)
			p.Exchange.Time = timestamppb.New(noon.Add(time.Duration(i) * time.Hour))
			switch i {
			case 3: // another body
				p = page(t, "p3", "http://example.com/a", story+"changed")
			case 4: // another URL
				p = page(t, "p4", "http://example.com/b", story)
			}
			if got := archive(t, a, p); !slices.Equal(got, []string{ended}) {
				t.Errorf("capture %d: %q, want %q", i, got, ended)
			}
		}
	})
	var bodies int
	for _, entry := range room.records(t) {
		_, body := entry.HTTP()
		switch entry.Get(warcfile.FieldType) {
		case warcfile.TypeResponse:
			bodies++
		case warcfile.TypeRevisit:
			if len(body) != 0 || entry.Get(warcfile.FieldPayloadDigest) != warcfile.Digest([]byte(story)) ||
				entry.Get("WARC-Profile") != warcfile.ProfileIdentical ||
				entry.Get(warcfile.FieldOriginalURL) != "http://example.com/a" ||
				entry.Get(warcfile.FieldOriginalDate) != warcfile.Date(noon) {
				t.Errorf("revisit: %+v", entry)
			}
		}
	}
	if bodies != 3 {
		t.Errorf("%d responses with a body, want 3", bodies)
	}
}

func TestPageIsWrittenOnce(t *testing.T) {
	room := newRoom(t)
	p := page(t, "p", "http://example.com/a", story)
	for range 2 { // also by another process
		room.use(t, func(a *Archiver) {
			for range 2 {
				if got := archive(t, a, p, p); !slices.Equal(got, []string{"produced", "produced"}) {
					t.Fatal(got)
				}
			}
		})
	}
	if ids := room.ids(t); len(ids) != 1 {
		t.Errorf("the page was written %d times", len(ids))
	}
	damaged := page(t, "damaged", "http://example.com/b", story)
	damaged.Body = []byte("damaged")
	room.use(t, func(a *Archiver) {
		for _, got := range archive(t, a, damaged, damaged) {
			if !strings.HasPrefix(got, "error: decompressing") {
				t.Errorf("a page that cannot be read ends as %q, want an error", got)
			}
		}
	})
}

func TestIndexFailureWritesNothingTwice(t *testing.T) {
	room := newRoom(t)
	room.use(t, func(a *Archiver) {
		first, second := page(t, "p1", "http://example.com/1", story), page(t, "p2", "http://example.com/2", story)
		archive(t, a, first)
		// Pages can be looked up, but not added.
		database := room.store.SQL().Writer
		if _, err := database.Exec(`CREATE TRIGGER refuse BEFORE INSERT ON archive_captures
			BEGIN SELECT RAISE(ABORT, 'refused'); END`); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if got := archive(t, a, second); !strings.Contains(got[0], "refused") {
				t.Fatal(got)
			}
		}
		if _, err := database.Exec(`DROP TRIGGER refuse`); err != nil {
			t.Fatal(err)
		}
		if got := archive(t, a, second); !slices.Equal(got, []string{"produced"}) {
			t.Fatal(got)
		}
	})
	if ids := room.ids(t); !slices.Equal(ids, []string{"p1", "p2"}) {
		t.Errorf("pages in the files: %q", ids)
	}
}

func TestRecovery(t *testing.T) {
	all := []string{"p1", "p2", "p3"}
	for name, test := range map[string]struct {
		damage func([]byte) []byte // of the file that is left open
		forget bool                // the index does not have the second page
	}{
		"nothing lost":              {func(d []byte) []byte { return d }, false},
		"not indexed":               {func(d []byte) []byte { return d }, true},
		"end of a record missing":   {func(d []byte) []byte { return d[:len(d)-1] }, true},
		"record of a page missing":  {withoutLastMember, true},
		"zeros at the end":          {func(d []byte) []byte { return append(d, make([]byte, 500)...) }, true},
		"another record cut at end": {func(d []byte) []byte { return append(d, d[:40]...) }, false},
	} {
		t.Run(name, func(t *testing.T) {
			room := newRoom(t)
			second := page(t, "p2", "http://example.com/2", strings.Repeat(story, 9))
			a := room.archiver(t, room.config())
			archive(t, a, page(t, "p1", "http://example.com/1", story))
			indexed, err := a.index.Files(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			archive(t, a, second)
			room.crash(t, a)
			if test.forget {
				forget(t, room, "p2", indexed)
			}
			path := room.openFiles(t)[0]
			data, err := os.ReadFile(path)
			if err == nil {
				err = os.WriteFile(path, test.damage(data), 0o600)
			}
			if err != nil {
				t.Fatal(err)
			}
			room.use(t, func(a *Archiver) {
				if open := room.openFiles(t); len(open) > 0 {
					t.Errorf("still open: %s", open)
				}
				archive(t, a, second, page(t, "p3", "http://example.com/3", story))
			})
			if ids := room.ids(t); !slices.Equal(ids, all) {
				t.Errorf("pages in the files: %q, want %q", ids, all)
			}
			checkIndex(t, room, all)
		})
	}
}

// forget removes a page from the index, as if the process had ended before the commit.
func forget(t *testing.T, room *room, id string, indexed map[string]int64) {
	t.Helper()
	if _, err := room.store.SQL().Writer.Exec(`DELETE FROM archive_captures WHERE page_id = $1`, id); err != nil {
		t.Fatal(err)
	}
	for name, size := range indexed {
		_, err := room.store.SQL().Writer.Exec(`UPDATE archive_files SET indexed = $1 WHERE name = $2`, size, name)
		if err != nil {
			t.Fatal(err)
		}
	}
}

// withoutLastMember removes the metadata record at the end of a file.
func withoutLastMember(data []byte) []byte {
	reader := warcfile.NewReader(strings.NewReader(string(data)), 0)
	var last int64
	for {
		entry, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return data[:last]
		}
		last = entry.Offset
	}
}

// checkIndex compares the index with the files.
func checkIndex(t *testing.T, room *room, ids []string) {
	t.Helper()
	for _, id := range ids {
		indexed, err := captures.Of(room.store).Page(t.Context(), id)
		if err != nil || len(indexed) != 1 {
			t.Errorf("index of %s: %v, %v", id, indexed, err)
			continue
		}
		checkCapture(t, room, indexed[0])
	}
}

// checkCapture compares a capture in the index with its record.
func checkCapture(t *testing.T, room *room, c captures.Capture) {
	t.Helper()
	file, err := room.archived().Section(t.Context(), c.File, c.Offset, c.Length)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	entry, err := warcfile.NewReader(file, c.Offset).Next()
	if err != nil {
		t.Errorf("record of %s: %v", c.PageID, err)
		return
	}
	read, err := captureOf(entry)
	// The metadata record has the labels.
	read.PageID, read.File, read.Labels = c.PageID, c.File, `{"team":"rivers"}`
	if err != nil || read != c {
		t.Errorf("the record says %+v, %v; the index %+v", read, err, c)
	}
}

func TestFolderHasOneArchiver(t *testing.T) {
	room := newRoom(t)
	room.use(t, func(*Archiver) {
		_, err := New(t.Context(), room.config(), Dependencies{
			JS: room.js, Files: files.InFolder(room.dir), Store: room.store, Registry: prometheus.NewRegistry(), Now: time.Now,
		})
		if err == nil || !strings.Contains(err.Error(), "another archiver writes to the folder "+room.dir) {
			t.Errorf("second archiver: %v", err)
		}
	})
}

func TestFilesAreCompleted(t *testing.T) {
	room := newRoom(t)
	config := room.config()
	config.MaxFileBytes = 1 // below what Validate accepts: a file for each batch
	a := room.archiver(t, config)
	for i := range 3 {
		archive(t, a, page(t, "p"+string(rune('0'+i)), "http://example.com/"+string(rune('a'+i)), story))
	}
	a.completeDue()
	if open := room.openFiles(t); len(open) > 0 {
		t.Errorf("still open: %s", open)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(room.dir, "dateline-*-0000?-*.warc.gz"))
	if err != nil || len(files) != 3 {
		t.Errorf("files %q, %v", files, err)
	}
}

// TestClockIsSetBack archives pages while the clock repeats the same millisecond, as it does after it
// was set back, and while it is an hour behind. Each page is in one record of a file of its own.
func TestClockIsSetBack(t *testing.T) {
	room, all := newRoom(t), []string(nil)
	config := room.config()
	config.MaxFileBytes = 1 // below what Validate accepts: a file for each batch
	config.MaxAge = 24 * time.Hour
	for i, clock := range []time.Time{noon, noon, noon.Add(-time.Hour)} {
		a := room.archiverAt(t, config, func() time.Time { return clock })
		for j := range 2 {
			id := fmt.Sprintf("p%d%d", i, j)
			all = append(all, id)
			archive(t, a, page(t, id, "http://example.com/"+id, story+id))
		}
		if err := a.retain(t.Context(), clock); err != nil {
			t.Fatal(err)
		}
		if err := a.Close(); err != nil {
			t.Fatal(err)
		}
	}
	ids := room.ids(t)
	slices.Sort(ids)
	if !slices.Equal(ids, all) {
		t.Errorf("pages in the files: %q, want %q", ids, all)
	}
	if files, err := filepath.Glob(filepath.Join(room.dir, "*.warc.gz")); err != nil || len(files) != len(all) {
		t.Errorf("the archive has %d files, %v; want %d", len(files), err, len(all))
	}
	checkIndex(t, room, all)
}

func TestFullDiskMakesPagesWait(t *testing.T) {
	room := newRoom(t)
	config := room.config()
	config.MinFree = 1 << 60
	a := room.archiver(t, config)
	defer a.Close()
	if got := archive(t, a, page(t, "p", "http://example.com/", story)); !strings.Contains(got[0], "archiver.min-free") {
		t.Errorf("ended with %q", got)
	}
}

// TestDiskIsFullAtRotation fills the disk before the archiver begins its next file. The page
// waits, and is archived once there is space.
func TestDiskIsFullAtRotation(t *testing.T) {
	room := newRoom(t)
	disk := disktest.Mount(t, "2m")
	room.dir = filepath.Join(disk, "archive")
	config := room.config()
	config.MaxFileBytes = 1 // below what Validate accepts: a file for each batch
	a := room.archiver(t, config)
	archive(t, a, page(t, "p0", "http://example.com/0", story))
	ballast := filepath.Join(disk, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 4<<20), 0o600); !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("the disk is not full: %v", err)
	}
	for range 2 {
		got := archive(t, a, page(t, "p1", "http://example.com/1", story))
		if !strings.Contains(got[0], "error: ") || !strings.Contains(got[0], "make room on the disk of "+room.dir) {
			t.Errorf("ended with %q", got)
		}
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	if got := archive(t, a, page(t, "p1", "http://example.com/1", story)); got[0] != "produced" {
		t.Errorf("with space again: %q", got)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	if got := room.ids(t); !slices.Equal(got, []string{"p0", "p1"}) {
		t.Errorf("the files have the pages %q", got)
	}
}
