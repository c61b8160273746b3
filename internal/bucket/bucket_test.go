package bucket_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"github.com/nats-io/nats.go/jetstream"
	"go.uber.org/goleak"

	"github.com/dateline-news/dateline/internal/bucket"
	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/subject"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestKeysOmitsDeletedOnes(t *testing.T) {
	_, js := natstest.Start(t)
	kv, err := js.KeyValue(t.Context(), subject.BucketLeases)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"partition.1", "partition.2", "partition.3", "replica.a"} {
		if _, err := kv.PutString(t.Context(), key, "x"); err != nil {
			t.Fatal(err)
		}
	}
	err = errors.Join(kv.Delete(t.Context(), "partition.1"), kv.Purge(t.Context(), "partition.3"))
	if err != nil {
		t.Fatal(err)
	}
	for pattern, want := range map[string][]string{
		">": {"partition.2", "replica.a"}, subject.AllPartitionLeases: {"partition.2"}, "none.>": nil,
	} {
		got, err := bucket.Keys(t.Context(), js, subject.BucketLeases, pattern)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("keys %s: %q, %v, want %q", pattern, got, err, want)
		}
	}
}

func TestObject(t *testing.T) {
	_, js := natstest.Start(t)
	store, err := js.ObjectStore(t.Context(), subject.BucketBodies)
	if err != nil {
		t.Fatal(err)
	}
	body := bytes.Repeat([]byte("0123456789"), 60_000) // several chunks
	for _, name := range []string{"old", "page", "damaged", "deleted"} {
		if _, err := store.PutBytes(t.Context(), name, body); err != nil {
			t.Fatal(err)
		}
	}
	if err := store.Delete(t.Context(), "deleted"); err != nil {
		t.Fatal(err)
	}
	info, err := store.GetInfo(t.Context(), "damaged")
	if err != nil {
		t.Fatal(err)
	}
	stream, err := js.Stream(t.Context(), subject.ObjectStream(subject.BucketBodies))
	if err != nil {
		t.Fatal(err)
	}
	chunks := subject.ObjectChunks(subject.BucketBodies, info.NUID)
	if err := stream.Purge(t.Context(), jetstream.WithPurgeSubject(chunks), jetstream.WithPurgeKeep(2)); err != nil {
		t.Fatal(err)
	}
	read := func(name string, limit int) ([]byte, error) {
		return bucket.Object(t.Context(), js, subject.BucketBodies, name, limit)
	}
	if got, err := read("page", 1<<20); err != nil || !bytes.Equal(got, body) {
		t.Errorf("read %d of %d bytes, %v", len(got), len(body), err)
	}
	if got, err := read("page", len(body)); err != nil || !bytes.Equal(got, body) {
		t.Errorf("with its size as the limit: read %d of %d bytes, %v", len(got), len(body), err)
	}
	if got, err := read("page", len(body)-1); !errors.Is(err, bucket.ErrTooLarge) || got != nil {
		t.Errorf("with a lower limit: read %d, %v; want ErrTooLarge", len(got), err)
	}
	for _, name := range []string{"deleted", "none"} {
		if _, err := read(name, 1<<20); !errors.Is(err, jetstream.ErrObjectNotFound) {
			t.Errorf("object %s: got error %v", name, err)
		}
	}
	if _, err := read("damaged", 1<<20); err == nil {
		t.Error("an object without its first chunk was read without an error")
	}
}
