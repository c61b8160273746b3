package replay

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"

	"github.com/dateline-news/dateline/internal/loop"
	"github.com/dateline-news/dateline/internal/outcome"
	"github.com/dateline-news/dateline/internal/subject"
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

// Undo ends a run, and restores the records that it has replaced, unless their articles have
// changed since. It may be repeated after an interruption.
func Undo(ctx context.Context, runs Runs, run *Run, js jetstream.JetStream, log *slog.Logger) (Undone, error) {
	var done Undone
	if js == nil {
		return done, errNoPipeline
	}
	if err := runs.markUndone(ctx, run.ID, time.Now); err != nil {
		return done, err
	}
	if err := awaitIndexer(ctx, js); err != nil {
		return done, err
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
	return done, p.flush(ctx)
}

const (
	// indexerLimit is the maximum time to wait for the indexer.
	indexerLimit = 5 * time.Minute
	// indexerPoll is the time between two looks at its consumer.
	indexerPoll = 250 * time.Millisecond
)

// awaitIndexer waits until the indexer has stored every record that is on ARTICLES now.
// Records of a run that it stores later would not be restored.
func awaitIndexer(ctx context.Context, js jetstream.JetStream) error {
	limited, cancel := context.WithTimeout(ctx, indexerLimit)
	defer cancel()
	stream, err := js.Stream(limited, subject.StreamArticles)
	if err != nil {
		return fmt.Errorf("opening stream %s: %w", subject.StreamArticles, err)
	}
	consumer, err := js.Consumer(limited, subject.StreamArticles, subject.ConsumerIndex)
	if err != nil {
		return fmt.Errorf("opening consumer %s: %w", subject.ConsumerIndex, err)
	}
	last := stream.CachedInfo().State.LastSeq
	for info := consumer.CachedInfo(); ; {
		if info.AckFloor.Stream >= last || info.NumPending == 0 && info.NumAckPending == 0 {
			return nil
		}
		if !loop.Sleep(limited, indexerPoll) {
			break
		}
		if info, err = consumer.Info(limited); err != nil && limited.Err() == nil {
			return fmt.Errorf("reading consumer %s: %w", subject.ConsumerIndex, err)
		}
		if err != nil {
			break
		}
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return fmt.Errorf("%d articles still wait for the indexer after %s: start an indexer",
		consumer.CachedInfo().NumPending, indexerLimit)
}
