// Package picture draws the results of a dashboard's queries much as Grafana would,
// so that readers of the documentation see what to expect.
package picture

import (
	"cmp"
	"context"
	"fmt"
	"image/color"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/prometheus/common/model"
	weight "golang.org/x/image/font"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/font/liberation"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"

	"github.com/dateline-news/dateline/tools/monitoring/grafana"
	"github.com/dateline-news/dateline/tools/monitoring/trial"
)

// Sizes of the grid's cells, of the space between panels, and of the page's margin.
const (
	column = vg.Length(44)
	line   = vg.Length(25)
	gap    = vg.Length(4)
	head   = vg.Length(40)
)

var (
	ink    = color.RGBA{36, 41, 46, 255}
	faint  = color.RGBA{110, 118, 129, 255}
	frame  = color.RGBA{216, 222, 228, 255}
	paper  = color.RGBA{244, 245, 247, 255}
	white  = color.RGBA{255, 255, 255, 255}
	colors = map[string]color.RGBA{"green": {43, 138, 62, 255}, "yellow": {176, 122, 0, 255}, "red": {201, 42, 42, 255}}
	lines  = []color.RGBA{
		{31, 119, 180, 255}, {255, 127, 14, 255}, {44, 160, 44, 255}, {214, 39, 40, 255}, {148, 103, 189, 255},
		{140, 86, 75, 255}, {227, 119, 194, 255}, {100, 100, 100, 255}, {165, 165, 20, 255}, {23, 190, 207, 255},
	}
)

var shaper = text.Plain{Fonts: font.NewCache(liberation.Collection())}

// style returns a text style: its size in points, its color, and its alignment to the
// point at which it is drawn.
func style(size float64, c color.Color, bold bool, x text.XAlignment, y text.YAlignment) text.Style {
	f := font.Font{Typeface: "Liberation", Variant: "Sans", Size: font.Length(size)}
	if bold {
		f.Weight = weight.WeightBold
	}
	return text.Style{Font: f, Color: c, XAlign: x, YAlign: y, Handler: shaper}
}

// Draw runs the queries of a dashboard and writes its panels as PNG to path.
func Draw(ctx context.Context, source *trial.Source, d grafana.Dashboard, path string) error {
	rows := 0
	for _, p := range d.Panels {
		rows = max(rows, p.GridPos.Y+p.GridPos.H)
	}
	width, height := column*grafana.Columns+2*gap, line*vg.Length(rows)+head+gap
	canvas := vgimg.NewWith(vgimg.UseWH(width, height), vgimg.UseDPI(96), vgimg.UseBackgroundColor(paper))
	page := draw.New(canvas)
	page.FillText(style(16, ink, true, text.XLeft, text.YCenter), vg.Point{X: 2 * gap, Y: height - head/2}, d.Title)
	page.FillText(style(11, faint, false, text.XRight, text.YCenter), vg.Point{X: width - 2*gap, Y: height - head/2},
		fmt.Sprintf("%s until %s UTC", model.Duration(source.Range), source.End.UTC().Format("2006-01-02 15:04")))
	for _, p := range d.Panels {
		g := p.GridPos
		top := height - head - line*vg.Length(g.Y)
		area := draw.Canvas{Canvas: page.Canvas, Rectangle: vg.Rectangle{
			Min: vg.Point{X: gap + column*vg.Length(g.X) + gap/2, Y: top - line*vg.Length(g.H) + gap/2},
			Max: vg.Point{X: gap + column*vg.Length(g.X+g.W) - gap/2, Y: top - gap/2},
		}}
		if err := drawPanel(ctx, source, d, p, area); err != nil {
			return fmt.Errorf("drawing %s, panel %d (%s): %w", d.UID, p.ID, p.Title, err)
		}
	}
	file, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("creating a picture: %w", err)
	}
	_, err = vgimg.PngCanvas{Canvas: canvas}.WriteTo(file)
	if closing := file.Close(); err == nil {
		err = closing
	}
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return nil
}

func drawPanel(ctx context.Context, source *trial.Source, d grafana.Dashboard, p grafana.Panel, c draw.Canvas) error {
	if p.Type == "row" {
		c.FillText(style(12, ink, true, text.XLeft, text.YCenter), vg.Point{X: c.Min.X + gap, Y: c.Center().Y}, p.Title)
		return nil
	}
	c.FillPolygon(white, rectangle(c.Rectangle))
	c.StrokeLines(draw.LineStyle{Color: frame, Width: 0.75}, append(rectangle(c.Rectangle), c.Min))
	c.FillText(style(10, ink, true, text.XLeft, text.YTop), vg.Point{X: c.Min.X + 2*gap, Y: c.Max.Y - 1.5*gap}, p.Title)
	var all []named
	for _, target := range p.Targets {
		series, err := source.Ask(ctx, d, target)
		if err != nil {
			return err
		}
		slices.SortFunc(series, func(a, b trial.Series) int {
			return cmp.Compare(legend(target.LegendFormat, a.Labels), legend(target.LegendFormat, b.Labels))
		})
		for _, one := range series {
			all = append(all, named{legend(target.LegendFormat, one.Labels), one.Points})
		}
	}
	inside := draw.Crop(c, 2*gap, -2*gap, 1.5*gap, -6*gap)
	switch {
	case len(all) == 0:
		c.FillText(style(11, faint, false, text.XCenter, text.YCenter), inside.Center(), "no data")
	case p.Type == "timeseries":
		return drawGraph(p, all, inside)
	case p.Type == "stat":
		value := all[0].now()
		inside.FillText(style(24, shade(p, value), true, text.XCenter, text.YCenter), inside.Center(),
			format(value, p.FieldConfig.Defaults.Unit))
	case p.Type == "bargauge", p.Type == "table":
		slices.SortStableFunc(all, func(a, b named) int { return cmp.Compare(b.now(), a.now()) })
		drawBars(p, all, inside)
	}
	return nil
}

// named is a series with its name as shown in the legend.
type named struct {
	name   string
	points []model.SamplePair
}

func (n named) now() float64 { return float64(n.points[len(n.points)-1].Value) }

// peak returns the largest value, or 0 if no value is positive.
func (n named) peak() float64 {
	peak := 0.0
	for _, point := range n.points {
		if value := float64(point.Value); value > peak {
			peak = value
		}
	}
	return peak
}

var placeholder = regexp.MustCompile(`\{\{ *(\w+) *\}\}`)

func legend(format string, labels model.Metric) string {
	return strings.TrimSpace(placeholder.ReplaceAllStringFunc(format, func(found string) string {
		return string(labels[model.LabelName(placeholder.FindStringSubmatch(found)[1])])
	}))
}

// shade returns the color of a value according to the panel's thresholds.
func shade(p grafana.Panel, value float64) color.Color {
	chosen := ink
	for _, step := range p.FieldConfig.Defaults.Thresholds.Steps {
		if step.Value == nil || value >= *step.Value {
			chosen = colors[step.Color]
		}
	}
	return chosen
}

func rectangle(r vg.Rectangle) []vg.Point {
	return []vg.Point{r.Min, {X: r.Max.X, Y: r.Min.Y}, r.Max, {X: r.Min.X, Y: r.Max.Y}}
}

// drawBars draws one bar per value, one below the other.
func drawBars(p grafana.Panel, all []named, c draw.Canvas) {
	unit := p.FieldConfig.Defaults.Unit
	most := 0.0
	if p.FieldConfig.Defaults.Max != nil {
		most = *p.FieldConfig.Defaults.Max
	} else {
		for _, one := range all {
			most = max(most, one.now())
		}
	}
	height := min((c.Max.Y-c.Min.Y)/vg.Length(len(all)), line)
	names, values := c.Min.X+0.38*(c.Max.X-c.Min.X), c.Max.X-60
	for i, one := range all {
		y := c.Max.Y - height*vg.Length(i) - height/2
		c.FillText(style(9, ink, false, text.XRight, text.YCenter), vg.Point{X: names - gap, Y: y}, one.name)
		bar := vg.Rectangle{Min: vg.Point{X: names, Y: y - height/3}, Max: vg.Point{X: values, Y: y + height/3}}
		c.FillPolygon(paper, rectangle(bar))
		if most > 0 {
			bar.Max.X = names + (values-names)*vg.Length(min(1, one.now()/most))
			c.FillPolygon(shade(p, one.now()), rectangle(bar))
		}
		c.FillText(style(9, ink, false, text.XRight, text.YCenter), vg.Point{X: c.Max.X, Y: y}, format(one.now(), unit))
	}
}
