package frontier

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"

	"github.com/dateline-news/dateline/internal/bus"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/weburl"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

const (
	// opTimeout bounds one operation on the stream.
	opTimeout = 5 * time.Second
	// listTimeout bounds the listing of a partition, which may have thousands of
	// subjects.
	listTimeout = 30 * time.Second
)

// ErrHostFull reports that the queue of a host has reached its limit.
var ErrHostFull = errors.New("the host's queue is full")

// queue reads and changes the stream.
type queue struct {
	js     jetstream.JetStream
	stream jetstream.Stream
}

// The lanes of a host, most urgent first. A URL is taken from a lane only while no
// more urgent lane has one that is due.
const (
	laneFresh = iota
	laneBackfill
	laneCount
)

// laneNames are the names of the lanes in subjects.
var laneNames = [laneCount]string{laneFresh: subject.LaneFresh, laneBackfill: subject.LaneBackfill}

// laneOf returns the lane of a frontier subject, or -1 if its lane is unknown.
func laneOf(name string) int {
	parsed, _ := subject.ParseFrontier(name)
	return slices.Index(laneNames[:], parsed.Lane)
}

func laneSubject(partition, lane int, host string) string {
	return subject.Frontier(partition, laneNames[lane], host)
}

// subjectOf returns the subject of the queue that an entry belongs to.
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

// next returns the first entry of a subject at or after a sequence, or nil if
// there is none. An entry that cannot be decoded is returned with an error.
func (q *queue) next(ctx context.Context, name string, from uint64) (*Entry, error) {
	ctx, cancel := context.WithTimeout(ctx, opTimeout)
	defer cancel()
	msg, err := q.stream.GetMsg(ctx, max(from, 1), jetstream.WithGetMsgSubject(name))
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	entry := &Entry{
		FrontierEntry: &datelinev1.FrontierEntry{},
		Subject:       name, Sequence: msg.Sequence, Data: msg.Data, Stored: msg.Time,
	}
	if err := proto.Unmarshal(msg.Data, entry.FrontierEntry); err != nil {
		return entry, fmt.Errorf("decoding entry %d of the frontier: %w", msg.Sequence, err)
	}
	return entry, nil
}

// remove deletes an entry from the stream. It is not an error if the entry is gone.
// A stream that was created again reuses sequences, so remove first reads the
// message at the entry's sequence, and leaves it if it is another.
func (q *queue) remove(ctx context.Context, entry *Entry) error {
	ctx, cancel := context.WithTimeout(ctx, opTimeout)
	defer cancel()
	msg, err := q.stream.GetMsg(ctx, entry.Sequence)
	switch {
	case errors.Is(err, jetstream.ErrMsgNotFound):
		// A follower that lags behind reports a message as missing, so delete it
		// unless the stream is a new one.
		created, err := q.created(ctx)
		if err != nil {
			return err
		}
		if created.After(entry.Stored) {
			return nil
		}
	case err != nil:
		return fmt.Errorf("removing %s from the frontier: %w", entry.GetUrl(), err)
	case msg.Subject != entry.Subject || !msg.Time.Equal(entry.Stored):
		return nil
	}
	err = q.stream.DeleteMsg(ctx, entry.Sequence)
	if err == nil || bus.IsGone(err) {
		return nil
	}
	return fmt.Errorf("removing %s from the frontier: %w", entry.GetUrl(), err)
}

// created returns when the stream was created, which identifies it among the
// streams of its name.
func (q *queue) created(ctx context.Context) (time.Time, error) {
	info, err := q.info(ctx)
	if err != nil {
		return time.Time{}, err
	}
	return info.Created, nil
}

// info returns the state of the stream.
func (q *queue) info(ctx context.Context) (*jetstream.StreamInfo, error) {
	ctx, cancel := context.WithTimeout(ctx, opTimeout)
	defer cancel()
	info, err := q.stream.Info(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading stream %s: %w", subject.StreamFrontier, err)
	}
	return info, nil
}

// subjects returns the number of URLs of each subject of a partition that has any.
func (q *queue) subjects(ctx context.Context, partition int) (map[string]uint64, error) {
	ctx, cancel := context.WithTimeout(ctx, listTimeout)
	defer cancel()
	info, err := q.stream.Info(ctx, jetstream.WithSubjectFilter(subject.FrontierPartition(partition)))
	if err != nil {
		return nil, fmt.Errorf("listing partition %d of the frontier: %w", partition, err)
	}
	return info.State.Subjects, nil
}

// hostKey returns the host that a frontier subject belongs to, in subject form.
func hostKey(name string) string {
	parsed, _ := subject.ParseFrontier(name)
	return parsed.Host
}

func partitionOf(name string) (int, bool) {
	parsed, ok := subject.ParseFrontier(name)
	return parsed.Partition, ok
}
