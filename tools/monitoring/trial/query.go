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

// askTimeout is the maximum time of a request to Prometheus.
const askTimeout = 20 * time.Second

// Times are the times that Grafana passes to Prometheus.
type Times struct {
	// Range is the length of the time that the graphs show, up to End.
	Range time.Duration
	// Window is the value of $__rate_interval.
	Window time.Duration
	// End is the end of the graphs. The zero time means now.
	End time.Time
}

// Source is a Prometheus that is queried as Grafana does.
type Source struct {
	api prometheus.API
	Times
}

// Open returns a Source for the Prometheus at a URL. It sends no request.
func Open(url string, times Times) (*Source, error) {
	client, err := api.NewClient(api.Config{Address: url})
	if err != nil {
		return nil, fmt.Errorf("creating a client for Prometheus at %s: %w", url, err)
	}
	return &Source{prometheus.NewAPI(client), times}, nil
}

// Series is a line of a graph, or a number, which has one point.
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
