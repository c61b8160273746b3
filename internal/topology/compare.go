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

// Difference is something on a server that is not as Dateline declares it.
type Difference struct {
	// Object is what differs, such as "stream PAGES".
	Object string
	// Text says how, and what to do where starting a service does not mend it.
	Text string
	// Mended says that starting a service mends it.
	Mended bool
}

// Compare says what on a server differs from what is declared, and changes
// nothing. What it cannot read is an error; the rest is compared all the same.
func Compare(ctx context.Context, js jetstream.JetStream, limits Limits) ([]Difference, error) {
	limits = limits.withDefaults()
	var found []Difference
	var problems []error
	for _, want := range streams(limits) {
		object := "stream " + want.Name
		stream, err := js.Stream(ctx, want.Name)
		if errors.Is(err, jetstream.ErrStreamNotFound) {
			found = append(found, Difference{object, "is not there", true})
			continue
		}
		if err != nil {
			problems = append(problems, fmt.Errorf("reading stream %s: %w", want.Name, err))
			continue
		}
		have := stream.CachedInfo().Config
		if err := conflict(have, want); err != nil {
			found = append(found, Difference{object, err.Error(), false})
			continue
		}
		for _, text := range streamDifferences(have, merge(have, want)) {
			found = append(found, Difference{object, text, true})
		}
		for _, consumer := range consumers()[want.Name] {
			object := fmt.Sprintf("consumer %s of stream %s", consumer.Durable, want.Name)
			have, err := stream.Consumer(ctx, consumer.Durable)
			switch {
			case errors.Is(err, jetstream.ErrConsumerNotFound):
				found = append(found, Difference{object, "is not there", true})
			case err != nil:
				problems = append(problems, fmt.Errorf("reading consumer %s: %w", consumer.Durable, err))
			default:
				for _, d := range consumerDifferences(have.CachedInfo().Config, consumer) {
					d.Object = object
					found = append(found, d)
				}
			}
		}
	}
	for _, want := range buckets(limits) {
		object := "bucket " + want.Bucket
		bucket, err := js.Stream(ctx, subject.KVStream(want.Bucket))
		if errors.Is(err, jetstream.ErrStreamNotFound) {
			found = append(found, Difference{object, "is not there", true})
			continue
		}
		if err != nil {
			problems = append(problems, fmt.Errorf("reading bucket %s: %w", want.Bucket, err))
			continue
		}
		have := bucket.CachedInfo().Config
		if have.MaxAge != want.TTL && want.Bucket != subject.BucketSeen { // which a fetcher's configuration may keep longer
			found = append(found, Difference{object, fmt.Sprintf("keeps entries for %s where %s is declared", have.MaxAge, want.TTL), true})
		}
		if have.Replicas < want.Replicas {
			found = append(found, Difference{object, replicasText(have.Replicas, want.Replicas), true})
		}
	}
	return found, errors.Join(problems...)
}

func streamDifferences(have, want jetstream.StreamConfig) []string {
	var texts []string
	differ := func(is bool, format string, arguments ...any) {
		if is {
			texts = append(texts, fmt.Sprintf(format, arguments...))
		}
	}
	differ(!slices.Equal(have.Subjects, want.Subjects), "listens to %q where %q is declared", have.Subjects, want.Subjects)
	differ(have.Discard != want.Discard || have.DiscardNewPerSubject != want.DiscardNewPerSubject,
		"when full it discards by %q (per subject: %v) where %q (%v) is declared: messages may be lost in silence", have.Discard, have.DiscardNewPerSubject, want.Discard, want.DiscardNewPerSubject)
	differ(have.AllowDirect != want.AllowDirect, "direct reading is %v where %v is declared", have.AllowDirect, want.AllowDirect)
	differ(have.Duplicates != want.Duplicates, "recognises duplicates for %s where %s is declared", have.Duplicates, want.Duplicates)
	differ(have.MaxBytes != want.MaxBytes, "may hold %d bytes where at least %d are declared", have.MaxBytes, want.MaxBytes)
	differ(have.MaxMsgsPerSubject != want.MaxMsgsPerSubject, "may hold %d messages a subject where at least %d are declared", have.MaxMsgsPerSubject, want.MaxMsgsPerSubject)
	if have.Replicas < want.Replicas {
		texts = append(texts, replicasText(have.Replicas, want.Replicas))
	}
	return texts
}

func replicasText(have, want int) string {
	return fmt.Sprintf("has %d replicas where %d are declared: fewer servers than that may fail", have, want)
}

func consumerDifferences(have, want jetstream.ConsumerConfig) []Difference {
	var found []Difference
	differ := func(is, mended bool, format string, arguments ...any) {
		if is {
			found = append(found, Difference{Text: fmt.Sprintf(format, arguments...), Mended: mended})
		}
	}
	differ(have.AckPolicy != want.AckPolicy, false, "acks by %q where %q is needed, and the server cannot change that: stop the services, remove it, and start them again", have.AckPolicy, want.AckPolicy)
	differ(have.AckWait != want.AckWait, true, "waits %s for an ack where %s is declared", have.AckWait, want.AckWait)
	differ(have.MaxDeliver != want.MaxDeliver, true, "delivers a message %d times where %d is declared: past that it would never be delivered again, nor anyone be told", have.MaxDeliver, want.MaxDeliver)
	differ(have.MaxAckPending != want.MaxAckPending, true, "lets %d messages be in work where %d is declared", have.MaxAckPending, want.MaxAckPending)
	differ(have.FilterSubject != want.FilterSubject || len(have.FilterSubjects) > 0, true, "reads %q alone where the whole stream is to be read", append(have.FilterSubjects, have.FilterSubject))
	differ(have.PauseUntil != nil && have.PauseUntil.After(time.Now()), true, "is paused: resume it (nats consumer resume)")
	return found
}
