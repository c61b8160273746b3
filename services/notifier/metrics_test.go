package notifier

import (
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	dto "github.com/prometheus/client_model/go"

	"github.com/dateline-news/dateline/services/indexer/storetest"
	"github.com/dateline-news/dateline/services/notifier/subscriptions"
)

// TestUpkeepMeasures has a revision that was not matched, and then a subscription whose target fails.
func TestUpkeepMeasures(t *testing.T) {
	hook := newTarget(t, func(w http.ResponseWriter, _ received) { w.WriteHeader(http.StatusBadGateway) })
	r := newRoom(t, storetest.Open(t, storetest.SQLite(t)))
	r.config.RetryDelay, r.config.MaxDelay = r.config.GiveUp, r.config.GiveUp
	reg := prometheus.NewRegistry()
	n, err := New(t.Context(), r.config, Dependencies{
		JS: r.js, Store: r.store, Registry: reg, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	measure := func() map[string]float64 {
		t.Helper()
		if err := n.upkeep(t.Context()); err != nil {
			t.Fatal(err)
		}
		values := map[string]float64{"behind": testutil.ToFloat64(n.metrics.behind),
			"failing": testutil.ToFloat64(n.metrics.failing), "overdue": testutil.ToFloat64(n.metrics.overdue)}
		return values
	}
	if err := n.matchAll(t.Context()); err != nil { // finds its place
		t.Fatal(err)
	}
	r.subscribe("ferries", "ferry", hook.URL)
	if got := measure(); got["behind"]+got["failing"]+got["overdue"] != 0 {
		t.Errorf("before the first revision: %v", got)
	}
	r.put("a", "Ferry a")
	if got := measure(); got["behind"] <= 0 {
		t.Errorf("with a revision that was not matched: %v", got)
	}
	if err := n.matchAll(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := measure(); got["behind"] != 0 || got["overdue"] <= 0 {
		t.Errorf("with a delivery that is due: %v", got)
	}
	one := r.get("ferries")
	if _, err := n.round(t.Context(), t.Context(), &one, func() bool { return true }); err != nil {
		t.Fatal(err)
	}
	if got := measure(); got["failing"] <= 0 || got["overdue"] != 0 {
		t.Errorf("with a target that fails: %v", got)
	}
	want := `
# HELP dateline_notify_subscriptions Subscriptions by state: active, failing (the last request failed) or suspended.
# TYPE dateline_notify_subscriptions gauge
dateline_notify_subscriptions{state="active"} 0
dateline_notify_subscriptions{state="failing"} 1
dateline_notify_subscriptions{state="suspended"} 0
`
	if err := testutil.GatherAndCompare(reg, strings.NewReader(want), "dateline_notify_subscriptions"); err != nil {
		t.Error(err)
	}
	n.targets.Close()
}

// TestCollectedDeliveriesAreNotDelayed counts deliveries that a schedule has held back, without a delay.
func TestCollectedDeliveriesAreNotDelayed(t *testing.T) {
	m := newMetrics(prometheus.NewRegistry())
	now := time.Now()
	d := subscriptions.Delivery{State: subscriptions.Delivered, EventTime: now.Add(-time.Hour)}
	m.count(d, true, now)
	m.count(d, false, now)
	var delay dto.Metric
	if err := m.delay.Write(&delay); err != nil || delay.GetHistogram().GetSampleCount() != 1 {
		t.Errorf("%d delays were counted (%v), want 1", delay.GetHistogram().GetSampleCount(), err)
	}
	if n := testutil.ToFloat64(m.attempts.WithLabelValues(resultDelivered)); n != 2 {
		t.Errorf("%v deliveries were counted, want 2", n)
	}
}
