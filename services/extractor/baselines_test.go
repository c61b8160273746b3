package extractor

import (
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/services/extractor/article"
)

func TestBaselinesSurviveRestart(t *testing.T) {
	_, js := natstest.Start(t)
	start := func() *driftMonitor {
		d, err := newDriftMonitor(t.Context(), nil, dependencies(js))
		if err != nil {
			t.Fatal(err)
		}
		d.loadBaselines(t.Context())
		return d
	}
	page := func(host string) article.Page { return article.Page{URL: "https://" + host + "/story"} }

	first := start()
	for range 100 {
		first.observe(t.Context(), page("valley.example"), dated, "")
		first.observe(t.Context(), page("hill.example"), dated, "")
	}
	first.saveBaselines(t.Context())
	replica := start()
	for range 100 {
		replica.observe(t.Context(), page("coast.example"), dated, "")
	}
	replica.saveBaselines(t.Context())

	second := start()
	if got := second.watch.Hosts(); got != 3 {
		t.Fatalf("hosts after the restart = %d, want 3", got)
	}
	for range 25 { // valley.example was redesigned during the restart
		second.observe(t.Context(), page("valley.example"), undated, "")
		second.observe(t.Context(), page("hill.example"), dated, "")
	}
	if got := testutil.ToFloat64(second.alarms.WithLabelValues("no_date")); got != 1 {
		t.Errorf("alarms raised after the restart = %v, want 1", got)
	}
	second.saveBaselines(t.Context())
	third := start()
	third.observe(t.Context(), page("valley.example"), undated, "")
	if got := testutil.ToFloat64(third.alarms.WithLabelValues("no_date")); got != 0 {
		t.Errorf("alarms raised again after the restart = %v, want 0", got)
	}
}

func TestDamagedBaselinesAreReplaced(t *testing.T) {
	_, js := natstest.Start(t)
	d, err := newDriftMonitor(t.Context(), nil, dependencies(js))
	if err != nil {
		t.Fatal(err)
	}
	const host = "valley.example"
	key := subject.DriftBaselines(baselineShard(host))
	if _, err := d.bucket.Put(t.Context(), key, []byte("not zstd")); err != nil {
		t.Fatal(err)
	}
	d.loadBaselines(t.Context())
	for range 100 {
		d.observe(t.Context(), article.Page{URL: "https://" + host + "/story"}, dated, "")
	}
	d.saveBaselines(t.Context())
	stored, err := d.readShard(t.Context(), baselineShard(host))
	if err != nil || len(stored) != 1 || stored[0].Host != host {
		t.Errorf("stored baselines = %+v, %v, want one of %s", stored, err, host)
	}
}
