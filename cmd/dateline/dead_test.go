package main

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/dateline-news/dateline/cmd/dateline/internal/pipeline"
	"github.com/dateline-news/dateline/internal/subject"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/store"
	"github.com/dateline-news/dateline/services/notifier/subscriptions"
)

// TestDeadListContinues lists three dead letters in two parts.
func TestDeadListContinues(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	bus, err := pipeline.OpenBus(t.Context(), testConfig(dir), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"one", "two", "three"} {
		letter := &datelinev1.DeadLetter{
			Stage: datelinev1.Stage_STAGE_FETCH, Reason: "dns", Url: "https://" + name + ".example/",
		}
		data, err := proto.Marshal(letter)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := bus.JS.Publish(t.Context(), subject.Dead(letter.GetStage(), letter.GetReason()), data); err != nil {
			t.Fatal(err)
		}
	}
	if err := bus.Close(); err != nil {
		t.Fatal(err)
	}
	code, out, errText := dateline(t, "dead", "list", "--json", "--data", dir, "--limit", "2")
	if code != 0 || strings.Count(out, "\n") != 2 || strings.Contains(out, "three") ||
		!strings.Contains(errText, "--after 2\n") {
		t.Errorf("the first part: exit code %d\n%s%s", code, out, errText)
	}
	code, out, errText = dateline(t, "dead", "list", "--json", "--data", dir, "--limit", "2", "--after", "2")
	if code != 0 || strings.Count(out, "\n") != 1 || !strings.Contains(out, "three") || errText != "" {
		t.Errorf("the second part: exit code %d\n%s%s", code, out, errText)
	}
}

// TestDeadDeliveries lists, shows, requeues and drops deliveries that were given up.
func TestDeadDeliveries(t *testing.T) {
	t.Parallel()
	cfg := testConfig(t.TempDir())
	p := runPipeline(t, cfg, slog.New(slog.DiscardHandler))
	awaitNotifier(t, subscriptions.Of(p.Store))
	p.stop()
	run := func(wantCode int, want string, args ...string) string {
		t.Helper()
		code, out, errs := dateline(t, append(append([]string{"dead"}, args...), "--data", cfg.Data.Dir)...)
		if code != wantCode || !strings.Contains(out+errs, want) {
			t.Errorf("dead %s: exit code %d, want %d with %q:\n%s%s", strings.Join(args, " "), code, wantCode, want, out, errs)
		}
		return out
	}
	run(0, "0 deliveries", "ls", "--stage", "notify")
	if out := run(0, "0 dead letters", "ls"); strings.Contains(out, "given up") {
		t.Errorf("without deliveries that were given up:\n%s", out)
	}
	giveUp(t, cfg, "desk", 4)
	run(0, "4 deliveries to subscriptions given up", "list")
	run(0, "desk", "list", "--stage", "notify", "--limit", "1")
	run(0, "--after n1\n", "list", "--stage", "notify", "--limit", "1")
	if out := run(0, "", "list", "--stage", "notify", "--json", "--after", "n1"); strings.Count(out, "\n") != 3 ||
		!strings.Contains(out, `"number":"n2","stage":"notify"`) {
		t.Errorf("the JSON after n1:\n%s", out)
	}
	run(2, "is not the number", "list", "--stage", "notify", "--after", "first")
	run(2, "is not the number", "list", "--after", "n1")
	run(0, `"subscription": "desk"`, "show", "n1")
	run(1, "not one that was given up", "show", "n77")
	run(2, "either the numbers", "requeue")
	run(0, "requeue: 1 delivery", "requeue", "n1")
	run(1, "not one that was given up", "requeue", "n1")
	run(0, "drop: 1 delivery", "drop", "n2")
	run(0, "requeue: 0 dead letters", "requeue", "--all")
	run(0, "2 deliveries", "ls", "--stage", "notify")
	run(0, "requeue: 2 deliveries", "requeue", "--all", "--stage", "notify")
	run(0, "0 deliveries", "ls", "--stage", "notify")
	code, out, errs := dateline(t, "audit", "--data", cfg.Data.Dir)
	if code != 0 || !strings.Contains(out, "dead letters n1") || !strings.Contains(out, "all deliveries") {
		t.Errorf("the audit log: %d\n%s%s", code, out, errs)
	}
}

// TestDeadDeliveriesOverHTTP does so with a context that has only the address and a token of the web page.
func TestDeadDeliveriesOverHTTP(t *testing.T) {
	t.Parallel()
	cfg := testConfig(t.TempDir())
	p := runPipeline(t, cfg, slog.New(slog.DiscardHandler))
	awaitNotifier(t, subscriptions.Of(p.Store))
	p.stop()
	giveUp(t, cfg, "desk", 3)
	_, as := servePipeline(t, cfg)
	as("reader", 0, "3 deliveries", "dead", "list", "--stage", "notify")
	if out := as("reader", 0, "", "dead", "ls", "--stage", "notify", "--json", "--after", "n1", "--limit", "1"); out !=
		as("reader", 0, `"number":"n2","stage":"notify"`, "dead", "ls", "--stage", "notify", "--json", "--after", "n1",
			"--limit", "1", "--data-dir", cfg.Data.Dir) {
		t.Errorf("over HTTP:\n%s", out)
	}
	as("reader", 0, `"subscription": "desk"`, "dead", "show", "n1")
	as("reader", 1, "give the operate token", "dead", "requeue", "n1")
	as("operator", 0, "requeue: 1 delivery", "dead", "requeue", "n1")
	as("operator", 1, "n1 is not one that was given up", "dead", "requeue", "n1")
	as("operator", 0, "drop: 1 delivery", "dead", "drop", "n2")
	as("operator", 0, "drop: 1 delivery", "dead", "drop", "--all", "--stage", "notify")
	as("operator", 0, "0 deliveries", "dead", "ls", "--stage", "notify")
	as("operator", 0, "/api/v1/dead-letters/n1/requeue", "audit", "--action", "requeue")
}

// giveUp adds a subscription, and stores deliveries of it that were given up.
func giveUp(t *testing.T, cfg pipeline.Config, name string, count int) {
	t.Helper()
	s, err := store.Open(t.Context(), cfg.StoreURL())
	if err != nil {
		t.Fatal(err)
	}
	all, now := subscriptions.Of(s), time.Now()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(all.Put(t.Context(), subscriptions.Spec{Name: name, To: "https://hooks.invalid/in"}, nil, now))
	one, err := all.Get(t.Context(), name)
	must(err)
	from, err := all.Progress(t.Context())
	must(err)
	var matches []subscriptions.Match
	for i := range count {
		matches = append(matches, subscriptions.Match{
			SubscriptionID: one.ID, ArticleID: fmt.Sprint("a", i), Revision: 1, Event: subscriptions.New, EventTime: now,
		})
	}
	_, _, err = all.Advance(t.Context(), from, from, subscriptions.Batch{Matches: matches}, 10, now)
	must(err)
	due, err := all.Due(t.Context(), one.ID, now, count)
	must(err)
	for i := range due {
		due[i].State, due[i].Detail, due[i].EndTime = subscriptions.Failed, "refused", now
	}
	must(all.Record(t.Context(), one.ID, subscriptions.Report{State: subscriptions.Active, Deliveries: due}, now))
	must(s.Close())
}
