package archiver

import (
	"bytes"
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"

	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/objects"
	"github.com/dateline-news/dateline/internal/s3test"
	"github.com/dateline-news/dateline/services/archiver/captures"
	"github.com/dateline-news/dateline/services/archiver/files"
)

const archiveURL = "s3://" + s3test.Bucket + "/news/pages"

// inBucket makes a room's archive one in a bucket.
func (r *room) inBucket(tb testing.TB, config objects.Config) {
	tb.Helper()
	var err error
	if r.files, err = files.Open(archiveURL, r.dir, config); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(r.files.Close)
}

// keep takes a step of the upkeep of the bucket, and fails if the bucket does.
func keep(tb testing.TB, a *Archiver) {
	tb.Helper()
	if err := a.bucket.keep(tb.Context()); err != nil || a.bucket.failures > 0 {
		tb.Fatalf("%v; %d failures of the bucket", err, a.bucket.failures)
	}
}

// body reads the body of the capture of a page.
func (r *room) body(tb testing.TB, from *files.Files, page string) (string, error) {
	tb.Helper()
	index := captures.Of(r.store)
	all, err := index.Page(tb.Context(), page)
	if err != nil {
		return "", err
	}
	response, err := index.Read(tb.Context(), from, all[len(all)-1])
	return string(response.Body), err
}

// spooled returns the names of the files in the spool.
func (r *room) spooled(tb testing.TB) []string {
	tb.Helper()
	paths, err := filepath.Glob(filepath.Join(r.dir, "*.warc.gz*"))
	if err != nil {
		tb.Fatal(err)
	}
	return paths
}

// plain returns the uncompressed records of all objects of the archive.
func plain(tb testing.TB, server *s3test.Server) string {
	tb.Helper()
	var all bytes.Buffer
	for _, key := range server.Keys() {
		body, err := server.Client().Open(tb.Context(), objects.Location{Bucket: s3test.Bucket, Key: key}, 0, -1)
		if err != nil {
			tb.Fatal(err)
		}
		defer body.Close()
		records, err := gzip.NewReader(body)
		if err != nil {
			tb.Fatal(err)
		}
		if _, err := all.ReadFrom(records); err != nil {
			tb.Fatal(err)
		}
	}
	return all.String()
}

// TestFilesAreUploaded checks that a page can be read before and after its file is uploaded,
// also by a process without the spool.
func TestFilesAreUploaded(t *testing.T) {
	server, room := s3test.Start(t), newRoom(t)
	room.inBucket(t, server.Config)
	elsewhere, err := files.Open(archiveURL, "", server.Config)
	if err != nil {
		t.Fatal(err)
	}
	defer elsewhere.Close()
	room.use(t, func(a *Archiver) {
		archive(t, a, page(t, "p1", "http://example.com/a", story))
		keep(t, a)
		if body, err := room.body(t, room.files, "p1"); err != nil || body != story {
			t.Errorf("in the spool: %q, %v", body, err)
		}
		if _, err := room.body(t, elsewhere, "p1"); !errors.Is(err, captures.ErrNotFound) {
			t.Errorf("elsewhere before the upload: %v", err)
		}
		if err := a.folder.Complete(); err != nil {
			t.Fatal(err)
		}
		keep(t, a)
	})
	keys := server.Keys()
	if len(keys) != 1 || path.Dir(keys[0]) != "news/pages" || len(room.spooled(t)) > 0 {
		t.Fatalf("the bucket has %q, the spool %q", keys, room.spooled(t))
	}
	for name, from := range map[string]*files.Files{"with the spool": room.files, "elsewhere": elsewhere} {
		if body, err := room.body(t, from, "p1"); err != nil || body != story {
			t.Errorf("%s: %q, %v", name, body, err)
		}
	}
}

// TestSpoolHoldsPagesWhileTheBucketFails fills the spool, and checks that nothing is lost.
func TestSpoolHoldsPagesWhileTheBucketFails(t *testing.T) {
	server, room := s3test.Start(t), newRoom(t)
	room.inBucket(t, server.Guest())
	config := room.config()
	config.MaxSpool = 1
	a := room.archiver(t, config)
	if got := archive(t, a, page(t, "p1", "http://example.com/a", story)); got[0] != "produced" {
		t.Fatal(got)
	}
	if err := a.folder.Complete(); err != nil {
		t.Fatal(err)
	}
	if err := a.bucket.keep(t.Context()); err != nil || a.bucket.failures != 1 || !a.bucket.next.After(time.Now()) {
		t.Fatalf("%v; %d failures, next attempt at %s", err, a.bucket.failures, a.bucket.next)
	}
	got := archive(t, a, page(t, "p2", "http://example.com/b", story))
	if !strings.Contains(got[0], "the spool is full") || !strings.Contains(got[0], "archiver.max-spool") {
		t.Errorf("got %q", got)
	}
	if err := a.Checks()[0].Test(t.Context()); err == nil || !strings.Contains(err.Error(), "spool") {
		t.Errorf("ready with %v", err)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	room.inBucket(t, server.Config)
	room.use(t, func(a *Archiver) {
		keep(t, a)
		if got := archive(t, a, page(t, "p2", "http://example.com/b", story)); got[0] != "produced" {
			t.Error(got)
		}
		if err := a.Checks()[0].Test(t.Context()); err != nil {
			t.Error(err)
		}
		if err := a.folder.Complete(); err != nil {
			t.Fatal(err)
		}
		keep(t, a)
	})
	if keys := server.Keys(); len(keys) != 2 {
		t.Errorf("the bucket has %q", keys)
	}
}

// TestInterruptedUploads leaves an upload at each point at which a process can end.
func TestInterruptedUploads(t *testing.T) {
	for name, at := range map[string]struct {
		state  captures.Upload
		inside bool // the bucket has the file
	}{
		"before the upload":          {captures.UploadBegun, false},
		"before the mark":            {captures.UploadBegun, true},
		"before the spool is erased": {captures.Uploaded, true},
	} {
		t.Run(name, func(t *testing.T) {
			server, room := s3test.Start(t), newRoom(t)
			room.inBucket(t, server.Config)
			room.use(t, func(a *Archiver) {
				archive(t, a, page(t, "p1", "http://example.com/a", story))
				if err := a.folder.Complete(); err != nil {
					t.Fatal(err)
				}
				waiting, _, err := a.folder.Waiting()
				if err != nil || len(waiting) != 1 {
					t.Fatalf("%v, %v", waiting, err)
				}
				if err := a.index.SetUpload(t.Context(), waiting[0].Name, at.state); err != nil {
					t.Fatal(err)
				}
				if at.inside {
					if err := a.bucket.putFile(t.Context(), a.folder.Path(waiting[0].Name), waiting[0].Name); err != nil {
						t.Fatal(err)
					}
				}
			})
			room.use(t, func(a *Archiver) { keep(t, a) })
			if body, err := room.body(t, room.files, "p1"); err != nil || body != story {
				t.Errorf("%q, %v", body, err)
			}
			if keys := server.Keys(); len(keys) != 1 || len(room.spooled(t)) > 0 {
				t.Errorf("the bucket has %q, the spool %q", keys, room.spooled(t))
			}
		})
	}
}

// TestErasureReachesTheBucket erases in each state of a file, in a bucket that keeps versions.
// No version may have the erased bytes, and the other captures of the file stay readable.
func TestErasureReachesTheBucket(t *testing.T) {
	const url = "http://example.com/secret"
	for _, state := range []captures.Upload{captures.InFolder, captures.UploadBegun, captures.Uploaded} {
		t.Run(fmt.Sprint(state), func(t *testing.T) {
			server, room := s3test.Start(t), newRoom(t)
			server.KeepVersions()
			room.inBucket(t, server.Config)
			room.use(t, func(a *Archiver) {
				archive(t, a, page(t, "p1", url, "a secret story"), page(t, "p2", "http://example.com/b", story))
				if err := a.folder.Complete(); err != nil {
					t.Fatal(err)
				}
				waiting, _, err := a.folder.Waiting()
				if err != nil {
					t.Fatal(err)
				}
				name := waiting[0].Name
				switch state {
				case captures.UploadBegun:
					if err := a.bucket.putFile(t.Context(), a.folder.Path(name), name); err != nil {
						t.Fatal(err)
					}
					if err := a.index.SetUpload(t.Context(), name, state); err != nil {
						t.Fatal(err)
					}
				case captures.Uploaded:
					keep(t, a)
				}
				if n, left, err := a.index.Erase(t.Context(), room.files, url, noon); err != nil || n != 1 || left != 1 {
					t.Fatalf("erased %d, left %d, %v", n, left, err)
				}
				keep(t, a)
				if left, err := a.index.Erasing(t.Context()); err != nil || left > 0 {
					t.Errorf("left %d, %v", left, err)
				}
				keep(t, a)
			})
			if text := plain(t, server); strings.Contains(text, "a secret story") || !strings.Contains(text, story) {
				t.Errorf("the bucket has the erased story: %t", strings.Contains(text, "a secret story"))
			}
			if versions := server.Versions(); len(versions) != 1 {
				t.Errorf("the bucket has the versions %q", versions)
			}
			if body, err := room.body(t, room.files, "p2"); err != nil || body != story {
				t.Errorf("the other capture: %q, %v", body, err)
			}
		})
	}
}

// TestRetentionDeletesObjects checks that an expired file leaves the bucket with all versions.
func TestRetentionDeletesObjects(t *testing.T) {
	server, room := s3test.Start(t), newRoom(t)
	server.KeepVersions()
	room.inBucket(t, server.Config)
	config := room.config()
	config.MaxAge = 2 * time.Hour
	a := room.archiver(t, config)
	archive(t, a, page(t, "p1", "http://example.com/a", story))
	if err := a.folder.Complete(); err != nil {
		t.Fatal(err)
	}
	keep(t, a)
	for range 2 {
		if err := a.retain(t.Context(), noon.Add(3*time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	if versions := server.Versions(); len(versions) > 0 {
		t.Errorf("the bucket has %q", versions)
	}
	if indexed, err := captures.Of(room.store).Files(t.Context()); err != nil || len(indexed) > 0 {
		t.Errorf("the index has %v, %v", indexed, err)
	}
}

// TestIndexIsCompletedFromTheBucket loses the index, as a restore of an older backup does.
func TestIndexIsCompletedFromTheBucket(t *testing.T) {
	server, room := s3test.Start(t), newRoom(t)
	room.inBucket(t, server.Config)
	room.use(t, func(a *Archiver) {
		archive(t, a, page(t, "p1", "http://example.com/a", story))
		if err := a.folder.Complete(); err != nil {
			t.Fatal(err)
		}
		keep(t, a)
	})
	restored := newRoom(t)
	restored.inBucket(t, server.Config)
	restored.use(t, func(a *Archiver) {
		keep(t, a)
		if body, err := restored.body(t, restored.files, "p1"); err != nil || body != story {
			t.Errorf("%q, %v", body, err)
		}
		if _, _, err := a.index.Erase(t.Context(), restored.files, "http://example.com/a", noon); err != nil {
			t.Fatal(err)
		}
		keep(t, a)
	})
	if strings.Contains(plain(t, server), story) {
		t.Error("an erasure after the restore does not reach the bucket")
	}
}

// TestTwoArchiversShareABucket checks that files that are begun at the same moment have
// different names.
func TestTwoArchiversShareABucket(t *testing.T) {
	server, room := s3test.Start(t), newRoom(t)
	for i := range 2 {
		room.dir = filepath.Join(t.TempDir(), "spool")
		room.inBucket(t, server.Config)
		room.use(t, func(a *Archiver) {
			archive(t, a, page(t, fmt.Sprintf("p%d", i), fmt.Sprintf("http://example.com/%d", i), story))
			if name := filepath.Base(room.openFiles(t)[0]); !strings.Contains(name, a.folder.ID()) || len(a.folder.ID()) < 16 {
				t.Errorf("the name %s lacks the id of the spool %q", name, a.folder.ID())
			}
			if err := a.folder.Complete(); err != nil {
				t.Fatal(err)
			}
			keep(t, a)
		})
	}
	if keys := server.Keys(); len(keys) != 2 {
		t.Errorf("the bucket has %q", keys)
	}
}

// TestOneArchiverRewritesAFile checks that a file is left to the archiver that holds it.
func TestOneArchiverRewritesAFile(t *testing.T) {
	server, room := s3test.Start(t), newRoom(t)
	room.inBucket(t, server.Config)
	room.use(t, func(a *Archiver) {
		archive(t, a, page(t, "p1", "http://example.com/a", story))
		if err := a.folder.Complete(); err != nil {
			t.Fatal(err)
		}
		keep(t, a)
		name := path.Base(server.Keys()[0])
		held, err := a.index.Hold(t.Context(), name, "another", time.Now(), time.Now().Add(time.Hour))
		if err != nil || !held {
			t.Fatal(held, err)
		}
		if _, _, err := a.index.Erase(t.Context(), room.files, "http://example.com/a", noon); err != nil {
			t.Fatal(err)
		}
		keep(t, a)
		if !strings.Contains(plain(t, server), story) {
			t.Error("a file that another archiver holds was rewritten")
		}
		if err := a.index.Release(t.Context(), name, "another"); err != nil {
			t.Fatal(err)
		}
		keep(t, a)
		if strings.Contains(plain(t, server), story) {
			t.Error("the file was not rewritten after its release")
		}
	})
}

// TestRunUploads runs the stage with its own clockwork.
func TestRunUploads(t *testing.T) {
	server, room := s3test.Start(t), newRoom(t)
	room.inBucket(t, server.Config)
	config := room.config()
	config.MaxFileAge = time.Second
	room.publish(t, page(t, "p1", "http://example.com/a", story))
	stop := run(t, room.archiver(t, config))
	natstest.Eventually(t, "the file is uploaded", func() bool {
		return len(server.Keys()) == 1 && len(room.spooled(t)) == 0
	})
	stop()
	if got := room.outcomes(t)["p1"]; got != "produced" {
		t.Errorf("the ledger has %q", got)
	}
}
