package notifier

import (
	"crypto/sha256"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/storetest"
	"github.com/dateline-news/dateline/services/notifier/subscriptions"
)

// stopwatch is a web hook that measures the time from the commit of each event to its arrival.
type stopwatch struct {
	*httptest.Server

	mu     sync.Mutex
	commit map[string]time.Time // by title
	delays []time.Duration
}

func newStopwatch(b *testing.B) *stopwatch {
	b.Helper()
	w := &stopwatch{commit: map[string]time.Time{}}
	w.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		now := time.Now()
		body, _ := io.ReadAll(r.Body)
		w.mu.Lock()
		defer w.mu.Unlock()
		for title, at := range w.commit {
			if strings.Contains(string(body), `"title":"`+title+`"`) {
				w.delays = append(w.delays, now.Sub(at))
				return
			}
		}
	}))
	b.Cleanup(w.Close)
	return w
}

func (w *stopwatch) reset() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.commit, w.delays = map[string]time.Time{}, nil
}

// percentile returns a percentile of the delays in seconds.
func (w *stopwatch) percentile(p int) float64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	slices.Sort(w.delays)
	return w.delays[min(len(w.delays)-1, len(w.delays)*p/100)].Seconds()
}

// store stores a number of articles with a pause between two of them, and returns how long that took.
func (r *room) storeMany(w *stopwatch, prefix string, count int, pause time.Duration) time.Duration {
	r.Helper()
	start := time.Now()
	for i := range count {
		title := "Ferry " + prefix + strconv.Itoa(i)
		r.put(prefix+strconv.Itoa(i), title)
		w.mu.Lock()
		w.commit[title] = time.Now()
		w.mu.Unlock()
		if rest := time.Until(start.Add(time.Duration(i+1) * pause)); rest > 0 {
			time.Sleep(rest)
		}
	}
	return time.Since(start)
}

const benchArticles = 200

// BenchmarkDelay measures the time from the commit to the arrival at a web hook, while articles are stored at half
// of the rate at which they can be: alone, and beside a target that takes 30 seconds and one that never answers.
func BenchmarkDelay(b *testing.B) {
	for b.Loop() {
		r := newRoom(b, storetest.Open(b, storetest.SQLite(b)))
		w := newStopwatch(b)
		full := r.storeMany(w, "full", benchArticles, 0)
		pause := 2 * full / benchArticles
		b.ReportMetric(benchArticles/full.Seconds(), "stored/s")
		r.run()
		r.subscribe("fast", "ferry", w.URL)
		w.reset()
		r.storeMany(w, "alone", benchArticles, pause)
		r.until("all deliveries", "fast", delivered(benchArticles))
		b.ReportMetric(w.percentile(95), "s-p95")
		b.ReportMetric(w.percentile(99), "s-p99")

		ended := make(chan struct{})
		blocked := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, q *http.Request) {
			_, _ = io.Copy(io.Discard, q.Body)
			wait := 30 * time.Second
			if q.URL.Path == "/never" {
				wait = time.Hour
			}
			select {
			case <-time.After(wait):
			case <-q.Context().Done():
			case <-ended:
			}
		}))
		r.subscribe("slow", "ferry", blocked.URL+"/slow")
		r.subscribe("never", "ferry", blocked.URL+"/never")
		w.reset()
		r.storeMany(w, "beside", benchArticles, pause)
		r.until("all deliveries", "fast", delivered(2*benchArticles))
		b.ReportMetric(w.percentile(95), "s-p95-beside")
		b.ReportMetric(w.percentile(99), "s-p99-beside")
		close(ended)
		blocked.Close()
	}
}

// BenchmarkIngestWithSubscriptions measures the rate at which articles of 500 words are stored in batches while the
// notifier has 10,000 subscriptions, of which one or a hundred match each article, relative to the rate without any.
// Both rates are measured in turns, in two stores.
func BenchmarkIngestWithSubscriptions(b *testing.B) {
	for name, open := range map[string]func(testing.TB) string{
		"sqlite": storetest.SQLite, "postgres": storetest.Postgres,
	} {
		for _, matching := range []int{0, 1, 100} { // 0 has no subscriptions in both stores
			b.Run(name+"/"+strconv.Itoa(matching)+"-match", func(b *testing.B) {
				for b.Loop() {
					ingestShare(b, open, min(matching, 1)*10_000, matching)
				}
			})
		}
	}
}

const (
	ingestTurns   = 4
	ingestBatch   = 20
	ingestBatches = 50 // of a turn
)

func ingestShare(b *testing.B, open func(testing.TB) string, count, matching int) {
	b.Helper()
	plain, loaded := newRoom(b, storetest.Open(b, open(b))), newRoom(b, storetest.Open(b, open(b)))
	hook := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, q *http.Request) {
		_, _ = io.Copy(io.Discard, q.Body)
	}))
	defer hook.Close()
	random := rand.New(rand.NewPCG(1, 2))
	for i := range count {
		spec := subscriptions.Spec{
			Name: "s" + strconv.Itoa(i), To: hook.URL + "/" + strconv.Itoa(i),
			Query: subscriptions.Query{Text: wordOf(random) + wordOf(random) + wordOf(random)},
		}
		if i < matching {
			spec.Query.Text = "ferry"
		}
		if err := loaded.subs.Put(b.Context(), spec, nil, time.Now()); err != nil {
			b.Fatal(err)
		}
	}
	held, used := map[*room]time.Duration{}, map[*room]time.Duration{} // the writer and the processors
	measure := func(r *room, turn int) float64 {
		stop := r.run()
		defer stop()
		if r == loaded && matching > 0 {
			before := r.get("s0").Delivered
			r.put("start"+strconv.Itoa(turn), "Ferry")
			r.until("a delivery", "s0", func(s subscriptions.Subscription) bool { return s.Delivered > before })
		}
		start, processors, writer := time.Now(), processorTime(b), r.notifier.subscriptions.Held()
		defer func() {
			held[r] += r.notifier.subscriptions.Held() - writer
			used[r] += processorTime(b) - processors
		}()
		for i := range ingestBatches {
			r.putAll(batchOf(int64(turn*ingestBatches+i) * ingestBatch)...)
		}
		return time.Since(start).Seconds()
	}
	var without, with float64
	var shares []float64
	for turn := range ingestTurns + 1 {
		var x, y float64
		if turn%2 == 0 {
			x, y = measure(plain, turn), measure(loaded, turn)
		} else {
			y, x = measure(loaded, turn), measure(plain, turn)
		}
		if turn > 0 { // before, both have warmed up
			without, with, shares = without+x, with+y, append(shares, x/y)
		} else {
			clear(held)
			clear(used)
		}
	}
	slices.Sort(shares)
	b.ReportMetric(without/with, "share")
	b.ReportMetric(shares[0], "lowest-share")
	b.ReportMetric(shares[len(shares)/2], "median-share")
	b.ReportMetric(used[plain].Seconds()/used[loaded].Seconds(), "processor-share")
	b.ReportMetric(held[loaded].Seconds()/with, "writer-used")
	b.ReportMetric(ingestTurns*ingestBatches*ingestBatch/without, "stored/s")
}

// processorTime returns the processor time of the process.
func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// batchOf returns articles of 500 words, which are numbered from a first one on.
func batchOf(first int64) []*datelinev1.Article {
	var all []*datelinev1.Article
	for i := range ingestBatch {
		name := strconv.FormatInt(first+int64(i), 10)
		random := rand.New(rand.NewChaCha8(sha256.Sum256([]byte(name))))
		var text strings.Builder
		for range 500 {
			text.WriteString(wordOf(random))
		}
		all = append(all, newArticle(name, "Ferry "+name, text.String()))
	}
	return all
}

// wordOf returns one of 20,000 words with a space.
func wordOf(random *rand.Rand) string { return "word" + strconv.Itoa(random.IntN(20_000)) + " " }
