package fetcher_test

import (
	"context"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/services/fetcher"
	"github.com/dateline-news/dateline/services/fetcher/internal/seen"
)

// TestMarksAreCounted checks that a fetcher looks after the marks: the first thing it does is to count them.
func TestMarksAreCounted(t *testing.T) {
	nc, js := natstest.Start(t)
	marks, err := seen.Open(t.Context(), js)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range marks.ClaimAll(t.Context(), []seen.Claim{
		{Key: "a", Mark: seen.Mark{Request: "1", Input: "1", Time: time.Now()}},
		{Key: "b", Mark: seen.Mark{Request: "2", Input: "2", Time: time.Now()}},
	}) {
		if c.Err != nil {
			t.Fatal(c.Err)
		}
	}
	registry := prometheus.NewRegistry()
	f, err := fetcher.New(t.Context(), fetcher.Env{NC: nc, JS: js, Registry: registry, Log: quiet}, quickConfig())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- f.Run(ctx) }()
	defer func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}()
	natstest.Eventually(t, "the number of marks", func() bool {
		families, err := registry.Gather()
		if err != nil {
			t.Fatal(err)
		}
		for _, family := range families {
			for _, metric := range family.GetMetric() {
				if family.GetName() == "dateline_fetch_marks" && metric.GetGauge().GetValue() == 2 {
					return true
				}
			}
		}
		return false
	})
}
