package check

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"

	"github.com/prometheus/prometheus/model/rulefmt"

	"github.com/dateline-news/dateline/tools/monitoring/dashboards"
	"github.com/dateline-news/dateline/tools/monitoring/grafana"
)

// Project locates the files of the repository whose root is the folder Root.
type Project struct {
	Root string
}

// Path returns the path of a file that is given relative to the root.
func (p Project) Path(file string) string { return filepath.Join(p.Root, filepath.FromSlash(file)) }

// Dashboard returns the path of a dashboard's JSON.
func (p Project) Dashboard(d grafana.Dashboard) string {
	return filepath.Join(p.Path("deploy/grafana/dashboards"), dashboards.Name(d)+".json")
}

// Rules returns the recording rules and alerts.
func (p Project) Rules() ([]rulefmt.Rule, error) { return ReadRules(p.Path("deploy/prometheus/rules")) }

// Names returns the names of rules, sorted and without duplicates.
func Names(rules []rulefmt.Rule) []string {
	var names []string
	for _, rule := range rules {
		names = append(names, rule.Alert+rule.Record)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Problems returns all faults of the dashboards, the rules, their tests and the
// runbooks that can be found without running anything.
func (p Project) Problems() []error {
	known, err := ReadMetrics(p.Path("docs/metrics.md"))
	if err != nil {
		return []error{err}
	}
	rules, err := p.Rules()
	if err != nil {
		return []error{err}
	}
	known.AddRecorded(rules)
	all := dashboards.All()
	problems := Dashboards(all, known)
	problems = append(problems, Rules(rules, known, all, p.Path("docs/runbooks"))...)
	untested, err := Untested(rules, p.Path("deploy/prometheus/tests"))
	if err != nil {
		return append(problems, err)
	}
	problems = append(problems, untested...)
	problems = append(problems, p.committed(all)...)
	return append(problems, p.versions()...)
}

// committed compares the dashboards with the JSON files in the repository.
func (p Project) committed(all []grafana.Dashboard) []error {
	var problems []error
	var names []string
	for _, d := range all {
		names = append(names, filepath.Base(p.Dashboard(d)))
		want, err := dashboards.JSON(d)
		if err != nil {
			return append(problems, err)
		}
		if got, err := os.ReadFile(p.Dashboard(d)); err != nil || !bytes.Equal(got, want) {
			problems = append(problems, fmt.Errorf("%s is not current: run make dashboards", p.Dashboard(d)))
		}
		if err := Schema(filepath.Base(p.Dashboard(d)), want); err != nil {
			problems = append(problems, err)
		}
	}
	files, err := filepath.Glob(p.Path("deploy/grafana/dashboards/*.json"))
	if err != nil {
		return append(problems, err)
	}
	for _, file := range files {
		if !slices.Contains(names, filepath.Base(file)) {
			problems = append(problems, fmt.Errorf("%s does not belong to a dashboard: remove it", file))
		}
	}
	return problems
}

var (
	image  = regexp.MustCompile(`image: prom/prometheus:v(\d+)\.(\d+)\.(\d+)`)
	module = regexp.MustCompile(`github.com/prometheus/prometheus v0\.(\d)(\d+)\.(\d+)`)
)

// versions checks that the rules are tested with the version of Prometheus that is
// deployed. Version v0.316.0 of the module is release 3.16.0.
func (p Project) versions() []error {
	read := func(file string, pattern *regexp.Regexp) (string, error) {
		text, err := os.ReadFile(p.Path(file))
		if err != nil {
			return "", err
		}
		match := pattern.FindSubmatch(text)
		if match == nil {
			return "", fmt.Errorf("%s does not name a version of Prometheus", file)
		}
		minor, err := strconv.Atoi(string(match[2]))
		return fmt.Sprintf("%s.%d.%s", match[1], minor, match[3]), err
	}
	deployed, err := read("deploy/compose.yaml", image)
	if err != nil {
		return []error{err}
	}
	tested, err := read("tools/go.mod", module)
	if err != nil {
		return []error{err}
	}
	if deployed != tested {
		return []error{fmt.Errorf("deploy/compose.yaml runs Prometheus %s, but tools/go.mod tests with %s", deployed, tested)}
	}
	return nil
}
