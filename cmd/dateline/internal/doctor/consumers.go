package doctor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/dateline-news/dateline/internal/loop"
	"github.com/dateline-news/dateline/internal/subject"
)

// stageConsumer is the consumer through which a service reads a stream.
type stageConsumer struct{ stream, consumer, service string }

func stageConsumers() []stageConsumer {
	return []stageConsumer{
		{subject.StreamURLs, subject.ConsumerIntake, "fetcher"},
		{subject.StreamListings, subject.ConsumerDiscover, "discoverer"},
		{subject.StreamPages, subject.ConsumerExtract, "extractor"},
		{subject.StreamPages, subject.ConsumerArchive, "archiver"}, // exists only if pages are archived
		{subject.StreamExchanges, subject.ConsumerArchive, "archiver"},
		{subject.StreamArticles, subject.ConsumerIndex, "indexer"},
		{subject.StreamOutcomes, subject.ConsumerLedger, "indexer"},
	}
}

func examineConsumers(ctx context.Context, js jetstream.JetStream, t Target, r *report) {
	const check = "consumers"
	for _, c := range stageConsumers() {
		examineConsumer(ctx, js, t, c, check, r)
	}
	if owned, err := ownedPartitions(ctx, js); err != nil {
		r.skip(check, "the fetchers' leases cannot be read: %v", err)
	} else if owned < subject.Partitions {
		r.problem(check, "start a fetcher, or wait half a minute if one has just stopped",
			"%d of the frontier's %d partitions have no fetcher: their URLs wait", subject.Partitions-owned, subject.Partitions)
	}
	if r.isWhole(check) {
		r.ok(check, "every stage reads its stream, and fewer than %d messages wait for each", maxBacklog)
	}
}

const (
	// maxBacklog is the number of messages waiting for a stage above which a problem
	// is reported.
	maxBacklog = 10_000
	// maxReadWait is the longest wait for a reader of a consumer. Readers ask again
	// within milliseconds, so a longer wait finds no more of them.
	maxReadWait = time.Second
	// readPoll is the time between two looks at a consumer.
	readPoll = 50 * time.Millisecond
)

func examineConsumer(ctx context.Context, js jetstream.JetStream, t Target, c stageConsumer, check string, r *report) {
	consumer, err := js.Consumer(ctx, c.stream, c.consumer)
	switch {
	case errors.Is(err, jetstream.ErrConsumerNotFound), errors.Is(err, jetstream.ErrStreamNotFound):
		return // examineStreams reports it, unless it need not exist
	case err != nil:
		r.skip(check, "the consumer %s of stream %s cannot be read: %v", c.consumer, c.stream, err)
		return
	}
	info := consumer.CachedInfo()
	// All consumers are waited for within half a timeout.
	wait := min(t.Timeout/time.Duration(2*len(stageConsumers())), maxReadWait)
	if info.NumWaiting == 0 && info.NumAckPending == 0 && !isRead(ctx, consumer, wait) {
		r.problem(check, fmt.Sprintf("start the %s, or look into its log", c.service),
			"no %s reads stream %s (consumer %s): %s", c.service, c.stream, c.consumer, messagesWait(info.NumPending))
		return
	}
	if info.NumAckPending >= info.Config.MaxAckPending && info.Config.MaxAckPending > 0 {
		r.problem(check, fmt.Sprintf("look into the log of the %s, or start more replicas", c.service),
			"consumer %s has its maximum of %d messages in progress", c.consumer, info.NumAckPending)
	}
	if info.NumPending > maxBacklog {
		r.problem(check, fmt.Sprintf("start more replicas of the %s, or find out what slows it (dateline top)", c.service),
			"%s for the %s", messagesWait(info.NumPending), c.service)
	}
}

// errRead ends the wait for a reader.
var errRead = errors.New("the consumer is read")

// isRead reports whether somebody requests messages from a consumer within some time.
// A reader that has just received messages requests more within moments.
func isRead(ctx context.Context, consumer jetstream.Consumer, wait time.Duration) bool {
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	first := consumer.CachedInfo().Delivered.Consumer
	return loop.Tick(ctx, readPoll, func(ctx context.Context) error {
		info, err := consumer.Info(ctx)
		if err == nil && (info.NumWaiting > 0 || info.NumAckPending > 0 || info.Delivered.Consumer > first) {
			return errRead
		}
		return nil
	}) != nil
}

// ownedPartitions returns the number of partitions that have an owner.
func ownedPartitions(ctx context.Context, js jetstream.JetStream) (int, error) {
	leases, err := js.Stream(ctx, subject.KVStream(subject.BucketLeases))
	if err != nil {
		return 0, err
	}
	// The bucket also has a key for each replica.
	keys := subject.KVKey(subject.BucketLeases, subject.AllPartitionLeases)
	info, err := leases.Info(ctx, jetstream.WithSubjectFilter(keys))
	if err != nil {
		return 0, err
	}
	return len(info.State.Subjects), nil
}

// maxReasons is the number of reasons of dead letters that are listed.
const maxReasons = 3

func examineDeadLetters(ctx context.Context, js jetstream.JetStream, r *report) {
	const check = "dead letters"
	stream, err := js.Stream(ctx, subject.StreamDead)
	if err != nil {
		r.skip(check, "the stream %s cannot be read: %v", subject.StreamDead, err)
		return
	}
	info, err := stream.Info(ctx, jetstream.WithSubjectFilter(subject.AllDead))
	if err != nil {
		r.skip(check, "the stream %s cannot be read: %v", subject.StreamDead, err)
		return
	}
	if info.State.Msgs == 0 {
		r.ok(check, "no dead letters")
		return
	}
	counts := info.State.Subjects
	subjects := make([]string, 0, len(counts))
	for name := range counts {
		subjects = append(subjects, name)
	}
	slices.SortFunc(subjects, func(a, b string) int { return int(counts[b]) - int(counts[a]) })
	var reasons []string
	for _, name := range subjects[:min(maxReasons, len(subjects))] {
		stage, reason, _ := subject.ParseDead(name)
		reasons = append(reasons, fmt.Sprintf("%s.%s %d", stage, reason, counts[name]))
	}
	r.problem(check, "list them (dateline dead list), fix the cause, and requeue or drop them",
		"%s failed permanently: %s", plural(info.State.Msgs, "input"), strings.Join(reasons, ", "))
}
