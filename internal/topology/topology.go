// Package topology declares the streams, consumers and buckets that the pipeline
// uses, and brings a NATS server in line with the declarations.
package topology

import (
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/dateline-news/dateline/internal/subject"
)

// Schema is the version of what is stored on the streams. A program refuses a
// server with a newer schema, because it would misread the messages.
const Schema = 1

const (
	// bodyTTL is how long a page body is kept in the object store. It is longer
	// than a page may wait, because bodies are not removed in any other way.
	bodyTTL = 7 * 24 * time.Hour
	// seenTTL is the minimum time for which a requested URL is remembered. News is
	// rarely requested again later. Within this time, a page that has not changed
	// is not sent again.
	seenTTL = 31 * 24 * time.Hour
	// hostsTTL is how long the state of a host is kept after its last change.
	hostsTTL = 31 * 24 * time.Hour
	// driftTTL and driftBytes bound the bucket of drift alarms and samples.
	driftTTL   = 31 * 24 * time.Hour
	driftBytes = 256 << 20
	// healthTTL and healthBytes bound the bucket of the services' tests.
	healthTTL   = time.Hour
	healthBytes = 1 << 20
	// revisionsTTL is how long a revision stays on its stream.
	revisionsTTL = 31 * 24 * time.Hour
	// duplicateWindow is how long a stream remembers message ids.
	duplicateWindow = 2 * time.Minute
	// deadPerReason is the maximum number of dead letters of a stage with the same
	// reason.
	deadPerReason = 20_000
	// maxAckPending is the maximum number of messages that a consumer has
	// delivered but not received acks for.
	maxAckPending = 2_000
)

// FreshnessKey is the key in the metadata of subject.BucketSeen that holds the
// time for which a URL counts as seen.
const FreshnessKey = "dateline.freshness"

// LeaseTTL is the lifetime of a partition's lease without renewal. Its owner
// stops dialling after two thirds of it. The lifetime of a replica's session is a
// fifth of it.
const LeaseTTL = 30 * time.Second

// AckWait is the time after which a message is delivered again, unless the stage
// that processes it reports that it is in progress.
const AckWait = 15 * time.Second

// Limits bound the streams. Zero fields have their default. If an operator has
// raised a bound on the server, or removed it, the server's bound is kept.
type Limits struct {
	// Replicas is the number of replicas of every stream and bucket: 1, 3 or 5.
	// Default 1.
	Replicas int
	// PageBytes is the maximum size of PAGES. Default 8 GiB.
	PageBytes int64
	// FrontierBytes is the maximum size of FRONTIER. Default 8 GiB, which is room for more than ten
	// million URLs.
	FrontierBytes int64
	// OtherBytes is the maximum size of each other stream. Default 2 GiB.
	OtherBytes int64
	// PerHost is the maximum number of URLs in each of a host's queues in the
	// frontier. Default 100,000.
	PerHost int64
	// Freshness is the time for which a URL counts as seen. Default 24 h.
	Freshness time.Duration
	// Archive declares the consumers of the archiver. Pages and other exchanges stay on their
	// streams until it has acked them.
	Archive bool
}

func (l Limits) withDefaults() Limits {
	setDefault(&l.PageBytes, 8<<30)
	setDefault(&l.FrontierBytes, 8<<30)
	setDefault(&l.OtherBytes, 2<<30)
	setDefault(&l.PerHost, 100_000)
	setDefault(&l.Replicas, 1)
	setDefault(&l.Freshness, 24*time.Hour)
	return l
}

func setDefault[T ~int | ~int64](field *T, value T) {
	if *field == 0 {
		*field = value
	}
}

// streams declares every stream. No stream drops a message that is still needed:
// a full stream refuses new messages, and Trim makes room. The exception is
// REVISIONS, which only announces what the store holds: it drops its oldest
// messages.
func streams(l Limits) []jetstream.StreamConfig {
	all := []jetstream.StreamConfig{
		{
			Name: subject.StreamURLs, Subjects: []string{subject.URLs, subject.AllURLs},
			Description: "URLs requested by users", Retention: jetstream.WorkQueuePolicy,
		},
		{
			Name: subject.StreamFrontier, Subjects: []string{subject.AllFrontier},
			Description:       "URLs waiting for their host's turn",
			MaxMsgsPerSubject: l.PerHost, DiscardNewPerSubject: true, MaxBytes: l.FrontierBytes,
		},
		{
			Name: subject.StreamPages, Subjects: []string{subject.AllPages},
			Description: "pages as received", MaxBytes: l.PageBytes,
		},
		{
			Name: subject.StreamListings, Subjects: []string{subject.AllListings},
			Description: "responses of endpoints, for the discoverer", Retention: jetstream.WorkQueuePolicy,
		},
		{
			// Without an archiver, the server stores nothing of it.
			Name: subject.StreamExchanges, Subjects: []string{subject.AllExchanges},
			Description: "exchanges other than pages, for the archiver", Retention: jetstream.InterestPolicy,
		},
		{
			Name: subject.StreamArticles, Subjects: []string{subject.AllArticles},
			Description: "article records",
		},
		{
			Name: subject.StreamOutcomes, Subjects: []string{subject.AllOutcomes},
			Description: "how each input of each stage ended",
		},
		{
			Name: subject.StreamDead, Subjects: []string{subject.AllDead},
			Description:       "inputs that failed permanently",
			MaxMsgsPerSubject: deadPerReason, DiscardNewPerSubject: true,
		},
		{
			Name: subject.StreamRevisions, Subjects: []string{subject.AllRevisions},
			Description: "new and changed articles, as stored", MaxAge: revisionsTTL,
		},
	}
	for i := range all {
		s := &all[i]
		s.Storage = jetstream.FileStorage
		if s.Discard = jetstream.DiscardNew; s.Name == subject.StreamRevisions {
			s.Discard = jetstream.DiscardOld
		}
		s.AllowDirect = true
		s.AllowAtomicPublish = s.Name == subject.StreamFrontier || s.Name == subject.StreamOutcomes
		s.Replicas = l.Replicas
		s.Duplicates = duplicateWindow
		s.Metadata = map[string]string{schemaKey: schemaValue}
		setDefault(&s.MaxBytes, l.OtherBytes)
	}
	return all
}

// consumers declares the consumers of each stream.
func consumers(l Limits) map[string][]jetstream.ConsumerConfig {
	durable := func(name string) jetstream.ConsumerConfig {
		return jetstream.ConsumerConfig{
			Durable: name, AckPolicy: jetstream.AckExplicitPolicy, AckWait: AckWait,
			// The stages count attempts themselves. After MaxDeliver deliveries
			// the server would silently stop delivering a message.
			MaxDeliver: -1, MaxAckPending: maxAckPending,
		}
	}
	all := map[string][]jetstream.ConsumerConfig{
		subject.StreamURLs:     {durable(subject.ConsumerIntake)},
		subject.StreamListings: {durable(subject.ConsumerDiscover)},
		subject.StreamPages:    {durable(subject.ConsumerExtract)},
		subject.StreamArticles: {durable(subject.ConsumerIndex)},
		subject.StreamOutcomes: {durable(subject.ConsumerLedger)},
	}
	if l.Archive {
		all[subject.StreamExchanges] = []jetstream.ConsumerConfig{durable(subject.ConsumerArchive)}
		all[subject.StreamPages] = append(all[subject.StreamPages], durable(subject.ConsumerArchive))
	}
	return all
}

// buckets declares the key-value buckets.
func buckets(l Limits) []jetstream.KeyValueConfig {
	all := []jetstream.KeyValueConfig{
		{Bucket: subject.BucketLeases, Description: "owners of the frontier's partitions", TTL: LeaseTTL},
		{Bucket: subject.BucketHosts, Description: "state of hosts", TTL: hostsTTL},
		{
			Bucket: subject.BucketDrift, Description: "alarms about sites whose pages have changed, with samples",
			TTL: driftTTL, MaxBytes: driftBytes,
		},
		{
			Bucket: subject.BucketHealth, Description: "written by the services to test the storage",
			TTL: healthTTL, MaxBytes: healthBytes,
		},
		{
			Bucket: subject.BucketSeen, Description: "URLs requested recently", TTL: max(seenTTL, l.Freshness),
			Metadata: map[string]string{FreshnessKey: l.Freshness.String()},
		},
	}
	for i := range all {
		all[i].Replicas, all[i].Storage = l.Replicas, jetstream.FileStorage
	}
	return all
}

// objectStore declares the object store for large page bodies.
func objectStore(l Limits) jetstream.ObjectStoreConfig {
	return jetstream.ObjectStoreConfig{
		Bucket: subject.BucketBodies, Description: "page bodies that exceed a message", TTL: bodyTTL,
		MaxBytes: l.PageBytes, Replicas: l.Replicas, Storage: jetstream.FileStorage,
	}
}
