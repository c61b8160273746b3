package extractor

import (
	"log/slog"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"google.golang.org/protobuf/proto"

	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/topology"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/extractor/article"
)

func TestDriftIsToldAndSampled(t *testing.T) {
	_, js := natstest.Connect(t, natstest.Server(t, t.TempDir()))
	natstest.Reconcile(t, js, topology.Limits{})
	registry := prometheus.NewRegistry()
	d, err := newDriftWatch(t.Context(), js, registry, slog.New(slog.DiscardHandler), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	page := article.Page{URL: "https://www.valley.example/story", Body: []byte("<p>caf\xe9</p>"), ContentType: "text/html; charset=iso-8859-1", FetchTime: time.Unix(1_800_000_000, 0)}
	dated := &article.Article{Published: &article.Timestamp{}, Authors: []article.Author{{Name: "Ada Roe"}}, WordCount: 400}
	undated := &article.Article{Authors: dated.Authors, WordCount: 400}
	for range 100 {
		d.observe(t.Context(), page, dated, "")
	}
	for range 14 {
		d.observe(t.Context(), page, undated, "")
		d.observe(t.Context(), page, nil, article.ReasonNotHTML) // says nothing of the site
	}
	if got := testutil.ToFloat64(d.alarms.WithLabelValues("no_date")); got != 1 {
		t.Errorf("%v alarms are counted", got)
	}
	const signal = datelinev1.DriftSignal_DRIFT_SIGNAL_NO_DATE
	entry, err := d.bucket.Get(t.Context(), subject.DriftAlarm("example.valley.www", signal))
	if err != nil {
		t.Fatal(err)
	}
	alarm := &datelinev1.DriftAlarm{}
	if err := proto.Unmarshal(entry.Value(), alarm); err != nil || alarm.GetHost() != "www.valley.example" || alarm.GetSignal() != signal || !alarm.GetRaised() {
		t.Errorf("the alarm is %v, %v", alarm, err)
	}
	entry, err = d.bucket.Get(t.Context(), subject.DriftSample("example.valley.www", signal, 3))
	if err != nil {
		t.Fatal(err)
	}
	sample := &datelinev1.DriftSample{}
	if err := proto.Unmarshal(entry.Value(), sample); err != nil {
		t.Fatal(err)
	}
	decoder, err := zstd.NewReader(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer decoder.Close()
	if html, err := decoder.DecodeAll(sample.GetHtmlZstd(), nil); err != nil || string(html) != "<p>café</p>" || sample.GetUrl() != page.URL {
		t.Errorf("the sample of %s is %q, %v", sample.GetUrl(), html, err)
	}
	for range 40 {
		d.observe(t.Context(), page, dated, "")
	}
	entry, err = d.bucket.Get(t.Context(), subject.DriftAlarm("example.valley.www", signal))
	if err != nil {
		t.Fatal(err)
	}
	if err := proto.Unmarshal(entry.Value(), alarm); err != nil || alarm.GetRaised() {
		t.Errorf("after the repair the alarm is %v, %v", alarm, err)
	}
	if count, err := testutil.GatherAndCount(registry, "dateline_extract_drifting_hosts"); err != nil || count != 4 {
		t.Errorf("%d series of drifting hosts, %v", count, err)
	}
}
