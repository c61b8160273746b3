package telemetry

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"github.com/dateline-news/dateline/internal/outcome"
	"github.com/dateline-news/dateline/internal/subject"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// Prefix is the prefix of the names of Dateline's own metrics.
const Prefix = "dateline_"

// WriteReference writes Dateline's own metrics in a registry as Markdown: a table of
// all metrics, and a table of the outcome reasons. It lists the label values of
// existing series. Therefore each metric must create its series before the first
// event.
func WriteReference(w io.Writer, reg prometheus.Gatherer) error {
	families, err := reg.Gather()
	if err != nil {
		return fmt.Errorf("gathering metrics: %w", err)
	}
	var b strings.Builder
	b.WriteString("| metric | type | unit | labels | meaning |\n|---|---|---|---|---|\n")
	for _, family := range families {
		if strings.HasPrefix(family.GetName(), Prefix) {
			fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s |\n",
				family.GetName(), kind(family), unit(family.GetName()), labels(family), family.GetHelp())
		}
	}
	b.WriteString("\n## Reasons\n\nThe values of `reason` in `" + reasonsMetric + "`. " +
		"A retried reason ends an input only once its attempts are used up.\n\n")
	writeReasons(&b)
	_, err = io.WriteString(w, b.String())
	return err
}

const reasonsMetric = Prefix + "stage_outcome_reasons_total"

func kind(family *dto.MetricFamily) string { return strings.ToLower(family.GetType().String()) }

// unit returns the unit of a metric, derived from its name by the conventions of
// Prometheus.
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

// labels lists the labels of a metric with their values. It omits the values of an
// info metric, which are specific to the process.
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

// writeReasons writes the table of outcomes: the values of the label reason.
func writeReasons(b *strings.Builder) {
	b.WriteString("| stage | verdict | reason | retried | meaning |\n|---|---|---|---|---|\n")
	for _, e := range outcome.Table() {
		verdict, retried := subject.VerdictName(e.Verdict), ""
		if e.Verdict == datelinev1.Verdict_VERDICT_UNSPECIFIED {
			verdict = ""
		}
		if e.Retried {
			retried = "yes"
		}
		fmt.Fprintf(b, "| %s | %s | `%s` | %s | %s |\n", e.Stage, verdict, e.Reason, retried, e.Meaning)
	}
}
