package topology

import (
	"maps"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/dateline-news/dateline/internal/subject"
)

// TestMergeKeepsWhatAnOperatorHasSet declares streams and buckets that exist with other settings. The operator's
// replicas, larger bounds and metadata are kept, and those that Dateline depends on are set.
func TestMergeKeepsWhatAnOperatorHasSet(t *testing.T) {
	have := jetstream.StreamConfig{
		Name: subject.StreamPages, Replicas: 3, MaxBytes: 20, MaxMsgsPerSubject: 7, MaxAge: time.Hour,
		Metadata: map[string]string{"owner": "desk", schemaKey: "0"}, Placement: &jetstream.Placement{Cluster: "north"},
	}
	original := maps.Clone(have.Metadata)
	declared := jetstream.StreamConfig{
		Name: subject.StreamPages, Replicas: 1, MaxBytes: 10, MaxMsgsPerSubject: 9, DiscardNewPerSubject: true,
		Description: "pages", Duplicates: time.Minute, AllowDirect: true, Discard: jetstream.DiscardNew,
		Metadata: map[string]string{schemaKey: "1"},
	}
	got := merge(have, declared)
	if got.Replicas != 3 || got.MaxBytes != 20 || got.MaxMsgsPerSubject != 9 || got.MaxAge != time.Hour ||
		got.Metadata["owner"] != "desk" || got.Placement.Cluster != "north" {
		t.Errorf("the operator's settings have become %+v", got)
	}
	if got.Description != "pages" || got.Duplicates != time.Minute || !got.AllowDirect || !got.DiscardNewPerSubject ||
		got.Discard != jetstream.DiscardNew || got.Metadata[schemaKey] != "1" {
		t.Errorf("the settings that are needed have become %+v", got)
	}
	if !maps.Equal(have.Metadata, original) {
		t.Errorf("the configuration as read has changed: %v", have.Metadata)
	}
	if more := merge(have, jetstream.StreamConfig{Replicas: 5}); more.Replicas != 5 {
		t.Errorf("5 replicas are declared, but there are %d", more.Replicas)
	}
	bucket := mergeBucketStream(have, jetstream.KeyValueConfig{Bucket: subject.BucketHosts, Replicas: 1, TTL: time.Minute})
	store := mergeObjectStore(have, jetstream.ObjectStoreConfig{Replicas: 1, TTL: time.Minute, MaxBytes: 10})
	if bucket.Replicas != 3 || bucket.MaxAge != time.Hour || bucket.Metadata["owner"] != "desk" ||
		bucket.Placement.Cluster != "north" || store.Replicas != 3 || store.TTL != time.Hour || store.MaxBytes != 20 {
		t.Errorf("the bucket has become %+v, the object store %+v", bucket, store)
	}
}
