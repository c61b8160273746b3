// Package extractor is the second stage of the pipeline. It turns fetched pages
// into article records.
package extractor

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/dateline-news/dateline/internal/backlog"
	"github.com/dateline-news/dateline/internal/ledger"
	"github.com/dateline-news/dateline/internal/outcome"
	"github.com/dateline-news/dateline/internal/pagebody"
	"github.com/dateline-news/dateline/internal/stage"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/tracing"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/extractor/article"
)

// Inputs returns the consumers that the stage reads from.
func Inputs() []backlog.Input {
	return []backlog.Input{{Stream: subject.StreamPages, Consumer: subject.ConsumerExtract}}
}

// Dependencies are the services that an Extractor uses.
type Dependencies struct {
	// JS is a connection to streams that topology.Reconcile has declared.
	JS       jetstream.JetStream
	Registry prometheus.Registerer
	Log      *slog.Logger
	// Tracer creates a span for each page. Nil means no spans.
	Tracer *tracing.Tracer
	// Now returns the current time. Nil means time.Now.
	Now func() time.Time
}

// Extractor is the extraction stage. Create it with New.
type Extractor struct {
	config     Config
	extraction *Extraction
	js         jetstream.JetStream
	loop       *stage.Loop
	bodies     *pagebody.Reader
	drift      *driftMonitor
	metrics    *extractMetrics
	now        func() time.Time
}

// New returns an Extractor for a valid configuration.
func New(ctx context.Context, config Config, deps Dependencies) (*Extractor, error) {
	if config.Workers == 0 {
		config.Workers = runtime.GOMAXPROCS(0)
	}
	if deps.Now == nil {
		deps.Now = time.Now
	}
	extraction, err := NewExtraction(config)
	if err != nil {
		return nil, err
	}
	consumer, err := deps.JS.Consumer(ctx, subject.StreamPages, subject.ConsumerExtract)
	if err != nil {
		return nil, fmt.Errorf("opening consumer %s: %w", subject.ConsumerExtract, err)
	}
	bodies, err := pagebody.NewReader(deps.JS, config.Workers, config.MaxDecodedBytes)
	if err != nil {
		return nil, err
	}
	e := &Extractor{
		config: config, extraction: extraction, js: deps.JS, bodies: bodies,
		metrics: newExtractMetrics(deps.Registry), now: deps.Now,
	}
	if e.drift, err = newDriftMonitor(ctx, extraction.options.Rules.Selectors(), deps); err != nil {
		return nil, err
	}
	metrics := stage.NewMetrics(deps.Registry, datelinev1.Stage_STAGE_EXTRACT)
	e.loop = stage.New(stage.Config{
		Stage: datelinev1.Stage_STAGE_EXTRACT, Consumer: consumer,
		Writer: ledger.NewWriter(ledger.Config{
			JS: deps.JS, Stage: datelinev1.Stage_STAGE_EXTRACT, Log: deps.Log, Now: deps.Now,
			Count: metrics.CountOutcome, CountUnkept: metrics.CountUnkept,
		}),
		Handle: e.handle, Metrics: metrics, Log: deps.Log, Traces: deps.Tracer,
		Workers: config.Workers, Batch: 1, MaxAttempts: config.MaxAttempts, DrainTimeout: config.DrainTimeout,
	})
	return e, nil
}

// Run extracts pages until ctx ends. It then finishes the pages in progress,
// for at most the configured drain timeout. Unfinished pages are delivered again.
func (e *Extractor) Run(ctx context.Context) error {
	defer e.bodies.Close()
	e.drift.loadBaselines(ctx)
	e.drift.saveRules(ctx)
	saving, stop := context.WithCancel(context.WithoutCancel(ctx))
	var saver sync.WaitGroup
	saver.Go(func() { e.drift.saveBaselinesUntil(saving) })
	defer saver.Wait()
	defer stop()
	return e.loop.Run(ctx)
}

func (e *Extractor) handle(ctx context.Context, inputs []*stage.Input) []stage.Result {
	results := make([]stage.Result, len(inputs))
	for i, input := range inputs {
		results[i] = e.extract(ctx, input)
	}
	return results
}

func (e *Extractor) extract(ctx context.Context, input *stage.Input) stage.Result {
	ended := &datelinev1.Outcome{InputId: input.MessageID()}
	failed := func(err error) stage.Result { return stage.Result{Outcome: ended, Err: err} }
	page := &datelinev1.Page{}
	err := proto.Unmarshal(input.Data, page)
	if err == nil && page.GetId() == "" {
		err = errors.New("it has no id")
	}
	if err != nil {
		return failed(stage.Permanent(outcome.Malformed, fmt.Errorf(
			"message on %s is not a Page: %w: publish dateline.v1.Page in binary form", input.Subject, err)))
	}
	ended.InputId, ended.Url, ended.Host = page.GetId(), page.GetRequestedUrl(), host(page.GetFinalUrl())
	ended.RequestId, ended.Labels = page.GetRequest().GetRequestId(), page.GetRequest().GetLabels()
	record, err := e.recordOf(ctx, fetchedPage{Page: page, input: input}, ended)
	if err != nil {
		return failed(err)
	}
	if record == nil { // recordOf has completed the outcome
		return stage.Result{Outcome: ended}
	}
	record.ExtractTime = timestamppb.New(e.now())
	msg, err := ledger.Message(articlesSubject(record), ledger.ArticleMessageID(page.GetId()), record)
	if err != nil {
		return failed(stage.Permanent(outcome.Encoding, err))
	}
	ended.Verdict, ended.OutputId = datelinev1.Verdict_VERDICT_PRODUCED, record.GetId()
	return stage.Result{Outcome: ended, Publish: []*nats.Msg{msg}}
}

// recordOf returns the record to publish for a page. Without one, it completes the outcome.
func (e *Extractor) recordOf(
	ctx context.Context, page fetchedPage, ended *datelinev1.Outcome,
) (*datelinev1.Article, error) {
	if reason := page.GetFailureReason(); reason != "" {
		return e.endBefore(ctx, page, ended, outcome.NotContinued, fmt.Sprintf(
			"it could not be fetched (%s): %s", reason, page.GetFailureDetail()))
	}
	body, err := e.bodies.Read(ctx, page.Page)
	if err != nil {
		return nil, err
	}
	found, err := e.extractArticle(ctx, page.Page, body)
	if reason := article.ReasonOf(err); reason != "" {
		return e.endBefore(ctx, page, ended, outcome.Reason(reason), err.Error())
	}
	if err := e.failure(ctx, err); err != nil {
		return nil, err
	}
	page.found = found
	if page.GetRequest().GetContinuation() != nil {
		return e.proceed(ctx, page, ended)
	}
	ended.Detail, err = e.follow(ctx, page)
	return page.record(), err
}

// extractArticle extracts a page and counts the result. What an archived page lacks says
// nothing about its site today, so drift ignores it. The later pages of an article are
// not counted: they lack what the first one has.
func (e *Extractor) extractArticle(
	ctx context.Context, page *datelinev1.Page, body []byte,
) (*article.Article, error) {
	source := sourceOf(page, body)
	found, err := e.extraction.extract(ctx, source)
	reason := article.ReasonOf(err)
	if page.GetRequest().GetContinuation() == nil && (found != nil || reason != "") {
		e.metrics.observe(found, err)
		if isLive(page) {
			e.drift.observe(ctx, source, found, reason)
		}
	}
	return found, err
}

// sourceOf returns a page in the form that the article package reads.
func sourceOf(page *datelinev1.Page, body []byte) article.Page {
	return article.Page{
		URL: page.GetFinalUrl(), ContentType: header(page, "content-type"), ContentEncoding: page.GetContentEncoding(),
		Body: body, FetchTime: page.GetFetchTime().AsTime(),
		FirstURL: page.GetRequest().GetContinuation().GetFirstUrl(), Hints: hints(page.GetRequest()),
	}
}

// failure returns the stage's error for an extraction that ended with err, or nil
// if the extraction succeeded.
func (e *Extractor) failure(ctx context.Context, err error) error {
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, context.DeadlineExceeded):
		return stage.Transient(outcome.Timeout, fmt.Errorf(
			"extracting the page took longer than %s: inspect the page, or raise extractor.timeout", e.config.Timeout))
	case err != nil:
		return stage.Permanent(outcome.Extraction, err)
	}
	return nil
}
