package topology

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/dateline-news/dateline/internal/subject"
)

const schemaKey = "dateline.schema"

var schemaValue = strconv.Itoa(Schema)

// Reconcile creates what is missing and updates what differs. Where an existing
// stream cannot be made to fit it reports all that is in the way, at once, and
// changes nothing. It may run in several processes at the same time.
func Reconcile(ctx context.Context, js jetstream.JetStream, limits Limits) error {
	if _, err := js.AccountInfo(ctx); err != nil {
		return fmt.Errorf("asking NATS for JetStream: %w: start the server with JetStream on (nats-server --jetstream), and for this account", err)
	}
	limits = limits.withDefaults()
	if err := inspect(ctx, js, limits); err != nil {
		return err
	}
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
		Bucket: subject.BucketBodies, Description: "page bodies that exceed a message", TTL: bodyTTL,
		MaxBytes: limits.PageBytes, Replicas: limits.Replicas, Storage: jetstream.FileStorage,
	}
	if _, err := js.CreateOrUpdateObjectStore(ctx, bodies); err != nil {
		problems = append(problems, fmt.Errorf("declaring object store %s: %w", bodies.Bucket, err))
	}
	return errors.Join(problems...)
}

// Await returns as soon as every stream is there, declared by another process,
// and fits. It waits for what is missing for as long as ctx lives, and changes
// nothing.
func Await(ctx context.Context, js jetstream.JetStream, limits Limits) error {
	for {
		missing, err := missing(ctx, js, limits.withDefaults())
		if err != nil {
			return err
		}
		if len(missing) == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("these streams are not there: %s; run the command declare as a NATS user who may create them", strings.Join(missing, ", "))
		case <-time.After(250 * time.Millisecond):
		}
	}
}

// missing names the streams that are not there, and reports those that do not fit.
func missing(ctx context.Context, js jetstream.JetStream, limits Limits) ([]string, error) {
	var names []string
	var problems []error
	for _, want := range streams(limits) {
		stream, err := js.Stream(ctx, want.Name)
		switch {
		case errors.Is(err, jetstream.ErrStreamNotFound):
			names = append(names, want.Name)
		case err != nil:
			return nil, fmt.Errorf("asking for stream %s: %w; check that JetStream is on and that this NATS user may read the streams' settings", want.Name, err)
		default:
			problems = append(problems, conflict(stream.CachedInfo().Config, want))
		}
	}
	return names, errors.Join(problems...)
}

// inspect reports every existing stream that cannot be made to fit.
func inspect(ctx context.Context, js jetstream.JetStream, limits Limits) error {
	var problems []error
	for _, want := range streams(limits) {
		stream, err := js.Stream(ctx, want.Name)
		switch {
		case errors.Is(err, jetstream.ErrStreamNotFound):
		case err != nil:
			problems = append(problems, declaring(want.Name, err))
		default:
			problems = append(problems, conflict(stream.CachedInfo().Config, want))
		}
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
	next := merge(have, want)
	if reflect.DeepEqual(have, next) {
		return nil
	}
	_, err = js.UpdateStream(ctx, next)
	return declaring(want.Name, err)
}

// merge sets in an existing stream's configuration what Dateline depends on, and
// leaves the rest as its operator has it: larger bounds, an age, a placement.
func merge(have, want jetstream.StreamConfig) jetstream.StreamConfig {
	next := have
	next.Subjects, next.Description = want.Subjects, want.Description
	next.Discard, next.DiscardNewPerSubject = want.Discard, want.DiscardNewPerSubject
	next.AllowDirect, next.Duplicates = want.AllowDirect, want.Duplicates
	next.MaxBytes = larger(have.MaxBytes, want.MaxBytes)
	if want.MaxMsgsPerSubject > 0 {
		next.MaxMsgsPerSubject = larger(have.MaxMsgsPerSubject, want.MaxMsgsPerSubject)
	}
	next.Replicas = max(have.Replicas, want.Replicas)
	next.Metadata = maps.Clone(have.Metadata)
	if next.Metadata == nil {
		next.Metadata = map[string]string{}
	}
	maps.Copy(next.Metadata, want.Metadata)
	return next
}

func declaring(name string, err error) error {
	if err == nil {
		return nil
	}
	if isStorageFull(err) {
		return fmt.Errorf("declaring stream %s: %w: the limits of all streams together exceed what the server may store; raise max_file_store in its configuration, or give it a larger disk", name, err)
	}
	return fmt.Errorf("declaring stream %s: %w", name, err)
}

// isStorageFull recognises the server's refusal to reserve room (error 10047).
func isStorageFull(err error) bool {
	var api *jetstream.APIError
	return errors.As(err, &api) && api.ErrorCode == 10047
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

// larger reads a bound of zero or less as none, and sets one.
func larger(have, want int64) int64 { return max(have, want) }

func reconcileBucket(ctx context.Context, js jetstream.JetStream, want jetstream.KeyValueConfig) error {
	want.Storage = jetstream.FileStorage
	if _, err := js.CreateOrUpdateKeyValue(ctx, want); err != nil {
		return fmt.Errorf("declaring key-value bucket %s: %w", want.Bucket, err)
	}
	return nil
}
