package topology

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"slices"
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
		for _, consumer := range consumers(limits)[want.Name] {
			if _, err := js.CreateOrUpdateConsumer(ctx, want.Name, consumer); err != nil {
				problems = append(problems, fmt.Errorf("declaring consumer %s of stream %s: %w",
					consumer.Durable, want.Name, explain(err, "nats consumer rm "+want.Name+" "+consumer.Durable)))
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
	if _, err = js.UpdateStream(ctx, next); err != nil {
		err = explain(err, "nats stream rm "+want.Name)
	}
	return declareError(want.Name, err)
}

func reconcileBucket(ctx context.Context, js jetstream.JetStream, want jetstream.KeyValueConfig) error {
	name := subject.KVStream(want.Bucket)
	stream, err := js.Stream(ctx, name)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		_, err = js.CreateOrUpdateKeyValue(ctx, want)
		if err == nil || errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) { // another process has just created it
			stream, err = js.Stream(ctx, name)
		}
	}
	if err == nil {
		have := stream.CachedInfo().Config
		if next := mergeBucketStream(have, want); !reflect.DeepEqual(have, next) {
			_, err = js.UpdateStream(ctx, next)
		}
	}
	if err != nil {
		return fmt.Errorf("declaring key-value bucket %s: %w", want.Bucket, explain(err, "nats kv rm "+want.Bucket))
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
		return fmt.Errorf("declaring object store %s: %w", want.Bucket, explain(err, "nats object rm "+want.Bucket))
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

// explain adds to the server's refusal of a declaration what it means and what to do.
// remove is the command that removes the existing object.
func explain(err error, remove string) error {
	refused, ok := errors.AsType[*jetstream.APIError](err)
	if !ok || refused.Code == codeUnavailable || slices.Contains(limitCodes(), refused.ErrorCode) {
		return err
	}
	return fmt.Errorf("the server refuses to change what exists, which another version of Dateline or another program "+
		"has created: run that version until nothing waits, then remove the object (%s) and start again; "+
		"or use another data folder (--data) or NATS account: %w", remove, err)
}

// limitCodes returns the server's error codes if the account or the server has no room
// for another object.
func limitCodes() []jetstream.ErrorCode {
	return []jetstream.ErrorCode{10002, 10023, 10026, 10027, 10028, errCodeStorageFull}
}

// codeUnavailable is the code of a server's error that is temporary.
const codeUnavailable = 503

// errCodeStorageFull is the server's error code if it cannot reserve storage.
const errCodeStorageFull = 10047

func isStorageFull(err error) bool {
	var api *jetstream.APIError
	return errors.As(err, &api) && api.ErrorCode == errCodeStorageFull
}

// keepInterval is the time between two checks of Keep.
const keepInterval = 10 * time.Second

// Keep declares the streams again if the server has lost them, until ctx ends: its store
// was emptied, or replaced by that of another server.
func Keep(ctx context.Context, js jetstream.JetStream, limits Limits, log *slog.Logger) error {
	return loop.Every(ctx, keepInterval, func(ctx context.Context) error {
		limited, cancel := context.WithTimeout(ctx, keepInterval)
		defer cancel()
		missing, err := Missing(limited, js, limits)
		if err == nil && len(missing) > 0 {
			log.Warn("streams are missing, declaring them again", "streams", missing)
			err = Reconcile(limited, js, limits)
		}
		if err != nil && ctx.Err() == nil {
			log.Warn("checking the streams failed, retrying", "error", err)
		}
		return nil
	})
}

// awaitPoll is the delay between two checks of Await.
const awaitPoll = 250 * time.Millisecond

// Await waits until another process has declared every stream. It returns an error
// if a stream does not fit or ctx ends, and changes nothing.
func Await(ctx context.Context, js jetstream.JetStream, limits Limits) error {
	for {
		missing, err := Missing(ctx, js, limits)
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

// Missing returns the names of the streams that do not exist, and an error for those
// that do not fit.
func Missing(ctx context.Context, js jetstream.JetStream, limits Limits) ([]string, error) {
	limits = limits.withDefaults()
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
