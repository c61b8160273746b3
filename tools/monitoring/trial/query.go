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

// askTimeout bounds each question to Prometheus.
const askTimeout = 20 * time.Second

// Source is a Prometheus, and the times that Grafana would ask it for.
type Source struct {
	api prometheus.API
	// Range is how long a time the graphs show, up to End; Window is what
	// Grafana's $__rate_interval stands for.
	Range, Window time.Duration
	// End is the end of the graphs; zero means now.
	End time.Time
}

// Open makes a Source of the Prometheus at an address; it asks nothing yet.
func Open(url string, shown, window time.Duration) (*Source, error) {
	client, err := api.NewClient(api.Config{Address: url})
	if err != nil {
		return nil, fmt.Errorf("preparing to ask Prometheus at %s: %w", url, err)
	}
	return &Source{api: prometheus.NewAPI(client), Range: shown, Window: window}, nil
}

// Series is one line of a graph, or one number: Points has one entry then.
type Series struct {
	Labels model.Metric
	Points []model.SamplePair
}

// Ask runs one query of a panel as Grafana does, with everything chosen in the
// dashboard's variables: over the range for a graph, else at its end.
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
		return nil, fmt.Errorf("asking %s: %w", expr, err)
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
	return nil, fmt.Errorf("asking %s: the answer is a %s, not series", expr, value.Type())
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

// empty says why series are nothing to look at, or nothing.
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
