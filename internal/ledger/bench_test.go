package ledger_test

import (
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dateline-news/dateline/internal/ledger"
	"github.com/dateline-news/dateline/internal/natsembed"
	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/outcome"
	"github.com/dateline-news/dateline/internal/topology"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// BenchmarkOutcome stores outcomes of inputs that end at the same time, with every
// write synced to disk.
func BenchmarkOutcome(b *testing.B) {
	for _, callers := range []int{1, 8, 64} {
		b.Run(fmt.Sprintf("%d callers", callers), func(b *testing.B) {
			server, err := natsembed.Start(natsembed.Config{Dir: b.TempDir(), Addr: "127.0.0.1:0"})
			if err != nil {
				b.Fatal(err)
			}
			b.Cleanup(server.Stop)
			_, js := natstest.Connect(b, server)
			if err := topology.Reconcile(b.Context(), js, topology.Limits{}); err != nil {
				b.Fatal(err)
			}
			writer := ledger.NewWriter(ledger.Config{
				JS: js, Stage: datelinev1.Stage_STAGE_FETCH, Log: slog.New(slog.DiscardHandler), Now: time.Now,
				Count: func(datelinev1.Verdict, outcome.Reason) {}, CountUnkept: func() {},
			})
			var number atomic.Int64
			b.ResetTimer()
			var running sync.WaitGroup
			for range callers {
				running.Go(func() {
					for n := number.Add(1); n <= int64(b.N); n = number.Add(1) {
						url := fmt.Sprintf("https://site.example/news/2026/11/25/a-headline-of-the-usual-length-%d", n)
						ended := &datelinev1.Outcome{
							InputId: fmt.Sprint(n), RequestId: fmt.Sprint("request-", n), Url: url, Host: "site.example",
							Verdict: datelinev1.Verdict_VERDICT_PRODUCED, OutputId: fmt.Sprint("page-", n),
						}
						if err := writer.Outcome(b.Context(), ended, time.Second, uint64(n)); err != nil {
							b.Error(err)
						}
					}
				})
			}
			running.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "outcomes/s")
		})
	}
}
