package fetcher

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/dateline-news/dateline/services/fetcher/internal/httpget"
	"github.com/dateline-news/dateline/services/fetcher/internal/pace"
)

// refusals are the statuses with which a site refuses to be crawled, permanently or
// temporarily.
var refusals = []int{
	http.StatusUnauthorized, http.StatusForbidden, http.StatusTooManyRequests,
	http.StatusUnavailableForLegalReasons, http.StatusServiceUnavailable,
}

// The values of the label "change" of the breaker metric.
const (
	breakerOpened = "open"
	breakerClosed = "close"
)

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

// registerSharing registers the metrics of hosts that share an address.
func registerSharing(reg prometheus.Registerer, neighbours *pace.Neighbours) {
	reg.MustRegister(
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "dateline_fetch_sharing_hosts",
			Help: "Hosts that take turns because they share an address with other hosts (fetcher.per-address).",
		}, func() float64 { hosts, _ := neighbours.Sharing(); return float64(hosts) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "dateline_fetch_shared_addresses",
			Help: "Addresses for which several hosts wait.",
		}, func() float64 { _, addresses := neighbours.Sharing(); return float64(addresses) }),
	)
}

// newFetchMetrics registers the metrics. breakersOpen returns the number of sites that
// are paused because they fail.
func newFetchMetrics(reg prometheus.Registerer, now func() time.Time, breakersOpen func() int) *fetchMetrics {
	m := &fetchMetrics{
		responses: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "dateline_fetch_responses_total", Help: "Responses of web servers, by class of status.",
		}, []string{"class"}),
		refusals: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "dateline_fetch_refusals_total",
			Help: "Responses with which a site may refuse to be crawled, permanently or temporarily, by status.",
		}, []string{"status"}),
		refusing: &refusingHosts{now: now, since: map[string]time.Time{}},
		failures: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "dateline_fetch_failures_total", Help: "Requests that failed without a usable response, by kind of failure.",
		}, []string{"failure"}),
		bytes: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "dateline_fetch_body_bytes_total", Help: "Bytes of response bodies, as received.",
		}),
		robots: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "dateline_fetch_robots_total", Help: "Times a robots.txt was requested, not counting redirects.",
		}),
		denied: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "dateline_fetch_robots_denied_total",
			Help: "URLs that were not fetched because robots.txt disallows them.",
		}),
		breakers: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "dateline_fetch_breaker_changes_total",
			Help: "Times a failing host was paused (open, again after each failed probe) or found to work again (close).",
		}, []string{"change"}),
	}
	reg.MustRegister(m.responses, m.refusals, m.failures, m.bytes, m.robots, m.denied, m.breakers,
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "dateline_fetch_refusing_hosts",
			Help: "Hosts whose last response was 403 or 429 and came within the last hour.",
		}, func() float64 { return float64(m.refusing.count()) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "dateline_fetch_breakers_open", Help: "Sites that are currently paused because they keep failing.",
		}, func() float64 { return float64(breakersOpen()) }),
	)
	for _, change := range []string{breakerOpened, breakerClosed} {
		m.breakers.WithLabelValues(change)
	}
	for class := 2; class <= 5; class++ {
		m.responses.WithLabelValues(strconv.Itoa(class) + "xx")
	}
	for _, status := range refusals {
		m.refusals.WithLabelValues(strconv.Itoa(status))
	}
	for _, class := range httpget.Classes {
		if class != httpget.Canceled { // not a failure of the request
			m.failures.WithLabelValues(string(class))
		}
	}
	return m
}

// observe counts a response, or the failure of a request.
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
