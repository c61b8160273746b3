package archiver

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/dateline-news/dateline/internal/failtest"
	"github.com/dateline-news/dateline/internal/objects"
	"github.com/dateline-news/dateline/internal/postgrestest"
	"github.com/dateline-news/dateline/internal/s3test"
	"github.com/dateline-news/dateline/services/archiver/captures"
	"github.com/dateline-news/dateline/services/indexer/storetest"
)

// TestStepsFailInTheBucket has single requests to the bucket or statements fail, or only the responses to statements,
// while files are uploaded and pages are erased from them. A step that fails is repeated by the next upkeep. At the end
// the bucket has each page once, no version of an erased one, and the index knows all of that.
func TestStepsFailInTheBucket(t *testing.T) {
	t.Parallel()
	for name, losesResponses := range map[string]bool{"statements": false, "responses of the store": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dsn := storetest.Postgres(t)
			statements := postgrestest.Fail(t, dsn)
			statements.LosesResponses = losesResponses
			server := s3test.Start(t)
			b := newBucketRoom(t, dsn, statements.URL, server, server.Config)
			b.failEachStep(&statements.Steps)
		})
	}
	t.Run("requests to the bucket", func(t *testing.T) {
		t.Parallel()
		dsn := storetest.SQLite(t)
		server := s3test.Start(t)
		requests := s3test.Fail(t, server)
		b := newBucketRoom(t, dsn, dsn, server, requests.Config)
		b.failEachStep(&requests.Steps)
	})
}

// bucketRoom is an archiver with steps that fail, and a sound access to what it writes.
type bucketRoom struct {
	*testing.T

	a      *Archiver
	server *s3test.Server
	room   *room
	index  *captures.Index
}

// newBucketRoom starts an archiver on a store and a bucket that fail.
func newBucketRoom(t *testing.T, sound, failing string, server *s3test.Server, config objects.Config) *bucketRoom {
	t.Helper()
	server.KeepVersions()
	r := newRoom(t)
	r.store = storetest.Open(t, failing)
	r.inBucket(t, config)
	b := &bucketRoom{T: t, a: r.archiver(t, r.config()), server: server}
	t.Cleanup(func() {
		if err := b.a.Close(); err != nil {
			t.Error(err)
		}
	})
	checked := *r
	checked.store = storetest.Open(t, sound)
	checked.inBucket(t, server.Config)
	b.room, b.index = &checked, captures.Of(checked.store)
	return b
}

// failEachStep archives, uploads and erases two pages with the first step failing, then the second one, and so on.
func (b *bucketRoom) failEachStep(steps *failtest.Steps) {
	b.Helper()
	for n, failed := 0, true; failed && !b.Failed(); n++ {
		steps.After(n)
		b.archive(n)
		b.keep("a file is uploaded", func() bool { return len(b.server.Keys()) == n+1 && len(b.room.spooled(b)) == 0 })
		if marked, _, err := b.index.Erase(b.Context(), nil, secretURL(n), noon); err != nil || marked != 1 {
			b.Fatalf("erasing a page: %d captures, %v", marked, err)
		}
		b.keep("a page is erased", func() bool {
			left, err := b.index.Erasing(b.Context())
			return err == nil && left == 0
		})
		failed = steps.Failed()
		if body, err := b.room.body(b, b.room.files, fmt.Sprint("kept", n)); err != nil || body != fmt.Sprint(story, n) {
			b.Errorf("step %d: the page has the body %q, %v", n+1, body, err)
		}
		if versions := b.server.Versions(); len(versions) != n+1 {
			b.Errorf("step %d: the bucket has the versions %q, want one of each file", n+1, versions)
		}
	}
	if text := plain(b.T, b.server); strings.Contains(text, "secret story") {
		b.Error("the bucket has an erased page")
	}
	for id, times := range pagesIn(uploaded(b.T, b.server)) {
		if times != 1 {
			b.Errorf("the bucket has the page %s %d times", id, times)
		}
	}
}

func secretURL(n int) string { return fmt.Sprintf("http://example.com/secret/%d", n) }

// archive hands a batch of two pages to the archiver until it succeeds, and completes its file.
func (b *bucketRoom) archive(n int) {
	b.Helper()
	for {
		kept := page(b, fmt.Sprint("kept", n), fmt.Sprintf("http://example.com/%d", n), fmt.Sprint(story, n))
		secret := page(b, fmt.Sprint("secret", n), secretURL(n), fmt.Sprint("a secret story ", n))
		ended := archive(b, b.a, kept, secret)
		if ended[0] == "produced" && ended[1] == "produced" {
			break
		}
	}
	if err := b.a.folder.Complete(); err != nil {
		b.Fatal(err)
	}
}

// keep takes steps of the upkeep until one succeeds. Then a condition must hold.
func (b *bucketRoom) keep(what string, holds func() bool) {
	b.Helper()
	for {
		b.a.bucket.next = time.Time{}
		if err := b.a.bucket.keep(b.Context()); err == nil && b.a.bucket.failures == 0 {
			break
		}
	}
	if !holds() {
		b.Errorf("the upkeep succeeds, and it is not true that %s", what)
	}
}
