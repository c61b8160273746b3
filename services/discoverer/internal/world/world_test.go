package world

import (
	"fmt"
	"os"
	"testing"

	"github.com/dateline-news/dateline/services/discoverer/internal/schedule"
)

func testWorld() []*site { return newSites(200, 1) }

// TestWorld lets the schedule follow 200 sites for seven simulated days. The share on time
// is what this version reaches: see docs/benchmarks.md.
func TestWorld(t *testing.T) {
	made := testWorld()
	r := run("Dateline", made, adaptive(schedule.Defaults(), schedule.DefaultRequests))
	often := run("every 15 minutes", made, fixed(15*minute))
	t.Logf("%d articles\n%s", r.Articles, Table([]Report{r, often}))
	if r.FoundShare() < 0.97 || r.OnTimeShare() < 0.95 || r.Median > 40 {
		t.Errorf("found %.3f, on time %.3f, %.0f requests; want 0.97, 0.95 and at most 40",
			r.FoundShare(), r.OnTimeShare(), r.Median)
	}
	if r.OnTimeShare() < often.OnTimeShare() || r.Mean > often.Mean/2 {
		t.Errorf("on time %.3f with %.0f requests; every 15 minutes, %.3f with %.0f",
			r.OnTimeShare(), r.Mean, often.OnTimeShare(), often.Mean)
	}
	if r.Denied > 0 {
		t.Errorf("%d requests against robots.txt", r.Denied)
	}
}

// TestPolicies prints the table of docs/benchmarks.md. It runs if DATELINE_POLICIES is set.
func TestPolicies(t *testing.T) {
	if os.Getenv("DATELINE_POLICIES") == "" {
		t.Skip("DATELINE_POLICIES is not set: set it to compare all policies, which takes a minute")
	}
	made := testWorld()
	limits, budget := schedule.Defaults(), schedule.DefaultRequests
	reports := []Report{run("Dateline", made, adaptive(limits, budget))}
	for _, price := range []float64{0.02, 0.1, 0.2, 0.4} {
		other := limits
		other.Price, other.Pending = price, limits.Pending*price/limits.Price
		reports = append(reports,
			run(fmt.Sprintf("Dateline, price %.2f", price), made, adaptive(other, budget)))
	}
	for _, other := range []int{100, 300, 400} {
		reports = append(reports, run(fmt.Sprintf("Dateline, budget %d", other), made, adaptive(limits, other)))
	}
	reports = append(reports,
		run("every 5 minutes", made, fixed(5*minute)),
		run("every 15 minutes", made, fixed(15*minute)),
		run("every 60 minutes", made, fixed(60*minute)),
		run("by entries a week (Miniflux)", made, byCount),
		run("by changes (StormCrawler)", made, byChange))
	t.Logf("%d articles\n%s", reports[0].Articles, Table(reports))
}
