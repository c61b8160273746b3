package indexer_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"

	"github.com/dateline-news/dateline/internal/natsembed"
	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/topology"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/progress"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// TestKilledUnderLoad kills the indexer with SIGKILL repeatedly (ten times, or
// the number in DATELINE_KILLS) while articles and changes to them are queued,
// and then lets it finish. No article may be lost or stored twice, no revision
// lost or invented, and every revision must have been announced.
func TestKilledUnderLoad(t *testing.T) {
	if testing.Short() {
		t.Skip("starts and kills a process repeatedly: run without -short")
	}
	kills := natstest.Kills(t, 10)
	k := newKillTest(t)
	for n := range kills {
		k.publishRound(n)
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(20+rand.IntN(480))*time.Millisecond)
		run, stderr := k.start(ctx)
		err := run.Wait()
		if ctx.Err() == nil {
			t.Fatalf("run %d was not killed but ended: %v\n%s", n, err, stderr)
		}
		cancel()
	}
	left := k.finish()
	k.verifyStore()
	k.verifyEvents()
	t.Logf("%d articles with %d revisions, %d kills, %d messages left for the last run",
		len(k.published), k.sent, kills, left)
}

// killTest runs the indexer as a process on streams of its own.
type killTest struct {
	t                      *testing.T
	js                     jetstream.JetStream
	program, natsURL, file string
	published              map[string]int // revisions of each article
	sent                   int            // revisions published
}

func newKillTest(t *testing.T) *killTest {
	program := filepath.Join(t.TempDir(), "indexer")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", program, "./cmd/indexer")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building: %v\n%s", err, out)
	}
	server, err := natsembed.Start(natsembed.Config{
		Dir: t.TempDir(), Addr: "127.0.0.1:0", Relaxed: true, MaxStoreBytes: 64 << 30,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Stop)
	_, js := natstest.Connect(t, server)
	natstest.Reconcile(t, js, topology.Limits{})
	return &killTest{
		t: t, js: js, program: program, natsURL: server.ClientURL(), file: filepath.Join(t.TempDir(), "articles.db"),
		published: map[string]int{},
	}
}

func (k *killTest) start(ctx context.Context) (*exec.Cmd, *bytes.Buffer) {
	k.t.Helper()
	run := exec.CommandContext(ctx, k.program, "--nats-url", k.natsURL, "--store-url", "sqlite:"+k.file,
		"--admin-addr=", "--http-addr=", "--admin-log-level=error", "--indexer-batch=50", "--indexer-batch-wait=5ms")
	var stderr bytes.Buffer
	run.Stderr = &stderr
	if err := run.Start(); err != nil {
		k.t.Fatal(err)
	}
	return run, &stderr
}

// publishRound publishes new articles and changes to known ones.
func (k *killTest) publishRound(n int) {
	k.t.Helper()
	for i := range 120 {
		name, version := fmt.Sprintf("r%d-%d", n, i), 0
		if n > 0 && i%3 == 0 {
			name = fmt.Sprintf("r%d-%d", rand.IntN(n), i)
			version = k.published[name]
		}
		k.published[name] = version + 1
		a := record(name, fmt.Sprintf("Version %d", version), noon.Add(time.Duration(version)*time.Hour))
		a.Text = strings.Repeat(name+" word ", 300)
		publish(k.t, k.js, fmt.Sprintf("%s/%d", name, version), a)
		k.sent++
	}
}

// finish runs the indexer until it has stored everything. It returns the number
// of messages that were left for this run.
func (k *killTest) finish() (left uint64) {
	k.t.Helper()
	consumer, err := k.js.Consumer(k.t.Context(), subject.StreamArticles, subject.ConsumerIndex)
	if err != nil {
		k.t.Fatal(err)
	}
	left = consumer.CachedInfo().NumPending
	ctx, cancel := context.WithCancel(k.t.Context())
	defer cancel()
	run, stderr := k.start(ctx)
	natstest.Eventually(k.t, "everything to be indexed", func() bool {
		info, err := consumer.Info(k.t.Context())
		return err == nil && info.NumPending == 0 && info.NumAckPending == 0
	})
	cancel()
	if err := run.Wait(); err != nil && !strings.Contains(err.Error(), "killed") {
		k.t.Fatalf("%v\n%s", err, stderr)
	}
	return left
}

func (k *killTest) verifyStore() {
	k.t.Helper()
	s, err := store.Open(k.t.Context(), "sqlite:"+k.file)
	if err != nil {
		k.t.Fatal(err)
	}
	defer s.Close()
	stats, err := s.Stats(k.t.Context())
	if err != nil || int(stats.Articles) != len(k.published) || int(stats.Revisions) != k.sent {
		k.t.Errorf("%d articles and %d revisions stored, %v; want %d and %d",
			stats.Articles, stats.Revisions, err, len(k.published), k.sent)
	}
	states, err := progress.Compare(k.t.Context(), k.js, s)
	if err != nil {
		k.t.Fatal(err)
	}
	for _, state := range states {
		if len(state.Missing) > 0 {
			k.t.Errorf("the store lacks the messages %v of %s", state.Missing, state.Stream)
		}
	}
	for name, want := range k.published {
		revisions, err := s.Revisions(k.t.Context(), "id-"+name)
		if err != nil {
			k.t.Fatal(err)
		}
		if len(revisions) != want {
			var all []string
			for _, r := range revisions {
				seen := r.FirstSeen.Format(time.TimeOnly)
				all = append(all, fmt.Sprintf("%d %s of %s", r.Number, r.Article.GetTitle(), seen))
			}
			k.t.Errorf("%s has revisions %q, want %d", name, all, want)
		}
	}
}

func (k *killTest) verifyEvents() {
	k.t.Helper()
	announced := map[string]int{}
	for _, msg := range natstest.Messages(k.t, k.js, subject.StreamRevisions) {
		event := &datelinev1.RevisionEvent{}
		if err := proto.Unmarshal(msg.Data, event); err != nil {
			k.t.Fatal(err)
		}
		announced[fmt.Sprintf("%s/%d", event.GetArticleId(), event.GetRevision())]++
	}
	if len(announced) != k.sent {
		k.t.Errorf("%d revisions were announced, want %d", len(announced), k.sent)
	}
}
