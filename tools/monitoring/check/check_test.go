package check_test

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/model/rulefmt"

	"github.com/dateline-news/dateline/tools/monitoring/check"
	"github.com/dateline-news/dateline/tools/monitoring/dashboards"
	"github.com/dateline-news/dateline/tools/monitoring/grafana"
)

var known = check.Metrics{"dateline_stage_in_flight": true, "dateline_index_freshness_seconds": true}

func panel(id, x int) grafana.Panel {
	return grafana.Panel{
		ID: id, Type: "stat", Title: "In flight", Description: "Inputs in progress.",
		Datasource:  &grafana.Datasource{Type: "prometheus", UID: "${datasource}"},
		GridPos:     grafana.GridPos{W: 4, H: 4, X: x},
		Targets:     []grafana.Target{{RefID: "A", Expr: `sum(dateline_stage_in_flight{instance=~"$instance"})`}},
		FieldConfig: &grafana.FieldConfig{Defaults: grafana.Field{Unit: "short"}},
	}
}

func board(uid string) grafana.Dashboard {
	return grafana.Dashboard{
		UID: uid, Title: "A board", Description: "A dashboard of a test.",
		Templating: grafana.Templating{List: []grafana.Variable{{Name: "instance", AllValue: ".*"}}},
		Panels:     []grafana.Panel{panel(1, 0), panel(2, 4)},
	}
}

func TestFaultsOfDashboardsAreFound(t *testing.T) {
	if problems := check.Dashboards([]grafana.Dashboard{board("a"), board("b")}, known); len(problems) > 0 {
		t.Fatalf("unchanged: got %v", problems)
	}
	expr := func(text string) func(*grafana.Dashboard) {
		return func(d *grafana.Dashboard) { d.Panels[0].Targets[0].Expr = text }
	}
	unit := func(name string) func(*grafana.Dashboard) {
		return func(d *grafana.Dashboard) { d.Panels[0].FieldConfig.Defaults.Unit = name }
	}
	for want, spoil := range map[string]func(*grafana.Dashboard){
		"nothing exports the metric dateline_stage_inflight": expr("sum(dateline_stage_inflight)"),
		"nothing exports the metric up":                      expr("sum(up)"),
		"the variable replica is not defined":                expr(`sum(dateline_stage_in_flight{instance=~"$replica"})`),
		"parse error":                                        expr("sum(dateline_stage_in_flight"),
		"does not name its metric":                           expr(`sum({__name__=~"dateline_.+"})`),
		"unit is missing":                                    unit(""),
		"not one of s, short":                                unit("seconds"),
		"no description":                                     func(d *grafana.Dashboard) { d.Panels[0].Description = "" },
		"has no id or title":                                 func(d *grafana.Dashboard) { d.Panels[0].Title = "" },
		"has no title or description":                        func(d *grafana.Dashboard) { d.Description = "" },
		"overlap":                                            func(d *grafana.Dashboard) { d.Panels[1].GridPos.X = 3 },
		"outside the 24 columns":                             func(d *grafana.Dashboard) { d.Panels[1].GridPos.X = 21 },
		"have the same id 1":                                 func(d *grafana.Dashboard) { d.Panels[1].ID = 1 },
		"also the uid of \"A board\"":                        func(d *grafana.Dashboard) { d.UID = "b" },
		"no query":                                           func(d *grafana.Dashboard) { d.Panels[0].Targets = nil },
		"is missing or not unique": func(d *grafana.Dashboard) {
			d.Panels[0].Targets[0].RefID = ""
		},
		"data source is not": func(d *grafana.Dashboard) { d.Panels[0].Datasource = nil },
	} {
		spoilt := board("a")
		spoil(&spoilt)
		problems := check.Dashboards([]grafana.Dashboard{board("b"), spoilt}, known)
		if len(problems) != 1 || !strings.Contains(problems[0].Error(), want) {
			t.Errorf("%s: got %v", want, problems)
		}
	}
}

// TestDashboardsAreReadByGrafanasTypes breaks a dashboard of the project in ways that
// Grafana would reject or misread.
func TestDashboardsAreReadByGrafanasTypes(t *testing.T) {
	raw, err := dashboards.JSON(dashboards.All()[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := check.Schema("overview", raw); err != nil {
		t.Fatal(err)
	}
	for _, fault := range []struct{ was, is, want string }{
		{`"schemaVersion"`, `"schemaVerison"`, "schemaVer"},
		{`"gridPos"`, `"gridPosition"`, "gridPos"},
		{`"colorMode"`, `"colourMode"`, "colorMode"},
		{`"expr"`, `"expression"`, "expr"},
		{`"graphTooltip": 1`, `"graphTooltip": "shared"`, "graphTooltip"},
		{`"drawStyle"`, `"style"`, "style"},
	} {
		spoilt := strings.ReplaceAll(string(raw), fault.was, fault.is)
		if spoilt == string(raw) {
			t.Errorf("the dashboard does not contain %s", fault.was)
		}
		if err := check.Schema("overview", []byte(spoilt)); err == nil || !strings.Contains(err.Error(), fault.want) {
			t.Errorf("%s instead of %s: got %v", fault.is, fault.was, err)
		}
	}
}

func TestMetricsOfAHistogramAreKnown(t *testing.T) {
	d := board("a")
	d.Panels[0].Targets[0].Expr = `sum(rate(dateline_index_freshness_seconds_bucket[5m])) / ` +
		`sum(rate(dateline_index_freshness_seconds_count[5m]))`
	if problems := check.Dashboards([]grafana.Dashboard{d}, known); len(problems) > 0 {
		t.Error(problems)
	}
}

const runbook = `# DatelineBusy

## Cause

More inputs are in progress than expected.

## Check

Look at the panel In flight on the dashboard.

## Remedy

Publish fewer inputs, or start more replicas of the service.
`

const runbooks = "https://github.com/dateline-news/dateline/blob/main/docs/runbooks/"

func rule() rulefmt.Rule {
	return rulefmt.Rule{
		Alert: "DatelineBusy", Expr: "sum(dateline_stage_in_flight) > 10",
		Labels: map[string]string{"severity": "warning"},
		Annotations: map[string]string{
			"summary": "Busy", "description": "More than ten at once.",
			"runbook_url":   runbooks + "DatelineBusy.md",
			"dashboard_url": "http://127.0.0.1:3000/d/a?viewPanel=2",
			"web_url":       "http://127.0.0.1:8080/pipeline",
		},
	}
}

func TestFaultsOfRulesAreFound(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "DatelineBusy.md")
	write(t, path, runbook)
	boards := []grafana.Dashboard{board("a")}
	if problems := check.Rules([]rulefmt.Rule{rule()}, known, boards, folder); len(problems) > 0 {
		t.Fatalf("unchanged: got %v", problems)
	}
	annotation := func(name, text string) func(*rulefmt.Rule) {
		return func(r *rulefmt.Rule) { r.Annotations = maps.Clone(r.Annotations); r.Annotations[name] = text }
	}
	for want, spoil := range map[string]func(*rulefmt.Rule){
		"metric dateline_stage_inflight": func(r *rulefmt.Rule) { r.Expr = "dateline_stage_inflight > 1" },
		"parse error":                    func(r *rulefmt.Rule) { r.Expr = "dateline_stage_in_flight >" },
		"severity":                       func(r *rulefmt.Rule) { r.Labels = nil },
		"no summary":                     annotation("summary", ""),
		"no description":                 annotation("description", ""),
		"runbook_url is":                 annotation("runbook_url", runbooks+"Other.md"),
		"does not lead to a panel":       annotation("dashboard_url", "http://127.0.0.1:3000/d/a?viewPanel=3"),
		"does not lead to a page":        annotation("web_url", "http://127.0.0.1:8080/pipelines"),
	} {
		spoilt := rule()
		spoil(&spoilt)
		problems := check.Rules([]rulefmt.Rule{spoilt}, known, boards, folder)
		if len(problems) != 1 || !strings.Contains(problems[0].Error(), want) {
			t.Errorf("%s: got %v", want, problems)
		}
	}

	write(t, path, strings.Replace(runbook, "## Check\n", "## Checks\n", 1))
	problems := check.Rules([]rulefmt.Rule{rule()}, known, boards, folder)
	if len(problems) != 1 || !strings.Contains(problems[0].Error(), `"## Check" is missing`) {
		t.Errorf("a runbook without a section: %v", problems)
	}
	if err := os.Rename(path, filepath.Join(folder, "DatelineIdle.md")); err != nil {
		t.Fatal(err)
	}
	if problems := errors.Join(check.Rules([]rulefmt.Rule{rule()}, known, boards, folder)...); problems == nil ||
		!strings.Contains(problems.Error(), "reading the runbook") ||
		!strings.Contains(problems.Error(), "there is no alert DatelineIdle") {
		t.Errorf("a runbook with another name: %v", problems)
	}
}

func TestAnAlertIsTestedBothWays(t *testing.T) {
	const firing = "tests: [{alert_rule_test: [{alertname: DatelineBusy, exp_alerts: [{exp_labels: {}}]}]}]"
	const silent = "tests: [{alert_rule_test: [{alertname: DatelineBusy, exp_alerts: []}]}]"
	for name, files := range map[string][]string{
		"": {firing, silent}, "firing: true; silent: false": {firing}, "firing: false; silent: true": {silent},
	} {
		folder := t.TempDir()
		for i, text := range files {
			write(t, filepath.Join(folder, string(rune('a'+i))+".yaml"), text)
		}
		problems, err := check.Untested([]rulefmt.Rule{rule()}, folder)
		if err != nil {
			t.Fatal(err)
		}
		joined := errors.Join(problems...)
		if (joined == nil) != (name == "") || joined != nil && !strings.Contains(joined.Error(), name) {
			t.Errorf("%q: got %v", name, joined)
		}
	}
}

func TestJSONIsThatOfTheGenerator(t *testing.T) {
	project := check.Project{Root: "../../.."}
	if problems := project.Problems(); len(problems) > 0 {
		t.Fatal(errors.Join(problems...))
	}
	// The same project with one dashboard edited by hand.
	root := t.TempDir()
	for _, folder := range []string{"deploy/prometheus", "docs", "tools", "deploy/grafana"} {
		if err := os.MkdirAll(filepath.Join(root, folder), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for _, folder := range []string{
		"deploy/prometheus/rules", "deploy/prometheus/tests", "deploy/grafana/dashboards", "docs/runbooks",
	} {
		if err := os.CopyFS(filepath.Join(root, folder), os.DirFS(project.Path(folder))); err != nil {
			t.Fatal(err)
		}
	}
	for _, file := range []string{"deploy/compose.yaml", "docs/metrics.md", "tools/go.mod"} {
		text, err := os.ReadFile(project.Path(file))
		if err != nil {
			t.Fatal(err)
		}
		older := strings.ReplaceAll(string(text), "prom/prometheus:v3.16.0", "prom/prometheus:v3.15.1")
		write(t, filepath.Join(root, file), older)
	}
	copied := check.Project{Root: root}
	write(t, copied.Dashboard(dashboards.All()[0]), "{}")
	write(t, filepath.Join(root, "deploy/grafana/dashboards/old.json"), "{}")
	problems := errors.Join(copied.Problems()...)
	for _, want := range []string{
		"overview.json is not current: run make dashboards", "old.json does not belong to a dashboard",
		"runs Prometheus 3.15.1",
	} {
		if problems == nil || !strings.Contains(problems.Error(), want) {
			t.Errorf("%s: got %v", want, problems)
		}
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
