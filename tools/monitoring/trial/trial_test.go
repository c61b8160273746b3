package trial_test

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/dateline-news/dateline/tools/monitoring/check"
	"github.com/dateline-news/dateline/tools/monitoring/dashboards"
	"github.com/dateline-news/dateline/tools/monitoring/grafana"
	"github.com/dateline-news/dateline/tools/monitoring/trial"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m,
		goleak.IgnoreAnyFunction("net/http.(*persistConn).writeLoop"),
		goleak.IgnoreAnyFunction("net/http.(*persistConn).readLoop"))
}

// renamed is scrape configuration that renames a metric, as a new release might.
const renamed = `    metric_relabel_configs:
      - source_labels: [__name__]
        regex: dateline_stage_in_flight
        target_label: __name__
        replacement: dateline_stage_inflight`

// TestFaultsShowOnARunningDateline renames a metric, replaces a query by an invalid
// one, and another by a division of zero by zero. The check must report these panels
// and no others. The test needs the programs that "make dashboards-live" builds.
func TestFaultsShowOnARunningDateline(t *testing.T) {
	project := check.Project{Root: "../../.."}
	rules, err := project.Rules()
	if err != nil {
		t.Fatal(err)
	}
	stack, err := trial.Start(t.Context(), trial.Config{
		Dateline: project.Path("bin/dateline"), Prometheus: project.Path("bin/prometheus"),
		Rules: project.Path("deploy/prometheus/rules"), Dir: t.TempDir(), Relabel: renamed,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := stack.Stop(); err != nil {
			t.Error(err)
		}
	}()
	source, err := trial.Open(stack.Prometheus, trial.Times{Range: 2 * time.Minute, Window: 15 * time.Second})
	if err != nil {
		t.Fatal(err)
	}

	all := dashboards.All()
	want := map[string]string{}
	for _, d := range all {
		for _, p := range d.Panels {
			for _, target := range p.Targets {
				if strings.Contains(target.Expr, "dateline_stage_in_flight") {
					want[d.UID+" "+p.Title] = "no data"
				}
			}
		}
	}
	if len(want) < 3 {
		t.Fatalf("the renamed metric is on %d panels, want at least 3", len(want))
	}
	spoil(t, all[0], "Targets down", `count(up ==`)
	want[all[0].UID+" Targets down"] = "parse error"
	spoil(t, all[0], "Alerts firing", `vector(0) / vector(0)`)
	want[all[0].UID+" Alerts firing"] = "nothing but NaN"

	deadline := time.After(3 * time.Minute)
	ticker := time.NewTicker(2 * time.Second)
	defer ticker.Stop()
	for {
		problems := source.Check(t.Context(), all, check.Names(rules))
		if missing := explained(problems, want); len(problems) == len(want) && len(missing) == 0 {
			return
		}
		select {
		case <-deadline:
			t.Fatalf("want %d problems:\n%v\ngot %d:\n%v", len(want), want, len(problems), errors.Join(problems...))
		case <-ticker.C:
		}
	}
}

// spoil replaces the query of a panel.
func spoil(t *testing.T, d grafana.Dashboard, title, expr string) {
	t.Helper()
	i := slices.IndexFunc(d.Panels, func(p grafana.Panel) bool { return p.Title == title })
	if i < 0 {
		t.Fatalf("%s has no panel %s", d.UID, title)
	}
	d.Panels[i].Targets[0].Expr = expr
}

// explained returns the entries of want that none of the problems mentions.
func explained(problems []error, want map[string]string) map[string]string {
	left := maps.Clone(want)
	for key, what := range want {
		uid, title, _ := strings.Cut(key, " ")
		for _, problem := range problems {
			text := problem.Error()
			if strings.HasPrefix(text, uid+",") && strings.Contains(text, "("+title+")") && strings.Contains(text, what) {
				delete(left, key)
			}
		}
	}
	return left
}
