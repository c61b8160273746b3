package archiver

import (
	"fmt"
	"math/rand/v2"
	"path"
	"path/filepath"
	"testing"

	"github.com/dateline-news/dateline/internal/objects"
	"github.com/dateline-news/dateline/internal/s3test"
	"github.com/dateline-news/dateline/services/archiver/warcfile"
)

// TestKilledWhileUploading kills the archiver with SIGKILL while it uploads files in two parts
// each, after a random number of bytes, and then lets it finish. Each page must be in exactly one
// record in the bucket or the spool, each object must be whole, and no parts may be left.
func TestKilledWhileUploading(t *testing.T) {
	if testing.Short() {
		t.Skip("starts and kills a process repeatedly: run without -short")
	}
	t.Parallel()
	const kills, pages, pageSize, fileSize = 3, 19, 1 << 20, 17 << 20
	server := s3test.Start(t)
	proxy := s3test.NewProxy(t, server)
	k := newKillTest(t)
	k.inBucket(t, server.Config)
	k.flags = []string{
		"--archiver-dir", archiveURL, "--archiver-spool", k.dir, fmt.Sprint("--archiver-max-file-bytes=", fileSize),
		"--s3-endpoint", proxy.Config.Endpoint, "--s3-path-style", "--s3-access-key", proxy.Config.AccessKey,
		"--s3-secret-key", proxy.Config.SecretKey,
	}
	random, abandoned := rand.NewChaCha8([32]byte{}), 0
	for n := range kills {
		for i := range pages {
			noise := make([]byte, pageSize)
			_, _ = random.Read(noise)
			id := fmt.Sprintf("p%d-%d", n, i)
			k.publish(t, page(t, id, "http://example.com/"+id, string(noise)))
			k.published = append(k.published, id)
		}
		from := proxy.Up.Bytes.Load() + 1 + rand.Int64N(fileSize)
		k.killOnce("a part of a file is uploaded", func() bool { return proxy.Up.Bytes.Load() >= from })
		abandoned += len(server.Uploads())
	}
	k.finish(func() bool { return len(k.spooled(t)) == len(k.openFiles(t)) })

	inBucket := map[string]bool{}
	for _, key := range server.Keys() {
		inBucket[path.Base(key)] = true
	}
	for _, file := range k.spooled(t) {
		if inBucket[filepath.Base(file)] {
			t.Errorf("the file %s is in the bucket and in the spool", file)
		}
	}
	k.verify(append(uploaded(t, server), k.records(t)...))
	if left := server.Uploads(); len(left) > 0 {
		t.Errorf("parts are left of uploads of %q", left)
	}
	t.Logf("%d pages in %d objects, %d kills, %d of them within an upload in parts", len(k.published),
		len(inBucket), kills, abandoned)
}

// uploaded reads the records of all objects, and fails if an object is not whole.
func uploaded(tb testing.TB, server *s3test.Server) (all []*warcfile.Entry) {
	tb.Helper()
	for _, key := range server.Keys() {
		body, err := server.Client().Open(tb.Context(), objects.Location{Bucket: s3test.Bucket, Key: key}, 0, -1)
		if err != nil {
			tb.Fatal(err)
		}
		all = append(all, recordsOf(tb, key, body)...)
		if err := body.Close(); err != nil {
			tb.Fatal(err)
		}
	}
	return all
}
