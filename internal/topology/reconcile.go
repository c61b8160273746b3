package topology

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/nats-io/nats.go/jetstream"
)

const schemaKey = "dateline.schema"

var schemaValue = strconv.Itoa(Schema)

// Reconcile creates what is missing, updates what differs, and reports, all at
// once, every existing stream that cannot be made to fit. It may run in several
// processes at the same time.
func Reconcile(ctx context.Context, js jetstream.JetStream, limits Limits) error {
	limits = limits.withDefaults()
	var problems []error
	for _, want := range streams(limits) {
		if err := reconcileStream(ctx, js, want); err != nil {
			problems = append(problems, err)
			continue
		}
		for _, consumer := range consumers()[want.Name] {
			if _, err := js.CreateOrUpdateConsumer(ctx, want.Name, consumer); err != nil {
				problems = append(problems, fmt.Errorf("declaring consumer %s of stream %s: %w", consumer.Durable, want.Name, err))
			}
		}
	}
	for _, want := range buckets(limits) {
		if err := reconcileBucket(ctx, js, want); err != nil {
			problems = append(problems, err)
		}
	}
	bodies := jetstream.ObjectStoreConfig{
		Bucket: BucketBodies, Description: "page bodies that exceed a message", TTL: bodyTTL,
		MaxBytes: limits.PageBytes, Replicas: limits.Replicas, Storage: jetstream.FileStorage,
	}
	if _, err := js.CreateOrUpdateObjectStore(ctx, bodies); err != nil {
		problems = append(problems, fmt.Errorf("declaring object store %s: %w", bodies.Bucket, err))
	}
	return errors.Join(problems...)
}

func reconcileStream(ctx context.Context, js jetstream.JetStream, want jetstream.StreamConfig) error {
	stream, err := js.Stream(ctx, want.Name)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		_, err = js.CreateStream(ctx, want)
		if !errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) {
			return declaring(want.Name, err)
		}
		stream, err = js.Stream(ctx, want.Name) // another process was faster
	}
	if err != nil {
		return declaring(want.Name, err)
	}
	have := stream.CachedInfo().Config
	if err := conflict(have, want); err != nil {
		return err
	}
	want.MaxBytes = larger(have.MaxBytes, want.MaxBytes)
	want.MaxMsgsPerSubject = larger(have.MaxMsgsPerSubject, want.MaxMsgsPerSubject)
	want.Replicas = max(have.Replicas, want.Replicas)
	if same(have, want) {
		return nil
	}
	_, err = js.UpdateStream(ctx, want)
	return declaring(want.Name, err)
}

func declaring(name string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("declaring stream %s: %w", name, err)
}

// conflict says what of an existing stream cannot be changed in place, or
// should not be because it is somebody else's.
func conflict(have, want jetstream.StreamConfig) error {
	if have.Metadata[schemaKey] == "" && have.Name != "" && !slices.Equal(have.Subjects, want.Subjects) {
		return fmt.Errorf("stream %s exists with the subjects %q and is not Dateline's, which needs %q: rename or remove it (nats stream rm %s), or use another NATS account",
			have.Name, have.Subjects, want.Subjects, have.Name)
	}
	if schema, _ := strconv.Atoi(have.Metadata[schemaKey]); schema > Schema {
		return fmt.Errorf("stream %s was written by a newer version of Dateline (schema %d, this program knows %d): run that version, or another data folder", have.Name, schema, Schema)
	}
	if have.Retention != want.Retention {
		return fmt.Errorf("stream %s exists with retention %q where Dateline needs %q, and the server cannot change that: drain and remove it (nats stream rm %s), then start again",
			have.Name, have.Retention, want.Retention, have.Name)
	}
	if have.Storage != want.Storage {
		return fmt.Errorf("stream %s exists with storage %q where Dateline needs %q, and the server cannot change that: drain and remove it (nats stream rm %s), then start again",
			have.Name, have.Storage, want.Storage, have.Name)
	}
	return nil
}

// larger reads a bound of zero or less as none.
func larger(have, want int64) int64 {
	if have <= 0 {
		return want
	}
	return max(have, want)
}

func same(have, want jetstream.StreamConfig) bool {
	return slices.Equal(have.Subjects, want.Subjects) &&
		have.MaxBytes == want.MaxBytes &&
		have.Discard == want.Discard && have.DiscardNewPerSubject == want.DiscardNewPerSubject &&
		max(have.MaxMsgsPerSubject, 0) == want.MaxMsgsPerSubject &&
		have.Replicas == want.Replicas &&
		have.AllowDirect == want.AllowDirect &&
		have.Duplicates == want.Duplicates &&
		have.Description == want.Description &&
		have.Metadata[schemaKey] == schemaValue
}

func reconcileBucket(ctx context.Context, js jetstream.JetStream, want jetstream.KeyValueConfig) error {
	want.Storage = jetstream.FileStorage
	if _, err := js.CreateOrUpdateKeyValue(ctx, want); err != nil {
		return fmt.Errorf("declaring key-value bucket %s: %w", want.Bucket, err)
	}
	return nil
}
