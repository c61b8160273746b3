package frontier

import "github.com/prometheus/client_golang/prometheus"

// register registers the metrics of this replica's part of the queue.
func (f *Frontier) register() {
	gauge := func(name, help string, read func() int) {
		opts := prometheus.GaugeOpts{Name: name, Help: help}
		f.Registry.MustRegister(prometheus.NewGaugeFunc(opts, func() float64 { return float64(read()) }))
	}
	gauge("dateline_frontier_hosts", "Hosts in this replica's partitions with waiting URLs or in a pause.", func() int {
		f.mu.Lock()
		defer f.mu.Unlock()
		return len(f.hosts)
	})
	gauge("dateline_frontier_hosts_active", "Hosts with a request in progress.", func() int {
		f.mu.Lock()
		defer f.mu.Unlock()
		active := 0
		for _, visits := range f.busy {
			active += visits
		}
		return active
	})
	gauge("dateline_frontier_partitions", "Partitions that this replica owns.", func() int {
		return len(f.leases.owned())
	})
	wait := prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: "dateline_frontier_wait_seconds",
		Help: "Time from when a URL was due in the frontier until its request began, in seconds.",

		Buckets:                     []float64{0.01, 0.05, 0.1, 0.5, 1, 2, 5, 10, 30, 60, 300, 900, 3600, 14400, 86400},
		NativeHistogramBucketFactor: 1.1, NativeHistogramMaxBucketNumber: 100,
	})
	f.Registry.MustRegister(wait)
	f.wait = wait
}
