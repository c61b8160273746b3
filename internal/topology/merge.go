package topology

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/dateline-news/dateline/internal/subject"
)

// schemaKey is the key of the schema's version in the metadata of a stream.
const schemaKey = "dateline.schema"

var schemaValue = strconv.Itoa(Schema)

// merge returns the configuration of an existing stream with everything that
// Dateline depends on. It keeps what an operator may choose: larger bounds or
// none, a maximum age, a placement.
func merge(have, want jetstream.StreamConfig) jetstream.StreamConfig {
	next := have
	next.Subjects, next.Description = want.Subjects, want.Description
	next.Discard, next.DiscardNewPerSubject = want.Discard, want.DiscardNewPerSubject
	next.AllowDirect, next.Duplicates = want.AllowDirect, want.Duplicates
	next.AllowAtomicPublish = want.AllowAtomicPublish
	next.MaxBytes = raised(have.MaxBytes, want.MaxBytes)
	next.MaxMsgsPerSubject = raised(have.MaxMsgsPerSubject, want.MaxMsgsPerSubject)
	if next.MaxMsgsPerSubject <= 0 {
		// The server accepts this policy only together with the bound.
		next.DiscardNewPerSubject = false
	}
	next.Replicas = max(have.Replicas, want.Replicas)
	next.Metadata = mergeMetadata(have.Metadata, want.Metadata)
	return next
}

// mergeBucket returns the declaration of a bucket with the bounds that an operator
// has raised or removed on the bucket's stream. The lifetime of leases is not a
// bound but part of their protocol, and always as declared.
func mergeBucket(have jetstream.StreamConfig, want jetstream.KeyValueConfig) jetstream.KeyValueConfig {
	want.MaxBytes = raised(have.MaxBytes, want.MaxBytes)
	want.Replicas = max(have.Replicas, want.Replicas)
	if want.Bucket != subject.BucketLeases {
		want.TTL = raised(have.MaxAge, want.TTL)
	}
	return want
}

// mergeBucketStream returns the configuration of an existing bucket's stream with
// everything that Dateline depends on. nats.go has no setting for atomic publishes.
func mergeBucketStream(have jetstream.StreamConfig, want jetstream.KeyValueConfig) jetstream.StreamConfig {
	next := have
	want = mergeBucket(have, want)
	next.Description, next.MaxAge, next.Replicas = want.Description, want.TTL, want.Replicas
	if next.MaxBytes = want.MaxBytes; next.MaxBytes == 0 {
		next.MaxBytes = have.MaxBytes
	}
	if next.MaxAge > 0 {
		next.Duplicates = min(next.Duplicates, next.MaxAge) // the server demands this
	}
	// Settings that nats.go requires of a bucket.
	next.Subjects = []string{subject.KVKey(want.Bucket, ">")}
	next.Storage, next.Discard = want.Storage, jetstream.DiscardNew
	next.AllowDirect, next.AllowRollup, next.DenyDelete = true, true, true
	next.MaxMsgsPerSubject = max(1, int64(want.History))
	next.AllowAtomicPublish = want.Bucket == subject.BucketSeen
	next.Metadata = mergeMetadata(have.Metadata, want.Metadata)
	return next
}

// mergeMetadata returns the metadata that exist, with those that are declared.
func mergeMetadata(have, want map[string]string) map[string]string {
	next := maps.Clone(have)
	if next == nil {
		next = map[string]string{}
	}
	maps.Copy(next, want)
	return next
}

// mergeObjectStore is like mergeBucket, for the object store.
func mergeObjectStore(have jetstream.StreamConfig, want jetstream.ObjectStoreConfig) jetstream.ObjectStoreConfig {
	want.MaxBytes = raised(have.MaxBytes, want.MaxBytes)
	want.Replicas = max(have.Replicas, want.Replicas)
	want.TTL = raised(have.MaxAge, want.TTL)
	return want
}

// raised returns the larger of a server's bound and the declared one. Zero and
// negative values mean that there is no bound. A bound that the operator removed
// stays removed, and one that the operator added to an unbounded stream stays.
func raised[T ~int64](have, want T) T {
	if have <= 0 || want <= 0 {
		return have
	}
	return max(have, want)
}

// conflict reports the reason why an existing stream cannot be changed in place,
// or should not be because it does not belong to Dateline.
func conflict(have, want jetstream.StreamConfig) error {
	ours := have.Metadata[schemaKey] != ""
	if !ours && have.Name != "" && !slices.Equal(have.Subjects, want.Subjects) {
		return fmt.Errorf("stream %s exists with the subjects %q and is not Dateline's, which needs %q: "+
			"rename or remove it (nats stream rm %s), or use another NATS account",
			have.Name, have.Subjects, want.Subjects, have.Name)
	}
	if schema, _ := strconv.Atoi(have.Metadata[schemaKey]); schema > Schema {
		return fmt.Errorf("stream %s was written by a newer version of Dateline (schema %d, this program knows %d): "+
			"run that version, or use another data folder", have.Name, schema, Schema)
	}
	return cmp.Or(
		unchangeable(have.Name, "retention", have.Retention, want.Retention),
		unchangeable(have.Name, "storage", have.Storage, want.Storage),
	)
}

// unchangeable returns an error if a setting that the server cannot change differs.
func unchangeable(stream, setting string, have, want fmt.Stringer) error {
	if have == want {
		return nil
	}
	return fmt.Errorf("stream %s exists with %s %q, but Dateline needs %q, and the server cannot change that: "+
		"drain and remove it (nats stream rm %s), then start again", stream, setting, have.String(), want.String(), stream)
}
