package fetcher

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/dateline-news/dateline/services/fetcher/internal/httpget"
)

type fetchMetrics struct {
	responses *prometheus.CounterVec
	failures  *prometheus.CounterVec
	bytes     prometheus.Counter
	robots    prometheus.Counter
	breakers  *prometheus.CounterVec
}

func newFetchMetrics(reg prometheus.Registerer) *fetchMetrics {
	m := &fetchMetrics{
		responses: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "dateline_fetch_responses_total", Help: "Answers of web servers, by class of status.",
		}, []string{"class"}),
		failures: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "dateline_fetch_failures_total", Help: "Requests without an answer, by what failed.",
		}, []string{"failure"}),
		bytes: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "dateline_fetch_body_bytes_total", Help: "Bytes of bodies as received.",
		}),
		robots: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "dateline_fetch_robots_total", Help: "Times that a robots.txt was asked for.",
		}),
		breakers: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "dateline_fetch_breaker_changes_total", Help: "Times that a failing host was left alone (open, again after each failed probe), or was found to work again (close).",
		}, []string{"change"}),
	}
	reg.MustRegister(m.responses, m.failures, m.bytes, m.robots, m.breakers)
	for _, change := range []string{"open", "close"} {
		m.breakers.WithLabelValues(change)
	}
	for class := 2; class <= 5; class++ {
		m.responses.WithLabelValues(strconv.Itoa(class) + "xx")
	}
	return m
}

func (m *fetchMetrics) response(r *httpget.Response) {
	m.responses.WithLabelValues(strconv.Itoa(r.Status/100) + "xx").Inc()
	m.bytes.Add(float64(len(r.Body)))
}
