package seen

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/dateline-news/dateline/internal/natsembed"
	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/topology"
	"github.com/dateline-news/dateline/services/fetcher/bench/contender"
)

const (
	benchBatch = 250
	// benchPack is the number of marks after which the benchmarks pack, if it is due.
	benchPack = 25_000
)

// benchServer starts a server in this process, with its streams, and opens the marks.
func benchServer(b *testing.B, dir string, relaxed bool) (*Marks, func()) {
	b.Helper()
	server, err := natsembed.Start(natsembed.Config{Dir: dir, Relaxed: relaxed})
	if err != nil {
		b.Fatal(err)
	}
	nc, js := natstest.Connect(b, server)
	if err := topology.Reconcile(b.Context(), js, topology.Limits{}); err != nil {
		b.Fatal(err)
	}
	marks, err := Open(b.Context(), js)
	if err != nil {
		b.Fatal(err)
	}
	marks.awaitRemoval = func(context.Context) error { return nil } // no other process uses an earlier edition
	return marks, func() { nc.Close(); server.Stop() }
}

// benchClaims returns claims of URLs that nobody has claimed, from a number on.
func benchClaims(from int) []Claim {
	claims := make([]Claim, benchBatch)
	for i := range claims {
		sum := sha256.Sum256(strconv.AppendInt(nil, int64(from+i), 10))
		id := fmt.Sprintf("%d-%s", from+i, strconv.FormatInt(time.Now().UnixNano(), 36))
		claims[i] = Claim{
			Key: hex.EncodeToString(sum[:16]), Mark: Mark{Time: time.Now(), Input: id, Request: id},
		}
	}
	return claims
}

// benchFill claims URLs in batches and packs the marks when it is due. It returns how long it took to pack.
func benchFill(b *testing.B, marks *Marks, from, end int) (packing time.Duration) {
	b.Helper()
	for ; from < end; from += benchBatch {
		for _, r := range marks.ClaimAll(b.Context(), benchClaims(from)) {
			if r.Err != nil || !r.OK {
				b.Fatalf("%+v", r)
			}
		}
		if from/benchPack == (from+benchBatch)/benchPack {
			continue
		}
		start := time.Now()
		if _, err := marks.Pack(b.Context()); err != nil {
			b.Fatal(err)
		}
		packing += time.Since(start)
	}
	return packing
}

// benchPacked stores packed marks of URLs that are in no claim, as rounds would.
func benchPacked(b *testing.B, marks *Marks, n int) {
	b.Helper()
	token, err := marks.startPacking(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	r := &round{Marks: marks, token: token}
	random := rand.NewChaCha8([32]byte{})
	perGroup := max(1, groupMarks*segments/n)
	for first := 0; first < segments; first += perGroup {
		for segment := first; segment < min(first+perGroup, segments); segment++ {
			for range n / segments {
				id := fmt.Sprintf("%d-%s", r.count, strconv.FormatInt(time.Now().UnixNano(), 36))
				mark := Mark{Time: time.Now(), Input: id, Request: id, Done: true}
				mark.Version = Version{URL: id, ETag: `"0123456789abcdef0123456789abcdef"`}
				data := pack(id, mark, time.Now())
				_, _ = random.Read(data[:hashSize])
				data[0] = data[0]&0xf | byte(segment<<4)
				r.added[segment] = append(r.added[segment], data)
			}
			slices.SortFunc(r.added[segment], byHash)
		}
		if err := r.writeGroup(b.Context(), first, min(first+perGroup, segments), leafBits(n)); err != nil {
			b.Fatal(err)
		}
	}
	if err := errors.Join(r.publish(b.Context()), marks.endPacking(b.Context(), token)); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkMemory measures what a mark takes in the memory of this process: in the NATS server, and in the indexes of
// a fetcher. 300,000 URLs are claimed in batches, and packed by rounds. Of more, those that rounds would have packed
// are stored at once; then as many are claimed as have entries of their own, and one more round packs the older half.
// Last, the server is started again. DATELINE_STORE names a folder in which the marks remain.
func BenchmarkMemory(b *testing.B) {
	for _, size := range []int{300_000, 1_000_000, 10_000_000, 30_000_000} {
		b.Run(strconv.Itoa(size), func(b *testing.B) {
			dir := cmp.Or(os.Getenv("DATELINE_STORE"), b.TempDir())
			marks, stop := benchServer(b, dir, true)
			before, resident := heap(), contender.Resident("VmRSS")
			report := func(step string, start time.Time) {
				b.Logf("%s: %s, resident %d MB, at most %d MB", step, time.Since(start).Round(time.Second),
					(contender.Resident("VmRSS")-resident)>>20, (contender.Resident("VmHWM")-resident)>>20)
			}
			for b.Loop() {
				start, claimed := time.Now(), size
				if size > 300_000 {
					claimed = maxEntries(size) + benchPack
					benchPacked(b, marks, size-claimed)
					report("stored packed marks", start)
				}
				start = time.Now()
				packing := benchFill(b, marks, 0, claimed)
				report(fmt.Sprintf("claimed the rest, with %s for packing", packing.Round(time.Second)), start)
			}
			b.ReportMetric(float64(contender.Resident("VmHWM")-resident)/float64(size), "peak-resident-bytes/mark")
			b.ReportMetric(float64(heap()-before)/float64(size), "bytes/mark")
			b.ReportMetric(float64(contender.Resident("VmRSS")-resident)/float64(size), "resident-bytes/mark")
			info, err := marks.stream.Info(b.Context())
			if err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(info.State.Bytes)/float64(size), "file-bytes/mark")
			b.ReportMetric(float64(info.State.NumSubjects), "entries")
			stop()
			start := time.Now()
			marks, stop = benchServer(b, dir, true)
			defer stop()
			if c := marks.ClaimAll(b.Context(), benchClaims(0)[:1])[0]; c.Err != nil || c.OK {
				b.Fatalf("after a restart: %+v", c)
			}
			b.ReportMetric(time.Since(start).Seconds(), "restart-s")
		})
	}
}

// heap returns the bytes that are in use. Buffers in pools, which a further garbage collection frees, do not count.
func heap() int64 {
	for range 3 {
		debug.FreeOSMemory()
	}
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}

// processor returns the processor time of this process.
func processor() time.Duration {
	var usage syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// BenchmarkClaimAndFinish claims URLs in batches and finishes each of them, with synced writes, after a number of
// marks were made.
func BenchmarkClaimAndFinish(b *testing.B) {
	for _, present := range []int{100_000, 3_000_000} {
		b.Run(strconv.Itoa(present), func(b *testing.B) {
			dir := b.TempDir()
			marks, stop := benchServer(b, dir, true)
			benchFill(b, marks, 0, present)
			stop()
			marks, stop = benchServer(b, dir, false)
			defer stop()
			next := present
			var claiming, finishing, claimed, finished time.Duration
			for b.Loop() {
				start, used := time.Now(), processor()
				claims := benchClaims(next)
				results := marks.ClaimAll(b.Context(), claims)
				claiming, claimed = claiming+time.Since(start), claimed+processor()-used
				next += benchBatch
				start, used = time.Now(), processor()
				inParallel(len(claims), func(i int) {
					version := Version{URL: claims[i].Key, ETag: claims[i].Key}
					err := marks.Finish(b.Context(), claims[i].Key, results[i].Mark, claims[i].Mark.Request, version, time.Now())
					if err != nil {
						b.Error(err)
					}
				})
				finishing, finished = finishing+time.Since(start), finished+processor()-used
			}
			urls := float64(next - present)
			b.ReportMetric(urls/claiming.Seconds(), "claims/s")
			b.ReportMetric(urls/finishing.Seconds(), "finishes/s")
			b.ReportMetric(float64(claimed.Microseconds())/urls, "µs-CPU/claim")
			b.ReportMetric(float64(finished.Microseconds())/urls, "µs-CPU/finish")
			b.ReportMetric(0, "ns/op")
		})
	}
}
