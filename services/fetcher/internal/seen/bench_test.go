package seen

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/dateline-news/dateline/internal/natsembed"
	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/topology"
	"github.com/dateline-news/dateline/services/fetcher/bench/contender"
)

// BenchmarkMemory marks URLs in batches, and measures what a mark takes in the memory of the
// NATS server, which runs in this process.
func BenchmarkMemory(b *testing.B) {
	const batches, batch = 1200, 250
	server, err := natsembed.Start(natsembed.Config{Dir: b.TempDir(), Addr: "127.0.0.1:0", Relaxed: true})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(server.Stop)
	_, js := natstest.Connect(b, server)
	if err := topology.Reconcile(b.Context(), js, topology.Limits{}); err != nil {
		b.Fatal(err)
	}
	marks, err := Open(b.Context(), js)
	if err != nil {
		b.Fatal(err)
	}
	made := 0
	before, resident := heap(), contender.Resident("VmRSS")
	for b.Loop() {
		for range batches {
			claims := make([]Claim, batch)
			for i := range claims {
				made++
				id := fmt.Sprintf("%064x", made*2654435761)
				claims[i] = Claim{Key: id, Mark: Mark{Time: time.Now(), Input: id, Request: fmt.Sprint("request-", made)}}
			}
			for _, r := range marks.ClaimAll(b.Context(), claims) {
				if r.Err != nil || !r.OK {
					b.Fatalf("%+v", r)
				}
			}
		}
	}
	b.ReportMetric(float64(heap()-before)/float64(made), "bytes/mark")
	b.ReportMetric(float64(contender.Resident("VmHWM")-resident)/float64(made), "peak-resident-bytes/mark")
}

func heap() int64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}
