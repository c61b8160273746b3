// Package check finds faults in dashboards, alerts and recording rules without
// running anything. Package trial finds the faults that only a running system shows.
package check

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dateline-news/dateline/tools/monitoring/grafana"
)

// units are the units that the dashboards use. Grafana shows an unknown unit as a suffix.
var units = []string{"s", "short", "ops", "reqps", "bytes", "Bps", "percentunit", "suffix:x"}

// builtIn contains the variables that Grafana defines, with values for parsing.
var builtIn = map[string]string{"__rate_interval": "1m", "__range": "1h", "datasource": ""}

// maxUID is Grafana's limit for the length of a uid.
const maxUID = 40

// Dashboards returns the problems of dashboards.
func Dashboards(all []grafana.Dashboard, known Metrics) []error {
	var problems []error
	uids := map[string]string{}
	for _, d := range all {
		if other, taken := uids[d.UID]; taken || d.UID == "" || len(d.UID) > maxUID {
			problems = append(problems, fmt.Errorf("%s: uid %q is empty, longer than %d characters, or also the uid of %q",
				d.Title, d.UID, maxUID, other))
		}
		uids[d.UID] = d.Title
		if d.Title == "" || d.Description == "" {
			problems = append(problems, fmt.Errorf("%s has no title or description", d.UID))
		}
		problems = append(problems, layout(d)...)
		for _, a := range d.Annotations.List {
			missing, err := known.unknown(a.Expr)
			if err != nil || len(missing) > 0 {
				problems = append(problems, fmt.Errorf("%s, annotation %s: unknown metrics %v, %w", d.UID, a.Name, missing, err))
			}
		}
		variables := variables(d)
		for _, p := range d.Panels {
			if p.Type == "row" {
				continue
			}
			for _, problem := range panelProblems(p, variables, known) {
				problems = append(problems, fmt.Errorf("%s, panel %d (%s): %w", d.UID, p.ID, p.Title, problem))
			}
		}
	}
	return problems
}

// layout checks the ids, titles and positions of panels.
func layout(d grafana.Dashboard) []error {
	var problems []error
	for i, p := range d.Panels {
		g := p.GridPos
		if g.W < 1 || g.H < 1 || g.X < 0 || g.Y < 0 || g.X+g.W > grafana.Columns {
			problems = append(problems, fmt.Errorf("%s, panel %d (%s): position %+v is outside the %d columns",
				d.UID, p.ID, p.Title, g, grafana.Columns))
		}
		for _, other := range d.Panels[:i] {
			if p.ID == other.ID {
				problems = append(problems, fmt.Errorf("%s: panels %q and %q have the same id %d",
					d.UID, other.Title, p.Title, p.ID))
			}
			if g.Overlaps(other.GridPos) {
				problems = append(problems, fmt.Errorf("%s: panels %q and %q overlap", d.UID, other.Title, p.Title))
			}
		}
		if p.ID < 1 || p.Title == "" {
			problems = append(problems, fmt.Errorf("%s, panel %d (%s) has no id or title", d.UID, p.ID, p.Title))
		}
	}
	return problems
}

// variables returns the variables of a dashboard with the values that they have when
// "All" is selected.
func variables(d grafana.Dashboard) map[string]string {
	values := map[string]string{}
	for _, v := range d.Templating.List {
		values[v.Name] = v.AllValue
	}
	for name, value := range builtIn {
		values[name] = value
	}
	return values
}

func panelProblems(p grafana.Panel, variables map[string]string, known Metrics) []error {
	var problems []error
	complain := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	if p.Description == "" {
		complain("no description")
	}
	if p.FieldConfig == nil || !slices.Contains(units, p.FieldConfig.Defaults.Unit) {
		complain("the unit is missing or not one of %s", strings.Join(units, ", "))
	}
	if p.Datasource == nil || p.Datasource.UID != "${datasource}" {
		complain("the data source is not ${datasource}")
	}
	if len(p.Targets) == 0 {
		complain("no query")
	}
	refs := map[string]bool{}
	for _, target := range p.Targets {
		if target.RefID == "" || refs[target.RefID] {
			complain("refId of query %s is missing or not unique", target.Expr)
		}
		refs[target.RefID] = true
		expr, err := Substitute(target.Expr, variables)
		if err != nil {
			complain("%w", err)
			continue
		}
		missing, err := known.unknown(expr)
		if err != nil {
			complain("%w", err)
		}
		for _, name := range missing {
			complain("nothing exports the metric %s: see docs/metrics.md, or record it in deploy/prometheus/rules", name)
		}
	}
	return problems
}
