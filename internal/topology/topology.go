// Package topology declares the streams, consumers and buckets that the
// pipeline lives on, and brings a NATS server in line with them at start.
package topology

import (
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/dateline-news/dateline/internal/subject"
)

// Schema is the version of what is stored on the streams. A server that holds
// a newer one is refused: an older program would misread it.
const Schema = 1

// bodyTTL is how long a body in the object store is kept: longer than a page
// may wait, and the only clean-up there is.
const bodyTTL = 7 * 24 * time.Hour

// seenTTL is how long a URL is remembered at least: news that is asked for again
// later than that is rare. Within it, a page that has not changed is not sent again.
const seenTTL = 31 * 24 * time.Hour

// FreshnessKey is the entry of subject.BucketSeen's metadata that says how long a URL
// counts as seen.
const FreshnessKey = "dateline.freshness"

// driftTTL and driftBytes bound what is kept of drift.
const (
	driftTTL   = 31 * 24 * time.Hour
	driftBytes = 256 << 20
)

// LeaseTTL is how long a partition's lease lives without renewal. Its owner
// stops dialling at two thirds of it.
const LeaseTTL = 30 * time.Second

// AckWait is how long a message may go without a sign of life from the stage
// that works on it.
const AckWait = 15 * time.Second

// Limits bound what the streams may hold. The zero value of a field is its
// default; a stream that an operator has given larger bounds keeps them.
type Limits struct {
	// Replicas of every stream and bucket: 1, 3 or 5. Default 1.
	Replicas int
	// PageBytes bounds PAGES. Default 8 GiB.
	PageBytes int64
	// OtherBytes bounds each of the other streams. Default 2 GiB.
	OtherBytes int64
	// PerHost bounds the URLs of one host that wait in the frontier.
	// Default 100,000.
	PerHost int64
	// Freshness is how long a URL counts as seen. Default 24 h.
	Freshness time.Duration
}

func (l Limits) withDefaults() Limits {
	orInt(&l.PageBytes, 8<<30)
	orInt(&l.OtherBytes, 2<<30)
	orInt(&l.PerHost, 100_000)
	orInt(&l.Replicas, 1)
	orInt(&l.Freshness, 24*time.Hour)
	return l
}

func orInt[T ~int | ~int64](field *T, value T) {
	if *field == 0 {
		*field = value
	}
}

// revisionsTTL is how long the stream of revisions tells of one.
const revisionsTTL = 31 * 24 * time.Hour

// streams declares every stream. None ever drops a message that somebody may
// still want: a full one refuses new messages, and the trimmer makes room. But
// REVISIONS only tells what the store has, and is no queue: its oldest go first.
func streams(l Limits) []jetstream.StreamConfig {
	all := []jetstream.StreamConfig{
		{
			Name: subject.StreamURLs, Subjects: []string{subject.URLs, subject.AllURLs},
			Description: "URLs that users want fetched", Retention: jetstream.WorkQueuePolicy,
		},
		{
			Name: subject.StreamFrontier, Subjects: []string{subject.AllFrontier},
			Description:       "URLs that wait for their host's turn",
			MaxMsgsPerSubject: l.PerHost, DiscardNewPerSubject: true,
		},
		{Name: subject.StreamPages, Subjects: []string{subject.AllPages}, Description: "pages as received", MaxBytes: l.PageBytes},
		{Name: subject.StreamArticles, Subjects: []string{subject.AllArticles}, Description: "article records"},
		{Name: subject.StreamOutcomes, Subjects: []string{subject.AllOutcomes}, Description: "how each input of each stage ended"},
		{Name: subject.StreamDead, Subjects: []string{subject.AllDead}, Description: "inputs that failed for good, whole"},
		{Name: subject.StreamRevisions, Subjects: []string{subject.AllRevisions}, Description: "new and changed articles, as stored", MaxAge: revisionsTTL},
	}
	for i := range all {
		s := &all[i]
		s.Storage = jetstream.FileStorage
		if s.Discard = jetstream.DiscardNew; s.Name == subject.StreamRevisions {
			s.Discard = jetstream.DiscardOld
		}
		s.AllowDirect = true
		s.Replicas = l.Replicas
		s.Duplicates = 2 * time.Minute
		s.Metadata = map[string]string{schemaKey: schemaValue}
		orInt(&s.MaxBytes, l.OtherBytes)
	}
	return all
}

func consumers() map[string][]jetstream.ConsumerConfig {
	durable := func(name string) jetstream.ConsumerConfig {
		return jetstream.ConsumerConfig{
			Durable: name, AckPolicy: jetstream.AckExplicitPolicy, AckWait: AckWait,
			// The stages count attempts themselves: past MaxDeliver the
			// server would never deliver a message again, nor tell anyone.
			MaxDeliver: -1, MaxAckPending: 2_000,
		}
	}
	return map[string][]jetstream.ConsumerConfig{
		subject.StreamURLs:     {durable(subject.ConsumerIntake)},
		subject.StreamPages:    {durable(subject.ConsumerExtract)},
		subject.StreamArticles: {durable(subject.ConsumerIndex)},
		subject.StreamOutcomes: {durable(subject.ConsumerLedger)},
	}
}

func buckets(l Limits) []jetstream.KeyValueConfig {
	return []jetstream.KeyValueConfig{
		{Bucket: subject.BucketLeases, Description: "owners of the frontier's partitions", TTL: LeaseTTL, Replicas: l.Replicas},
		{Bucket: subject.BucketHosts, Description: "what is known of hosts", TTL: 31 * 24 * time.Hour, Replicas: l.Replicas},
		{Bucket: subject.BucketDrift, Description: "alarms about sites whose pages have changed, with samples", TTL: driftTTL, MaxBytes: driftBytes, Replicas: l.Replicas},
		{Bucket: subject.BucketSeen, Description: "URLs requested lately", TTL: max(seenTTL, l.Freshness), Replicas: l.Replicas, Metadata: map[string]string{FreshnessKey: l.Freshness.String()}},
	}
}
