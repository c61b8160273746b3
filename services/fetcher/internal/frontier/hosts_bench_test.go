package frontier

import (
	"fmt"
	"testing"
	"time"

	"github.com/dateline-news/dateline/internal/subject"
)

// BenchmarkHosts measures the memory of a replica per host whose URLs wait.
func BenchmarkHosts(b *testing.B) {
	const hosts = 500_000
	var f *Frontier
	for b.Loop() {
		before := heapBytes()
		f = &Frontier{
			Config: Config{Now: time.Now},
			wake:   make(chan struct{}, 1), hosts: map[string]*host{}, busy: map[int]int{}, closed: map[int]bool{},
		}
		for i := range hosts {
			partition := i % subject.Partitions
			name := subject.Frontier(partition, subject.LaneFresh, fmt.Sprintf("example.site%d", i))
			f.add(name, partition, time.Time{}, false)
		}
		b.ReportMetric(float64(heapBytes()-before)/hosts, "B/host")
	}
	if len(f.hosts) != hosts {
		b.Fatalf("%d hosts", len(f.hosts))
	}
}
