package frontier

import (
	"context"
	"fmt"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/dateline-news/dateline/internal/bus"
	"github.com/dateline-news/dateline/internal/ledger"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// Admission is an entry to publish.
type Admission struct {
	// Cause identifies the event that leads to the entry, and must be unique for all
	// time: while the stream remembers a cause, publishing it again stores nothing.
	Cause string
	Entry *datelinev1.FrontierEntry
}

// Publish puts an entry into the queue of its host. It returns ErrHostFull if
// that queue is full. The cause is that of an Admission.
func Publish(ctx context.Context, js jetstream.JetStream, cause string, entry *datelinev1.FrontierEntry) error {
	return PublishAll(ctx, js, []Admission{{cause, entry}})[0]
}

// PublishAll puts entries into the queues of their hosts, at most bus.MaxBatch, and
// returns an error or nil for each, as Publish does.
func PublishAll(ctx context.Context, js jetstream.JetStream, admissions []Admission) []error {
	problems := make([]error, len(admissions))
	var msgs []*nats.Msg
	var at []int // msgs[k] belongs to admissions[at[k]]
	for i, a := range admissions {
		name, err := subjectOf(a.Entry)
		if err != nil {
			problems[i] = err
			continue
		}
		msg, err := ledger.Message(name, a.Cause, a.Entry)
		if err != nil {
			problems[i] = err
			continue
		}
		msgs, at = append(msgs, msg), append(at, i)
	}
	for k, err := range bus.PublishAll(ctx, js, msgs) {
		if ledger.IsHostFull(err) {
			err = ErrHostFull
		}
		if err != nil {
			problems[at[k]] = fmt.Errorf("adding %s to the frontier: %w", admissions[at[k]].Entry.GetUrl(), err)
		}
	}
	return problems
}
