package topology_test

import (
	"bytes"
	"crypto/rand"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/topology"
)

// isOnDisk reports whether a file in a folder contains the text.
func isOnDisk(t *testing.T, folder, text string) (found bool) {
	t.Helper()
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		found = found || bytes.Contains(data, []byte(text))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// TestDropTrimmed checks that a trimmed message is not in a file any more, and that at
// most one file's worth of other messages is removed with it.
func TestDropTrimmed(t *testing.T) {
	dir := t.TempDir()
	_, js := natstest.Connect(t, natstest.Server(t, dir))
	natstest.Reconcile(t, js, topology.Limits{})
	to := subject.Articles("en", "com.example")
	publish := func(data []byte) {
		t.Helper()
		if _, err := js.Publish(t.Context(), to, data); err != nil {
			t.Fatal(err)
		}
	}
	dropTrimmed := func(want bool) {
		t.Helper()
		if got, err := topology.DropTrimmed(t.Context(), js, subject.StreamArticles); err != nil || got != want {
			t.Fatalf("DropTrimmed = %v, %v; want %v", got, err, want)
		}
	}
	publish([]byte("Unspeakable text"))
	filler := make([]byte, 500<<10)
	_, _ = rand.Read(filler)
	const messages = 40 // 20 MB
	for range messages {
		publish(filler)
	}
	dropTrimmed(true)
	if n := natstest.Count(t, js, subject.StreamArticles); n != messages+1 {
		t.Fatalf("%d messages are left of a stream that was never trimmed, want all", n)
	}
	stream, err := js.Stream(t.Context(), subject.StreamArticles)
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.Purge(t.Context(), jetstream.WithPurgeSequence(2)); err != nil {
		t.Fatal(err)
	}
	dropTrimmed(false) // no message is acked
	if !isOnDisk(t, dir, "Unspeakable") {
		t.Fatal("the trimmed message is not on disk even before")
	}
	ack(t, js, subject.StreamArticles, subject.ConsumerIndex, messages)
	dropTrimmed(true)
	if isOnDisk(t, dir, "Unspeakable") {
		t.Error("the trimmed message is still on disk")
	}
	if n := natstest.Count(t, js, subject.StreamArticles); n < messages/2 || n == messages {
		t.Errorf("%d messages are left of %d, want more than half", n, messages)
	}
}
