package check

import (
	"fmt"
	"os"
	"regexp"
	"strings"
)

// Metrics is the set of names that queries may use.
type Metrics map[string]bool

// foreign contains the metrics of Prometheus itself and of its client library.
var foreign = []string{"up", "ALERTS", "process_cpu_seconds_total", "process_resident_memory_bytes",
	"process_start_time_seconds"}

var documented = regexp.MustCompile("`(dateline_[a-z0-9_]+)`")

// ReadMetrics reads the names from docs/metrics.md.
func ReadMetrics(path string) (Metrics, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading the list of metrics: %w", err)
	}
	known := Metrics{}
	for _, match := range documented.FindAllStringSubmatch(string(text), -1) {
		known[match[1]] = true
	}
	for _, name := range foreign {
		known[name] = true
	}
	return known, nil
}

// has reports whether a metric exists. The series of a histogram count as metrics.
func (m Metrics) has(name string) bool {
	for _, part := range []string{"", "_bucket", "_sum", "_count"} {
		if base, ok := strings.CutSuffix(name, part); ok && m[base] {
			return true
		}
	}
	return false
}

// unknown returns the metrics in an expression that nothing exports.
func (m Metrics) unknown(expr string) ([]string, error) {
	names, err := metricsOf(expr)
	var missing []string
	for _, name := range names {
		if !m.has(name) {
			missing = append(missing, name)
		}
	}
	return missing, err
}
