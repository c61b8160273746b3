package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/pprof"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/pprof/profile"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/dateline-news/dateline/cmd/dateline/internal/newsroom"
	"github.com/dateline-news/dateline/cmd/dateline/internal/pipeline"
	"github.com/dateline-news/dateline/internal/backlog"
	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/subject"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/extractor"
	"github.com/dateline-news/dateline/services/fetcher"
	"github.com/dateline-news/dateline/services/indexer"
)

// scrapeInterval is the interval of the shipped Prometheus configuration.
const scrapeInterval = 15 * time.Second

// BenchmarkMetrics profiles the pipeline at full load over the newsroom's pages, each
// under many URLs. It reports the share of CPU time spent on counting and observing, and
// the CPU time of a scrape and of a round of requests about the streams, including the
// responses of the embedded NATS server. From these it computes the share of metrics in a
// process that keeps one processor busy. With more busy processors the share is smaller.
// The web server of the pages is not counted.
func BenchmarkMetrics(b *testing.B) {
	room, err := newsroom.Start(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	defer room.Close()
	cfg := pipeline.DefaultConfig()
	cfg.Data.Dir, cfg.Data.NATSAddr, cfg.Data.MinFree, cfg.HTTP.Addr = b.TempDir(), "", 0, ""
	cfg.Admin.Addr = natstest.FreeAddr(b)
	cfg.Fetcher.AllowPrivate, cfg.Fetcher.Delay, cfg.Fetcher.DelayFactor, cfg.Fetcher.PerAddress = true, 0, 0, false
	p, err := pipeline.Open(b.Context(), cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		b.Fatal(err)
	}
	ctx, stop := context.WithCancel(b.Context())
	var running sync.WaitGroup
	running.Go(func() {
		if err := p.Run(ctx); err != nil {
			b.Error(err)
		}
	})
	running.Go(func() { scrapeUntil(ctx, b, "http://"+cfg.Admin.Addr+"/metrics") })
	defer func() {
		stop()
		running.Wait()
		if err := p.Close(); err != nil {
			b.Error(err)
		}
	}()

	var profiled bytes.Buffer
	if err := pprof.StartCPUProfile(&profiled); err != nil {
		b.Fatal(err)
	}
	sent := 0
	for b.Loop() {
		for range 20 {
			sent += publishRound(b, p, room, sent)
		}
		awaitFetched(b, p, sent)
	}
	pprof.StopCPUProfile()
	counting, total := shareOfCounting(b, &profiled)
	b.ReportMetric(total/1e6/float64(sent), "cpu-ms/url")

	before := cpu(b)
	const rounds = 100
	watch := backlog.New(p.Bus.JS, prometheus.NewRegistry(), slog.New(slog.DiscardHandler), time.Now,
		slices.Concat(fetcher.Inputs(), extractor.Inputs(), indexer.Inputs())...)
	for range rounds {
		watch.Refresh(b.Context())
	}
	round := (cpu(b) - before) / rounds
	before = cpu(b)
	for range rounds {
		scrape(b, "http://"+cfg.Admin.Addr+"/metrics")
	}
	scraped := (cpu(b) - before) / rounds
	share := counting/total + round.Seconds()/backlog.Interval.Seconds() + scraped.Seconds()/scrapeInterval.Seconds()
	b.ReportMetric(100*counting/total, "%-counting")
	b.ReportMetric(1000*round.Seconds(), "cpu-ms/round")
	b.ReportMetric(1000*scraped.Seconds(), "cpu-ms/scrape")
	b.ReportMetric(100*share, "%-of-cpu")
}

// publishRound publishes the URLs of the newsroom's articles, made unique by a parameter,
// and returns their number.
func publishRound(b *testing.B, p *pipeline.Pipeline, room *newsroom.Newsroom, round int) int {
	b.Helper()
	var urls []string
	for _, want := range room.Expectations() {
		if want.Article != nil && !strings.Contains(want.URL, "?") {
			urls = append(urls, fmt.Sprintf("%s?edition=%d", want.URL, round))
		}
	}
	if _, err := p.Bus.JS.Publish(b.Context(), subject.URLs, []byte(strings.Join(urls, "\n"))); err != nil {
		b.Fatal(err)
	}
	return len(urls)
}

// awaitFetched waits until the ledger has the outcomes of n fetches.
func awaitFetched(b *testing.B, p *pipeline.Pipeline, n int) {
	b.Helper()
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	for range ticker.C {
		tally, err := p.Store.Tally(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		ends := map[datelinev1.Stage]int{}
		for _, c := range tally {
			ends[c.Stage] += int(c.Count)
		}
		fetched, extracted := ends[datelinev1.Stage_STAGE_FETCH], ends[datelinev1.Stage_STAGE_EXTRACT]
		if fetched >= n && ends[datelinev1.Stage_STAGE_INDEX] >= extracted*9/10 {
			return
		}
	}
}

func scrapeUntil(ctx context.Context, b *testing.B, url string) {
	b.Helper()
	ticker := time.NewTicker(scrapeInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			scrape(b, url)
		}
	}
}

// scrape requests the metrics as Prometheus does.
func scrape(b *testing.B, url string) {
	b.Helper()
	request, err := http.NewRequestWithContext(b.Context(), http.MethodGet, url, nil)
	if err != nil {
		b.Error(err)
		return
	}
	request.Header.Set("Accept",
		"application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited")
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(request)
	if err != nil {
		if !errors.Is(err, context.Canceled) {
			b.Error(err)
		}
		return
	}
	var body bytes.Buffer
	_, err = body.ReadFrom(response.Body)
	if err = errors.Join(err, response.Body.Close()); err != nil || response.StatusCode != http.StatusOK {
		b.Errorf("scraping: %s, %v", response.Status, err)
	}
}

// Parts of function names in the stacks of a profile. Counting frames are metrics work
// during the load. Other frames are measured separately, or are not part of the load.
var (
	countingFrames = []string{
		"github.com/prometheus/", "/stage.(*Metrics).", "/indexer.(*metrics).", "/indexer.batches.",
		"/extractor.(*extractMetrics).", "/fetcher.(*fetchMetrics).", "/fetcher.(*refusingHosts).",
	}
	otherFrames = []string{
		"promhttp.", "(*Registry).Gather", "/backlog.(*Watch).", "/indexer.(*audit).",
		"net/http.(*conn).serve", "/dateline.awaitFetched", "/dateline.scrape",
	}
)

// shareOfCounting returns the nanoseconds spent on counting, and all nanoseconds.
func shareOfCounting(b *testing.B, data *bytes.Buffer) (counting, total float64) {
	b.Helper()
	p, err := profile.Parse(data)
	if err != nil {
		b.Fatal(err)
	}
	for _, sample := range p.Sample {
		var names []string
		for _, location := range sample.Location {
			for _, line := range location.Line {
				names = append(names, line.Function.Name)
			}
		}
		has := func(part string) bool {
			return slices.ContainsFunc(names, func(name string) bool { return strings.Contains(name, part) })
		}
		nanoseconds := float64(sample.Value[1])
		if slices.ContainsFunc(otherFrames, has) {
			continue
		}
		if slices.ContainsFunc(countingFrames, has) {
			counting += nanoseconds
		}
		total += nanoseconds
	}
	return counting, total
}
