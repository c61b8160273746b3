// Package top shows the state of a running pipeline from the metrics of its processes.
package top

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"golang.org/x/sync/errgroup"
)

const (
	// readTimeout bounds the time to read the metrics of one process.
	readTimeout = 3 * time.Second
	// maxMetrics is the maximum size of the metrics of one process, in bytes.
	maxMetrics = 16 << 20
)

// Sample contains the metrics of some processes at one time.
type Sample struct {
	Time time.Time
	// processes contains the metrics by name, in the order of the addresses. It is nil
	// for processes that did not answer.
	processes []map[string]*dto.MetricFamily
	// Silent lists the addresses that did not answer, each with the error.
	Silent []string
}

// Read reads the metrics of all admin addresses concurrently.
func Read(ctx context.Context, addresses []string, now func() time.Time) Sample {
	s := Sample{processes: make([]map[string]*dto.MetricFamily, len(addresses))}
	failures := make([]error, len(addresses))
	var tasks errgroup.Group
	for i, address := range addresses {
		tasks.Go(func() error {
			s.processes[i], failures[i] = read(ctx, address)
			return nil
		})
	}
	_ = tasks.Wait() // no task returns an error
	s.Time = now()
	for i, err := range failures {
		if err != nil {
			s.Silent = append(s.Silent, fmt.Sprintf("%s: %v", addresses[i], err))
		}
	}
	return s
}

func read(ctx context.Context, address string) (map[string]*dto.MetricFamily, error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, metricsURL(address), nil)
	if err != nil {
		return nil, err
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(request)
	if err != nil {
		var inner interface{ Unwrap() error }
		if errors.As(err, &inner) {
			err = inner.Unwrap() // the caller names the address
		}
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("it answers %s to /metrics: give an admin address", response.Status)
	}
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(io.LimitReader(response.Body, maxMetrics))
	if err != nil {
		return nil, fmt.Errorf("reading its metrics: %w", err)
	}
	return families, nil
}

// metricsURL returns the URL of the metrics at an address, which may be only host:port
// or :port.
func metricsURL(address string) string {
	if strings.HasPrefix(address, ":") {
		address = "127.0.0.1" + address
	}
	if !strings.Contains(address, "://") {
		address = "http://" + address
	}
	return strings.TrimSuffix(address, "/") + "/metrics"
}

// labels select series: name, value, name, value, … A series may have other labels too.
type labels []string

func (l labels) match(m *dto.Metric) bool {
	for i := 0; i < len(l); i += 2 {
		found := false
		for _, pair := range m.GetLabel() {
			found = found || pair.GetName() == l[i] && pair.GetValue() == l[i+1]
		}
		if !found {
			return false
		}
	}
	return true
}

// each calls do for every selected series of every process.
func (s Sample) each(name string, selected labels, do func(process int, m *dto.Metric)) {
	for i, families := range s.processes {
		for _, m := range families[name].GetMetric() {
			if selected.match(m) {
				do(i, m)
			}
		}
	}
}

func value(m *dto.Metric) float64 {
	return m.GetCounter().GetValue() + m.GetGauge().GetValue() + m.GetUntyped().GetValue()
}

func label(m *dto.Metric, name string) string {
	for _, pair := range m.GetLabel() {
		if pair.GetName() == name {
			return pair.GetValue()
		}
	}
	return ""
}

// sum adds the series of all processes. It is for values that each process measures
// for itself, such as work in progress.
func (s Sample) sum(name string, selected ...string) float64 {
	total := 0.0
	s.each(name, selected, func(_ int, m *dto.Metric) { total += value(m) })
	return total
}

// shared returns the largest value that a process reports. It is for values that all
// processes measure alike, such as the size of a stream. If several series of one
// process are selected, they are added.
func (s Sample) shared(name string, selected ...string) float64 {
	totals := map[int]float64{}
	s.each(name, selected, func(process int, m *dto.Metric) { totals[process] += value(m) })
	largest := 0.0
	for _, total := range totals {
		largest = max(largest, total)
	}
	return largest
}

// growth returns the increase of counters since an earlier sample of the same
// processes. A counter that has decreased belongs to a process that was restarted, and
// has grown from zero.
func (s Sample) growth(before Sample, name string, selected ...string) float64 {
	type series struct {
		process int
		labels  string
	}
	earlier := map[series]float64{}
	before.each(name, selected, func(process int, m *dto.Metric) {
		earlier[series{process, fmt.Sprint(m.GetLabel())}] = value(m)
	})
	total := 0.0
	s.each(name, selected, func(process int, m *dto.Metric) {
		now := value(m)
		if was := earlier[series{process, fmt.Sprint(m.GetLabel())}]; was <= now {
			now -= was
		}
		total += now
	})
	return total
}

// buckets returns the cumulative counts of a classic histogram by upper bound.
func (s Sample) buckets(name string, selected ...string) map[float64]float64 {
	all := map[float64]float64{}
	s.each(name, selected, func(_ int, m *dto.Metric) {
		for _, b := range m.GetHistogram().GetBucket() {
			all[b.GetUpperBound()] += float64(b.GetCumulativeCount())
		}
	})
	return all
}
