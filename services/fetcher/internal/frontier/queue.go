package frontier

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"

	"github.com/dateline-news/dateline/internal/ledger"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/weburl"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// opTimeout bounds one operation on the stream.
const opTimeout = 5 * time.Second

// ErrHostFull says that as many URLs of a host wait as may.
var ErrHostFull = errors.New("as many URLs of this host wait as may")

// queue is the stream as the frontier uses it.
type queue struct {
	js     jetstream.JetStream
	stream jetstream.Stream
}

// Publish puts an entry into the queue of its host. It returns ErrHostFull
// where that is full. The cause names what led to it, among all that ever does:
// the same cause again within the stream's memory stores nothing.
func Publish(ctx context.Context, js jetstream.JetStream, cause string, entry *datelinev1.FrontierEntry) error {
	subject, err := subjectOf(entry)
	if err != nil {
		return err
	}
	msg, err := ledger.Message(subject, cause, entry)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, opTimeout)
	defer cancel()
	if _, err := js.PublishMsg(ctx, msg); err != nil {
		if ledger.IsHostFull(err) {
			return ErrHostFull
		}
		return fmt.Errorf("putting %s into the frontier: %w", entry.GetUrl(), err)
	}
	return nil
}

// Lanes of a host, by urgency: a host's URL is taken from one only while those
// before it have none that is due.
const (
	laneFresh = iota
	laneBackfill
	laneCount
)

// laneNames are the lanes as the subjects name them.
var laneNames = [laneCount]string{laneFresh: subject.LaneFresh, laneBackfill: subject.LaneBackfill}

func laneSubject(partition, lane int, host string) string {
	return subject.Frontier(partition, laneNames[lane], host)
}

// subjectOf is the queue that an entry belongs to.
func subjectOf(entry *datelinev1.FrontierEntry) (string, error) {
	url, err := weburl.Parse(entry.GetUrl())
	if err != nil {
		return "", err
	}
	lane := laneFresh
	if entry.GetRequest().GetPriority() == datelinev1.Priority_PRIORITY_BACKFILL {
		lane = laneBackfill
	}
	return laneSubject(weburl.Partition(url.Host(), subject.Partitions), lane, url.SubjectHost()), nil
}

// next returns the first entry of a subject at or behind a sequence, nil where
// there is none. An entry that cannot be decoded comes with an error as well.
func (q *queue) next(ctx context.Context, subject string, from uint64) (*Entry, error) {
	ctx, cancel := context.WithTimeout(ctx, opTimeout)
	defer cancel()
	msg, err := q.stream.GetMsg(ctx, max(from, 1), jetstream.WithGetMsgSubject(subject))
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", subject, err)
	}
	entry := &Entry{FrontierEntry: &datelinev1.FrontierEntry{}, Subject: subject, Sequence: msg.Sequence, Data: msg.Data, Stored: msg.Time}
	if err := proto.Unmarshal(msg.Data, entry.FrontierEntry); err != nil {
		return entry, fmt.Errorf("decoding the frontier's entry %d: %w", msg.Sequence, err)
	}
	return entry, nil
}

func (q *queue) remove(ctx context.Context, entry *Entry) error {
	ctx, cancel := context.WithTimeout(ctx, opTimeout)
	defer cancel()
	err := q.stream.DeleteMsg(ctx, entry.Sequence)
	var api *jetstream.APIError
	if err != nil && !(errors.As(err, &api) && api.ErrorCode == jetstream.JSErrCodeMessageNotFound) && !errors.Is(err, jetstream.ErrMsgNotFound) {
		return fmt.Errorf("removing %s from the frontier: %w", entry.GetUrl(), err)
	}
	return nil
}

// subjects lists the lanes of a partition that have URLs.
func (q *queue) subjects(ctx context.Context, partition int) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, 6*opTimeout)
	defer cancel()
	info, err := q.stream.Info(ctx, jetstream.WithSubjectFilter(subject.FrontierPartition(partition)))
	if err != nil {
		return nil, fmt.Errorf("listing the frontier's partition %d: %w", partition, err)
	}
	out := make([]string, 0, len(info.State.Subjects))
	for subject := range info.State.Subjects {
		out = append(out, subject)
	}
	return out, nil
}

// hostKey returns the host that a frontier subject belongs to, in subject form.
func hostKey(name string) string {
	queue, _ := subject.ParseFrontier(name)
	return queue.Host
}

func partitionOf(name string) (int, bool) {
	queue, ok := subject.ParseFrontier(name)
	return queue.Partition, ok
}
