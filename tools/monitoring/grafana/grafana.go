// Package grafana is the little of Grafana's dashboard schema that Dateline's
// dashboards use, as its JSON has it (schema version 39, Grafana 10.4 and
// later). Grafana's own description of it is on
// https://grafana.com/docs/grafana/latest/dashboards/build-dashboards/view-dashboard-json-model/;
// package check reads the dashboards by Grafana's own types, strictly.
package grafana

// SchemaVersion is the version of the schema that these types follow. A newer
// Grafana migrates a dashboard when it loads it.
const SchemaVersion = 39

// Columns is how many grid columns a dashboard is wide.
const Columns = 24

// Dashboard is one page of panels.
type Dashboard struct {
	UID           string      `json:"uid"`
	Title         string      `json:"title"`
	Description   string      `json:"description"`
	Tags          []string    `json:"tags"`
	Editable      bool        `json:"editable"`
	GraphTooltip  int         `json:"graphTooltip"` // 1: the crosshair is shared by all panels
	Refresh       string      `json:"refresh"`
	SchemaVersion int         `json:"schemaVersion"`
	Time          TimeRange   `json:"time"`
	Timezone      string      `json:"timezone"`
	Templating    Templating  `json:"templating"`
	Annotations   Annotations `json:"annotations"`
	Links         []Link      `json:"links"`
	Panels        []Panel     `json:"panels"`
}

// TimeRange is what is shown at first, in Grafana's relative form, such as now-3h.
type TimeRange struct {
	From string `json:"from"`
	To   string `json:"to"`
}

// Templating holds the variables of a dashboard.
type Templating struct {
	List []Variable `json:"list"`
}

// Variable is a choice that the reader makes at the top of a dashboard.
type Variable struct {
	Name       string      `json:"name"`
	Label      string      `json:"label"`
	Type       string      `json:"type"` // datasource or query
	Query      any         `json:"query"`
	Definition string      `json:"definition,omitempty"`
	Datasource *Datasource `json:"datasource,omitempty"`
	Refresh    int         `json:"refresh,omitempty"` // 2: when the time range changes
	Sort       int         `json:"sort,omitempty"`    // 1: by name
	Multi      bool        `json:"multi"`
	IncludeAll bool        `json:"includeAll"`
	AllValue   string      `json:"allValue,omitempty"`
	Current    *Current    `json:"current,omitempty"`
}

// VariableQuery is the query of a variable whose values are those of a label.
type VariableQuery struct {
	Query string `json:"query"`
	RefID string `json:"refId"`
}

// Current is what is chosen at first.
type Current struct {
	Text  []string `json:"text"`
	Value []string `json:"value"`
}

// Annotations are the events marked in every panel of a dashboard.
type Annotations struct {
	List []Annotation `json:"list"`
}

// Annotation marks the times at which a query has a result.
type Annotation struct {
	Name        string     `json:"name"`
	Datasource  Datasource `json:"datasource"`
	Enable      bool       `json:"enable"`
	Expr        string     `json:"expr"`
	IconColor   string     `json:"iconColor"`
	Step        string     `json:"step"`
	TitleFormat string     `json:"titleFormat"`
	TextFormat  string     `json:"textFormat"`
}

// Link leads from a dashboard to others.
type Link struct {
	Title       string   `json:"title"`
	Type        string   `json:"type"` // dashboards: all that carry the tags
	Icon        string   `json:"icon"`
	Tooltip     string   `json:"tooltip"`
	Tags        []string `json:"tags,omitempty"`
	AsDropdown  bool     `json:"asDropdown,omitempty"`
	TargetBlank bool     `json:"targetBlank"`
	IncludeVars bool     `json:"includeVars,omitempty"`
	KeepTime    bool     `json:"keepTime,omitempty"`
}

// Datasource names where a query is sent.
type Datasource struct {
	Type string `json:"type"`
	UID  string `json:"uid"`
}

// Panel is a graph, a number, a list of bars, or the heading of a row.
type Panel struct {
	ID          int          `json:"id"`
	Type        string       `json:"type"` // row, stat, timeseries or bargauge
	Title       string       `json:"title"`
	Description string       `json:"description,omitempty"`
	GridPos     GridPos      `json:"gridPos"`
	Datasource  *Datasource  `json:"datasource,omitempty"`
	Targets     []Target     `json:"targets,omitempty"`
	FieldConfig *FieldConfig `json:"fieldConfig,omitempty"`
	Options     any          `json:"options,omitempty"`
	// Rows only: an open row's panels follow it in the dashboard.
	Collapsed *bool   `json:"collapsed,omitempty"`
	Panels    []Panel `json:"panels,omitzero"`
}

// GridPos is a place on the grid, in columns and rows from the upper left.
type GridPos struct {
	H int `json:"h"`
	W int `json:"w"`
	X int `json:"x"`
	Y int `json:"y"`
}

// Overlaps says whether two places share a cell.
func (g GridPos) Overlaps(other GridPos) bool {
	return g.X < other.X+other.W && other.X < g.X+g.W && g.Y < other.Y+other.H && other.Y < g.Y+g.H
}

// Target is one query of a panel.
type Target struct {
	RefID        string      `json:"refId"`
	Datasource   *Datasource `json:"datasource,omitempty"`
	Expr         string      `json:"expr"`
	LegendFormat string      `json:"legendFormat"`
	Instant      bool        `json:"instant"`
	Range        bool        `json:"range"`
}

// FieldConfig says how values are shown.
type FieldConfig struct {
	Defaults  Field `json:"defaults"`
	Overrides []any `json:"overrides"` // none are used, but Grafana wants the list
}

// Field is how the values of one field are shown.
type Field struct {
	Unit       string      `json:"unit"`
	Min        *float64    `json:"min,omitempty"`
	Max        *float64    `json:"max,omitempty"`
	Color      *Color      `json:"color,omitempty"`
	Thresholds *Thresholds `json:"thresholds,omitempty"`
	Custom     any         `json:"custom,omitempty"`
}

// Color says how a field's color is chosen: thresholds or palette-classic.
type Color struct {
	Mode string `json:"mode"`
}

// Thresholds color a value; the first step has no value and holds below the second.
type Thresholds struct {
	Mode  string `json:"mode"` // absolute
	Steps []Step `json:"steps"`
}

// Step is the color from a value upwards.
type Step struct {
	Color string   `json:"color"`
	Value *float64 `json:"value"`
}

// TimeSeriesField is the Custom of a timeseries panel.
type TimeSeriesField struct {
	DrawStyle         string             `json:"drawStyle"` // line
	LineWidth         int                `json:"lineWidth"`
	FillOpacity       int                `json:"fillOpacity"`
	ShowPoints        string             `json:"showPoints"`
	Stacking          *Stacking          `json:"stacking,omitempty"`
	ScaleDistribution *ScaleDistribution `json:"scaleDistribution,omitempty"`
	ThresholdsStyle   *ThresholdsStyle   `json:"thresholdsStyle,omitempty"`
}

// Stacking puts series on top of one another: mode normal.
type Stacking struct {
	Mode  string `json:"mode"`
	Group string `json:"group"`
}

// ScaleDistribution of the value axis: linear or log, to a base.
type ScaleDistribution struct {
	Type string `json:"type"`
	Log  int    `json:"log,omitempty"`
}

// ThresholdsStyle draws thresholds into a graph: mode line.
type ThresholdsStyle struct {
	Mode string `json:"mode"`
}

// TimeSeriesOptions are the Options of a timeseries panel.
type TimeSeriesOptions struct {
	Legend  Legend  `json:"legend"`
	Tooltip Tooltip `json:"tooltip"`
}

// Legend of a graph: displayMode list or table, with the numbers in calcs.
type Legend struct {
	DisplayMode string   `json:"displayMode"`
	Placement   string   `json:"placement"`
	ShowLegend  bool     `json:"showLegend"`
	Calcs       []string `json:"calcs"`
}

// Tooltip of a graph: mode multi shows all series.
type Tooltip struct {
	Mode string `json:"mode"`
	Sort string `json:"sort"`
}

// ReduceOptions say which number is shown of a series.
type ReduceOptions struct {
	Calcs  []string `json:"calcs"`
	Fields string   `json:"fields"`
	Values bool     `json:"values"`
}

// StatOptions are the Options of a stat panel.
type StatOptions struct {
	ReduceOptions ReduceOptions `json:"reduceOptions"`
	ColorMode     string        `json:"colorMode"`
	GraphMode     string        `json:"graphMode"`
	TextMode      string        `json:"textMode"`
	JustifyMode   string        `json:"justifyMode"`
	Orientation   string        `json:"orientation"`
	WideLayout    bool          `json:"wideLayout"`
	// How a change in percent would be shown, if it were.
	ShowPercentChange      bool   `json:"showPercentChange"`
	PercentChangeColorMode string `json:"percentChangeColorMode"`
}

// BarGaugeOptions are the Options of a bargauge panel.
type BarGaugeOptions struct {
	ReduceOptions ReduceOptions `json:"reduceOptions"`
	DisplayMode   string        `json:"displayMode"`
	Orientation   string        `json:"orientation"`
	ShowUnfilled  bool          `json:"showUnfilled"`
	ValueMode     string        `json:"valueMode"`
	NamePlacement string        `json:"namePlacement"`
	Legend        Legend        `json:"legend"`
	Sizing        string        `json:"sizing"` // auto: within the bounds that follow, in pixels
	MinVizWidth   int           `json:"minVizWidth"`
	MinVizHeight  int           `json:"minVizHeight"`
	MaxVizHeight  int           `json:"maxVizHeight"`
}
