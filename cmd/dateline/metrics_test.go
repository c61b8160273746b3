package main

import (
	"errors"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/dateline-news/dateline/cmd/dateline/internal/newsroom"
	"github.com/dateline-news/dateline/internal/backlog"
	"github.com/dateline-news/dateline/internal/bus"
	"github.com/dateline-news/dateline/internal/disk"
	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/outcome"
	"github.com/dateline-news/dateline/internal/postgrestest"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/telemetry"
	"github.com/dateline-news/dateline/internal/topology"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/archiver"
	"github.com/dateline-news/dateline/services/archiver/files"
	"github.com/dateline-news/dateline/services/discoverer"
	"github.com/dateline-news/dateline/services/extractor"
	"github.com/dateline-news/dateline/services/fetcher"
	"github.com/dateline-news/dateline/services/indexer"
	"github.com/dateline-news/dateline/services/indexer/library"
	"github.com/dateline-news/dateline/services/indexer/replica"
	"github.com/dateline-news/dateline/services/indexer/store"
	"github.com/dateline-news/dateline/services/indexer/storetest"
	"github.com/dateline-news/dateline/services/indexer/web"
	"github.com/dateline-news/dateline/services/notifier"
)

// documented contains the metrics in docs/metrics.md: the values of each label by metric,
// or nil for labels whose values are not listed.
type documented map[string]map[string][]string

var (
	metricRow = regexp.MustCompile("(?m)^\\| `(dateline_\\w+)` \\| \\w+ \\| [\\w ]* \\| ([^|]*) \\| [^|]+\\|$")
	reasonRow = regexp.MustCompile("(?m)^\\| (\\w+) \\| (\\w+) \\| `(\\w+)` \\|")
)

func readDocumented(t *testing.T) documented {
	t.Helper()
	text, err := os.ReadFile("../../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	docs := documented{}
	for _, row := range metricRow.FindAllStringSubmatch(string(text), -1) {
		docs[row[1]] = map[string][]string{}
		for label := range strings.SplitSeq(row[2], "; ") {
			name, values, listed := strings.Cut(label, ": ")
			if name = strings.Trim(name, "` "); name == "" {
				continue
			}
			if docs[row[1]][name] = nil; listed {
				docs[row[1]][name] = strings.Split(values, ", ")
			}
		}
	}
	const reasons = "dateline_stage_outcome_reasons_total"
	docs[reasons]["reason"] = nil
	docs[reasons]["end"] = nil
	for _, row := range reasonRow.FindAllStringSubmatch(string(text), -1) {
		docs[reasons]["end"] = append(docs[reasons]["end"], strings.Join(row[1:], " "))
	}
	return docs
}

// check checks that exposed metrics are documented, and returns their names.
func (d documented) check(t *testing.T, where string, families []*dto.MetricFamily) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	for _, family := range families {
		name := family.GetName()
		if !strings.HasPrefix(name, telemetry.Prefix) {
			continue
		}
		if names[name] = true; d[name] == nil {
			t.Errorf("%s exposes %s, which docs/metrics.md lacks: "+
				"go run ./cmd/dateline reference --metrics > docs/metrics.md", where, name)
			continue
		}
		for _, metric := range family.GetMetric() {
			of := map[string]string{}
			for _, label := range metric.GetLabel() {
				of[label.GetName()] = label.GetValue()
				values, ok := d[name][label.GetName()]
				if !ok || values != nil && !slices.Contains(values, label.GetValue()) {
					t.Errorf("%s exposes %s with %s=%q, which docs/metrics.md lacks",
						where, name, label.GetName(), label.GetValue())
				}
			}
			if ends := d[name]["end"]; ends != nil {
				if end := of["stage"] + " " + of["verdict"] + " " + of["reason"]; !slices.Contains(ends, end) {
					t.Errorf("%s ended an input with %q, which docs/metrics.md lacks", where, end)
				}
			}
		}
	}
	return names
}

func (d documented) checkAllIn(t *testing.T, where string, names map[string]bool) {
	t.Helper()
	for name := range d {
		if !names[name] {
			t.Errorf("docs/metrics.md lists %s, which %s does not expose", name, where)
		}
	}
}

// TestMetricsAreDocumented runs the whole pipeline over the newsroom, and compares the
// exposed metrics with docs/metrics.md, in both directions: each metric, and each value of
// each label.
func TestMetricsAreDocumented(t *testing.T) {
	t.Parallel()
	docs := readDocumented(t)
	room, err := newsroom.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer room.Close()
	cfg := testConfig(t.TempDir())
	cfg.Admin.Addr, cfg.HTTP.Addr = natstest.FreeAddr(t), natstest.FreeAddr(t)
	cfg.Archiver.Dir, cfg.Archiver.MinFree = t.TempDir(), 0
	primary, standby := postgrestest.Replicated(t)
	cfg.Store.URL, cfg.Store.ReplicaURL = primary.URL("postgres"), standby.URL("postgres")
	allowLoopback(&cfg)
	p := runPipeline(t, cfg, slog.New(slog.DiscardHandler))
	urls := append(room.URLs(), "no URL", "http://127.0.0.1:1/nobody-listens")
	if _, err := p.Bus.JS.Publish(t.Context(), subject.URLs, []byte(strings.Join(urls, "\n"))); err != nil {
		t.Fatal(err)
	}
	awaitEnd(t, p, len(urls)+1) // the message itself has an outcome too
	for _, path := range []string{"/", "/api/v1/search", "/nowhere"} {
		get(t, "http://"+cfg.HTTP.Addr+path)
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	scraped, err := parser.TextToMetricFamilies(strings.NewReader(get(t, "http://"+cfg.Admin.Addr+"/metrics")))
	if err != nil {
		t.Fatal(err)
	}
	var families []*dto.MetricFamily
	for _, family := range scraped {
		families = append(families, family)
	}
	docs.checkAllIn(t, "the pipeline", docs.check(t, "the pipeline", families))

	of := func(name string) *dto.MetricFamily { return scraped[name] }
	fresh := of("dateline_index_freshness_seconds").GetMetric()[0].GetHistogram()
	if n := fresh.GetSampleCount(); n == 0 || fresh.GetSampleSum() > 600*float64(n) {
		t.Errorf("freshness: %d articles in %g seconds", n, fresh.GetSampleSum())
	}
	for _, name := range []string{"dateline_frontier_wait_seconds", "dateline_extract_confidence"} {
		if of(name).GetMetric()[0].GetHistogram().GetSampleCount() == 0 {
			t.Errorf("%s has no samples", name)
		}
	}
	for _, name := range []string{"dateline_fetch_robots_denied_total", "dateline_fetch_body_bytes_total"} {
		if of(name).GetMetric()[0].GetCounter().GetValue() == 0 {
			t.Errorf("%s is zero", name)
		}
	}
}

// awaitEnd waits until the intake has ended some inputs, and the other stages everything
// that resulted from them.
func awaitEnd(t *testing.T, p *running, inputs int) {
	t.Helper()
	natstest.Eventually(t, "the end of all inputs", func() bool {
		tally, err := p.Store.Tally(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		all, produced := map[datelinev1.Stage]int64{}, map[datelinev1.Stage]int64{}
		for _, c := range tally {
			if all[c.Stage] += c.Count; c.Verdict == datelinev1.Verdict_VERDICT_PRODUCED && c.Reason != string(outcome.Split) {
				produced[c.Stage] += c.Count
			}
		}
		const intake, fetch = datelinev1.Stage_STAGE_INTAKE, datelinev1.Stage_STAGE_FETCH
		const extract, index = datelinev1.Stage_STAGE_EXTRACT, datelinev1.Stage_STAGE_INDEX
		return int(all[intake]) == inputs && all[fetch] == produced[intake] &&
			all[extract] == produced[fetch] && all[index] == produced[extract]
	})
}

// TestServicesMetricsAreDocumented checks that the services together expose the same
// metrics as the pipeline.
func TestServicesMetricsAreDocumented(t *testing.T) {
	t.Parallel()
	docs := readDocumented(t)
	nc, js := natstest.Start(t)
	natstest.Reconcile(t, js, topology.Limits{Archive: true})
	log := slog.New(slog.DiscardHandler)
	dir := t.TempDir()
	articles, err := store.Open(t.Context(), filepath.Join(dir, "articles.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer articles.Close()
	all := map[string]bool{}
	for name, begin := range map[string]func(reg prometheus.Registerer) ([]backlog.Input, error){
		"fetcher": func(reg prometheus.Registerer) ([]backlog.Input, error) {
			_, err := fetcher.New(t.Context(), fetcher.Env{NC: nc, JS: js, Registry: reg, Log: log}, fetcher.DefaultConfig())
			return fetcher.Inputs(), err
		},
		"discoverer": func(reg prometheus.Registerer) ([]backlog.Input, error) {
			_, err := discoverer.New(t.Context(), discoverer.DefaultConfig(), discoverer.Dependencies{
				JS: js, Store: articles, Registry: reg, Log: log,
			})
			return discoverer.Inputs(), err
		},
		"archiver": func(reg prometheus.Registerer) ([]backlog.Input, error) {
			config := archiver.DefaultConfig()
			config.Dir, config.MinFree = filepath.Join(dir, "archive"), 0
			stage, err := archiver.New(t.Context(), config, archiver.Dependencies{
				JS: js, Files: files.InFolder(config.Dir), Store: articles, Registry: reg, Log: log, Now: time.Now,
			})
			if err != nil {
				return nil, err
			}
			return archiver.Inputs(), stage.Close()
		},
		"notifier": func(reg prometheus.Registerer) ([]backlog.Input, error) {
			_, err := notifier.New(t.Context(), notifier.DefaultConfig(), notifier.Dependencies{
				JS: js, Store: articles, Registry: reg, Log: log,
			})
			return nil, err
		},
		"extractor": func(reg prometheus.Registerer) ([]backlog.Input, error) {
			deps := extractor.Dependencies{JS: js, Registry: reg, Log: log}
			_, err := extractor.New(t.Context(), extractor.DefaultConfig(), deps)
			return extractor.Inputs(), err
		},
		"indexer": func(reg prometheus.Registerer) ([]backlog.Input, error) {
			_, err := indexer.New(t.Context(), indexer.DefaultConfig(), indexer.Dependencies{
				JS: js, Store: articles, Registry: reg, Log: log,
			})
			if err != nil {
				return nil, err
			}
			primary, standby := postgrestest.Replicated(t)
			reads, err := replica.Open(t.Context(), storetest.Open(t, primary.URL("postgres")),
				replica.Config{URL: standby.URL("postgres")}, reg, log)
			if err != nil {
				return nil, err
			}
			t.Cleanup(func() { reads.Close() })
			web.Handler(web.DefaultConfig(), web.Dependencies{
				Library: library.New(articles, js), Registry: reg, Log: log,
			})
			disk.Register(reg, dir)
			return indexer.Inputs(), err
		},
	} {
		reg := telemetry.NewRegistry(name)
		inputs, err := begin(reg)
		if err != nil {
			t.Fatal(err)
		}
		backlog.New(js, reg, log, time.Now, inputs...)
		bus.Expose(js.Conn(), reg)
		families, err := reg.Gather()
		if err != nil {
			t.Fatal(err)
		}
		for metric := range docs.check(t, "the "+name, families) {
			all[metric] = true
		}
	}
	docs.checkAllIn(t, "any service", all)
}

func get(t *testing.T, url string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(response.Body)
	if err := errors.Join(err, response.Body.Close()); err != nil {
		t.Fatal(err)
	}
	return string(body)
}
