package extractor

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/dateline-news/dateline/internal/hosts"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/weburl"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/extractor/article"
	"github.com/dateline-news/dateline/services/extractor/internal/drift"
)

const (
	// maxWatched is the maximum number of hosts watched for drift. They take about 6 MB.
	maxWatched = 20_000
	// maxSample is the maximum compressed size of a page saved as a sample, in bytes.
	// A sample must fit into a message.
	maxSample = 900 << 10
	// driftTimeout bounds writing an alarm or a sample, and reading or writing the
	// baselines.
	driftTimeout = 5 * time.Second
)

// driftMonitor reports hosts whose pages yield less than they used to: in metrics,
// in the log, and in a key-value bucket that other programs read and watch.
type driftMonitor struct {
	watch  *drift.Watch
	bucket jetstream.KeyValue
	zstd   *zstd.Encoder
	alarms *prometheus.CounterVec
	log    *slog.Logger
	now    func() time.Time
	rules  hosts.Rules // for sites, to be shown to users
}

func newDriftMonitor(ctx context.Context, rules hosts.Rules, deps Dependencies) (*driftMonitor, error) {
	bucket, err := deps.JS.KeyValue(ctx, subject.BucketDrift)
	if err != nil {
		return nil, fmt.Errorf("opening bucket %s: %w", subject.BucketDrift, err)
	}
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	if err != nil {
		return nil, fmt.Errorf("creating zstd encoder: %w", err)
	}
	d := &driftMonitor{
		watch: drift.New(maxWatched), bucket: bucket, zstd: encoder, log: deps.Log, now: deps.Now, rules: rules,
		alarms: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "dateline_extract_drift_alarms_total",
			Help: "Alarms raised because a host's pages yield less than they used to, by signal.",
		}, []string{"signal"}),
	}
	deps.Registry.MustRegister(d.alarms)
	for _, signal := range drift.Signals {
		name := subject.DriftSignalName(signal)
		d.alarms.WithLabelValues(name)
		deps.Registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "dateline_extract_drifting_hosts", Help: "Hosts whose drift alarm is raised, by signal.",
			ConstLabels: prometheus.Labels{"signal": name},
		}, func() float64 { return float64(d.watch.Raised(signal)) }))
	}
	return d, nil
}

// observe counts a page that yielded an article or was rejected for a reason.
// Rejections that are unrelated to the site's design are ignored.
func (d *driftMonitor) observe(ctx context.Context, page article.Page, found *article.Article, reason article.Reason) {
	url, err := weburl.Parse(page.URL)
	if err != nil {
		return
	}
	seen := drift.Page{Host: url.Host()}
	switch {
	case found != nil:
		seen.Article, seen.Words = true, found.WordCount
		seen.Dated, seen.Authored = found.Published != nil, len(found.Authors) > 0
	case !isDesignReason(reason):
		return
	}
	changes, samples := d.watch.Observe(seen)
	for _, c := range changes {
		d.report(ctx, url, c)
	}
	for _, s := range samples {
		d.saveSample(ctx, url, page, s)
	}
}

// isDesignReason reports whether a page can be rejected for a reason because its
// site was redesigned.
func isDesignReason(reason article.Reason) bool {
	switch reason {
	case article.ReasonNoArticle, article.ReasonNeedsRendering, article.ReasonBlocked, article.ReasonEmpty:
		return true
	}
	return false
}

func (d *driftMonitor) report(ctx context.Context, url weburl.URL, c drift.Change) {
	signal := subject.DriftSignalName(c.Signal)
	log := d.log.With("host", url.Host(), "signal", signal, "recent", c.Recent, "baseline", c.Baseline)
	if c.Raised {
		d.alarms.WithLabelValues(signal).Inc()
		log.WarnContext(ctx, "drift alarm raised, inspect the site with dateline drift")
	} else {
		log.InfoContext(ctx, "drift alarm cleared")
	}
	d.put(ctx, subject.DriftAlarm(url.SubjectHost(), c.Signal), &datelinev1.DriftAlarm{
		Host: url.Host(), Signal: c.Signal, Raised: c.Raised, Recent: c.Recent, Usual: c.Baseline,
		Time: timestamppb.New(d.now()),
	})
}

func (d *driftMonitor) saveSample(ctx context.Context, url weburl.URL, page article.Page, s drift.Sample) {
	text, err := article.Decode(page, article.Options{})
	if err != nil {
		return
	}
	sample := &datelinev1.DriftSample{
		Url: page.URL, Signal: s.Signal, FetchTime: timestamppb.New(page.FetchTime), HtmlZstd: d.zstd.EncodeAll(text, nil),
	}
	if len(sample.HtmlZstd) <= maxSample {
		d.put(ctx, subject.DriftSample(url.SubjectHost(), s.Signal, s.Number), sample)
	}
}

// put writes a value to the bucket. A failure is only logged, because extracting
// articles must not depend on the bucket.
func (d *driftMonitor) put(ctx context.Context, key string, value proto.Message) {
	data, err := proto.Marshal(value)
	if err == nil {
		ctx, cancel := context.WithTimeout(ctx, driftTimeout)
		defer cancel()
		_, err = d.bucket.Put(ctx, key, data)
	}
	if err != nil {
		d.log.WarnContext(ctx, "saving drift alarm or sample failed", "key", key, "error", err)
	}
}
