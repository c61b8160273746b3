package check

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/rulefmt"
	"go.yaml.in/yaml/v3"

	"github.com/dateline-news/dateline/tools/monitoring/grafana"
)

// Prefixes of the URLs in an alert's annotations.
const (
	runbookURL   = "https://github.com/dateline-news/dateline/blob/main/docs/runbooks/"
	dashboardURL = "http://127.0.0.1:3000/d/"
	webURL       = "http://127.0.0.1:8080/"
)

// webPages are the pages of the indexer to which alerts link, with their queries.
var webPages = []string{"pipeline", "sources", "sources?silent=1", "dead-letters"}

// minSection is the minimum length of a section in a runbook, in bytes. It rejects
// placeholders.
const minSection = 40

// runbookSections are the required headings of a runbook, in order.
var runbookSections = []string{"## Cause", "## Check", "## Remedy"}

// ReadRules reads all files of rules in a folder.
func ReadRules(folder string) ([]rulefmt.Rule, error) {
	files, err := filepath.Glob(filepath.Join(folder, "*.yaml"))
	if err != nil || len(files) == 0 {
		return nil, errors.Join(fmt.Errorf("no rules in %s", folder), err)
	}
	var rules []rulefmt.Rule
	for _, file := range files {
		groups, problems := rulefmt.ParseFile(file, false, model.LegacyValidation, promQL, slog.New(slog.DiscardHandler))
		if len(problems) > 0 {
			return nil, errors.Join(problems...)
		}
		for _, group := range groups.Groups {
			rules = append(rules, group.Rules...)
		}
	}
	return rules, nil
}

// AddRecorded adds the metrics that the rules record.
func (m Metrics) AddRecorded(rules []rulefmt.Rule) {
	for _, rule := range rules {
		if rule.Record != "" {
			m[rule.Record] = true
		}
	}
}

// Rules returns the faults of rules: metrics that nothing exports, and alerts without
// a severity, a text, a runbook in the folder, a panel, or a page.
func Rules(rules []rulefmt.Rule, known Metrics, all []grafana.Dashboard, runbooks string) []error {
	var problems []error
	panels := map[string]bool{}
	for _, d := range all {
		for _, p := range d.Panels {
			panels[fmt.Sprintf("%s%s?viewPanel=%d", dashboardURL, d.UID, p.ID)] = p.Type != "row"
		}
	}
	for _, rule := range rules {
		name := rule.Alert + rule.Record
		complain := func(format string, args ...any) {
			problems = append(problems, fmt.Errorf(name+": "+format, args...))
		}
		missing, err := known.unknown(rule.Expr)
		if err != nil {
			complain("%w", err)
		}
		for _, metric := range missing {
			complain("nothing exports the metric %s: see docs/metrics.md", metric)
		}
		if rule.Alert == "" {
			continue
		}
		if s := rule.Labels["severity"]; s != "critical" && s != "warning" {
			complain("severity is %q, want critical or warning", s)
		}
		for _, text := range []string{"summary", "description"} {
			if rule.Annotations[text] == "" {
				complain("no %s", text)
			}
		}
		if want := runbookURL + rule.Alert + ".md"; rule.Annotations["runbook_url"] != want {
			complain("runbook_url is %q, want %s", rule.Annotations["runbook_url"], want)
		}
		if link := rule.Annotations["dashboard_url"]; !panels[link] {
			complain("dashboard_url %q does not lead to a panel", link)
		}
		page, ok := strings.CutPrefix(rule.Annotations["web_url"], webURL)
		if !ok || !slices.Contains(webPages, page) {
			complain("web_url %q does not lead to a page", rule.Annotations["web_url"])
		}
		problems = append(problems, runbookProblems(filepath.Join(runbooks, rule.Alert+".md"), rule.Alert)...)
	}
	return append(problems, strayRunbooks(rules, runbooks)...)
}

func runbookProblems(path, alert string) []error {
	text, err := os.ReadFile(path)
	if err != nil {
		return []error{fmt.Errorf("%s: reading the runbook: %w", alert, err)}
	}
	var problems []error
	if !strings.HasPrefix(string(text), "# "+alert+"\n") {
		problems = append(problems, fmt.Errorf("%s: the title is not %q", path, alert))
	}
	// Each section must have some text.
	rest := string(text)
	for _, heading := range runbookSections {
		_, after, found := strings.Cut(rest, "\n"+heading+"\n")
		body, _, _ := strings.Cut(after, "\n## ")
		if !found || len(strings.TrimSpace(body)) < minSection {
			problems = append(problems, fmt.Errorf("%s: the section %q is missing, empty or out of order", path, heading))
			continue
		}
		rest = after
	}
	return problems
}

// strayRunbooks returns an error for each runbook whose alert does not exist.
func strayRunbooks(rules []rulefmt.Rule, runbooks string) []error {
	files, err := filepath.Glob(filepath.Join(runbooks, "Dateline*.md"))
	if err != nil {
		return []error{err}
	}
	var problems []error
	for _, file := range files {
		alert := strings.TrimSuffix(filepath.Base(file), ".md")
		if !slices.ContainsFunc(rules, func(r rulefmt.Rule) bool { return r.Alert == alert }) {
			problems = append(problems, fmt.Errorf("%s: there is no alert %s", file, alert))
		}
	}
	return problems
}

// ruleTests is the part of promtool's test files that tells which alerts are expected
// to fire and which are expected not to.
type ruleTests struct {
	Tests []struct {
		Alerts []struct {
			Name     string      `yaml:"alertname"`
			Expected []yaml.Node `yaml:"exp_alerts"`
		} `yaml:"alert_rule_test"`
	} `yaml:"tests"`
}

// Untested returns an error for each alert unless the tests in the folder, which
// promtool runs, expect it to fire in one case and not to fire in another.
func Untested(rules []rulefmt.Rule, folder string) ([]error, error) {
	files, err := filepath.Glob(filepath.Join(folder, "*.yaml"))
	if err != nil {
		return nil, err
	}
	firing, silent := map[string]bool{}, map[string]bool{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("reading the tests of rules: %w", err)
		}
		var tests ruleTests
		if err := yaml.Unmarshal(text, &tests); err != nil {
			return nil, fmt.Errorf("reading %s: %w", file, err)
		}
		for _, test := range tests.Tests {
			for _, alert := range test.Alerts {
				if len(alert.Expected) > 0 {
					firing[alert.Name] = true
				} else {
					silent[alert.Name] = true
				}
			}
		}
	}
	var problems []error
	for _, rule := range rules {
		if rule.Alert != "" && (!firing[rule.Alert] || !silent[rule.Alert]) {
			problems = append(problems, fmt.Errorf("%s: tests in %s expect it firing: %t; silent: %t; want both",
				rule.Alert, folder, firing[rule.Alert], silent[rule.Alert]))
		}
	}
	return problems, nil
}
