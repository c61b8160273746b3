package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dateline-news/dateline/cmd/dateline/internal/cli"
	"github.com/dateline-news/dateline/cmd/dateline/internal/pipeline"
	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/services/notifier/subscriptions"
)

// webHook is a target that counts the messages that it has accepted, by id.
type webHook struct {
	*httptest.Server

	down     atomic.Bool
	mu       sync.Mutex
	accepted map[string]int
	last     string // body
}

func newWebHook(t *testing.T) *webHook {
	t.Helper()
	hook := &webHook{accepted: map[string]int{}}
	hook.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || hook.down.Load() {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		hook.mu.Lock()
		defer hook.mu.Unlock()
		hook.accepted[r.Header.Get("webhook-id")]++
		hook.last = string(body)
	}))
	t.Cleanup(hook.Close)
	return hook
}

// count returns the number of messages with different ids, and that of repetitions.
func (h *webHook) count() (distinct, repeated int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, n := range h.accepted {
		repeated += n - 1
	}
	return len(h.accepted), repeated
}

// writeSecret writes a secret to a file and returns both.
func writeSecret(t *testing.T) (file, secret string) {
	t.Helper()
	file, secret = filepath.Join(t.TempDir(), "key"), "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
	if err := os.WriteFile(file, []byte(secret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return file, secret
}

// awaitNotifier waits until the notifier follows the stream: what is stored from then on is matched.
func awaitNotifier(t *testing.T, all *subscriptions.Subscriptions) {
	t.Helper()
	natstest.Eventually(t, "the notifier follows the stream", func() bool {
		progress, err := all.Progress(t.Context())
		return err == nil && !progress.Created.IsZero()
	})
}

// TestSubscribe manages a subscription with the command line while the pipeline runs, and has an article delivered.
func TestSubscribe(t *testing.T) {
	t.Parallel()
	hook := newWebHook(t)
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, harbourPage("Lund"))
	}))
	t.Cleanup(site.Close)
	cfg := testConfig(t.TempDir())
	allowLoopback(&cfg)
	cfg.Notifier.AllowHosts, cfg.Data.NATSAddr = []string{"127.0.0.1"}, "127.0.0.1:0"
	p := runPipeline(t, cfg, slog.New(slog.DiscardHandler))
	all := subscriptions.Of(p.Store)
	awaitNotifier(t, all)
	key, secret := writeSecret(t)
	allow := "--notifier-allow-hosts=127.0.0.1"
	run := func(wantCode int, want string, args ...string) {
		t.Helper()
		code, out, errs := dateline(t, append(append([]string{"subscribe"}, args...), "--data", cfg.Data.Dir, allow)...)
		if code != wantCode || !strings.Contains(out+errs, want) || strings.Contains(out+errs, secret) {
			t.Errorf("subscribe %s: exit code %d, want %d with %q and no secret:\n%s%s",
				strings.Join(args, " "), code, wantCode, want, out, errs)
		}
	}
	run(0, "0 subscriptions", "ls")
	run(2, "--secret-file", "add", "harbour", "--query", "harbour", "--to", hook.URL)
	run(2, "is not a day or a time", "add", "harbour", "--since", "soon", "--to", hook.URL, "--unsigned")
	run(2, "only says what to leave out", "add", "harbour", "--query", "-harbour", "--to", hook.URL, "--unsigned")
	run(2, "its name is", "add", "two words", "--query", "harbour", "--to", "ftp://x", "--unsigned")
	run(0, "subscribed harbour", "add", "harbour", "--query", `"harbour master" reopened`, "--language", "en",
		"--to", hook.URL, "--secret-file", key)
	run(0, "subscribed harbour", "add", "harbour", "--query", `"harbour master" reopens`, "--to", hook.URL)
	var out, errs bytes.Buffer
	code := cli.Run(natstest.Context(t), []string{
		"subscribe", "add", "harbour", "--query", `"harbour master" reopens`, "--to", hook.URL, "--secret-file=-",
		"--data", cfg.Data.Dir, allow,
	}, cli.Streams{In: strings.NewReader(secret), Out: &out, Err: &errs})
	if code != 0 {
		t.Errorf("a secret from standard input: exit code %d:\n%s%s", code, &out, &errs)
	}
	// The running notifier sends the sample, and it may use the host.
	if code, out, errs := dateline(t, "subscribe", "test", "harbour", "--data", cfg.Data.Dir); code != 0 ||
		!strings.Contains(out, "200 OK") || errs != "" {
		t.Errorf("a sample of the running notifier: exit code %d:\n%s%s", code, out, errs)
	}
	if _, err := p.Bus.JS.Publish(t.Context(), subject.URLs, []byte(site.URL+"/a")); err != nil {
		t.Fatal(err)
	}
	natstest.Eventually(t, "a delivery", func() bool {
		one, err := all.Get(t.Context(), "harbour")
		return err == nil && one.Delivered == 1
	})
	var got struct {
		Type string
		Data struct{ Article struct{ Title string } }
	}
	if err := json.Unmarshal([]byte(hook.last), &got); err != nil || got.Type != "article.new" ||
		got.Data.Article.Title != "Harbour reopens" {
		t.Errorf("delivered %.300s (%v), want the article", hook.last, err)
	}
	run(0, "1 delivery", "log", "harbour")
	run(0, `"state":"delivered"`, "log", "harbour", "--json")
	run(0, "Harbour reopens", "log", "harbour", "--request", "1")
	run(1, "delivery 77", "log", "harbour", "--request", "77")
	run(2, "--request is -1", "log", "harbour", "--request=-1")
	run(0, `"secrets": 1`, "show", "harbour")
	run(0, "delivery 1 is sent again", "resend", "harbour", "1")
	run(1, "has no delivery 77", "resend", "harbour", "77")
	run(2, "not the id", "resend", "harbour", "first")
	run(0, "0 deliveries sent again", "resend", "harbour", "--failed")
	run(2, "takes the name of a subscription", "resend", "harbour", "1", "--failed")
	run(0, "harbour is active", "resume", "harbour")
	natstest.Eventually(t, "the second delivery", func() bool {
		_, repeated := hook.count()
		one, err := all.Get(t.Context(), "harbour")
		return repeated == 1 && err == nil && one.Pending == 0 // a pending delivery is not replayed
	})
	run(2, "--since", "replay", "harbour")
	run(1, "no such subscription", "replay", "unknown", "--since", "1h")
	run(0, "0 deliveries sent again", "replay", "harbour", "--since", "2100-01-01")
	run(0, "1 delivery sent again", "replay", "harbour", "--since", "2h")
	natstest.Eventually(t, "the third delivery", func() bool { _, repeated := hook.count(); return repeated == 2 })
	hook.down.Store(true)
	run(1, "has not accepted the sample", "test", "harbour")

	file := filepath.Join(t.TempDir(), "template")
	if err := os.WriteFile(file, []byte("{{.Title}} in {{.Nosuch}}"), 0o600); err != nil {
		t.Fatal(err)
	}
	form := []string{"add", "form", "--query", "harbour", "--to", hook.URL + "/T0KEN"}
	run(2, "Nosuch", append(form, "--unsigned", "--form", "template", "--template-file", file)...)
	run(2, "its form is", append(form, "--unsigned", "--form", "fax")...)
	run(0, "subscribed form", append(form, "--form", "slack")...)
	for _, args := range [][]string{{"show", "form"}, {"ls", "--json"}, {"export"}, {"test", "form"}} {
		code, out, errs := dateline(t, append(append([]string{"subscribe"}, args...), "--data", cfg.Data.Dir, allow)...)
		if code != 0 && args[0] != "test" || !strings.Contains(out, hook.URL+"/…") || strings.Contains(out+errs, "T0KEN") {
			t.Errorf("subscribe %v shows the secret URL of a chat:\n%s%s", args, out, errs)
		}
	}
	run(0, "subscribed form", "add", "form", "--query", "ferry", "--form", "slack", "--to", hook.URL+"/…")
	if one, err := all.Get(t.Context(), "form"); err != nil || one.To != hook.URL+"/T0KEN" || one.Query.Text != "ferry" {
		t.Errorf("the target became %q (%v), want it kept", one.To, err)
	}
	run(2, "its target is not whole", "add", "other", "--query", "ferry", "--form", "slack", "--to", hook.URL+"/…")
	run(0, "removed form", "remove", "form")

	_, exported, _ := dateline(t, "subscribe", "export", "--data", cfg.Data.Dir)
	file = filepath.Join(t.TempDir(), "subs.yaml")
	added := strings.ReplaceAll(exported, "name: harbour", "name: other") + "      unsigned: true\n"
	if err := os.WriteFile(file, []byte(added), 0o600); err != nil {
		t.Fatal(err)
	}
	run(0, "applied 1 subscription", "apply", "-f", file)
	run(0, "2 subscriptions", "ls")
	run(0, "removed harbour", "remove", "harbour")
	run(1, "no such subscription", "show", "harbour")
	if err := os.WriteFile(file, []byte("subscriptions: [{name: x, nosuch: y}]"), 0o600); err != nil {
		t.Fatal(err)
	}
	run(2, "nosuch", "apply", "-f", file)
	p.stop()
	hook.down.Store(false)
	run(0, "no notifier runs", "test", "other")
}

// TestDeliveriesSurviveKills kills the process with SIGKILL at random moments while articles are stored and delivered,
// with a target that is down at first. Every article must be accepted, and only repetitions with the same id are
// allowed. DATELINE_KILLS is the number of kills.
func TestDeliveriesSurviveKills(t *testing.T) {
	if testing.Short() {
		t.Skip("this test starts and kills a process again and again: run without -short")
	}
	t.Parallel()
	hook, kills := newWebHook(t), killsWanted(t)
	pages := 48 * kills // more than are fetched before the last kill
	hook.down.Store(true)
	requested := make(chan struct{}, 1)
	origins := listen(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case requested <- struct{}{}:
		default:
		}
		_, _ = io.WriteString(w, harbourPage(r.Host+r.URL.Path))
	}))
	dir := storeFolder(t)
	if code, _, errs := dateline(t, "subscribe", "add", "harbour", "--query", "harbour", "--to", hook.URL, "--unsigned",
		"--data", dir); code != 0 {
		t.Fatal(errs)
	}
	publishPages(t, dir, origins, pages)
	args := append([]string{
		"up", "--data", dir, "--data-nats-addr", "127.0.0.1:0", "--http-addr=", "--context=", "--admin-addr=",
		"--notifier-allow-hosts=127.0.0.1", "--notifier-retry-delay=100ms", "--notifier-max-delay=1s", "--data-min-free=0",
	}, loopback...)
	args = append(args, "--fetcher-delay=400ms")
	for i := range kills {
		ctx, kill := context.WithCancel(natstest.Context(t))
		run := program(ctx, t, args...)
		if err := run.Start(); err != nil {
			t.Fatal(err)
		}
		select {
		case <-requested:
		case <-time.After(natstest.Patience(t) / 10): // nothing is left to fetch
		}
		time.Sleep(rand.N(2 * time.Second))
		hook.down.Store(i < kills/2)
		kill()
		_ = run.Wait()
	}
	hook.down.Store(false)
	cfg := testConfig(dir)
	allowLoopback(&cfg)
	cfg.Notifier.AllowHosts, cfg.Notifier.RetryDelay = []string{"127.0.0.1"}, 100*time.Millisecond
	p := runPipeline(t, cfg, slog.New(slog.DiscardHandler))
	all := subscriptions.Of(p.Store)
	natstest.Eventually(t, "all deliveries", func() bool {
		one, err := all.Get(t.Context(), "harbour")
		return err == nil && one.Delivered >= int64(pages) && one.Pending == 0
	})
	distinct, repeated := hook.count()
	t.Logf("%d kills, %d articles, %d repeated", kills, distinct, repeated)
	if distinct != pages {
		t.Errorf("%d articles were delivered, want %d", distinct, pages)
	}
}

// publishPages publishes URLs of pages that are different, on the streams of a folder, whose notifier then follows the
// stream of revisions.
func publishPages(t *testing.T, dir string, origins []string, count int) {
	t.Helper()
	p := runPipeline(t, testConfig(dir), slog.New(slog.DiscardHandler))
	defer p.stop()
	awaitNotifier(t, subscriptions.Of(p.Store))
	p.stop()
	bus, err := pipeline.OpenBus(t.Context(), testConfig(dir), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer bus.Close()
	for i := range count {
		url := fmt.Sprintf("%s/page%d", origins[i%len(origins)], i)
		if _, err := bus.JS.Publish(t.Context(), subject.URLs, []byte(url)); err != nil {
			t.Fatal(err)
		}
	}
}
