// Package indexer is the last stage of the pipeline: it stores articles and
// the ledger.
package indexer

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/dateline-news/dateline/internal/backlog"
	"github.com/dateline-news/dateline/internal/ledger"
	"github.com/dateline-news/dateline/internal/outcome"
	"github.com/dateline-news/dateline/internal/stage"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/tracing"
	"github.com/dateline-news/dateline/internal/weburl"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/library"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// StoreConfig says where articles are stored.
type StoreConfig struct {
	URL  string `doc:"Where articles and the ledger are stored: postgres://user:password@host/database, or sqlite: and the path of a file."`
	Disk string `doc:"Folder whose disk the metrics tell of, in a process that keeps its data elsewhere: such as a volume of the NATS server, mounted to be looked at. Empty for none."`
}

// DefaultStoreConfig is a file in the current folder.
func DefaultStoreConfig() StoreConfig { return StoreConfig{URL: "sqlite:dateline.db"} }

// Config of the indexer.
type Config struct {
	Batch        int           `doc:"Most articles, or outcomes, in one transaction."`
	BatchWait    time.Duration `doc:"How long a transaction that is not full waits for more."`
	MaxAttempts  int           `doc:"How often an article is tried before it is dead-lettered."`
	DrainTimeout time.Duration `doc:"Longest time to finish what is under way after being told to stop."`
}

// DefaultConfig stores within a tenth of a second.
func DefaultConfig() Config {
	return Config{Batch: 200, BatchWait: 50 * time.Millisecond, MaxAttempts: 4, DrainTimeout: 10 * time.Second}
}

// Validate refuses what cannot work.
func (c Config) Validate() error {
	var problems []error
	if c.Batch < 1 || c.Batch > 500 {
		problems = append(problems, fmt.Errorf("batch is %d: choose 1 to 500", c.Batch))
	}
	if c.BatchWait <= 0 {
		problems = append(problems, fmt.Errorf("batch-wait is %s: it must be positive", c.BatchWait))
	}
	if c.MaxAttempts < 1 {
		problems = append(problems, fmt.Errorf("max-attempts is %d: it must be at least 1", c.MaxAttempts))
	}
	return errors.Join(problems...)
}

// Inputs are what the stage reads, and what it writes for others.
func Inputs() []backlog.Input {
	return []backlog.Input{
		{Stream: subject.StreamArticles, Consumer: subject.ConsumerIndex}, {Stream: subject.StreamOutcomes, Consumer: subject.ConsumerLedger},
		{Stream: subject.StreamDead}, {Stream: subject.StreamRevisions},
	}
}

// Indexer is the stage. Make it with New.
type Indexer struct {
	store    store.Writer
	articles *stage.Loop
	ledger   *stage.Loop
	audit    *audit
	sources  *sourceWatch
	metrics  *metrics
}

// New connects the stage to streams that topology.Reconcile has declared, and
// to a store, which stays the caller's to close. The configuration must be
// valid; nil traces make no spans.
func New(ctx context.Context, js jetstream.JetStream, articles store.Store, config Config, reg prometheus.Registerer, log *slog.Logger, traces *tracing.Tracer) (*Indexer, error) {
	ix := &Indexer{store: articles, metrics: newMetrics(reg)}
	ix.audit = &audit{js: js, store: articles, metrics: ix.metrics, log: log, now: time.Now}
	ix.sources = newSourceWatch(articles, library.New(articles, js), reg, log, time.Now)
	metrics := stage.NewMetrics(reg, datelinev1.Stage_STAGE_INDEX)
	shared := stage.Config{
		Stage: datelinev1.Stage_STAGE_INDEX,
		Writer: ledger.NewWriter(ledger.Config{
			JS: js, Stage: datelinev1.Stage_STAGE_INDEX, Log: log, Now: time.Now,
			Count: metrics.CountOutcome,
		}),
		Log: log, Metrics: metrics, Workers: 1, Batch: config.Batch, BatchWait: config.BatchWait,
		MaxAttempts: config.MaxAttempts, DrainTimeout: config.DrainTimeout, Traces: traces,
	}
	var err error
	if ix.articles, err = newLoop(ctx, js, subject.StreamArticles, subject.ConsumerIndex, ix.put, shared); err != nil {
		return nil, err
	}
	shared.Metrics, shared.Traces = stage.NewLedgerMetrics(reg), nil // it works on outcomes of inputs, not on inputs
	ix.ledger, err = newLoop(ctx, js, subject.StreamOutcomes, subject.ConsumerLedger, ix.record, shared)
	return ix, err
}

func newLoop(ctx context.Context, js jetstream.JetStream, stream, name string, handle stage.Handler, config stage.Config) (*stage.Loop, error) {
	consumer, err := js.Consumer(ctx, stream, name)
	if err != nil {
		return nil, fmt.Errorf("opening consumer %s: %w", name, err)
	}
	config.Consumer, config.Handle = consumer, handle
	return stage.New(config), nil
}

// Run works until ctx ends, then finishes what is under way for at most the
// configured drain timeout. What is not finished is delivered again.
func (ix *Indexer) Run(ctx context.Context) error {
	tasks, ctx := errgroup.WithContext(ctx)
	tasks.Go(func() error { return ix.articles.Run(ctx) })
	tasks.Go(func() error { return ix.ledger.Run(ctx) })
	tasks.Go(func() error { return ix.audit.run(ctx) })
	tasks.Go(func() error { return ix.sources.run(ctx) })
	return tasks.Wait()
}

// put stores a batch of articles in one transaction.
func (ix *Indexer) put(ctx context.Context, inputs []*stage.Input) []stage.Result {
	results := make([]stage.Result, len(inputs))
	var batch []*datelinev1.Article
	var at []int
	for i, input := range inputs {
		record := &datelinev1.Article{}
		if err := proto.Unmarshal(input.Data, record); err != nil {
			results[i] = malformed(input, "Article", err)
			continue
		}
		results[i].Outcome = &datelinev1.Outcome{
			InputId: inputID(record), RequestId: record.GetRequestId(), Url: record.GetRequestedUrl(), Host: record.GetHost(),
			OutputId: record.GetId(), Labels: record.GetLabels(),
		}
		batch, at = append(batch, record), append(at, i)
	}
	if len(batch) == 0 {
		return results
	}
	start := time.Now()
	stored, err := ix.store.Put(ctx, batch)
	ix.metrics.puts.observe(len(batch), start)
	now := time.Now()
	for k, i := range at {
		if err != nil {
			results[i].Err = stage.Unavailable(fmt.Errorf("storing %d articles: %w", len(batch), err))
			continue
		}
		if stored[k].Err == nil {
			ix.metrics.put(batch[k], stored[k], now)
		}
		judge(results[i].Outcome, &results[i], stored[k])
		if err := announce(&results[i], stored[k], batch[k]); err != nil {
			results[i].Err = stage.Permanent(outcome.Malformed, err)
		}
	}
	return results
}

// inputID names an article's fetch as the stages before do: the request alone
// may be for several URLs.
func inputID(record *datelinev1.Article) string {
	if url, err := weburl.Parse(record.GetRequestedUrl()); err == nil {
		return outcome.FetchID(record.GetRequestId(), url)
	}
	return record.GetRequestId()
}

// announce tells of a revision that this record made. It does so again when the
// record is delivered again: the program may have ended in between.
func announce(result *stage.Result, stored store.PutResult, record *datelinev1.Article) error {
	if stored.Revision == 0 {
		return nil
	}
	change := datelinev1.RevisionChange_REVISION_CHANGE_CHANGED
	switch {
	case stored.Status == store.Outdated:
		change = datelinev1.RevisionChange_REVISION_CHANGE_OUTDATED
	case stored.Revision == 1:
		change = datelinev1.RevisionChange_REVISION_CHANGE_NEW
	}
	msg, err := library.RevisionMessage(&datelinev1.RevisionEvent{
		Change: change, ArticleId: stored.ID, Revision: int32(stored.Revision), Article: record, Time: timestamppb.Now(),
	}, record.GetLanguage(), record.GetHost())
	if err == nil {
		result.Publish = append(result.Publish, msg)
	}
	return err
}

func judge(ended *datelinev1.Outcome, result *stage.Result, stored store.PutResult) {
	if stored.Err != nil {
		result.Err = stage.Permanent(outcome.Refused, stored.Err)
		return
	}
	ended.Reason, ended.OutputId = stored.Status.String(), stored.ID
	switch stored.Status {
	case store.Erased:
		ended.Verdict, ended.OutputId = datelinev1.Verdict_VERDICT_REJECTED, ""
		ended.Detail = "The article was erased, and does not come back."
	case store.Unchanged:
		ended.Verdict = datelinev1.Verdict_VERDICT_UNCHANGED
	default:
		ended.Verdict = datelinev1.Verdict_VERDICT_PRODUCED
	}
}

// record stores a batch of outcomes in one transaction. The ledger does not
// speak of itself: its inputs have no outcomes.
func (ix *Indexer) record(ctx context.Context, inputs []*stage.Input) []stage.Result {
	results := make([]stage.Result, len(inputs))
	var batch []*datelinev1.Outcome
	var at []int
	for i, input := range inputs {
		one := &datelinev1.Outcome{}
		if err := proto.Unmarshal(input.Data, one); err != nil {
			results[i] = malformed(input, "Outcome", err)
			continue
		}
		batch, at = append(batch, one), append(at, i)
	}
	if len(batch) == 0 {
		return results
	}
	start := time.Now()
	err := ix.store.Record(ctx, batch)
	ix.metrics.records.observe(len(batch), start)
	if err != nil {
		for _, i := range at {
			results[i].Err = stage.Unavailable(fmt.Errorf("storing %d outcomes: %w", len(batch), err))
		}
	}
	return results
}

func malformed(input *stage.Input, want string, err error) stage.Result {
	return stage.Result{
		Outcome: &datelinev1.Outcome{InputId: fmt.Sprintf("%s:%d", input.Stream, input.Sequence)},
		Err:     stage.Permanent(outcome.Malformed, fmt.Errorf("the message on %s is no %s: publish dateline.v1.%s in binary form (%w)", input.Subject, want, want, err)),
	}
}
