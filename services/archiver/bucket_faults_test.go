package archiver

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dateline-news/dateline/internal/disktest"
	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/s3test"
	"github.com/dateline-news/dateline/services/archiver/captures"
	"github.com/dateline-news/dateline/services/archiver/warcfile"
)

// pagesIn returns how often each page is in records.
func pagesIn(records []*warcfile.Entry) map[string]int {
	found := map[string]int{}
	for _, entry := range records {
		id := warcfile.Value(entry.Block, fieldPageID)
		if entry.Get(warcfile.FieldType) == warcfile.TypeMetadata && id != "" {
			found[id]++
		}
	}
	return found
}

// TestBucketDisappears deletes the bucket while the archiver runs. Pages stay in the spool
// until the bucket is there again, and the log states what to do.
func TestBucketDisappears(t *testing.T) {
	server, room := s3test.Start(t), newRoom(t)
	room.inBucket(t, server.Config)
	a := room.archiver(t, room.config())
	var log bytes.Buffer
	a.log = slog.New(slog.NewTextHandler(&log, nil))
	upload := func(id string) {
		t.Helper()
		archive(t, a, page(t, id, "http://example.com/"+id, story+id))
		if err := a.folder.Complete(); err != nil {
			t.Fatal(err)
		}
		if err := a.bucket.keep(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	upload("p1")
	server.RemoveBucket()
	upload("p2")
	if text := log.String(); a.bucket.failures != 1 || !strings.Contains(text, "create the bucket "+s3test.Bucket) {
		t.Errorf("%d failures, the log is %s", a.bucket.failures, text)
	}
	if body, err := room.body(t, room.files, "p2"); err != nil || body != story+"p2" {
		t.Errorf("in the spool: %q, %v", body, err)
	}
	if body, err := room.body(t, room.files, "p1"); err == nil {
		t.Errorf("a page of a bucket that is gone: %q", body)
	}
	server.MakeBucket()
	a.bucket.next = time.Time{}
	keep(t, a)
	if found := pagesIn(uploaded(t, server)); len(found) != 1 || found["p2"] != 1 {
		t.Errorf("the new bucket has %v", found)
	}
	if body, err := room.body(t, room.files, "p1"); !errors.Is(err, captures.ErrNotFound) {
		t.Errorf("a page that was deleted with its bucket: %q, %v", body, err)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestArchiversWorkAtTheSameTime runs two archivers with one store and one bucket.
func TestArchiversWorkAtTheSameTime(t *testing.T) {
	server, room := s3test.Start(t), newRoom(t)
	config := room.config()
	config.MaxFileAge = time.Second
	const pages = 100
	for i := range pages {
		id := fmt.Sprint("p", i)
		room.publish(t, page(t, id, "http://example.com/"+id, story+id))
	}
	var spools []string
	for range 2 {
		room.dir = filepath.Join(t.TempDir(), "spool")
		room.inBucket(t, server.Config)
		stop := run(t, room.archiver(t, config))
		defer stop()
		spools = append(spools, room.dir)
	}
	natstest.Eventually(t, "all pages are uploaded", func() bool {
		for _, dir := range spools {
			if left, err := filepath.Glob(filepath.Join(dir, "*.warc.gz*")); err != nil || len(left) > 0 {
				return false
			}
		}
		return len(room.outcomes(t)) == pages
	})
	found := pagesIn(uploaded(t, server))
	for i := range pages {
		if id := fmt.Sprint("p", i); found[id] != 1 {
			t.Errorf("page %s is in the bucket %d times", id, found[id])
		}
	}
}

// TestFullSpool fills the disk of the spool while a page is written, and while a file of the
// bucket is rewritten for an erasure.
func TestFullSpool(t *testing.T) {
	server, room := s3test.Start(t), newRoom(t)
	room.dir = disktest.Mount(t, "4m")
	room.inBucket(t, server.Config)
	noise := make([]byte, 2<<20)
	_, _ = rand.NewChaCha8([32]byte{}).Read(noise)
	ballast := filepath.Join(room.dir, "ballast")
	fill := func() {
		t.Helper()
		if err := os.WriteFile(ballast, make([]byte, 3<<20), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	free := func() {
		t.Helper()
		if err := os.Remove(ballast); err != nil {
			t.Fatal(err)
		}
	}
	const url = "http://example.com/large"
	large := page(t, "large", url, string(noise))
	room.use(t, func(a *Archiver) {
		fill()
		if got := archive(t, a, large); !strings.Contains(got[0], "no space left") {
			t.Errorf("on a full disk: %q", got)
		}
		free()
		if got := archive(t, a, large, page(t, "p", "http://example.com/p", story)); got[0] != "produced" ||
			got[1] != "produced" {
			t.Errorf("with room again: %q", got)
		}
		if err := a.folder.Complete(); err != nil {
			t.Fatal(err)
		}
		keep(t, a)
		if found := pagesIn(uploaded(t, server)); found["large"] != 1 || found["p"] != 1 {
			t.Errorf("the bucket has %v", found)
		}

		fill()
		if _, _, err := a.index.Erase(t.Context(), room.files, url, noon); err != nil {
			t.Fatal(err)
		}
		if err := a.bucket.keep(t.Context()); err != nil || a.bucket.failures != 1 {
			t.Errorf("erasing with a full disk: %v, %d failures", err, a.bucket.failures)
		}
		if left, err := a.index.Erasing(t.Context()); err != nil || left != 1 {
			t.Errorf("%d captures are left, %v", left, err)
		}
		uploaded(t, server) // the object is whole
		free()
		a.bucket.next = time.Time{}
		keep(t, a)
		if left, err := a.index.Erasing(t.Context()); err != nil || left != 0 {
			t.Errorf("%d captures are left with room again, %v", left, err)
		}
		if body, err := room.body(t, room.files, "p"); err != nil || body != story {
			t.Errorf("the other capture: %q, %v", body, err)
		}
	})
}
