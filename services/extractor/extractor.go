// Package extractor is the second stage of the pipeline: it turns pages into
// article records.
package extractor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime"
	"sync"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/dateline-news/dateline/internal/backlog"
	"github.com/dateline-news/dateline/internal/ledger"
	"github.com/dateline-news/dateline/internal/stage"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/tracing"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/extractor/article"
)

// Config of the extractor.
type Config struct {
	Workers         int           `doc:"Most pages that are worked on at the same time; 0 takes one for each processor."`
	MaxDecodedBytes int           `doc:"Largest page in bytes once decompressed; larger ones are rejected."`
	RulesDir        string        `doc:"Folder of rules for sites (*.yaml), read at start; empty for none. docs/rules.md says what they hold."`
	MaxAttempts     int           `doc:"How often a page is tried before it is dead-lettered."`
	Timeout         time.Duration `doc:"Longest time for one page."`
	DrainTimeout    time.Duration `doc:"Longest time to finish what is under way after being told to stop."`
}

// DefaultConfig takes every processor.
func DefaultConfig() Config {
	return Config{MaxDecodedBytes: 16 << 20, MaxAttempts: 4, Timeout: 20 * time.Second, DrainTimeout: 10 * time.Second}
}

// Validate refuses what cannot work.
func (c Config) Validate() error {
	var problems []error
	if c.Workers < 0 {
		problems = append(problems, fmt.Errorf("workers is %d: it must not be negative", c.Workers))
	}
	if c.MaxDecodedBytes <= 0 {
		problems = append(problems, fmt.Errorf("max-decoded-bytes is %d: it must be positive", c.MaxDecodedBytes))
	}
	if c.MaxAttempts <= 0 {
		problems = append(problems, fmt.Errorf("max-attempts is %d: it must be at least 1", c.MaxAttempts))
	}
	if c.Timeout <= 0 {
		problems = append(problems, fmt.Errorf("timeout is %s: it must be positive", c.Timeout))
	}
	return errors.Join(problems...)
}

// Options are the library's options for this configuration. The error says which
// of the rules are broken.
func (c Config) Options() (article.Options, error) {
	opts := article.Options{MaxDecodedBytes: c.MaxDecodedBytes}
	if c.RulesDir == "" {
		return opts, nil
	}
	if _, err := os.ReadDir(c.RulesDir); err != nil {
		return opts, fmt.Errorf("extractor.rules-dir: %w", err)
	}
	var err error
	if opts.Rules, err = article.ReadRules(os.DirFS(c.RulesDir)); err != nil {
		return opts, fmt.Errorf("extractor.rules-dir is %s: %w", c.RulesDir, err)
	}
	return opts, nil
}

// Inputs are what the stage reads.
func Inputs() []backlog.Input {
	return []backlog.Input{{Stream: subject.StreamPages, Consumer: subject.ConsumerExtract}}
}

// Extractor is the stage. Make it with New.
type Extractor struct {
	config  Config
	options article.Options
	js      jetstream.JetStream
	loop    *stage.Loop
	zstd    *zstd.Decoder
	drift   *driftWatch
	metrics *extractMetrics
	now     func() time.Time
}

// New connects the stage to streams that topology.Reconcile has declared. The
// configuration must be valid; nil traces make no spans.
func New(ctx context.Context, js jetstream.JetStream, config Config, reg prometheus.Registerer, log *slog.Logger, traces *tracing.Tracer) (*Extractor, error) {
	if config.Workers == 0 {
		config.Workers = runtime.GOMAXPROCS(0)
	}
	options, err := config.Options()
	if err != nil {
		return nil, err
	}
	consumer, err := js.Consumer(ctx, subject.StreamPages, subject.ConsumerExtract)
	if err != nil {
		return nil, fmt.Errorf("opening consumer %s: %w", subject.ConsumerExtract, err)
	}
	decoder, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(config.Workers), zstd.WithDecoderMaxMemory(uint64(config.MaxDecodedBytes)))
	if err != nil {
		return nil, fmt.Errorf("preparing zstd: %w", err)
	}
	e := &Extractor{config: config, options: options, js: js, zstd: decoder, metrics: newExtractMetrics(reg), now: time.Now}
	if e.drift, err = newDriftWatch(ctx, js, reg, log, time.Now); err != nil {
		return nil, err
	}
	metrics := stage.NewMetrics(reg, datelinev1.Stage_STAGE_EXTRACT, reasons())
	e.loop = stage.New(stage.Config{
		Stage: datelinev1.Stage_STAGE_EXTRACT, Consumer: consumer,
		Writer: ledger.NewWriter(js, datelinev1.Stage_STAGE_EXTRACT, log, time.Now, metrics.CountOutcome),
		Handle: e.handle, Metrics: metrics, Log: log, Traces: traces,
		Workers: config.Workers, Batch: 1, MaxAttempts: config.MaxAttempts, DrainTimeout: config.DrainTimeout,
	})
	return e, nil
}

// Run works until ctx ends, then finishes what is under way for at most the
// configured drain timeout. What is not finished is delivered again.
func (e *Extractor) Run(ctx context.Context) error {
	defer e.zstd.Close()
	e.drift.recall(ctx)
	watching, stop := context.WithCancel(context.WithoutCancel(ctx))
	var remembering sync.WaitGroup
	remembering.Go(func() { e.drift.remember(watching) })
	defer remembering.Wait()
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
	outcome := &datelinev1.Outcome{InputId: fmt.Sprintf("%s:%d", input.Stream, input.Sequence)}
	result := stage.Result{Outcome: outcome}
	page := &datelinev1.Page{}
	if err := proto.Unmarshal(input.Data, page); err != nil || page.GetId() == "" {
		result.Err = stage.Permanent("malformed", fmt.Errorf("the message on %s is no Page: publish dateline.v1.Page in binary form (%v)", input.Subject, err))
		return result
	}
	outcome.InputId, outcome.Url, outcome.Host = page.GetId(), page.GetRequestedUrl(), host(page.GetFinalUrl())
	outcome.RequestId, outcome.Labels = page.GetRequest().GetRequestId(), page.GetRequest().GetLabels()

	body, err := e.body(ctx, page)
	if err != nil {
		result.Err = err
		return result
	}
	limited, cancel := context.WithTimeout(ctx, e.config.Timeout)
	defer cancel()
	received := article.Page{
		URL: page.GetFinalUrl(), ContentType: header(page, "content-type"), ContentEncoding: page.GetContentEncoding(),
		Body: body, FetchTime: page.GetFetchTime().AsTime(),
	}
	found, err := article.Extract(limited, received, e.options)
	reason := article.ReasonOf(err)
	if found != nil || reason != "" {
		e.metrics.observe(found, err)
		e.drift.observe(ctx, received, found, reason)
	}
	if reason != "" {
		outcome.Verdict, outcome.Reason, outcome.Detail = datelinev1.Verdict_VERDICT_REJECTED, string(reason), err.Error()
		return result
	}
	switch {
	case ctx.Err() != nil:
		result.Err = ctx.Err()
		return result
	case errors.Is(err, context.DeadlineExceeded):
		result.Err = stage.Transient("timeout", fmt.Errorf("the page took longer than %s: look at it, or raise extractor.timeout", e.config.Timeout))
		return result
	case err != nil:
		result.Err = stage.Permanent("extraction", err)
		return result
	}
	record := toRecord(found, page)
	record.ExtractTime = timestamppb.New(e.now())
	record.RawPage = &datelinev1.RawPage{Stream: input.Stream, Sequence: input.Sequence}
	msg, err := ledger.Message(articlesSubject(record), "article:"+page.GetId(), record)
	if err != nil {
		result.Err = stage.Permanent("encoding", err)
		return result
	}
	result.Publish = append(result.Publish, msg)
	outcome.Verdict, outcome.OutputId = datelinev1.Verdict_VERDICT_PRODUCED, record.GetId()
	return result
}

// body returns the page's body as the origin sent it.
func (e *Extractor) body(ctx context.Context, page *datelinev1.Page) ([]byte, error) {
	body := page.GetBody()
	if ref := page.GetBodyObject(); ref != nil {
		var err error
		if body, err = e.fetchObject(ctx, ref); err != nil {
			return nil, err
		}
	}
	switch page.GetBodyCompression() {
	case "":
		return body, nil
	case "zstd":
		plain, err := e.zstd.DecodeAll(body, nil)
		if err != nil {
			return nil, stage.Permanent("malformed", fmt.Errorf("unpacking the page's body: %w", err))
		}
		return plain, nil
	}
	return nil, stage.Permanent("malformed", fmt.Errorf("the page's body is compressed as %q, which this version does not know", page.GetBodyCompression()))
}

func (e *Extractor) fetchObject(ctx context.Context, ref *datelinev1.ObjectReference) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	bucket, err := e.js.ObjectStore(ctx, ref.GetBucket())
	if err != nil {
		return nil, stage.Unavailable(fmt.Errorf("opening object store %s: %w", ref.GetBucket(), err))
	}
	object, err := bucket.Get(ctx, ref.GetName())
	if errors.Is(err, jetstream.ErrObjectNotFound) {
		return nil, stage.Permanent("body_gone", fmt.Errorf("the page's body %s is no longer in object store %s: fetch the page again", ref.GetName(), ref.GetBucket()))
	}
	if err != nil {
		return nil, stage.Transient("body", fmt.Errorf("reading the page's body %s: %w", ref.GetName(), err))
	}
	defer object.Close()
	data, err := io.ReadAll(io.LimitReader(object, int64(e.config.MaxDecodedBytes)))
	if err != nil {
		return nil, stage.Transient("body", fmt.Errorf("reading the page's body %s: %w", ref.GetName(), err))
	}
	return data, nil
}

func header(page *datelinev1.Page, name string) string {
	for _, h := range page.GetHeaders() {
		if h.GetName() == name {
			return h.GetValue()
		}
	}
	return ""
}
