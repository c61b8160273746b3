package dashboards

import (
	"github.com/dateline-news/dateline/tools/monitoring/grafana"
)

// datasource refers to the data source that is selected at the top of the dashboard.
var datasource = grafana.Datasource{Type: "prometheus", UID: "${datasource}"}

// The colors, by meaning.
const (
	green  = "green"
	yellow = "yellow"
	red    = "red"
)

// webURL is the address of the indexer's web page in the shipped deployment.
const webURL = "http://127.0.0.1:8080"

// dashboard lays out rows from top to bottom.
// The page of the web interface under that path shows the same subject.
func dashboard(name, title, description, page string, variables []grafana.Variable, rows ...row) grafana.Dashboard {
	d := grafana.Dashboard{
		UID: Prefix + name, Title: "Dateline / " + title, Description: description, Tags: []string{"dateline"},
		Editable: true, GraphTooltip: 1, Refresh: "30s", SchemaVersion: grafana.SchemaVersion,
		Time: grafana.TimeRange{From: "now-3h", To: "now"}, Timezone: "browser",
		Templating: grafana.Templating{List: append([]grafana.Variable{{
			Name: "datasource", Label: "Data source", Type: "datasource", Query: "prometheus",
		}}, variables...)},
		Annotations: grafana.Annotations{List: []grafana.Annotation{{
			Name: "Alerts", Datasource: datasource, Enable: true, IconColor: red, Step: "60s",
			Expr:        `ALERTS{alertname=~"Dateline.*", alertstate="firing"}`,
			TitleFormat: "{{alertname}}", TextFormat: "{{severity}} {{stage}}{{stream}}{{instance}}",
		}, {
			Name: "Starts", Datasource: datasource, Enable: true, IconColor: "blue", Step: "60s",
			Expr: `max by (component, version, revision) (` +
				`dateline_build_info and on (job, instance) time() - process_start_time_seconds < 60)`,
			TitleFormat: "{{component}} started", TextFormat: "version {{version}}, revision {{revision}}",
		}}},
		Links: []grafana.Link{
			{Title: "Dateline", Type: "dashboards", Icon: "external link", Tags: []string{"dateline"}, AsDropdown: true, IncludeVars: true, KeepTime: true},
			{Title: "Web page", Type: "link", Icon: "external link", URL: webURL + page, Tags: []string{}, TargetBlank: true},
		},
	}
	y := 0
	for i, r := range rows {
		open := false
		// Ids from 1000 on belong to rows, to which nothing links.
		d.Panels = append(d.Panels, grafana.Panel{
			ID: 1000 + i, Type: "row", Title: r.title, Collapsed: &open, Panels: []grafana.Panel{},
			GridPos: grafana.GridPos{H: 1, W: grafana.Columns, Y: y},
		})
		y++
		x, height := 0, 0
		for _, p := range r.panels {
			if x+p.GridPos.W > grafana.Columns {
				x, y, height = 0, y+height, 0
			}
			p.GridPos.X, p.GridPos.Y = x, y
			x, height = x+p.GridPos.W, max(height, p.GridPos.H)
			d.Panels = append(d.Panels, p.Panel)
		}
		y += height
	}
	return d
}

// row is a heading with panels below it, laid out from left to right.
type row struct {
	title  string
	panels []panel
}

func section(title string, panels ...panel) row { return row{title, panels} }

// A panel's id never changes, because alerts and bookmarks link to it.
type panel struct{ grafana.Panel }

// A query is an expression, with the template of its series' names in the legend.
type query struct{ expr, legend string }

func newPanel(kind string, id int, title, unit, description string, queries []query) panel {
	p := panel{grafana.Panel{
		ID: id, Type: kind, Title: title, Description: description, Datasource: &datasource,
		FieldConfig: &grafana.FieldConfig{
			Defaults:  grafana.Field{Unit: unit, Color: &grafana.Color{Mode: "palette-classic"}},
			Overrides: []grafana.Override{},
		},
	}}
	for i, q := range queries {
		p.Targets = append(p.Targets, grafana.Target{
			RefID: string(rune('A' + i)), Datasource: &datasource, Expr: q.expr, LegendFormat: q.legend,
			Instant: kind != "timeseries", Range: kind == "timeseries",
		})
	}
	return p
}

// graph draws series over time, half the dashboard wide.
func graph(id int, title, unit, description string, queries ...query) panel {
	p := newPanel("timeseries", id, title, unit, description, queries)
	p.GridPos = grafana.GridPos{W: 12, H: 8}
	zero := 0.0
	p.FieldConfig.Defaults.Min = &zero
	p.FieldConfig.Defaults.Custom = &grafana.TimeSeriesField{DrawStyle: "line", LineWidth: 1, FillOpacity: 8, ShowPoints: "never"}
	p.Options = grafana.TimeSeriesOptions{
		Legend:  grafana.Legend{DisplayMode: "table", Placement: "bottom", ShowLegend: true, Calcs: []string{"lastNotNull", "max"}},
		Tooltip: grafana.Tooltip{Mode: "multi", Sort: "desc"},
	}
	return p
}

// number shows the current value in large digits, a sixth of the dashboard wide.
func number(id int, title, unit, description string, q query) panel {
	p := newPanel("stat", id, title, unit, description, []query{q})
	p.GridPos = grafana.GridPos{W: 4, H: 4}
	p.FieldConfig.Defaults.Color.Mode = "thresholds"
	p.Options = grafana.StatOptions{
		ReduceOptions: lastValue, ColorMode: "value", GraphMode: "none", TextMode: "auto", JustifyMode: "auto", Orientation: "auto",
		WideLayout: true, PercentChangeColorMode: "standard",
	}
	return p.steps(green)
}

// bars compares current values, half the dashboard wide.
func bars(id int, title, unit, description string, q query) panel {
	p := newPanel("bargauge", id, title, unit, description, []query{q})
	p.GridPos = grafana.GridPos{W: 12, H: 8}
	zero := 0.0
	p.FieldConfig.Defaults.Min = &zero
	p.FieldConfig.Defaults.Color.Mode = "thresholds"
	p.Options = grafana.BarGaugeOptions{
		ReduceOptions: lastValue, DisplayMode: "basic", Orientation: "horizontal", ShowUnfilled: true, ValueMode: "color",
		NamePlacement: "auto", Legend: grafana.Legend{DisplayMode: "list", Placement: "bottom", Calcs: []string{}},
		Sizing: "auto", MinVizWidth: 8, MinVizHeight: 16, MaxVizHeight: 300,
	}
	return p.steps(green)
}

// A column is a label of a table's series, with its title.
type column struct{ label, title string }

// table lists series by their labels, as wide as the dashboard. The first column links to
// a page, whose URL may contain the value.
func table(id int, title, description, link string, q query, columns ...column) panel {
	p := newPanel("table", id, title, "short", description, []query{q})
	p.GridPos = grafana.GridPos{W: grafana.Columns, H: 10}
	p.Targets[0].Format = "table"
	p.FieldConfig.Defaults.Custom = &grafana.TableField{Align: "left"}
	p.FieldConfig.Overrides = []grafana.Override{{
		Matcher: grafana.Option{ID: "byName", Options: columns[0].title},
		Properties: []grafana.Property{{ID: "links", Value: []grafana.DataLink{{
			Title: "Open the web page", URL: link, TargetBlank: true,
		}}}},
	}}
	organize := grafana.Organize{
		Exclude: map[string]bool{"Time": true, "Value": true}, Order: map[string]int{}, Rename: map[string]string{},
	}
	for i, c := range columns {
		organize.Order[c.label], organize.Rename[c.label] = i, c.title
	}
	p.Transformations = []grafana.Transformation{{ID: "organize", Options: organize}}
	p.Options = grafana.TableOptions{ShowHeader: true, CellHeight: "sm"}
	return p.steps(green)
}

var lastValue = grafana.ReduceOptions{Calcs: []string{"lastNotNull"}}

// wide makes a panel ten columns wide.
func (p panel) wide() panel { p.GridPos.W = 10; return p }

func (p panel) high(rows int) panel { p.GridPos.H = rows; return p }

// steps sets the base color and the colors from certain values on.
func (p panel) steps(bottom string, more ...grafana.Step) panel {
	p.FieldConfig.Defaults.Thresholds = &grafana.Thresholds{Mode: "absolute", Steps: append([]grafana.Step{{Color: bottom}}, more...)}
	return p
}

func from(value float64, color string) grafana.Step { return grafana.Step{Color: color, Value: &value} }

// limit draws a line at the threshold of an alert.
func (p panel) limit(value float64) panel {
	p.custom().ThresholdsStyle = &grafana.ThresholdsStyle{Mode: "line"}
	return p.steps("transparent", from(value, red))
}

// log makes the value axis of a graph logarithmic.
func (p panel) log() panel {
	p.FieldConfig.Defaults.Min = nil
	p.custom().ScaleDistribution = &grafana.ScaleDistribution{Type: "log", Log: 10}
	return p
}

// stacked stacks the series of a graph.
func (p panel) stacked() panel {
	p.custom().Stacking = &grafana.Stacking{Mode: "normal", Group: "A"}
	p.custom().FillOpacity = 25
	return p
}

// upToOne ends the axis of shares at 1.
func (p panel) upToOne() panel {
	one := 1.0
	p.FieldConfig.Defaults.Max = &one
	return p
}

func (p panel) custom() *grafana.TimeSeriesField {
	return p.FieldConfig.Defaults.Custom.(*grafana.TimeSeriesField)
}

// byLabel returns a variable whose choices are the values of a label among the series of
// a selector. Initially all are selected.
func byLabel(name, label, selector string) grafana.Variable {
	definition := "label_values(" + selector + ", " + name + ")"
	return grafana.Variable{
		Name: name, Label: label, Type: "query", Datasource: &datasource, Definition: definition,
		Query:   grafana.VariableQuery{Query: definition, RefID: "Variable-" + name},
		Refresh: 2, Sort: 1, Multi: true, IncludeAll: true, AllValue: ".*",
		Current: &grafana.Current{Text: []string{"All"}, Value: []string{"$__all"}},
	}
}

// instance returns a variable for the replicas that export a metric.
func instance(metric string) grafana.Variable { return byLabel("instance", "Instance", metric) }

// stage returns a variable for stages, given as alternatives of a regular expression.
func stage(stages string) grafana.Variable {
	return byLabel("stage", "Stage", `dateline_stage_outcomes_total{stage=~"`+stages+`"}`)
}
