// Package grafana defines the part of Grafana's dashboard JSON that Dateline's
// dashboards use (schema version 39, Grafana 10.4 and later). The schema is described
// on
// https://grafana.com/docs/grafana/latest/dashboards/build-dashboards/view-dashboard-json-model/.
// Package check decodes the dashboards strictly into Grafana's own types.
package grafana

// SchemaVersion is the version of the schema that these types follow. A newer Grafana
// migrates a dashboard when it loads it.
const SchemaVersion = 39

// Columns is the width of a dashboard in grid columns.
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

// TimeRange is the initial time range, in Grafana's relative form, such as now-3h.
type TimeRange struct {
	From string `json:"from"`
	To   string `json:"to"`
}

// Templating contains the variables of a dashboard.
type Templating struct {
	List []Variable `json:"list"`
}

// Variable is a choice at the top of a dashboard.
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

// VariableQuery is the query of a variable whose choices are the values of a label.
type VariableQuery struct {
	Query string `json:"query"`
	RefID string `json:"refId"`
}

// Current is the initial selection.
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

// Link is a link from a dashboard to others.
type Link struct {
	Title       string   `json:"title"`
	Type        string   `json:"type"` // dashboards: all dashboards with the tags; link: the URL
	URL         string   `json:"url,omitempty"`
	Icon        string   `json:"icon"`
	Tooltip     string   `json:"tooltip"`
	Tags        []string `json:"tags"`
	AsDropdown  bool     `json:"asDropdown"`
	TargetBlank bool     `json:"targetBlank"`
	IncludeVars bool     `json:"includeVars"`
	KeepTime    bool     `json:"keepTime"`
}

// Datasource identifies the data source of a query.
type Datasource struct {
	Type string `json:"type"`
	UID  string `json:"uid"`
}

// Panel is a graph, a number, a list of bars, or the heading of a row.
type Panel struct {
	ID          int          `json:"id"`
	Type        string       `json:"type"` // row, stat, timeseries, bargauge or table
	Title       string       `json:"title"`
	Description string       `json:"description,omitempty"`
	GridPos     GridPos      `json:"gridPos"`
	Datasource  *Datasource  `json:"datasource,omitempty"`
	Targets     []Target     `json:"targets,omitempty"`
	FieldConfig *FieldConfig `json:"fieldConfig,omitempty"`
	Options     any          `json:"options,omitempty"`
	// Transformations change the result of the queries before it is shown.
	Transformations []Transformation `json:"transformations,omitempty"`
	// Only for rows: the panels of an open row follow it in the dashboard.
	Collapsed *bool   `json:"collapsed,omitempty"`
	Panels    []Panel `json:"panels,omitzero"`
}

// GridPos is the position and size of a panel, in columns and rows from the upper
// left.
type GridPos struct {
	H int `json:"h"`
	W int `json:"w"`
	X int `json:"x"`
	Y int `json:"y"`
}

// Overlaps reports whether two positions share a cell.
func (g GridPos) Overlaps(other GridPos) bool {
	return g.X < other.X+other.W && other.X < g.X+g.W && g.Y < other.Y+other.H && other.Y < g.Y+g.H
}

// Target is a query of a panel.
type Target struct {
	RefID        string      `json:"refId"`
	Datasource   *Datasource `json:"datasource,omitempty"`
	Expr         string      `json:"expr"`
	LegendFormat string      `json:"legendFormat"`
	Format       string      `json:"format,omitempty"` // table: a column for each label
	Instant      bool        `json:"instant"`
	Range        bool        `json:"range"`
}

// FieldConfig configures how values are shown.
type FieldConfig struct {
	Defaults  Field      `json:"defaults"`
	Overrides []Override `json:"overrides"`
}

// Override configures how the values of one field are shown.
type Override struct {
	Matcher    Option     `json:"matcher"`
	Properties []Property `json:"properties"`
}

// Option is an id with options.
type Option struct {
	ID      string `json:"id"`
	Options any    `json:"options"`
}

// Property is a value of a field's configuration, such as its links.
type Property struct {
	ID    string `json:"id"`
	Value any    `json:"value"`
}

// DataLink is a link from a value. Its URL may contain the value.
type DataLink struct {
	Title       string `json:"title"`
	URL         string `json:"url"`
	TargetBlank bool   `json:"targetBlank"`
}

// Transformation changes the result of the queries. Organize selects, orders and renames
// columns.
type Transformation struct {
	ID      string   `json:"id"`
	Options Organize `json:"options"`
}

// Organize hides, orders and renames columns.
type Organize struct {
	Exclude map[string]bool   `json:"excludeByName"`
	Order   map[string]int    `json:"indexByName"`
	Rename  map[string]string `json:"renameByName"`
}

// TableField holds the custom options of a column.
type TableField struct {
	Align   string `json:"align"`
	Inspect bool   `json:"inspect"`
}

// TableOptions are the options of a table panel.
type TableOptions struct {
	FrameIndex int    `json:"frameIndex"`
	ShowHeader bool   `json:"showHeader"`
	CellHeight string `json:"cellHeight"`
}

// Field configures how the values of a field are shown.
type Field struct {
	Unit       string      `json:"unit"`
	Min        *float64    `json:"min,omitempty"`
	Max        *float64    `json:"max,omitempty"`
	Color      *Color      `json:"color,omitempty"`
	Thresholds *Thresholds `json:"thresholds,omitempty"`
	Custom     any         `json:"custom,omitempty"`
}

// Color determines how a field's color is chosen: thresholds or palette-classic.
type Color struct {
	Mode string `json:"mode"`
}

// Thresholds color a value. The first step has no value and applies below the second.
type Thresholds struct {
	Mode  string `json:"mode"` // absolute
	Steps []Step `json:"steps"`
}

// Step is the color of values from Value on.
type Step struct {
	Color string   `json:"color"`
	Value *float64 `json:"value"`
}

// TimeSeriesField holds the custom options of a field in a timeseries panel.
type TimeSeriesField struct {
	DrawStyle         string             `json:"drawStyle"` // line
	LineWidth         int                `json:"lineWidth"`
	FillOpacity       int                `json:"fillOpacity"`
	ShowPoints        string             `json:"showPoints"`
	Stacking          *Stacking          `json:"stacking,omitempty"`
	ScaleDistribution *ScaleDistribution `json:"scaleDistribution,omitempty"`
	ThresholdsStyle   *ThresholdsStyle   `json:"thresholdsStyle,omitempty"`
}

// Stacking stacks series. Its mode is normal.
type Stacking struct {
	Mode  string `json:"mode"`
	Group string `json:"group"`
}

// ScaleDistribution is the scale of the value axis: linear, or log with a base.
type ScaleDistribution struct {
	Type string `json:"type"`
	Log  int    `json:"log,omitempty"`
}

// ThresholdsStyle makes a graph draw its thresholds: mode line.
type ThresholdsStyle struct {
	Mode string `json:"mode"`
}

// TimeSeriesOptions are the options of a timeseries panel.
type TimeSeriesOptions struct {
	Legend  Legend  `json:"legend"`
	Tooltip Tooltip `json:"tooltip"`
}

// Legend is the legend of a graph: displayMode list or table, with the numbers in
// calcs.
type Legend struct {
	DisplayMode string   `json:"displayMode"`
	Placement   string   `json:"placement"`
	ShowLegend  bool     `json:"showLegend"`
	Calcs       []string `json:"calcs"`
}

// Tooltip is the tooltip of a graph. Mode multi shows all series.
type Tooltip struct {
	Mode string `json:"mode"`
	Sort string `json:"sort"`
}

// ReduceOptions select the number that is shown for a series.
type ReduceOptions struct {
	Calcs  []string `json:"calcs"`
	Fields string   `json:"fields"`
	Values bool     `json:"values"`
}

// StatOptions are the options of a stat panel.
type StatOptions struct {
	ReduceOptions ReduceOptions `json:"reduceOptions"`
	ColorMode     string        `json:"colorMode"`
	GraphMode     string        `json:"graphMode"`
	TextMode      string        `json:"textMode"`
	JustifyMode   string        `json:"justifyMode"`
	Orientation   string        `json:"orientation"`
	WideLayout    bool          `json:"wideLayout"`
	// Required by the schema. No panel shows a change in percent.
	ShowPercentChange      bool   `json:"showPercentChange"`
	PercentChangeColorMode string `json:"percentChangeColorMode"`
}

// BarGaugeOptions are the options of a bargauge panel.
type BarGaugeOptions struct {
	ReduceOptions ReduceOptions `json:"reduceOptions"`
	DisplayMode   string        `json:"displayMode"`
	Orientation   string        `json:"orientation"`
	ShowUnfilled  bool          `json:"showUnfilled"`
	ValueMode     string        `json:"valueMode"`
	NamePlacement string        `json:"namePlacement"`
	Legend        Legend        `json:"legend"`
	Sizing        string        `json:"sizing"` // auto: within the following bounds, in pixels
	MinVizWidth   int           `json:"minVizWidth"`
	MinVizHeight  int           `json:"minVizHeight"`
	MaxVizHeight  int           `json:"maxVizHeight"`
}
