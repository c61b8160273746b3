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

	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/weburl"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/extractor/article"
	"github.com/dateline-news/dateline/services/extractor/internal/drift"
)

const (
	// maxWatched is how many hosts are watched for drift: some 6 MB.
	maxWatched = 20_000
	// maxSample bounds a page that is kept as a sample, compressed, in bytes:
	// it must fit into a message.
	maxSample = 900 << 10
	// driftWait bounds the writing of an alarm or a sample.
	driftWait = 5 * time.Second
)

// driftWatch tells people about sites whose pages yield less than they used to:
// in metrics, in the log, and in a bucket that can be read and watched.
type driftWatch struct {
	watch  *drift.Watch
	bucket jetstream.KeyValue
	pack   *zstd.Encoder
	alarms *prometheus.CounterVec
	log    *slog.Logger
	now    func() time.Time
}

func newDriftWatch(ctx context.Context, js jetstream.JetStream, reg prometheus.Registerer, log *slog.Logger, now func() time.Time) (*driftWatch, error) {
	bucket, err := js.KeyValue(ctx, subject.BucketDrift)
	if err != nil {
		return nil, fmt.Errorf("opening bucket %s: %w", subject.BucketDrift, err)
	}
	pack, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	if err != nil {
		return nil, fmt.Errorf("preparing zstd: %w", err)
	}
	d := &driftWatch{
		watch: drift.New(maxWatched), bucket: bucket, pack: pack, log: log, now: now,
		alarms: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "dateline_extract_drift_alarms_total", Help: "Alarms raised because a host's pages yield less than they used to, by signal.",
		}, []string{"signal"}),
	}
	reg.MustRegister(d.alarms)
	for _, signal := range drift.Signals {
		name := subject.DriftSignalName(signal)
		d.alarms.WithLabelValues(name)
		reg.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "dateline_extract_drifting_hosts", Help: "Hosts whose drift alarm is raised, by signal.",
			ConstLabels: prometheus.Labels{"signal": name},
		}, func() float64 { return float64(d.watch.Raised(signal)) }))
	}
	return d, nil
}

// observe takes note of what came of a page: an article, or a reason why there
// is none. Pages that say nothing of the site's design do not count.
func (d *driftWatch) observe(ctx context.Context, page article.Page, found *article.Article, reason article.Reason) {
	url, err := weburl.Parse(page.URL)
	if err != nil {
		return
	}
	seen := drift.Page{Host: url.Host()}
	switch {
	case found != nil:
		seen.Article, seen.Dated, seen.Authored, seen.Words = true, found.Published != nil, len(found.Authors) > 0, found.WordCount
	case reason != article.ReasonNoArticle && reason != article.ReasonNeedsRendering && reason != article.ReasonBlocked && reason != article.ReasonEmpty:
		return
	}
	changes, samples := d.watch.Observe(seen)
	for _, c := range changes {
		d.tell(ctx, url, c)
	}
	for _, s := range samples {
		d.keep(ctx, url, page, s)
	}
}

func (d *driftWatch) tell(ctx context.Context, url weburl.URL, c drift.Change) {
	signal := subject.DriftSignalName(c.Signal)
	if c.Raised {
		d.alarms.WithLabelValues(signal).Inc()
		d.log.WarnContext(ctx, "a site's pages yield less than they used to: look at it with dateline drift", "host", url.Host(), "signal", signal, "recent", c.Recent, "usual", c.Usual)
	} else {
		d.log.InfoContext(ctx, "a site's pages yield as much as they used to, or the change has become usual", "host", url.Host(), "signal", signal, "recent", c.Recent, "usual", c.Usual)
	}
	d.put(ctx, subject.DriftAlarm(url.SubjectHost(), c.Signal), &datelinev1.DriftAlarm{
		Host: url.Host(), Signal: c.Signal, Raised: c.Raised, Recent: c.Recent, Usual: c.Usual, Time: timestamppb.New(d.now()),
	})
}

func (d *driftWatch) keep(ctx context.Context, url weburl.URL, page article.Page, s drift.Sample) {
	text, err := article.Decode(page, article.Options{})
	if err != nil {
		return
	}
	sample := &datelinev1.DriftSample{Url: page.URL, Signal: s.Signal, FetchTime: timestamppb.New(page.FetchTime), HtmlZstd: d.pack.EncodeAll(text, nil)}
	if len(sample.HtmlZstd) <= maxSample {
		d.put(ctx, subject.DriftSample(url.SubjectHost(), s.Signal, s.Number), sample)
	}
}

// put writes to the bucket. What cannot be written is logged and let go: the
// article comes first.
func (d *driftWatch) put(ctx context.Context, key string, value proto.Message) {
	data, err := proto.Marshal(value)
	if err == nil {
		ctx, cancel := context.WithTimeout(ctx, driftWait)
		defer cancel()
		_, err = d.bucket.Put(ctx, key, data)
	}
	if err != nil {
		d.log.WarnContext(ctx, "a drift alarm or its sample could not be kept", "key", key, "error", err)
	}
}
