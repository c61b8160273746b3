package replay

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"

	"github.com/dateline-news/dateline/internal/outcome"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// Undone counts the records of a run that is undone.
type Undone struct {
	// Published is the number of records that were published to be restored. The store
	// restores those whose article has not changed since.
	Published int `json:"published"`
	// New is the number of articles that the run added. They stay.
	New int `json:"new"`
}

// Undo restores the records that a run has replaced, unless their articles have changed
// since. It may be repeated after an interruption.
func Undo(ctx context.Context, runs Runs, run *Run, js jetstream.JetStream, log *slog.Logger) (Undone, error) {
	var done Undone
	if js == nil {
		return done, errNoPipeline
	}
	p := newPublisher(js, log, time.Now)
	var last replacedRecord
	for {
		all, err := runs.replaced(ctx, run.ID, last, batchRecords)
		if err != nil {
			return done, err
		}
		for _, one := range all {
			last = one
			if len(one.record) == 0 {
				done.New++
				continue
			}
			record := &datelinev1.Article{}
			if err := proto.Unmarshal(one.record, record); err != nil {
				return done, fmt.Errorf("decoding the earlier record of article %s: %w", one.articleID, err)
			}
			record.Replay = &datelinev1.Replay{Run: run.ID, Undo: true, Restored: record.GetReplay()}
			if err := p.add(ctx, record, outcome.Restored, false); err != nil {
				return done, err
			}
			done.Published++
		}
		if len(all) < batchRecords {
			break
		}
	}
	if err := p.flush(ctx); err != nil {
		return done, err
	}
	run.Undone = time.Now()
	if run.Ended.IsZero() {
		run.Ended = run.Undone // an interrupted run does not go on
	}
	return done, runs.save(ctx, run)
}
