package fetcher

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/dateline-news/dateline/services/fetcher/internal/httpget"
)

// refusals are the statuses with which a site may say that it does not want to
// be read, or not now.
var refusals = []int{
	http.StatusUnauthorized, http.StatusForbidden, http.StatusTooManyRequests, http.StatusUnavailableForLegalReasons, http.StatusServiceUnavailable,
}

type fetchMetrics struct {
	responses *prometheus.CounterVec
	refusals  *prometheus.CounterVec
	refusing  *refusingHosts
	failures  *prometheus.CounterVec
	bytes     prometheus.Counter
	robots    prometheus.Counter
	denied    prometheus.Counter
	breakers  *prometheus.CounterVec
}

// newFetchMetrics registers the metrics; breakersOpen counts the open breakers.
func newFetchMetrics(reg prometheus.Registerer, now func() time.Time, breakersOpen func() int) *fetchMetrics {
	m := &fetchMetrics{
		responses: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "dateline_fetch_responses_total", Help: "Answers of web servers, by class of status.",
		}, []string{"class"}),
		refusals: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "dateline_fetch_refusals_total", Help: "Answers with which a site may say that it does not want to be read, or not now, by status.",
		}, []string{"status"}),
		refusing: &refusingHosts{now: now, since: map[string]time.Time{}},
		failures: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "dateline_fetch_failures_total", Help: "Requests without an answer, by what failed.",
		}, []string{"failure"}),
		bytes: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "dateline_fetch_body_bytes_total", Help: "Bytes of bodies as received.",
		}),
		robots: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "dateline_fetch_robots_total", Help: "Times that a robots.txt was asked for.",
		}),
		denied: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "dateline_fetch_robots_denied_total", Help: "URLs that were not fetched because the site's robots.txt does not allow it.",
		}),
		breakers: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "dateline_fetch_breaker_changes_total", Help: "Times that a failing host was left alone (open, again after each failed probe), or was found to work again (close).",
		}, []string{"change"}),
	}
	reg.MustRegister(m.responses, m.refusals, m.failures, m.bytes, m.robots, m.denied, m.breakers,
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "dateline_fetch_refusing_hosts", Help: "Hosts whose last answer was 403 or 429, of those that were asked in the last hour.",
		}, func() float64 { return float64(m.refusing.count()) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "dateline_fetch_breakers_open", Help: "Sites that are left alone now because they fail.",
		}, func() float64 { return float64(breakersOpen()) }),
	)
	for _, change := range []string{"open", "close"} {
		m.breakers.WithLabelValues(change)
	}
	for class := 2; class <= 5; class++ {
		m.responses.WithLabelValues(strconv.Itoa(class) + "xx")
	}
	for _, status := range refusals {
		m.refusals.WithLabelValues(strconv.Itoa(status))
	}
	for _, class := range httpget.Classes {
		if class != httpget.Canceled { // which is no failure
			m.failures.WithLabelValues(string(class))
		}
	}
	return m
}

// observe counts a request's response, or its failure.
func (m *fetchMetrics) observe(host string, r *httpget.Response, err error) {
	if err != nil {
		if failure, ok := errors.AsType[*httpget.Error](err); ok && failure.Class != httpget.Canceled {
			m.failures.WithLabelValues(string(failure.Class)).Inc()
		}
		return
	}
	m.responses.WithLabelValues(strconv.Itoa(r.Status/100) + "xx").Inc()
	m.bytes.Add(float64(len(r.Body)))
	if slices.Contains(refusals, r.Status) {
		m.refusals.WithLabelValues(strconv.Itoa(r.Status)).Inc()
	}
	m.refusing.answered(host, r.Status)
}
