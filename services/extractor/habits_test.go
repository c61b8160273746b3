package extractor

import (
	"log/slog"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/topology"
	"github.com/dateline-news/dateline/services/extractor/article"
)

func TestWhatIsUsualOutlivesARestart(t *testing.T) {
	_, js := natstest.Connect(t, natstest.Server(t, t.TempDir()))
	natstest.Reconcile(t, js, topology.Limits{})
	start := func() *driftWatch {
		d, err := newDriftWatch(t.Context(), js, prometheus.NewRegistry(), slog.New(slog.DiscardHandler), time.Now)
		if err != nil {
			t.Fatal(err)
		}
		d.recall(t.Context())
		return d
	}
	page := func(host string) article.Page { return article.Page{URL: "https://" + host + "/story"} }
	dated := &article.Article{Published: &article.Timestamp{}, Authors: []article.Author{{Name: "Ada Roe"}}, WordCount: 400}
	undated := &article.Article{Authors: dated.Authors, WordCount: 400}

	first := start()
	for range 100 {
		first.observe(t.Context(), page("valley.example"), dated, "")
		first.observe(t.Context(), page("hill.example"), dated, "")
	}
	first.saveHabits(t.Context())
	other := start() // a replica that has seen another host
	for range 100 {
		other.observe(t.Context(), page("coast.example"), dated, "")
	}
	other.saveHabits(t.Context())

	next := start()
	if got := next.watch.Hosts(); got != 3 {
		t.Fatalf("%d hosts are known after the restart, not 3", got)
	}
	for range 25 { // the redesign came with the restart
		next.observe(t.Context(), page("valley.example"), undated, "")
		next.observe(t.Context(), page("hill.example"), dated, "")
	}
	if got := testutil.ToFloat64(next.alarms.WithLabelValues("no_date")); got != 1 {
		t.Errorf("%v alarms are raised, not 1", got)
	}
	next.saveHabits(t.Context())
	last := start()
	last.observe(t.Context(), page("valley.example"), undated, "")
	if got := testutil.ToFloat64(last.alarms.WithLabelValues("no_date")); got != 0 {
		t.Errorf("an alarm that was raised before the restart is raised once more")
	}
}
