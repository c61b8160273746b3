package picture

import (
	"cmp"
	"fmt"
	"image/color"
	"math"
	"slices"

	"github.com/prometheus/common/model"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/dateline-news/dateline/tools/monitoring/grafana"
)

// legendLines is the maximum number of series in a legend. The remaining ones are
// only counted.
const legendLines = 9

// drawGraph draws series over time, with their legend below.
func drawGraph(p grafana.Panel, all []named, c draw.Canvas) error {
	field := p.FieldConfig.Defaults
	custom := field.Custom.(*grafana.TimeSeriesField)
	logarithmic := custom.ScaleDistribution != nil
	if len(all) > legendLines { // the legend names the largest
		slices.SortStableFunc(all, func(a, b named) int { return cmp.Compare(b.peak(), a.peak()) })
	}
	shown := all
	if custom.Stacking != nil {
		shown = stack(all)
	}

	graph := plot.New()
	graph.BackgroundColor = color.Transparent
	graph.TextHandler = shaper
	for _, axis := range []*plot.Axis{&graph.X, &graph.Y} {
		axis.Tick.Label.Font, axis.Tick.Label.Handler, axis.Tick.Label.Color = style(8, ink, false, 0, 0).Font, shaper, faint
		axis.Color, axis.Tick.Color = frame, frame
		axis.Padding = 2
	}
	low, high := bounds(shown, logarithmic)
	if line := limit(p); line > 0 && line < 20*high {
		high = max(high, line*1.1)
	}
	if field.Max != nil {
		high = *field.Max
	}
	graph.Add(grid())
	// From back to front: the top of the stack is drawn first.
	for i := len(shown) - 1; i >= 0; i-- {
		if err := addLine(graph, shown[i], lines[i%len(lines)], custom.Stacking != nil, logarithmic); err != nil {
			return err
		}
	}
	if value := limit(p); value > 0 && value <= high {
		threshold := plotter.NewFunction(func(float64) float64 { return value })
		threshold.Color, threshold.Width, threshold.Dashes = colors["red"], 0.75, []vg.Length{4, 3}
		graph.Add(threshold)
	}
	graph.Y.Min, graph.Y.Max = low, high
	if logarithmic {
		graph.Y.Scale = plot.LogScale{}
	}
	graph.Y.Tick.Marker = plot.TickerFunc(func(from, to float64) []plot.Tick {
		return valueTicks(from, to, field.Unit, logarithmic)
	})
	graph.X.Tick.Marker = plot.TickerFunc(timeTicks)

	rows := drawLegend(all, field.Unit, c)
	graph.Draw(draw.Crop(c, 0, -2*gap, vg.Length(rows)*12, 0))
	return nil
}

// addLine draws one series. A NaN interrupts the line.
func addLine(graph *plot.Plot, one named, c color.RGBA, filled, logarithmic bool) error {
	var segment plotter.XYs
	flush := func() error {
		if len(segment) > 1 {
			drawn, err := plotter.NewLine(segment)
			if err != nil {
				return fmt.Errorf("drawing %s: %w", one.name, err)
			}
			drawn.Color, drawn.Width = c, 1.25
			if filled {
				drawn.FillColor = color.RGBA{lighter(c.R), lighter(c.G), lighter(c.B), 255}
			}
			graph.Add(drawn)
		}
		segment = nil
		return nil
	}
	for _, point := range one.points {
		value := float64(point.Value)
		if math.IsNaN(value) || math.IsInf(value, 0) || logarithmic && value <= 0 {
			if err := flush(); err != nil {
				return err
			}
			continue
		}
		segment = append(segment, plotter.XY{X: float64(point.Timestamp.Unix()), Y: value})
	}
	return flush()
}

// lighter returns a component of a color mixed with two parts of white.
func lighter(component uint8) uint8 { return uint8(255 - (255-int(component))/3) }

// stack adds the values of the preceding series to each series.
func stack(all []named) []named {
	sums := map[model.Time]model.SampleValue{}
	stacked := make([]named, len(all))
	for i, one := range all {
		stacked[i].name = one.name
		for _, point := range one.points {
			if !math.IsNaN(float64(point.Value)) {
				sums[point.Timestamp] += point.Value
			}
			sum := model.SamplePair{Timestamp: point.Timestamp, Value: sums[point.Timestamp]}
			stacked[i].points = append(stacked[i].points, sum)
		}
	}
	return stacked
}

// bounds returns the range of the value axis.
func bounds(all []named, logarithmic bool) (low, high float64) {
	low, high = math.Inf(1), 0
	for _, one := range all {
		for _, point := range one.points {
			value := float64(point.Value)
			if math.IsNaN(value) || math.IsInf(value, 0) {
				continue
			}
			high = max(high, value)
			if value > 0 {
				low = min(low, value)
			}
		}
	}
	if high == 0 {
		return cmp.Or(map[bool]float64{true: 0.1}[logarithmic], 0), 1
	}
	if !logarithmic {
		return 0, high * 1.05
	}
	return math.Pow(10, math.Floor(math.Log10(low))), high * 1.5
}

// limit returns the value at which a panel draws a line, or 0 if it draws none.
func limit(p grafana.Panel) float64 {
	if p.FieldConfig.Defaults.Custom.(*grafana.TimeSeriesField).ThresholdsStyle == nil {
		return 0
	}
	return *p.FieldConfig.Defaults.Thresholds.Steps[1].Value
}

func grid() *plotter.Grid {
	g := plotter.NewGrid()
	g.Vertical.Color, g.Horizontal.Color = paper, paper
	return g
}

func valueTicks(from, to float64, unit string, logarithmic bool) []plot.Tick {
	var ticks []plot.Tick
	if logarithmic {
		for value := from; value <= to*1.001; value = decade(value, unit) {
			ticks = append(ticks, plot.Tick{Value: value, Label: format(value, unit)})
		}
		return ticks
	}
	scale := base(to, unit)
	for _, tick := range (plot.DefaultTicks{}).Ticks(from/scale, to/scale) {
		if !tick.IsMinor() {
			ticks = append(ticks, plot.Tick{Value: tick.Value * scale, Label: format(tick.Value*scale, unit)})
		}
	}
	return ticks
}

// decade returns the next tick on a logarithmic axis: ten times the value, or full
// minutes and hours for times.
func decade(value float64, unit string) float64 {
	if next := map[float64]float64{10: 60, 600: 3600}[math.Round(value)]; unit == "s" && next > 0 {
		return next
	}
	return value * 10
}

// timeTicks returns about eight ticks at full minutes.
func timeTicks(from, to float64) []plot.Tick {
	step := 60 * math.Ceil((to-from)/60/8)
	var ticks []plot.Tick
	for at := math.Ceil(from/step) * step; at <= to; at += step {
		ticks = append(ticks, plot.Tick{Value: at, Label: clock(at)})
	}
	return ticks
}

// drawLegend draws the names of the series with their last values in three columns at
// the bottom, and returns the number of lines.
func drawLegend(all []named, unit string, c draw.Canvas) int {
	const columns = 3
	names := all[:min(len(all), legendLines)]
	rows := (len(names) + columns - 1) / columns
	width := (c.Max.X - c.Min.X) / columns
	for i, one := range names {
		x := c.Min.X + width*vg.Length(i%columns)
		y := c.Min.Y + 12*vg.Length(rows-1-i/columns) + 5
		mark := vg.Rectangle{Min: vg.Point{X: x, Y: y - 1}, Max: vg.Point{X: x + 10, Y: y + 1}}
		c.FillPolygon(lines[i%len(lines)], rectangle(mark))
		label := one.name + "  " + format(one.now(), unit)
		if i == legendLines-1 && len(all) > legendLines {
			label = fmt.Sprintf("and %d more", len(all)-legendLines+1)
		}
		c.FillText(style(8.5, ink, false, text.XLeft, text.YCenter), vg.Point{X: x + 14, Y: y}, label)
	}
	return rows
}
