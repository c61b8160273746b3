package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/net/html"

	"github.com/dateline-news/dateline/cmd/dateline/internal/cli"
	"github.com/dateline-news/dateline/cmd/dateline/internal/pipeline"
	"github.com/dateline-news/dateline/internal/corpus"
	"github.com/dateline-news/dateline/internal/subject"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/archiver/captures"
	"github.com/dateline-news/dateline/services/extractor"
	"github.com/dateline-news/dateline/services/extractor/article"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// BenchmarkPipeline runs the pipeline over the corpus (aeb-dev and fundus-dev) and, on the same
// pages in the same run, each of its parts separately: requesting the page, parsing it, extracting
// the article, sending it over two streams, and storing the article. It also runs the pipeline by
// turns without and with an archiver, and without and with 10,000 subscriptions. The metric cpu/whole
// is the CPU time with them divided by that without, stored-cpu/whole the same until all pages are
// stored, and rate/whole compares the pages that are stored per second. It reports pages per second
// and CPU milliseconds per page. The metric cpu/parts is the pipeline's CPU time divided by that of
// its parts.
//
// The web server runs in the same process, so its CPU time is part of the pipeline's and
// of the part "get".
func BenchmarkPipeline(b *testing.B) {
	dir := os.Getenv("DATELINE_CORPUS")
	if dir == "" {
		b.Fatal("DATELINE_CORPUS is not set: name the folder of a corpus")
	}
	c, err := corpus.Open(dir)
	if err != nil {
		b.Fatal(err)
	}
	load := newLoad(b, c, "aeb-dev", "fundus-dev")
	// A benchmark is called several times. The last call counts.
	costs := map[string]float64{}
	for _, part := range []struct {
		name string
		run  func(b *testing.B)
	}{
		{"get", load.get}, {"parse", load.parse}, {"extract", load.extract},
		{"streams", load.streams}, {"store", load.store},
	} {
		b.Run("part="+part.name, func(b *testing.B) {
			costs[part.name] = load.measure(b, part.run)
		})
	}
	b.Run("whole", func(b *testing.B) {
		costs["whole"] = load.measure(b, func(b *testing.B) { b.Helper(); load.pipeline(b, b.TempDir()) })
		// Extraction parses, so parsing is not added.
		b.ReportMetric(costs["whole"]/(costs["get"]+costs["extract"]+costs["streams"]+costs["store"]), "cpu/parts")
	})
	b.Run("archived", func(b *testing.B) { load.compare(b, load.archived) })
	b.Run("subscribed", func(b *testing.B) {
		load := newLoad(b, c, "aeb-dev", "fundus-dev", "wcxb-dev")
		followers := newFollowers(b, newLoad(b, c, "trafilatura-dev"))
		b.ResetTimer()
		load.compare(b, func(b *testing.B) cost { b.Helper(); return load.subscribed(b, followers) })
		b.ReportMetric(float64(followers.received.Load())/float64(b.N*len(load.pages)), "deliveries/page")
	})
}

// cost is what some work has taken.
type cost struct{ elapsed, cpu time.Duration }

var benchmarkStart = time.Now()

// costSince returns the cost since an earlier one, or since the start of the process.
func costSince(b *testing.B, earlier cost) cost {
	b.Helper()
	return cost{elapsed: time.Since(benchmarkStart) - earlier.elapsed, cpu: cpu(b) - earlier.cpu}
}

func (c cost) plus(other cost) cost { return cost{c.elapsed + other.elapsed, c.cpu + other.cpu} }

// compare runs the pipeline and a variant of it by turns, because the cost of a page drifts with the load of the
// machine. The variant returns what it has cost to store all pages.
func (l *load) compare(b *testing.B, variant func(*testing.B) cost) {
	b.Helper()
	var plain, varied, all cost
	for range b.N {
		plain = plain.plus(l.pipeline(b, b.TempDir()))
		start := costSince(b, cost{})
		varied = varied.plus(variant(b))
		all = all.plus(costSince(b, start))
	}
	b.ReportMetric(all.cpu.Seconds()*1000/float64(b.N*len(l.pages)), "cpu-ms/page")
	b.ReportMetric(all.cpu.Seconds()/plain.cpu.Seconds(), "cpu/whole")
	b.ReportMetric(varied.cpu.Seconds()/plain.cpu.Seconds(), "stored-cpu/whole")
	b.ReportMetric(plain.elapsed.Seconds()/varied.elapsed.Seconds(), "rate/whole")
}

// load is the work of the benchmark: pages, and what earlier parts make of them.
type load struct {
	pages    []*corpus.Page
	urls     []string
	bodies   [][]byte
	plain    [][]byte
	articles []*datelinev1.Article
}

func newLoad(b *testing.B, c *corpus.Corpus, sets ...string) *load {
	b.Helper()
	var pages []*corpus.Page
	for _, name := range sets {
		set, err := c.Set(name)
		if err != nil {
			b.Fatal(err)
		}
		pages = append(pages, set.Pages()...)
	}
	l := &load{pages: pages}
	origins := listen(b, c.Handler())
	l.urls = corpus.URLs(pages, origins...)
	for i, page := range pages {
		body, err := page.Compressed()
		if err != nil {
			b.Fatal(err)
		}
		plain, err := page.HTML()
		if err != nil {
			b.Fatal(err)
		}
		l.bodies, l.plain = append(l.bodies, body), append(l.plain, plain)
		page := article.Page{URL: l.urls[i], Body: body, ContentEncoding: "gzip"}
		found, err := article.Extract(b.Context(), page, article.Options{})
		if err == nil {
			l.articles = append(l.articles, extractor.FromArticle(found))
		}
	}
	return l
}

// measure runs a part b.N times over all pages, and returns the CPU milliseconds per page.
func (l *load) measure(b *testing.B, run func(*testing.B)) float64 {
	b.Helper()
	before, start := cpu(b), time.Now()
	for range b.N {
		run(b)
	}
	n := float64(b.N * len(l.pages))
	cost := (cpu(b) - before).Seconds() * 1000 / n
	b.ReportMetric(n/time.Since(start).Seconds(), "pages/s")
	b.ReportMetric(cost, "cpu-ms/page")
	return cost
}

// cpu returns the CPU time that the process has used.
func cpu(b *testing.B) time.Duration {
	b.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func (l *load) get(b *testing.B) {
	b.Helper()
	client := &http.Client{Transport: &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 4}}
	defer client.CloseIdleConnections()
	var workers sync.WaitGroup
	next := make(chan string)
	for range hosts {
		workers.Go(func() {
			for url := range next {
				request, err := http.NewRequestWithContext(b.Context(), http.MethodGet, url, nil)
				if err != nil {
					b.Error(err)
					continue
				}
				request.Header.Set("Accept-Encoding", "gzip")
				response, err := client.Do(request)
				if err != nil {
					b.Error(err)
					continue
				}
				_, err = io.Copy(io.Discard, response.Body)
				if err = errors.Join(err, response.Body.Close()); err != nil {
					b.Error(err)
				}
			}
		})
	}
	for _, url := range l.urls {
		next <- url
	}
	close(next)
	workers.Wait()
}

func (l *load) parse(b *testing.B) {
	b.Helper()
	for _, page := range l.plain {
		if _, err := html.Parse(bytes.NewReader(page)); err != nil {
			b.Error(err)
		}
	}
}

func (l *load) extract(b *testing.B) {
	b.Helper()
	for i, body := range l.bodies {
		page := article.Page{URL: l.urls[i], Body: body, ContentEncoding: "gzip"}
		_, _ = article.Extract(b.Context(), page, article.Options{}) // some pages have no article
	}
}

// streams sends each page over one stream and a small message over another, consuming and
// acking both, on an embedded server that syncs every message.
func (l *load) streams(b *testing.B) {
	b.Helper()
	cfg := testConfig(b.TempDir())
	bus, err := pipeline.OpenBus(b.Context(), cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		b.Fatal(err)
	}
	defer bus.Close()
	ctx, cancel := context.WithTimeout(b.Context(), time.Minute)
	defer cancel()
	consume := func(stream, consumer string, handle func(jetstream.Msg)) jetstream.ConsumeContext {
		c, err := bus.JS.Consumer(ctx, stream, consumer)
		if err != nil {
			b.Fatal(err)
		}
		consuming, err := c.Consume(handle, jetstream.PullMaxMessages(64))
		if err != nil {
			b.Fatal(err)
		}
		return consuming
	}
	var done sync.WaitGroup
	done.Add(len(l.bodies))
	small := bytes.Repeat([]byte("a"), 4096)
	first := consume(subject.StreamPages, subject.ConsumerExtract, func(msg jetstream.Msg) {
		if _, err := bus.JS.Publish(ctx, subject.Articles("en", "x"), small); err != nil {
			b.Error(err)
		}
		_ = msg.Ack()
	})
	defer first.Stop()
	second := consume(subject.StreamArticles, subject.ConsumerIndex, func(msg jetstream.Msg) {
		_ = msg.Ack()
		done.Done()
	})
	defer second.Stop()
	for _, body := range l.bodies {
		if _, err := bus.JS.Publish(ctx, subject.Pages("x"), body); err != nil {
			b.Fatal(err)
		}
	}
	done.Wait()
}

func (l *load) store(b *testing.B) {
	b.Helper()
	s, err := store.Open(b.Context(), filepath.Join(b.TempDir(), "articles.db"))
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	for batch := range slices.Chunk(l.articles, 200) {
		if _, err := s.Put(b.Context(), batch); err != nil {
			b.Fatal(err)
		}
	}
}

// pipeline fetches, extracts and stores all pages, with the data in a folder.
func (l *load) pipeline(b *testing.B, data string, settings ...string) cost {
	b.Helper()
	start := costSince(b, cost{})
	list := filepath.Join(b.TempDir(), "urls.txt")
	var text bytes.Buffer
	for _, url := range l.urls {
		text.WriteString(url + "\n")
	}
	if err := os.WriteFile(list, text.Bytes(), 0o600); err != nil {
		b.Fatal(err)
	}
	args := slices.Concat([]string{"ingest", "--json", "--data", data, list}, loopback, settings)
	var errText bytes.Buffer
	code := cli.Run(b.Context(), args, cli.Streams{In: &bytes.Buffer{}, Out: io.Discard, Err: &errText})
	if code == 2 || errText.Len() > 0 {
		b.Fatalf("ingest: exit code %d: %s", code, errText.String())
	}
	return costSince(b, start)
}

// archived runs the pipeline with an archiver, and checks that it has archived every page.
func (l *load) archived(b *testing.B) cost {
	b.Helper()
	data := b.TempDir()
	stored := l.pipeline(b, data, "--archiver-dir", filepath.Join(b.TempDir(), "archive"), "--archiver-min-free=0")
	articles, err := store.Open(b.Context(), "sqlite:"+filepath.Join(data, "articles.db"))
	if err != nil {
		b.Fatal(err)
	}
	defer articles.Close()
	all, err := captures.Of(articles).Recent(b.Context(), captures.Filter{}, len(l.urls)+1)
	if err != nil || len(all) != len(l.urls) {
		b.Fatalf("%d captures of %d pages, %v", len(all), len(l.urls), err)
	}
	return stored
}
