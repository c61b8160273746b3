package indexer

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/dateline-news/dateline/services/indexer/store"
)

func TestCopiesSettings(t *testing.T) {
	for name, c := range map[string]struct {
		window   time.Duration
		memory   int64
		articles int
		want     string
	}{
		"defaults":     {72 * time.Hour, 128 << 20, 1_342_177, ""},
		"least":        {time.Hour, 1 << 20, 10_485, ""},
		"most":         {8760 * time.Hour, 100 << 28, 1 << 28, ""},
		"short":        {time.Hour - 1, 1 << 20, 0, "copies-window"},
		"never":        {0, 1 << 20, 0, "copies-window"},
		"long":         {math.MaxInt64, 1 << 20, 0, "copies-window"},
		"no memory":    {time.Hour, 0, 0, "copies-memory"},
		"large memory": {time.Hour, 101 << 28, 0, "copies-memory"},
	} {
		config := DefaultConfig()
		if name == "defaults" && (config.CopiesWindow != c.window || config.CopiesMemory != c.memory) {
			t.Errorf("the defaults are %s and %d bytes", config.CopiesWindow, config.CopiesMemory)
		}
		config.CopiesWindow, config.CopiesMemory = c.window, c.memory
		switch err := config.Validate(); {
		case c.want == "" && err != nil:
			t.Errorf("%s: %v", name, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: error %v, want one about %s", name, err, c.want)
		case c.want == "" && config.copyLimits() != store.CopyLimits{Window: c.window, Articles: c.articles}:
			t.Errorf("%s: limits %+v", name, config.copyLimits())
		}
	}
}

func TestWindowMetrics(t *testing.T) {
	m := newWindowMetrics(prometheus.NewRegistry())
	m.limit(store.CopyLimits{Window: 72 * time.Hour, Articles: 1000})
	m.set(store.CopiesWindow{Length: 90 * time.Minute, Articles: 12})
	for want, gauge := range map[float64]prometheus.Gauge{
		72 * 3600: m.maxSeconds, 1000: m.maxArticles, 5400: m.seconds, 12: m.articles,
	} {
		if got := testutil.ToFloat64(gauge); got != want {
			t.Errorf("a metric is %g, want %g", got, want)
		}
	}
}
