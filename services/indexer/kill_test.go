package indexer_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/dateline-news/dateline/internal/ledger"
	"github.com/dateline-news/dateline/internal/natsembed"
	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/topology"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// TestKilledUnderLoad ends the indexer by SIGKILL again and again (ten times,
// or as DATELINE_KILLS says) while articles and changes of them wait, then lets
// it finish: no article may be lost or stored twice, no revision lost or
// invented, and each must have been announced.
func TestKilledUnderLoad(t *testing.T) {
	if testing.Short() {
		t.Skip("this test starts and kills a process again and again: run without -short")
	}
	kills := 10
	if text := os.Getenv("DATELINE_KILLS"); text != "" {
		var err error
		if kills, err = strconv.Atoi(text); err != nil {
			t.Fatalf("DATELINE_KILLS: %v", err)
		}
	}
	program := filepath.Join(t.TempDir(), "indexer")
	if out, err := exec.Command("go", "build", "-o", program, "./cmd/indexer").CombinedOutput(); err != nil {
		t.Fatalf("building: %v\n%s", err, out)
	}
	server, err := natsembed.Start(natsembed.Config{Dir: t.TempDir(), Addr: "127.0.0.1:0", Relaxed: true,
		MaxStoreBytes: 64 << 30})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Stop()
	_, js := natstest.Connect(t, server)
	natstest.Reconcile(t, js, topology.Limits{})
	file := filepath.Join(t.TempDir(), "articles.db")
	start := func(ctx context.Context) (*exec.Cmd, *bytes.Buffer) {
		t.Helper()
		run := exec.CommandContext(ctx, program, "--nats-url", server.ClientURL(), "--store-url", "sqlite:"+file,
			"--admin-addr=", "--http-addr=",
			"--admin-log-level=error", "--indexer-batch=50", "--indexer-batch-wait=5ms")
		var said bytes.Buffer
		run.Stderr = &said
		if err := run.Start(); err != nil {
			t.Fatal(err)
		}
		return run, &said
	}
	// Each round brings new articles, and changes of some that are known.
	published := map[string]int{} // revisions of each article
	sent := 0
	round := func(n int) {
		for i := range 120 {
			name, version := fmt.Sprintf("r%d-%d", n, i), 0
			if n > 0 && i%3 == 0 {
				name = fmt.Sprintf("r%d-%d", rand.IntN(n), i)
				version = published[name]
			}
			published[name] = version + 1
			a := record(name, fmt.Sprintf("Version %d", version), noon.Add(time.Duration(version)*time.Hour))
			a.Text = strings.Repeat(name+" word ", 300)
			msg, err := ledger.Message(subject.Articles("en", "com.example"), fmt.Sprintf("%s/%d", name, version), a)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := js.PublishMsg(t.Context(), msg); err != nil {
				t.Fatal(err)
			}
			sent++
		}
	}
	for n := range kills {
		round(n)
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(20+rand.IntN(480))*time.Millisecond)
		run, said := start(ctx)
		err := run.Wait()
		if ctx.Err() == nil {
			t.Fatalf("run %d ended by itself: %v\n%s", n, err, said)
		}
		cancel()
	}
	consumer, err := js.Consumer(t.Context(), subject.StreamArticles, subject.ConsumerIndex)
	if err != nil {
		t.Fatal(err)
	}
	left := consumer.CachedInfo().NumPending
	ctx, cancel := context.WithCancel(t.Context())
	run, said := start(ctx)
	natstest.Eventually(t, "everything to be indexed", func() bool {
		info, err := consumer.Info(t.Context())
		return err == nil && info.NumPending == 0 && info.NumAckPending == 0
	})
	cancel()
	if err := run.Wait(); err != nil && !strings.Contains(err.Error(), "killed") {
		t.Fatalf("%v\n%s", err, said)
	}

	s, err := store.Open(t.Context(), "sqlite:"+file)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if stats, err := s.Stats(t.Context()); err != nil || int(stats.Articles) != len(published) ||
		int(stats.Revisions) != sent {
		t.Errorf("%d articles and %d revisions are stored, %v; want %d and %d", stats.Articles, stats.Revisions, err,
			len(published), sent)
	}
	announced := map[string]int{}
	for _, msg := range natstest.Messages(t, js, subject.StreamRevisions) {
		event := &datelinev1.RevisionEvent{}
		if err := proto.Unmarshal(msg.Data, event); err != nil {
			t.Fatal(err)
		}
		announced[fmt.Sprintf("%s/%d", event.GetArticleId(), event.GetRevision())]++
	}
	if len(announced) != sent {
		t.Errorf("%d revisions were announced, want %d", len(announced), sent)
	}
	for name, want := range published {
		revisions, err := s.Revisions(t.Context(), "id-"+name)
		if err != nil {
			t.Fatal(err)
		}
		if len(revisions) != want {
			var all []string
			for _, r := range revisions {
				all = append(all, fmt.Sprintf("%d %s of %s", r.Number, r.Article.GetTitle(),
					r.FirstSeen.Format(time.TimeOnly)))
			}
			t.Errorf("%s has the revisions %q, want %d", name, all, want)
		}
	}
	t.Logf("%d articles in %d revisions, %d kills, %d messages left for the last run", len(published), sent, kills,
		left)
}
