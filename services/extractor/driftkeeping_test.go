package extractor

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/dateline-news/dateline/internal/hosts"
	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/services/extractor/article"
	"github.com/dateline-news/dateline/services/extractor/internal/drift"
)

// logged returns a monitor that writes its log to a buffer.
func logged(t *testing.T, js jetstream.JetStream, rules hosts.Rules) (*driftMonitor, *bytes.Buffer) {
	t.Helper()
	log := &bytes.Buffer{}
	deps := dependencies(js)
	deps.Log = slog.New(slog.NewTextHandler(log, nil))
	d, err := newDriftMonitor(t.Context(), rules, deps)
	if err != nil {
		t.Fatal(err)
	}
	return d, log
}

// hostsOfShard returns the names of hosts whose baselines are in the same shard.
func hostsOfShard(shard, count int) (names []string) {
	for i := 0; len(names) < count; i++ {
		if name := fmt.Sprintf("site%d.example", i); baselineShard(name) == shard {
			names = append(names, name)
		}
	}
	return names
}

// TestBaselinesOfAFullShard saves the baseline of a host into a shard that other replicas have filled.
func TestBaselinesOfAFullShard(t *testing.T) {
	_, js := natstest.Start(t)
	d, _ := logged(t, js, nil)
	const most = maxWatched / baselineShards
	names := hostsOfShard(3, most+1)
	others := make([]drift.Baseline, most)
	for i := range others {
		others[i] = drift.Baseline{Host: names[i], Pages: 100}
	}
	if err := d.saveShard(t.Context(), 3, others[1:]); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, host string
		want       int
	}{
		{"known", names[1], most - 1}, {"one more", names[most], most}, {"more than fit", names[0], most},
	} {
		if err := d.saveShard(t.Context(), 3, []drift.Baseline{{Host: c.host, Pages: 70}}); err != nil {
			t.Fatal(err)
		}
		stored, err := d.readShard(t.Context(), 3)
		if err != nil || len(stored) != c.want || stored[0].Host != c.host || stored[0].Pages != 70 {
			t.Errorf("%s: %d hosts, first %+v, %v; want %d, first %s", c.name, len(stored), stored[0], err, c.want,
				c.host)
		}
		seen := map[string]bool{}
		for _, b := range stored {
			if seen[b.Host] {
				t.Errorf("%s: %s occurs twice", c.name, b.Host)
			}
			seen[b.Host] = true
		}
	}
}

// TestDamagedShards reads shards whose content is not usable.
func TestDamagedShards(t *testing.T) {
	_, js := natstest.Start(t)
	d, log := logged(t, js, nil)
	put := func(shard int, value []byte) {
		t.Helper()
		if _, err := d.bucket.Put(t.Context(), subject.DriftBaselines(shard), value); err != nil {
			t.Fatal(err)
		}
	}
	put(0, []byte("not zstd"))
	put(1, d.zstd.EncodeAll([]byte("["), nil))
	for shard := range 2 {
		if stored, err := d.readShard(t.Context(), shard); err == nil {
			t.Errorf("shard %d is read as %+v", shard, stored)
		}
	}
	put(2, d.zstd.EncodeAll([]byte(`[{"host":"a.example","pages":40,"articles":0},{"host":"","pages":40},
		{"host":"b.example","pages":-1},{"host":"c.example","articles":-1},{"host":"d.example","pages":0}]`), nil))
	stored, err := d.readShard(t.Context(), 2)
	if err != nil || len(stored) != 2 || stored[0].Host != "a.example" || stored[1].Host != "d.example" {
		t.Errorf("read %+v, %v; want the baselines of a.example and d.example", stored, err)
	}
	d.loadBaselines(t.Context())
	if got := d.watch.Hosts(); got != 2 || strings.Count(log.String(), "unreadable") != 2 {
		t.Errorf("%d hosts are watched, and the log is %s", got, log.String())
	}
}

// TestUnavailableBucketIsLogged has every request to the bucket fail. Extraction goes on, and the log tells what was
// not stored.
func TestUnavailableBucketIsLogged(t *testing.T) {
	nc, js := natstest.Start(t)
	rules := hosts.Rules{"post.example": {"title": "h1"}}
	d, log := logged(t, js, rules)
	page := article.Page{URL: "https://valley.example/story", Body: []byte("<p>News")}
	for range 100 {
		d.observe(t.Context(), page, dated, "")
	}
	nc.Close()
	if _, err := d.readShard(t.Context(), 1); err == nil {
		t.Error("a shard is read without a connection")
	}
	if err := d.saveShard(t.Context(), 1, []drift.Baseline{{Host: "a.example"}}); err == nil {
		t.Error("a shard is saved without a connection")
	}
	if err := d.putRules(t.Context()); err == nil {
		t.Error("rules are saved without a connection")
	}
	log.Reset()
	d.saveBaselines(t.Context())
	d.saveRules(t.Context())
	for range 14 {
		d.observe(t.Context(), page, undated, "")
	}
	for _, want := range []string{
		"baselines failed", "storing the rules", "drift alarm raised", "alarm or sample failed",
	} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log lacks %q: %s", want, log.String())
		}
	}
}

// Rules are stored if there are any, and if a message can hold them.
func TestWhichRulesAreStored(t *testing.T) {
	_, js := natstest.Start(t)
	overhead := len(`{"post.example":{"title":""}}`)
	selector := func(bytes int) hosts.Rules {
		return hosts.Rules{"post.example": {"title": strings.Repeat("x", bytes-overhead)}}
	}
	for _, c := range []struct {
		name  string
		rules hosts.Rules
		want  bool
	}{
		{"none", nil, false},
		{"too large", selector(maxRules + 1), false},
		{"as large as allowed", selector(maxRules), true},
	} {
		d, log := logged(t, js, c.rules)
		d.saveRules(t.Context())
		_, err := d.bucket.Get(t.Context(), subject.DriftRules)
		if stored := err == nil; stored != c.want || (log.Len() > 0) != (c.name == "too large") {
			t.Errorf("%s: stored %v (%v), log %q", c.name, stored, err, log)
		}
	}
}

// Only rejections that a new design of a site can cause count, and only pages that have a web address.
func TestWhichRejectionsCount(t *testing.T) {
	t.Parallel()
	_, js := natstest.Start(t)
	for _, reason := range article.Reasons {
		d, _ := logged(t, js, nil)
		d.observe(t.Context(), article.Page{URL: "https://valley.example/story"}, nil, reason)
		want := 0
		switch reason {
		case article.ReasonNoArticle, article.ReasonNeedsRendering, article.ReasonBlocked, article.ReasonEmpty:
			want = 1
		}
		if got := d.watch.Hosts(); got != want {
			t.Errorf("%s: %d hosts are watched, want %d", reason, got, want)
		}
	}
	d, _ := logged(t, js, nil)
	d.observe(t.Context(), article.Page{URL: "saved.html"}, dated, "")
	if got := d.watch.Hosts(); got != 0 {
		t.Errorf("%d hosts are watched after a page of a file", got)
	}
}

// TestRunKeepsBaselinesAndRules runs a stage twice. It stores the rules at its start and the baselines at its end, and
// the next one continues with them.
func TestRunKeepsBaselinesAndRules(t *testing.T) {
	_, js := natstest.Start(t)
	for run := range 2 {
		deps := dependencies(js)
		deps.Registry, deps.Now = prometheus.NewRegistry(), nil
		e, err := New(t.Context(), DefaultConfig(), deps)
		if err != nil {
			t.Fatal(err)
		}
		e.drift.rules = hosts.Rules{"post.example": {"title": fmt.Sprint("h", run)}}
		if run == 0 {
			for range 100 {
				e.drift.observe(t.Context(), article.Page{URL: "https://valley.example/story"}, dated, "")
			}
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- e.Run(ctx) }()
		natstest.Eventually(t, "the rules are stored", func() bool {
			entry, err := e.drift.bucket.Get(t.Context(), subject.DriftRules)
			return err == nil && strings.Contains(string(entry.Value()), fmt.Sprint("h", run))
		})
		cancel()
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
		if got := e.drift.watch.Hosts(); got != 1 {
			t.Errorf("run %d: %d hosts are watched, want 1", run, got)
		}
		stored, err := e.drift.readShard(t.Context(), baselineShard("valley.example"))
		if err != nil || len(stored) != 1 {
			t.Errorf("run %d: the baselines %+v are stored, %v", run, stored, err)
		}
	}
}

// TestNewRefusesRules creates a stage whose rules cannot be read.
func TestNewRefusesRules(t *testing.T) {
	t.Parallel()
	_, js := natstest.Start(t)
	config := DefaultConfig()
	config.RulesDir = "no such folder"
	if e, err := New(t.Context(), config, dependencies(js)); err == nil || e != nil {
		t.Errorf("got %v, %v", e, err)
	}
}
