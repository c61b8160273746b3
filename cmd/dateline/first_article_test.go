package main

import (
	"log/slog"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"github.com/dateline-news/dateline/internal/natstest"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// TestTimeToFirstArticle measures the time from "sources add" to the first article, with the default
// pauses. It runs if DATELINE_FIRST_ARTICLE is set: see docs/benchmarks.md.
func TestTimeToFirstArticle(t *testing.T) {
	if os.Getenv("DATELINE_FIRST_ARTICLE") == "" {
		t.Skip("DATELINE_FIRST_ARTICLE is not set: set it to measure")
	}
	handler, paths := newsSite(20)
	site := httptest.NewServer(handler)
	t.Cleanup(site.Close)
	dir := storeFolder(t)
	config := testConfig(dir)
	config.Fetcher.AllowPrivate = true
	p := runPipeline(t, config, slog.New(slog.DiscardHandler))
	defer p.stop()
	added := time.Now()
	if code, out, errs := dateline(t, "sources", "add", site.URL, "--data", dir); code != 0 {
		t.Fatal(out, errs)
	}
	first := func(stage datelinev1.Stage) (at time.Time) {
		for _, path := range paths {
			outcomes, err := p.Store.Outcomes(t.Context(), site.URL+path)
			if err != nil {
				t.Fatal(err)
			}
			for _, o := range outcomes {
				ended := o.GetTime().AsTime()
				if o.GetStage() == stage && o.GetVerdict() == datelinev1.Verdict_VERDICT_PRODUCED &&
					(at.IsZero() || ended.Before(at)) {
					at = ended
				}
			}
		}
		return at
	}
	natstest.Eventually(t, "an article is stored", func() bool { return !first(datelinev1.Stage_STAGE_INDEX).IsZero() })
	for _, stage := range []datelinev1.Stage{datelinev1.Stage_STAGE_INTAKE, datelinev1.Stage_STAGE_INDEX} {
		t.Logf("%s: %s after the source was added", stage, first(stage).Sub(added).Round(time.Millisecond))
	}
}
