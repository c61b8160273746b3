// Package topology declares the streams, consumers and buckets that the
// pipeline lives on, and brings a NATS server in line with them at start.
package topology

import (
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// Schema is the version of what is stored on the streams. A server that holds
// a newer one is refused: an older program would misread it.
const Schema = 1

// Partitions is how many parts the frontier is divided into. It is part of the
// stored format: the partition is a token of every frontier subject.
const Partitions = 64

// The streams.
const (
	StreamURLs     = "URLS"
	StreamFrontier = "FRONTIER"
	StreamPages    = "PAGES"
	StreamArticles = "ARTICLES"
	StreamOutcomes = "OUTCOMES"
	StreamDead     = "DEAD"
	// StreamRevisions tells what the store has made of the articles.
	StreamRevisions = "REVISIONS"
)

// The key-value buckets.
const (
	// BucketLeases holds which replica owns which partition of the frontier.
	BucketLeases = "dateline-leases"
	// BucketHosts holds what a restart must not forget of a host.
	BucketHosts = "dateline-hosts"
	// BucketSeen holds what became of the URLs requested lately.
	BucketSeen = "dateline-seen"
	// BucketDrift holds what is usual of sites, the alarms about those whose pages have changed, and
	// samples of such pages.
	BucketDrift = "dateline-drift"
	// BucketBodies is the object store of page bodies that exceed a message.
	BucketBodies = "dateline-bodies"
)

// bodyTTL is how long a body in the object store is kept: longer than a page
// may wait, and the only clean-up there is.
const bodyTTL = 7 * 24 * time.Hour

// seenTTL is how long a URL is remembered at least: news that is asked for again
// later than that is rare. Within it, a page that has not changed is not sent again.
const seenTTL = 31 * 24 * time.Hour

// FreshnessKey is the entry of BucketSeen's metadata that says how long a URL
// counts as seen.
const FreshnessKey = "dateline.freshness"

// driftTTL and driftBytes bound what is kept of drift.
const (
	driftTTL   = 31 * 24 * time.Hour
	driftBytes = 256 << 20
)

// The durable consumers, each named for the stage that reads through it.
const (
	ConsumerIntake  = "intake"
	ConsumerExtract = "extract"
	ConsumerIndex   = "index"
	ConsumerLedger  = "ledger"
)

// SubjectURLs is where users publish what they want fetched.
const SubjectURLs = "urls"

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
			Name: StreamURLs, Subjects: []string{SubjectURLs, SubjectURLs + ".>"},
			Description: "URLs that users want fetched", Retention: jetstream.WorkQueuePolicy,
		},
		{
			Name: StreamFrontier, Subjects: []string{"frontier.*.>"},
			Description:       "URLs that wait for their host's turn",
			MaxMsgsPerSubject: l.PerHost, DiscardNewPerSubject: true,
		},
		{Name: StreamPages, Subjects: []string{"pages.>"}, Description: "pages as received", MaxBytes: l.PageBytes},
		{Name: StreamArticles, Subjects: []string{"articles.>"}, Description: "article records"},
		{Name: StreamOutcomes, Subjects: []string{"outcomes.*.*"}, Description: "how each input of each stage ended"},
		{Name: StreamDead, Subjects: []string{"dead.*.*"}, Description: "inputs that failed for good, whole"},
		{Name: StreamRevisions, Subjects: []string{"revisions.>"}, Description: "new and changed articles, as stored", MaxAge: revisionsTTL},
	}
	for i := range all {
		s := &all[i]
		s.Storage = jetstream.FileStorage
		if s.Discard = jetstream.DiscardNew; s.Name == StreamRevisions {
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
		StreamURLs:     {durable(ConsumerIntake)},
		StreamPages:    {durable(ConsumerExtract)},
		StreamArticles: {durable(ConsumerIndex)},
		StreamOutcomes: {durable(ConsumerLedger)},
	}
}

func buckets(l Limits) []jetstream.KeyValueConfig {
	return []jetstream.KeyValueConfig{
		{Bucket: BucketLeases, Description: "owners of the frontier's partitions", TTL: LeaseTTL, Replicas: l.Replicas},
		{Bucket: BucketHosts, Description: "what is known of hosts", TTL: 31 * 24 * time.Hour, Replicas: l.Replicas},
		{Bucket: BucketDrift, Description: "alarms about sites whose pages have changed, with samples", TTL: driftTTL, MaxBytes: driftBytes, Replicas: l.Replicas},
		{Bucket: BucketSeen, Description: "URLs requested lately", TTL: max(seenTTL, l.Freshness), Replicas: l.Replicas, Metadata: map[string]string{FreshnessKey: l.Freshness.String()}},
	}
}

// PagesSubject is where the pages of a host go; host is in subject form, its
// labels reversed.
func PagesSubject(host string) string { return "pages." + host }

// ArticlesSubject is where the articles of a language and host go; what is no
// language tag counts as undetermined.
func ArticlesSubject(language, host string) string {
	if language == "" || strings.ContainsFunc(language, notInTag) {
		language = "und"
	}
	return "articles." + strings.ToLower(language) + "." + host
}

// RevisionsSubject is where an event of a revision goes.
func RevisionsSubject(change datelinev1.RevisionChange, language, host string) string {
	return "revisions." + ChangeName(change) + strings.TrimPrefix(ArticlesSubject(language, host), "articles")
}

// ChangeName is the token of a change in subjects and messages.
func ChangeName(c datelinev1.RevisionChange) string { return token(c.String(), "REVISION_CHANGE_") }

// notInTag reports what no language tag has (RFC 5646, section 2.1), and what
// would be more than one token of a subject.
func notInTag(r rune) bool {
	return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-')
}

// StageName is the token of a stage in subjects, metrics and messages.
func StageName(s datelinev1.Stage) string { return token(s.String(), "STAGE_") }

// VerdictName is the token of a verdict in subjects, metrics and messages.
func VerdictName(v datelinev1.Verdict) string { return token(v.String(), "VERDICT_") }

// DriftSignalName is the token of a signal in metrics and keys.
func DriftSignalName(s datelinev1.DriftSignal) string { return token(s.String(), "DRIFT_SIGNAL_") }

// The patterns of the keys of drift alarms and of their samples.
const (
	DriftAlarms  = "alarms.>"
	DriftSamples = "samples.>"
)

// DriftHabitsKey is the key of a part of what is usual of all hosts.
func DriftHabitsKey(part int) string { return "habits." + strconv.Itoa(part) }

// DriftAlarmKey is the key of a host's alarm; host is in subject form.
func DriftAlarmKey(host string, s datelinev1.DriftSignal) string {
	return "alarms." + host + "." + DriftSignalName(s)
}

// DriftSampleKey is the key of the n-th sample of a host's alarm.
func DriftSampleKey(host string, s datelinev1.DriftSignal, n int) string {
	return "samples." + host + "." + DriftSignalName(s) + "." + strconv.Itoa(n)
}

// DriftSamplesOf is the pattern of the keys of a host's samples.
func DriftSamplesOf(host string) string { return "samples." + host + ".>" }

func token(name, prefix string) string {
	return strings.ToLower(strings.TrimPrefix(name, prefix))
}

// OutcomesSubject is where an outcome goes.
func OutcomesSubject(s datelinev1.Stage, v datelinev1.Verdict) string {
	return "outcomes." + StageName(s) + "." + VerdictName(v)
}

// DeadSubject is where a dead letter goes; reason is a single token.
func DeadSubject(s datelinev1.Stage, reason string) string {
	return "dead." + StageName(s) + "." + reason
}

// StreamNames lists the streams.
func StreamNames() []string {
	return []string{StreamURLs, StreamFrontier, StreamPages, StreamArticles, StreamOutcomes, StreamDead, StreamRevisions}
}
