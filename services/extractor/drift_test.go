package extractor

import (
	"encoding/hex"
	"log/slog"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"google.golang.org/protobuf/proto"

	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/weburl"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/extractor/article"
	"github.com/dateline-news/dateline/services/extractor/internal/drift"
)

// dependencies returns the dependencies of a stage or a monitor that logs nothing.
func dependencies(js jetstream.JetStream) Dependencies {
	return Dependencies{JS: js, Registry: prometheus.NewRegistry(), Log: slog.New(slog.DiscardHandler), Now: time.Now}
}

// Articles with and without a date, which is what the tests let drift.
var (
	dated = &article.Article{
		Published: &article.Timestamp{}, Authors: []article.Author{{Name: "Ada Roe"}}, WordCount: 400,
	}
	undated = &article.Article{Authors: dated.Authors, WordCount: 400}
)

func TestDriftMonitorWritesAlarmAndSamples(t *testing.T) {
	_, js := natstest.Start(t)
	registry := prometheus.NewRegistry()
	deps := dependencies(js)
	deps.Registry = registry
	d, err := newDriftMonitor(t.Context(), nil, deps)
	if err != nil {
		t.Fatal(err)
	}
	page := article.Page{
		URL: "https://www.valley.example/story", Body: []byte("<p>caf\xe9</p>"),
		ContentType: "text/html; charset=iso-8859-1", FetchTime: time.Unix(1_800_000_000, 0),
	}
	for range 100 {
		d.observe(t.Context(), page, dated, "")
	}
	for range 14 {
		d.observe(t.Context(), page, undated, "")
		d.observe(t.Context(), page, nil, article.ReasonNotHTML) // unrelated to the site's design
	}
	if got := testutil.ToFloat64(d.alarms.WithLabelValues("no_date")); got != 1 {
		t.Errorf("counted alarms = %v, want 1", got)
	}
	const signal = datelinev1.DriftSignal_DRIFT_SIGNAL_NO_DATE
	alarm := &datelinev1.DriftAlarm{}
	read(t, d.bucket, subject.DriftAlarm("example.valley.www", signal), alarm)
	if alarm.GetHost() != "www.valley.example" || alarm.GetSignal() != signal || !alarm.GetRaised() ||
		alarm.GetUsual() > 0.1 || alarm.GetRecent() < 0.5 || alarm.GetTime() == nil {
		t.Errorf("alarm = %v, want a raised one of www.valley.example, where pages usually have a date", alarm)
	}
	sample := &datelinev1.DriftSample{}
	read(t, d.bucket, subject.DriftSample("example.valley.www", signal, 3), sample)
	decoder, err := zstd.NewReader(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer decoder.Close()
	html, err := decoder.DecodeAll(sample.GetHtmlZstd(), nil)
	if err != nil || string(html) != "<p>café</p>" || sample.GetUrl() != page.URL {
		t.Errorf("sample of %s = %q, %v", sample.GetUrl(), html, err)
	}
	for range 40 {
		d.observe(t.Context(), page, dated, "")
	}
	read(t, d.bucket, subject.DriftAlarm("example.valley.www", signal), alarm)
	if alarm.GetRaised() {
		t.Errorf("alarm after good pages again = %v, want it cleared", alarm)
	}
	if count, err := testutil.GatherAndCount(registry, "dateline_extract_drifting_hosts"); err != nil || count != 4 {
		t.Errorf("series of drifting hosts = %d, %v, want 4", count, err)
	}
}

// TestArchivedPagesDoNotDrift extracts old pages of a site, which say nothing about the site today.
func TestArchivedPagesDoNotDrift(t *testing.T) {
	for source, watched := range map[datelinev1.PageSource]int{
		datelinev1.PageSource_PAGE_SOURCE_FETCH: 1, datelinev1.PageSource_PAGE_SOURCE_ARCHIVE: 0,
		datelinev1.PageSource_PAGE_SOURCE_FILE: 0,
	} {
		e, _ := newExtractor(t, DefaultConfig())
		page := storyPage(t)
		page.Source = source
		if _, err := e.extractArticle(t.Context(), page, page.GetBody()); err != nil {
			t.Fatal(err)
		}
		if got := e.drift.watch.Hosts(); got != watched {
			t.Errorf("%s: %d sites are watched, want %d", source, got, watched)
		}
	}
}

// TestLargeSamplesAreLeftOut has pages that drift. A page that is too large for a message is not kept as a sample.
func TestLargeSamplesAreLeftOut(t *testing.T) {
	_, js := natstest.Start(t)
	d, err := newDriftMonitor(t.Context(), nil, dependencies(js))
	if err != nil {
		t.Fatal(err)
	}
	random := make([]byte, 2*maxSample)
	if _, err := rand.NewChaCha8([32]byte{}).Read(random); err != nil {
		t.Fatal(err)
	}
	const signal = datelinev1.DriftSignal_DRIFT_SIGNAL_NO_DATE
	for name, body := range map[string]string{"large": hex.EncodeToString(random), "small": "<p>a page"} {
		url, err := weburl.Parse("https://" + name + ".example/story")
		if err != nil {
			t.Fatal(err)
		}
		page := article.Page{URL: url.String(), Body: []byte(body), ContentType: "text/html; charset=utf-8"}
		d.saveSample(t.Context(), url, page, drift.Sample{Signal: signal, Number: 1})
		_, err = d.bucket.Get(t.Context(), subject.DriftSample(url.SubjectHost(), signal, 1))
		if kept := err == nil; kept != (name == "small") {
			t.Errorf("a %s sample is kept: %t (%v)", name, kept, err)
		}
	}
}

// read reads a value from a bucket into m.
func read(t *testing.T, bucket jetstream.KeyValue, key string, m proto.Message) {
	t.Helper()
	entry, err := bucket.Get(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	if err := proto.Unmarshal(entry.Value(), m); err != nil {
		t.Fatal(err)
	}
}
