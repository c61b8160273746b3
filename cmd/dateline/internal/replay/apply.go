package replay

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/sync/errgroup"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/dateline-news/dateline/internal/ledger"
	"github.com/dateline-news/dateline/internal/outcome"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/weburl"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/extractor/article"
	"github.com/dateline-news/dateline/services/indexer/library"
)

// batchRecords is the number of records that are published together.
const batchRecords = 64

// publisher publishes records for the indexer, and then their outcomes.
type publisher struct {
	js     jetstream.JetStream
	writer *ledger.Writer
	now    func() time.Time
	batch  []published
}

// published is a record to publish, with its outcome.
type published struct {
	record *datelinev1.Article
	ended  *datelinev1.Outcome
	// known means that the record was published before.
	known bool
}

func newPublisher(js jetstream.JetStream, log *slog.Logger, now func() time.Time) *publisher {
	return &publisher{js: js, now: now, writer: ledger.NewWriter(ledger.Config{
		JS: js, Stage: datelinev1.Stage_STAGE_REPLAY, Log: log, Now: now,
		Count: func(datelinev1.Verdict, outcome.Reason) {}, CountUnkept: func() {},
	})}
}

// add adds a record to the batch. The record names its run.
func (p *publisher) add(ctx context.Context, record *datelinev1.Article, reason outcome.Reason, known bool) error {
	id, run := library.ReplayID(record), record.GetReplay().GetRun()
	p.batch = append(p.batch, published{record: record, known: known, ended: &datelinev1.Outcome{
		InputId: id, RequestId: id, Verdict: datelinev1.Verdict_VERDICT_PRODUCED, Reason: string(reason),
		Url: library.LastPage(record), Host: record.GetHost(), OutputId: record.GetId(), Labels: record.GetLabels(),
		Attempt: 1, Detail: "Run " + run + ", extractor version " + record.GetExtractorVersion() + ".",
	}})
	if len(p.batch) < batchRecords {
		return nil
	}
	return p.flush(ctx)
}

// flush publishes the batch. While a stream is full, it waits. After an error, it keeps the
// batch. A batch that is published again changes nothing: the store knows the records of the
// run, and the ledger the outcomes.
func (p *publisher) flush(ctx context.Context) error {
	publishing, limited := errgroup.WithContext(ctx)
	publishing.SetLimit(batchRecords)
	for _, one := range p.batch {
		if one.known {
			continue
		}
		publishing.Go(func() error {
			msg, err := ledger.Message(recordSubject(one.record), ledger.ArticleMessageID(one.ended.GetInputId()), one.record)
			if err == nil {
				err = p.writer.Publish(limited, msg)
			}
			if errors.Is(err, ledger.ErrTooLarge) {
				one.ended.Verdict, one.ended.Reason = datelinev1.Verdict_VERDICT_REJECTED, string(outcome.TooLarge)
				one.ended.Detail, one.ended.OutputId = err.Error(), ""
				return nil
			}
			return err
		})
	}
	if err := publishing.Wait(); err != nil {
		return fmt.Errorf("publishing records: %w", err)
	}
	if err := p.flushOutcomes(ctx); err != nil {
		return err
	}
	p.batch = nil
	return nil
}

// flushOutcomes stores the outcomes of the batch.
func (p *publisher) flushOutcomes(ctx context.Context) error {
	ended := make([]ledger.Ended, len(p.batch))
	for i, one := range p.batch {
		ended[i] = ledger.Ended{Outcome: one.ended, Trace: func(ctx context.Context) context.Context { return ctx }}
	}
	if len(ended) == 0 || p.writer.Outcomes(ctx, ended) == nil {
		return nil
	}
	// Storing them together fails if one of them is known, as after an interruption.
	for _, e := range ended {
		if err := p.writer.Outcome(ctx, e.Outcome, 0, 0); err != nil {
			return err
		}
	}
	return nil
}

// recordSubject returns the subject on which a record is published, as the extractor does.
func recordSubject(r *datelinev1.Article) string {
	host := "file"
	if url, err := weburl.Parse(r.GetCanonicalUrl()); err == nil {
		host = url.SubjectHost()
	}
	return subject.Articles(r.GetLanguage(), host)
}

// applier replaces the records that differ.
type applier struct {
	*publisher

	run  *Run
	runs Runs
}

// errNoPipeline means that no pipeline runs that could store records.
var errNoPipeline = errors.New("replacing records needs a pipeline that stores them")

func newApplier(config Config) (*applier, error) {
	switch {
	case config.JS == nil:
		return nil, errNoPipeline
	case config.Run.Version != article.Version:
		return nil, fmt.Errorf("run %s used version %s of the extractor, and this program has %s: start a new run",
			config.Run.ID, config.Run.Version, article.Version)
	}
	return &applier{newPublisher(config.JS, config.Log, config.Now), config.Run, RunsOf(config.Library)}, nil
}

// add counts a result, and publishes the record of one that differs.
func (a *applier) add(ctx context.Context, r Result) (err error) {
	a.run.Counts.Pages++
	switch r.Status {
	case Differs:
		a.run.Counts.Replaced++
		err = a.publisher.add(ctx, a.replacing(r), outcome.ExtractedAgain, false)
	case Accepted:
		a.run.Counts.Accepted++
		err = a.publisher.add(ctx, a.replacing(r), outcome.Accepted, false)
	case Replaced:
		a.run.Counts.Replaced++
		err = a.publisher.add(ctx, r.Before, outcome.ExtractedAgain, true)
	case Refused:
		a.run.Counts.Refused++
	}
	return err
}

// replacing returns the record that replaces the stored one. It keeps the identity of the
// article and the place of its page.
func (a *applier) replacing(r Result) *datelinev1.Article {
	record := proto.CloneOf(r.After)
	if b := r.Before; b != nil {
		record.Id, record.CanonicalUrl, record.Host = b.GetId(), b.GetCanonicalUrl(), b.GetHost()
		record.RawPage = b.GetRawPage()
	}
	record.ExtractTime = timestamppb.New(a.now())
	record.Replay = &datelinev1.Replay{Run: a.run.ID}
	return record
}

// save publishes the batch and stores the place after which the run continues.
func (a *applier) save(ctx context.Context, place string) error {
	if err := a.flush(ctx); err != nil {
		return err
	}
	a.run.place, a.run.Updated = place, a.now()
	return a.runs.save(ctx, a.run)
}

// finish stores the end of the run.
func (a *applier) finish(ctx context.Context) error {
	a.run.Ended = a.now()
	return a.save(ctx, a.run.place)
}
