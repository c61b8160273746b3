package trial

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/prometheus/client_golang/api"
	prometheus "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"

	"github.com/dateline-news/dateline/tools/monitoring/check"
	"github.com/dateline-news/dateline/tools/monitoring/grafana"
)

// askTimeout bounds each request to Prometheus.
const askTimeout = 20 * time.Second

// Source is a Prometheus, with the times that Grafana would query.
type Source struct {
	api prometheus.API
	// Range is the length of the time range that the graphs show. Window is the value
	// of Grafana's $__rate_interval.
	Range, Window time.Duration
	// End is the end of the graphs; zero means now.
	End time.Time
}

// Open returns a Source for the Prometheus at an address. It sends no request yet.
func Open(url string, shown, window time.Duration) (*Source, error) {
	client, err := api.NewClient(api.Config{Address: url})
	if err != nil {
		return nil, fmt.Errorf("creating a client of Prometheus at %s: %w", url, err)
	}
	return &Source{api: prometheus.NewAPI(client), Range: shown, Window: window}, nil
}

// Series is one line of a graph, or one number, for which Points has a single entry.
type Series struct {
	Labels model.Metric
	Points []model.SamplePair
}

// Ask runs one query of a panel as Grafana does when "All" is selected for each of
// the dashboard's variables. A graph's query covers the time range, and any other
// query is evaluated at its end.
func (s *Source) Ask(ctx context.Context, d grafana.Dashboard, target grafana.Target) ([]Series, error) {
	expr, err := check.Substitute(target.Expr, s.variables(d))
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	end := s.End
	if end.IsZero() {
		end = time.Now()
	}
	var value model.Value
	if target.Instant {
		value, _, _, err = s.api.Query(ctx, expr, end)
	} else {
		step := max(s.Range/300, time.Second)
		value, _, _, err = s.api.QueryRange(ctx, expr, prometheus.Range{Start: end.Add(-s.Range), End: end, Step: step})
	}
	if err != nil {
		return nil, fmt.Errorf("querying %s: %w", expr, err)
	}
	switch value := value.(type) {
	case model.Vector:
		all := make([]Series, len(value))
		for i, sample := range value {
			all[i] = Series{sample.Metric, []model.SamplePair{{Timestamp: sample.Timestamp, Value: sample.Value}}}
		}
		return all, nil
	case model.Matrix:
		all := make([]Series, len(value))
		for i, stream := range value {
			all[i] = Series{stream.Metric, stream.Values}
		}
		return all, nil
	}
	return nil, fmt.Errorf("querying %s: the result is a %s, not series", expr, value.Type())
}

func (s *Source) variables(d grafana.Dashboard) map[string]string {
	values := map[string]string{
		"__rate_interval": model.Duration(s.Window).String(),
		"__range":         model.Duration(s.Range).String(),
	}
	for _, v := range d.Templating.List {
		values[v.Name] = v.AllValue
	}
	return values
}

// empty returns why there is nothing to show, or "" if there is a value.
func empty(all []Series) string {
	if len(all) == 0 {
		return "no data"
	}
	for _, one := range all {
		for _, point := range one.Points {
			if !math.IsNaN(float64(point.Value)) {
				return ""
			}
		}
	}
	return "nothing but NaN"
}
