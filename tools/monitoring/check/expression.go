package check

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
)

// variable matches a variable that Grafana replaces in a query: $name or ${name}.
var variable = regexp.MustCompile(`\$\{?([A-Za-z_]+)\}?`)

// Substitute replaces the variables in an expression as Grafana does. A variable
// without a value is an error, because Grafana would send its name to Prometheus.
func Substitute(expr string, values map[string]string) (string, error) {
	var unknown []string
	result := variable.ReplaceAllStringFunc(expr, func(found string) string {
		name := variable.FindStringSubmatch(found)[1]
		value, ok := values[name]
		if !ok {
			unknown = append(unknown, name)
		}
		return value
	})
	if len(unknown) > 0 {
		return "", fmt.Errorf("the variable %s is not defined", strings.Join(unknown, ", "))
	}
	return result, nil
}

var promQL = parser.NewParser(parser.Options{})

// metricsOf returns the distinct metrics that an expression reads, sorted.
func metricsOf(expr string) ([]string, error) {
	parsed, err := promQL.ParseExpr(expr)
	if err != nil {
		return nil, fmt.Errorf("parsing %s: %w", expr, err)
	}
	var names []string
	for _, matchers := range parser.ExtractSelectors(parsed) {
		i := slices.IndexFunc(matchers, func(m *labels.Matcher) bool { return m.Name == model.MetricNameLabel })
		if i < 0 || matchers[i].Type != labels.MatchEqual {
			return nil, fmt.Errorf("parsing %s: a selector does not name its metric", expr)
		}
		names = append(names, matchers[i].Value)
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}
