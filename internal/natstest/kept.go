package natstest

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/topology"
)

// KeptURL is the URL in the messages of KeepAcked. Nothing listens there.
const KeptURL = "http://127.0.0.1:1/"

// KeepAcked fills the stream URLS with messages, acks the first of them, and stops the
// server. Then it undoes the deletion of the acked messages. A server that is killed
// after the ack, and before the deletion is on disk, leaves the same files. KeepAcked
// returns the folder of these files.
func KeepAcked(tb testing.TB, messages, acked int) (dir string) {
	tb.Helper()
	dir = tb.TempDir()
	server := Server(tb, dir)
	_, js := Connect(tb, server)
	Reconcile(tb, js, topology.Limits{})
	for range messages {
		if _, err := js.Publish(tb.Context(), subject.URLs, []byte(KeptURL)); err != nil {
			tb.Fatal(err)
		}
	}
	server.Stop()
	stored := filepath.Join(dir, "jetstream", "$G", "streams", subject.StreamURLs, "msgs")
	before := filepath.Join(tb.TempDir(), "msgs")
	if err := os.CopyFS(before, os.DirFS(stored)); err != nil {
		tb.Fatal(err)
	}

	server = Server(tb, dir)
	_, js = Connect(tb, server)
	consumer, err := js.Consumer(tb.Context(), subject.StreamURLs, subject.ConsumerIntake)
	if err != nil {
		tb.Fatal(err)
	}
	for range acked {
		msg, err := consumer.Next()
		if err != nil {
			tb.Fatal(err)
		}
		if err := msg.DoubleAck(tb.Context()); err != nil {
			tb.Fatal(err)
		}
	}
	server.Stop()
	if err := os.RemoveAll(stored); err != nil {
		tb.Fatal(err)
	}
	if err := os.CopyFS(stored, os.DirFS(before)); err != nil {
		tb.Fatal(err)
	}
	return dir
}
