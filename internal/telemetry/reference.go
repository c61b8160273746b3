package telemetry

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
)

// Prefix begins the name of every metric of our own.
const Prefix = "dateline_"

// WriteReference writes the metrics of our own that a registry exposes as
// Markdown: a table of all, and one of the reasons by stage and verdict. The
// values of the labels are those of the series that are there, which is why
// every one is made before its first event.
func WriteReference(w io.Writer, reg prometheus.Gatherer) error {
	families, err := reg.Gather()
	if err != nil {
		return fmt.Errorf("gathering the metrics: %w", err)
	}
	var b strings.Builder
	b.WriteString("| metric | type | unit | labels | meaning |\n|---|---|---|---|---|\n")
	for _, family := range families {
		if strings.HasPrefix(family.GetName(), Prefix) {
			fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s |\n", family.GetName(), kind(family), unit(family.GetName()), labels(family), family.GetHelp())
		}
	}
	b.WriteString("\n## Reasons\n\nThe values of `reason` in `" + reasonsMetric + "`, by stage and verdict:\n\n| stage | verdict | reasons |\n|---|---|---|\n")
	for _, family := range families {
		if family.GetName() == reasonsMetric {
			writeReasons(&b, family)
		}
	}
	_, err = io.WriteString(w, b.String())
	return err
}

const reasonsMetric = Prefix + "stage_outcome_reasons_total"

func kind(family *dto.MetricFamily) string { return strings.ToLower(family.GetType().String()) }

// unit is what a metric counts, as its name says by Prometheus' conventions.
func unit(name string) string {
	name = strings.TrimSuffix(name, "_total")
	switch {
	case strings.HasSuffix(name, "_seconds"):
		return "seconds"
	case strings.HasSuffix(name, "_bytes"):
		return "bytes"
	case strings.HasSuffix(name, "_confidence"):
		return "probability"
	case strings.HasSuffix(name, "_info"):
		return ""
	}
	return "count"
}

// labels lists the labels of a metric with their values. Those of an info metric
// are the process's own and are not listed.
func labels(family *dto.MetricFamily) string {
	values := map[string]map[string]bool{}
	for _, metric := range family.GetMetric() {
		for _, label := range metric.GetLabel() {
			if values[label.GetName()] == nil {
				values[label.GetName()] = map[string]bool{}
			}
			values[label.GetName()][label.GetValue()] = true
		}
	}
	var out []string
	for _, name := range slices.Sorted(maps.Keys(values)) {
		text := "`" + name + "`"
		switch {
		case strings.HasSuffix(family.GetName(), "_info"):
		case family.GetName() == reasonsMetric && name == "reason":
			text += ": see below"
		default:
			text += ": " + strings.Join(slices.Sorted(maps.Keys(values[name])), ", ")
		}
		out = append(out, text)
	}
	return strings.Join(out, "; ")
}

func writeReasons(b *strings.Builder, family *dto.MetricFamily) {
	type end struct{ stage, verdict string }
	reasons := map[end][]string{}
	for _, metric := range family.GetMetric() {
		of := map[string]string{}
		for _, label := range metric.GetLabel() {
			of[label.GetName()] = label.GetValue()
		}
		at := end{of["stage"], of["verdict"]}
		reasons[at] = append(reasons[at], of["reason"])
	}
	for _, at := range slices.SortedFunc(maps.Keys(reasons), func(a, b end) int {
		return strings.Compare(a.stage+" "+a.verdict, b.stage+" "+b.verdict)
	}) {
		slices.Sort(reasons[at])
		fmt.Fprintf(b, "| %s | %s | %s |\n", at.stage, at.verdict, strings.Join(reasons[at], ", "))
	}
}
