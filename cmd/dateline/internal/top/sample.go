// Package top shows how the pipeline runs, from the metrics of its processes.
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
	// readTimeout bounds the reading of one process's metrics.
	readTimeout = 3 * time.Second
	// maxMetrics bounds them, in bytes.
	maxMetrics = 16 << 20
)

// Sample is what the metrics of some processes said at a time.
type Sample struct {
	Time time.Time
	// processes have the metrics by address, in the order of the addresses; nil
	// where a process did not answer.
	processes []map[string]*dto.MetricFamily
	// Silent are the addresses that did not answer, each with why.
	Silent []string
}

// Read asks the admin addresses for their metrics, all at once.
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
	_ = tasks.Wait() // none has an error
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
	if strings.HasPrefix(address, ":") {
		address = "127.0.0.1" + address
	}
	if !strings.Contains(address, "://") {
		address = "http://" + address
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(address, "/")+"/metrics", nil)
	if err != nil {
		return nil, err
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(request)
	if err != nil {
		var inner interface{ Unwrap() error }
		if errors.As(err, &inner) {
			err = inner.Unwrap() // without the address again
		}
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("it answers %s to /metrics: give the address of an admin endpoint", response.Status)
	}
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(io.LimitReader(response.Body, maxMetrics))
	if err != nil {
		return nil, fmt.Errorf("reading its metrics: %w", err)
	}
	return families, nil
}

// labels choose series: name, value, name, value …; a series with others besides
// is chosen too.
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

// each calls back for every chosen series of every process.
func (s Sample) each(name string, chosen labels, back func(process int, m *dto.Metric)) {
	for i, families := range s.processes {
		for _, m := range families[name].GetMetric() {
			if chosen.match(m) {
				back(i, m)
			}
		}
	}
}

func value(m *dto.Metric) float64 {
	return m.GetCounter().GetValue() + m.GetGauge().GetValue() + m.GetUntyped().GetValue()
}

// sum adds what the processes say, each for itself: work in hand, hosts.
func (s Sample) sum(name string, chosen ...string) (total float64, is bool) {
	s.each(name, chosen, func(_ int, m *dto.Metric) { total, is = total+value(m), true })
	return total, is
}

// most is for what all processes see alike: streams, the store. Several chosen
// series of one process are added up.
func (s Sample) most(name string, chosen ...string) (most float64, is bool) {
	totals := map[int]float64{}
	s.each(name, chosen, func(process int, m *dto.Metric) { totals[process] += value(m) })
	for _, total := range totals {
		most, is = max(most, total), true
	}
	return most, is
}

// growth is by how much counters have grown since an earlier sample of the same
// processes; one that was started again has grown from zero.
func (s Sample) growth(before Sample, name string, chosen ...string) float64 {
	type key struct {
		process int
		labels  string
	}
	earlier := map[key]float64{}
	before.each(name, chosen, func(process int, m *dto.Metric) { earlier[key{process, fmt.Sprint(m.GetLabel())}] = value(m) })
	grown := 0.0
	s.each(name, chosen, func(process int, m *dto.Metric) {
		now := value(m)
		if was := earlier[key{process, fmt.Sprint(m.GetLabel())}]; was <= now {
			now -= was
		}
		grown += now
	})
	return grown
}

// buckets are the cumulative counts of a classic histogram, by upper bound.
func (s Sample) buckets(name string, chosen ...string) map[float64]float64 {
	all := map[float64]float64{}
	s.each(name, chosen, func(_ int, m *dto.Metric) {
		for _, b := range m.GetHistogram().GetBucket() {
			all[b.GetUpperBound()] += float64(b.GetCumulativeCount())
		}
	})
	return all
}
