package topology

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/dateline-news/dateline/internal/subject"
)

// Difference is a difference between a server and the declarations.
type Difference struct {
	// Object is the object that differs, such as "stream PAGES".
	Object string
	// Text describes the difference, and what to do unless Fixable.
	Text string
	// Fixable reports whether starting a service that declares streams fixes the
	// difference.
	Fixable bool
}

// notFound is the text for an object that does not exist.
const notFound = "does not exist"

// Compare returns the differences between a server and the declarations, and
// changes nothing. The error joins everything that could not be read; the rest is
// compared nevertheless.
func Compare(ctx context.Context, js jetstream.JetStream, limits Limits) ([]Difference, error) {
	limits = limits.withDefaults()
	var found []Difference
	var problems []error
	for _, want := range streams(limits) {
		differences, err := compareStream(ctx, js, want, consumers(limits)[want.Name])
		found, problems = append(found, differences...), append(problems, err)
	}
	for _, want := range buckets(limits) {
		differences, err := compareBucket(ctx, js, want)
		found, problems = append(found, differences...), append(problems, err)
	}
	return found, errors.Join(problems...)
}

func compareStream(
	ctx context.Context, js jetstream.JetStream, want jetstream.StreamConfig, consumers []jetstream.ConsumerConfig,
) ([]Difference, error) {
	object := "stream " + want.Name
	stream, err := js.Stream(ctx, want.Name)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		return []Difference{{object, notFound, true}}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", object, err)
	}
	have := stream.CachedInfo().Config
	if err := conflict(have, want); err != nil {
		return []Difference{{object, err.Error(), false}}, nil //nolint:nilerr // a conflict is a difference
	}
	var found []Difference
	for _, text := range streamDifferences(have, merge(have, want)) {
		found = append(found, Difference{object, text, true})
	}
	var problems []error
	for _, consumer := range consumers {
		differences, err := compareConsumer(ctx, stream, consumer)
		found, problems = append(found, differences...), append(problems, err)
	}
	return found, errors.Join(problems...)
}

func compareConsumer(
	ctx context.Context, stream jetstream.Stream, want jetstream.ConsumerConfig,
) ([]Difference, error) {
	object := fmt.Sprintf("consumer %s of stream %s", want.Durable, stream.CachedInfo().Config.Name)
	consumer, err := stream.Consumer(ctx, want.Durable)
	if errors.Is(err, jetstream.ErrConsumerNotFound) {
		return []Difference{{object, notFound, true}}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading consumer %s: %w", want.Durable, err)
	}
	found := consumerDifferences(consumer.CachedInfo().Config, want)
	for i := range found {
		found[i].Object = object
	}
	return found, nil
}

func compareBucket(ctx context.Context, js jetstream.JetStream, want jetstream.KeyValueConfig) ([]Difference, error) {
	object := "bucket " + want.Bucket
	bucket, err := js.Stream(ctx, subject.KVStream(want.Bucket))
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		return []Difference{{object, notFound, true}}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", object, err)
	}
	have := bucket.CachedInfo().Config
	want = mergeBucket(have, want)
	var found []Difference
	if have.MaxAge != want.TTL {
		text := fmt.Sprintf("keeps entries for %s, but %s is declared", have.MaxAge, want.TTL)
		found = append(found, Difference{object, text, true})
	}
	if have.Replicas < want.Replicas {
		found = append(found, Difference{object, replicasText(have.Replicas, want.Replicas), true})
	}
	return found, nil
}

func streamDifferences(have, want jetstream.StreamConfig) []string {
	var texts []string
	check := func(differs bool, format string, args ...any) {
		if differs {
			texts = append(texts, fmt.Sprintf(format, args...))
		}
	}
	check(!slices.Equal(have.Subjects, want.Subjects),
		"listens to %q, but %q is declared", have.Subjects, want.Subjects)
	check(have.Discard != want.Discard || have.DiscardNewPerSubject != want.DiscardNewPerSubject,
		"has the discard policy %q (per subject: %v), but %q (%v) is declared: messages may be lost silently",
		have.Discard, have.DiscardNewPerSubject, want.Discard, want.DiscardNewPerSubject)
	check(have.AllowDirect != want.AllowDirect,
		"has direct get set to %v, but %v is declared", have.AllowDirect, want.AllowDirect)
	check(have.AllowAtomicPublish != want.AllowAtomicPublish,
		"has atomic publishes set to %v, but %v is declared: admission of URLs is slow",
		have.AllowAtomicPublish, want.AllowAtomicPublish)
	check(have.Duplicates != want.Duplicates,
		"remembers message ids for %s, but %s is declared", have.Duplicates, want.Duplicates)
	check(have.MaxBytes != want.MaxBytes,
		"holds at most %d bytes, but at least %d are declared", have.MaxBytes, want.MaxBytes)
	check(have.MaxMsgsPerSubject != want.MaxMsgsPerSubject,
		"holds at most %d messages per subject, but at least %d are declared",
		have.MaxMsgsPerSubject, want.MaxMsgsPerSubject)
	if have.Replicas < want.Replicas {
		texts = append(texts, replicasText(have.Replicas, want.Replicas))
	}
	return texts
}

func replicasText(have, want int) string {
	return fmt.Sprintf("has %d replicas, but %d are declared: it survives fewer failed servers", have, want)
}

func consumerDifferences(have, want jetstream.ConsumerConfig) []Difference {
	var found []Difference
	check := func(differs, fixable bool, format string, args ...any) {
		if differs {
			found = append(found, Difference{Text: fmt.Sprintf(format, args...), Fixable: fixable})
		}
	}
	check(have.AckPolicy != want.AckPolicy, false,
		"has the ack policy %q, but %q is needed, and the server cannot change that: "+
			"stop the services, remove the consumer, and start them again", have.AckPolicy, want.AckPolicy)
	check(have.AckWait != want.AckWait, true,
		"waits %s for an ack, but %s is declared", have.AckWait, want.AckWait)
	check(have.MaxDeliver != want.MaxDeliver, true,
		"delivers a message at most %d times, but %d is declared: the message would then be stuck silently",
		have.MaxDeliver, want.MaxDeliver)
	check(have.MaxAckPending != want.MaxAckPending, true,
		"has at most %d messages without ack, but %d is declared", have.MaxAckPending, want.MaxAckPending)
	check(have.FilterSubject != want.FilterSubject || len(have.FilterSubjects) > 0, true,
		"reads only %q, but the whole stream is declared", append(have.FilterSubjects, have.FilterSubject))
	check(have.PauseUntil != nil && have.PauseUntil.After(time.Now()), true,
		"is paused: resume it (nats consumer resume)")
	return found
}
