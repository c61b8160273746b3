package topology

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/dateline-news/dateline/internal/loop"
	"github.com/dateline-news/dateline/internal/subject"
)

// Reconcile creates missing streams, consumers and buckets, and updates those that
// differ. If existing streams cannot be made to fit, it reports all of them at
// once and changes nothing. Several processes may run it at the same time.
func Reconcile(ctx context.Context, js jetstream.JetStream, limits Limits) error {
	if _, err := js.AccountInfo(ctx); err != nil {
		return fmt.Errorf("reading JetStream account: %w: "+
			"start the server with JetStream (nats-server --jetstream), and enable it for this account", err)
	}
	limits = limits.withDefaults()
	if err := checkConflicts(ctx, js, limits); err != nil {
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
				problems = append(problems, fmt.Errorf("declaring consumer %s of stream %s: %w",
					consumer.Durable, want.Name, err))
			}
		}
	}
	for _, want := range buckets(limits) {
		problems = append(problems, reconcileBucket(ctx, js, want))
	}
	problems = append(problems, reconcileObjectStore(ctx, js, objectStore(limits)))
	return errors.Join(problems...)
}

// checkConflicts reports every existing stream that cannot be made to fit.
func checkConflicts(ctx context.Context, js jetstream.JetStream, limits Limits) error {
	var problems []error
	for _, want := range streams(limits) {
		stream, err := js.Stream(ctx, want.Name)
		switch {
		case errors.Is(err, jetstream.ErrStreamNotFound):
		case err != nil:
			problems = append(problems, declareError(want.Name, err))
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
			return declareError(want.Name, err)
		}
		stream, err = js.Stream(ctx, want.Name) // another process has just created it
	}
	if err != nil {
		return declareError(want.Name, err)
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
	return declareError(want.Name, err)
}

func reconcileBucket(ctx context.Context, js jetstream.JetStream, want jetstream.KeyValueConfig) error {
	stream, err := js.Stream(ctx, subject.KVStream(want.Bucket))
	if err == nil {
		want = mergeBucket(stream.CachedInfo().Config, want)
	}
	if err == nil || errors.Is(err, jetstream.ErrStreamNotFound) {
		_, err = js.CreateOrUpdateKeyValue(ctx, want)
	}
	if err != nil {
		return fmt.Errorf("declaring key-value bucket %s: %w", want.Bucket, err)
	}
	return nil
}

func reconcileObjectStore(ctx context.Context, js jetstream.JetStream, want jetstream.ObjectStoreConfig) error {
	stream, err := js.Stream(ctx, subject.ObjectStream(want.Bucket))
	if err == nil {
		want = mergeObjectStore(stream.CachedInfo().Config, want)
	}
	if err == nil || errors.Is(err, jetstream.ErrStreamNotFound) {
		_, err = js.CreateOrUpdateObjectStore(ctx, want)
	}
	if err != nil {
		return fmt.Errorf("declaring object store %s: %w", want.Bucket, err)
	}
	return nil
}

func declareError(stream string, err error) error {
	if err == nil {
		return nil
	}
	if isStorageFull(err) {
		return fmt.Errorf("declaring stream %s: %w: the bounds of all streams together exceed the server's storage; "+
			"raise max_file_store in its configuration, or give it a larger disk", stream, err)
	}
	return fmt.Errorf("declaring stream %s: %w", stream, err)
}

// errCodeStorageFull is the server's error code if it cannot reserve storage.
const errCodeStorageFull = 10047

func isStorageFull(err error) bool {
	var api *jetstream.APIError
	return errors.As(err, &api) && api.ErrorCode == errCodeStorageFull
}

// awaitPoll is the delay between two checks of Await.
const awaitPoll = 250 * time.Millisecond

// Await waits until another process has declared every stream. It returns an error
// if a stream does not fit or ctx ends, and changes nothing.
func Await(ctx context.Context, js jetstream.JetStream, limits Limits) error {
	for {
		missing, err := missingStreams(ctx, js, limits.withDefaults())
		if err != nil {
			return err
		}
		if len(missing) == 0 {
			return nil
		}
		if !loop.Sleep(ctx, awaitPoll) {
			return fmt.Errorf("these streams do not exist: %s; run the command declare as a NATS user who may create them",
				strings.Join(missing, ", "))
		}
	}
}

// missingStreams returns the names of the streams that do not exist, and an error
// for those that do not fit.
func missingStreams(ctx context.Context, js jetstream.JetStream, limits Limits) ([]string, error) {
	var missing []string
	var problems []error
	for _, want := range streams(limits) {
		stream, err := js.Stream(ctx, want.Name)
		switch {
		case errors.Is(err, jetstream.ErrStreamNotFound):
			missing = append(missing, want.Name)
		case err != nil:
			return nil, fmt.Errorf("reading stream %s: %w; "+
				"check that JetStream is enabled and that this NATS user may read the settings of streams", want.Name, err)
		default:
			problems = append(problems, conflict(stream.CachedInfo().Config, want))
		}
	}
	return missing, errors.Join(problems...)
}
