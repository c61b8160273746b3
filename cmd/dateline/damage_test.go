package main

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/dateline-news/dateline/cmd/dateline/internal/pipeline"
	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/subject"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// damagedPages is the number of pages of the tests of damage.
const damagedPages = 240

// gate is a site that answers requests for pages only while it is open, and counts the
// answers.
type gate struct {
	countedSite
	opened  chan struct{}
	arrived chan struct{} // receives a value when a page is requested, unless it holds one
}

func newGate() *gate {
	g := &gate{opened: make(chan struct{}), arrived: make(chan struct{}, 1)}
	g.countedSite = countedSite{requests: map[string]int{}, requested: make(chan struct{}, 1)}
	g.handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprint(w, harbourPage(r.URL.Path))
	})
	return g
}

func (g *gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/robots.txt" {
		http.NotFound(w, r)
		return
	}
	select {
	case g.arrived <- struct{}{}:
	default:
	}
	select {
	case <-g.opened:
		g.countedSite.ServeHTTP(w, r)
	case <-r.Context().Done():
	}
}

// gatedConfig returns the configuration of a pipeline that stops without waiting for the
// requests in progress.
func gatedConfig(t *testing.T) pipeline.Config {
	cfg := testConfig(t.TempDir())
	allowLoopback(&cfg)
	cfg.Fetcher.DrainTimeout = 0
	cfg.Data.NATSAddr = "127.0.0.1:0"
	return cfg
}

// admit publishes the URLs of pages and waits until all of them are in the frontier and
// the ledger knows it. It returns the URLs.
func admit(t *testing.T, p *running, origins []string) []string {
	t.Helper()
	var urls []string
	for i := range damagedPages {
		urls = append(urls, fmt.Sprintf("%s/harbour/%d", origins[i%len(origins)], i))
	}
	if _, err := p.Bus.JS.Publish(t.Context(), subject.URLs, []byte(strings.Join(urls, "\n"))); err != nil {
		t.Fatal(err)
	}
	natstest.Eventually(t, "all URLs in the frontier", func() bool {
		return streamState(t, p.Bus, subject.StreamFrontier).Msgs == damagedPages
	})
	settle(t, p)
	return urls
}

// damage changes one bit in the middle of the file with a stream's messages. As after a
// power cut, the server has to read the file itself, and drops all messages after the
// first damaged one.
func damage(t *testing.T, dir, stream string) {
	t.Helper()
	folder := filepath.Join(dir, "nats", "jetstream", "$G", "streams", stream, "msgs")
	path := filepath.Join(folder, "1.blk")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	data[len(data)/2] ^= 1
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(folder, "index.db")); err != nil {
		t.Fatal(err)
	}
}

// lost is a line of "repair --json".
type lost struct {
	Stage, URL, Error string
	Published         bool
}

// repair runs "repair --json" and returns the lines by URL.
func repair(t *testing.T, dir string, args ...string) map[string]lost {
	t.Helper()
	code, out, errs := dateline(t, append([]string{"repair", "--json", "--data", dir}, args...)...)
	if code != 0 {
		t.Fatalf("repair: exit code %d: %s%s", code, errs, out)
	}
	found := map[string]lost{}
	for decoder := json.NewDecoder(strings.NewReader(out)); decoder.More(); {
		var l lost
		if err := decoder.Decode(&l); err != nil {
			t.Fatal(err)
		}
		if _, twice := found[l.URL]; twice {
			t.Errorf("%s is listed twice", l.URL)
		}
		found[l.URL] = l
	}
	return found
}

// ledgerFinding returns the doctor's finding about the ledger.
func ledgerFinding(t *testing.T, dir string) string {
	t.Helper()
	return finding(t, dir, "ledger")
}

// finding returns the doctor's first finding of a check.
func finding(t *testing.T, dir, check string, flags ...string) string {
	t.Helper()
	_, out, errs := dateline(t, append(flags, "doctor", "--json", "--data", dir, "--admin", closedAddr,
		"--web", closedAddr, "--timeout", natstest.Patience(t).String())...)
	for decoder := json.NewDecoder(strings.NewReader(out)); decoder.More(); {
		var f struct{ Check, Status, Found, Advice string }
		if err := decoder.Decode(&f); err != nil {
			t.Fatal(err)
		}
		if f.Check == check {
			return f.Status + ": " + f.Found + ": " + f.Advice
		}
	}
	t.Fatalf("the doctor does not run the check %s: %s%s", check, out, errs)
	return ""
}

// checkRepair repairs a pipeline whose site is closed. The command must list the inputs
// that are lost, publish each of them once, and then find nothing.
func checkRepair(t *testing.T, dir, stage string, urls []string) {
	t.Helper()
	want := fmt.Sprintf("problem: %d inputs are lost (%d of %s)", len(urls), len(urls), stage)
	if got := ledgerFinding(t, dir); !strings.HasPrefix(got, want) || !strings.Contains(got, "dateline repair") {
		t.Errorf("the doctor finds %q, want %q", got, want)
	}
	for _, args := range [][]string{nil, {"--yes"}} {
		found := repair(t, dir, args...)
		for _, url := range urls {
			if l, ok := found[url]; !ok || l.Stage != stage || l.Error != "" || l.Published != (args != nil) {
				t.Errorf("repair %v: %s is %+v", args, url, l)
			}
		}
		if len(found) != len(urls) {
			t.Errorf("repair %v lists %d inputs, want %d", args, len(found), len(urls))
		}
	}
	if again := repair(t, dir, "--yes"); len(again) > 0 {
		t.Errorf("the second repair lists %d inputs, want none", len(again))
	}
	if got := ledgerFinding(t, dir); !strings.HasPrefix(got, "ok") {
		t.Errorf("after the repair, the doctor finds %q", got)
	}
}

// checkComplete waits until a pipeline has nothing left to do, stops it, and checks that
// the store has an article of each URL and that the ledger is balanced.
func checkComplete(t *testing.T, p *running, dir string, site *gate) {
	t.Helper()
	natstest.Eventually(t, "an empty frontier", func() bool {
		return streamState(t, p.Bus, subject.StreamFrontier).Msgs == 0
	})
	settle(t, p)
	p.stop()
	checkLedger(t, dir, 0)
	stats, err := openStore(t, dir).Stats(t.Context())
	if err != nil || stats.Articles != damagedPages || stats.Revisions != damagedPages {
		t.Errorf("the store has %+v (%v), want %d articles of one revision", stats, err, damagedPages)
	}
	if n := len(site.requests); n != damagedPages {
		t.Errorf("%d pages were fetched, want %d", n, damagedPages)
	}
}

// TestDamagedFrontier changes one bit of the frontier's file. The URLs that this loses
// are reported, and one command publishes exactly these again.
func TestDamagedFrontier(t *testing.T) {
	t.Parallel()
	site := newGate()
	origins := listen(t, site)
	cfg := gatedConfig(t)
	p := runPipeline(t, cfg, slog.New(slog.DiscardHandler))
	urls := admit(t, p, origins)
	p.stop()
	damage(t, cfg.Data.Dir, subject.StreamFrontier)

	p = runPipeline(t, cfg, slog.New(slog.DiscardHandler))
	waiting := map[string]bool{}
	for _, msg := range natstest.Messages(t, p.Bus.JS, subject.StreamFrontier) {
		entry := &datelinev1.FrontierEntry{}
		if err := proto.Unmarshal(msg.Data, entry); err != nil {
			t.Fatal(err)
		}
		waiting[entry.GetUrl()] = true
	}
	gone := slices.DeleteFunc(urls, func(url string) bool { return waiting[url] })
	if len(gone) == 0 || len(gone) == damagedPages {
		t.Fatalf("%d of %d URLs are lost, want some", len(gone), damagedPages)
	}
	checkRepair(t, cfg.Data.Dir, "fetch", gone)
	close(site.opened)
	checkComplete(t, p, cfg.Data.Dir, site)
	if again := site.repeated(); again > 0 {
		t.Errorf("%d pages were fetched again", again)
	}
}
