package main

import (
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dateline-news/dateline/cmd/dateline/internal/pipeline"
	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/services/indexer/access"
	"github.com/dateline-news/dateline/services/notifier/subscriptions"
)

// servePipeline runs a pipeline with a web page. It returns a function that runs commands as reader or operator, with a
// context that has only the address and a token of the web page, and returns what the command has printed.
func servePipeline(t *testing.T, cfg pipeline.Config) (
	p *running, run func(name string, wantCode int, want string, args ...string) string,
) {
	t.Helper()
	cfg.Data.NATSAddr, cfg.HTTP.Addr = "127.0.0.1:0", natstest.FreeAddr(t)
	cfg.HTTP.ReadToken, cfg.HTTP.OperateToken = "ReadTokenOfTheTest", "OperateTokenOfTheTest"
	p = runPipeline(t, cfg, slog.New(slog.DiscardHandler))
	awaitNotifier(t, subscriptions.Of(p.Store))
	u := user{t.TempDir(), t.TempDir()}
	settings := "nats: {url: nats://" + closedAddr + "}\nclient: {web: http://" + cfg.HTTP.Addr + "}\n"
	u.writeContext(t, "operator", settings+"http: {operate-token: OperateTokenOfTheTest}\n")
	u.writeContext(t, "reader", settings+"http: {read-token: ReadTokenOfTheTest}\n")
	ctx := natstest.Context(t)
	return p, func(name string, wantCode int, want string, args ...string) string {
		t.Helper()
		code, out := u.run(ctx, t, append(args, "--context", name)...)
		if code != wantCode || !strings.Contains(out, want) {
			t.Errorf("%s as %s: exit code %d, want %d with %q:\n%s", strings.Join(args, " "), name, code, wantCode, want, out)
		}
		return out
	}
}

// TestSubscribeOverHTTP manages subscriptions with a context that has only the address and token of the web page, and
// compares what is printed with what the store contains.
func TestSubscribeOverHTTP(t *testing.T) {
	t.Parallel()
	hook := newWebHook(t)
	cfg := testConfig(t.TempDir())
	cfg.Notifier.AllowHosts = []string{"127.0.0.1"}
	p, run := servePipeline(t, cfg)
	all := subscriptions.Of(p.Store)
	ctx := natstest.Context(t)
	key, secret := writeSecret(t)
	as := func(name string, wantCode int, want string, args ...string) string {
		t.Helper()
		out := run(name, wantCode, want, append([]string{"subscribe"}, args...)...)
		if strings.Contains(out, secret) {
			t.Errorf("subscribe %v as %s shows the secret:\n%s", args, name, out)
		}
		return out
	}
	as("operator", 0, "0 subscriptions", "ls")
	as("operator", 2, "--secret-file", "add", "harbour", "--query", "harbour", "--to", hook.URL)
	as("reader", 1, "give the operate token", "add", "harbour", "--query", "harbour", "--to", hook.URL, "--unsigned")
	as("operator", 0, "subscribed harbour", "add", "harbour", "--query", "harbour", "--to", hook.URL+"/?key=T0KEN",
		"--secret-file", key)
	as("operator", 0, "subscribed harbour", "add", "harbour", "--query", "ferry", "--to", hook.URL+"/?…")
	one, err := all.Get(ctx, "harbour")
	if err != nil || one.To != hook.URL+"/?key=T0KEN" || one.Secrets != 1 || one.Query.Text != "ferry" {
		t.Errorf("added %+v, %v", one, err)
	}
	as("operator", 0, "subscribed harbour", "add", "harbour", "--query", "ferry", "--to", hook.URL+"/?…", "--unsigned")
	if one, err = all.Get(ctx, "harbour"); err != nil || one.Secrets != 0 {
		t.Errorf("%d secrets are left, %v; want none", one.Secrets, err)
	}
	from, err := all.Progress(ctx)
	if err != nil {
		t.Fatal(err)
	}
	matches := []subscriptions.Match{{
		SubscriptionID: one.ID, ArticleID: "gone", Revision: 1, Event: subscriptions.New, EventTime: time.Now(),
	}}
	if _, _, err := all.Advance(ctx, from, from, subscriptions.Batch{Matches: matches}, 10, time.Now()); err != nil {
		t.Fatal(err)
	}
	natstest.Eventually(t, "the delivery of an article that is missing is skipped", func() bool {
		log, err := all.Log(ctx, "harbour", 0, 10)
		return err == nil && len(log) == 1 && log[0].State == subscriptions.Skipped
	})
	for _, args := range [][]string{
		{"ls"}, {"ls", "--json"}, {"show", "harbour"}, {"log", "harbour"}, {"log", "harbour", "--json"}, {"export"},
	} {
		got, want := as("reader", 0, "", args...), as("reader", 0, "", append(args, "--data-dir", cfg.Data.Dir)...)
		if got != want {
			t.Errorf("subscribe %v: over HTTP:\n%s\nfrom the store:\n%s", args, got, want)
		}
	}
	run("reader", 0, "notify  1 subscription: 1 active, 0 failing, 0 suspended", "status", "--interval", "100ms")
	run("reader", 0, `"deliveries":{"active":1,`, "status", "--interval", "100ms", "--json")
	as("operator", 1, "has no delivery 77", "resend", "harbour", "77")
	as("reader", 1, "harbour has no delivery 1", "log", "harbour", "--request", "1")
	as("reader", 1, "has no delivery 77", "log", "harbour", "--request", "77")
	as("operator", 0, "is sent again", "resend", "harbour", "1")
	as("operator", 0, "0 deliveries sent again", "resend", "harbour", "--failed")
	as("operator", 0, "0 deliveries sent again", "replay", "harbour", "--since", "1h")
	as("reader", 1, "give the operate token", "replay", "harbour", "--since", "1h")
	as("reader", 1, "give the operate token", "resume", "harbour")
	as("operator", 0, "harbour is active", "resume", "harbour")
	as("operator", 0, "the target has accepted the sample", "test", "harbour")
	hook.down.Store(true)
	as("operator", 1, "has not accepted the sample: the target has answered 502", "test", "harbour")
	as("operator", 1, "no such subscription", "test", "unknown")
	as("reader", 1, "give the operate token", "test", "harbour")
	entries, err := access.Of(p.Store).Entries(ctx, access.EntryFilter{Action: "subscribe", Limit: 100})
	if err != nil || !slices.ContainsFunc(entries, func(e access.Entry) bool {
		return e.Object == "/api/v1/subscriptions/harbour/test" && e.Actor == access.OperateToken
	}) {
		t.Errorf("the audit log lacks the sample: %+v, %v", entries, err)
	}
	as("reader", 1, "give the operate token", "remove", "harbour")
	as("operator", 0, "removed harbour", "remove", "harbour")
	as("operator", 1, "no such subscription", "show", "harbour")
}
