package bucket_test

import (
	"bytes"
	"context"
	"testing"

	"github.com/dateline-news/dateline/internal/bucket"
	"github.com/dateline-news/dateline/internal/ctxtest"
	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/subject"
)

// TestInterruptedReads interrupts each read at each of its steps: it must fail or return the whole answer.
func TestInterruptedReads(t *testing.T) {
	_, js := natstest.Start(t)
	kv, err := js.KeyValue(t.Context(), subject.BucketLeases)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"partition.1", "partition.2"} {
		if _, err := kv.PutString(t.Context(), key, "x"); err != nil {
			t.Fatal(err)
		}
	}
	store, err := js.ObjectStore(t.Context(), subject.BucketBodies)
	if err != nil {
		t.Fatal(err)
	}
	body := bytes.Repeat([]byte("0123456789"), 60_000) // several chunks
	if _, err := store.PutBytes(t.Context(), "page", body); err != nil {
		t.Fatal(err)
	}
	ctxtest.Reads(t, 1, map[string]func(context.Context) (any, error){
		"keys": func(ctx context.Context) (any, error) {
			keys, err := bucket.Keys(ctx, js, subject.BucketLeases, ">")
			return len(keys), err
		},
		"object": func(ctx context.Context) (any, error) {
			data, err := bucket.Object(ctx, js, subject.BucketBodies, "page", len(body))
			return bytes.Equal(data, body), err
		},
	})
}
