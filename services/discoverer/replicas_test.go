package discoverer_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/protobuf/proto"

	"github.com/dateline-news/dateline/internal/natsembed"
	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/postgrestest"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/topology"
	"github.com/dateline-news/dateline/internal/weburl"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/discoverer"
	"github.com/dateline-news/dateline/services/discoverer/sources"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// The variables by which the test starts itself as a replica.
const (
	replicaNATS  = "DATELINE_TEST_REPLICA_NATS"
	replicaStore = "DATELINE_TEST_REPLICA_STORE"
)

// runReplica runs a discoverer until the process is killed.
func runReplica(ctx context.Context) error {
	nc, err := nats.Connect(os.Getenv(replicaNATS), nats.Timeout(time.Hour))
	if err != nil {
		return err
	}
	js, err := jetstream.New(nc)
	if err != nil {
		return err
	}
	s, err := store.Open(ctx, os.Getenv(replicaStore))
	if err != nil {
		return err
	}
	stage, err := discoverer.New(ctx, discoverer.DefaultConfig(), discoverer.Dependencies{
		JS: js, Store: s, Registry: prometheus.NewRegistry(), Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return err
	}
	return stage.Run(ctx)
}

// startReplica starts a process with a discoverer. kill ends it at once, with SIGKILL.
func startReplica(t *testing.T, server *natsembed.Server, dsn string) (kill func()) {
	t.Helper()
	process := exec.CommandContext(t.Context(), os.Args[0])
	process.Env = append(os.Environ(), replicaNATS+"="+server.ClientURL(), replicaStore+"="+dsn)
	process.Stderr = os.Stderr
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	killed := false
	kill = func() {
		if !killed {
			killed = true
			_ = process.Process.Kill()
			_ = process.Wait() // it reports the kill
		}
	}
	t.Cleanup(kill)
	return kill
}

// TestReplicasTakeOver has two processes poll the endpoints of many sources. When the first is
// killed, the second polls on, and publishes what the first one has only claimed. No endpoint is
// polled twice in its interval.
func TestReplicasTakeOver(t *testing.T) {
	server, err := natsembed.Start(natsembed.Config{
		Dir: t.TempDir(), Addr: "127.0.0.1:0", Relaxed: true, MaxStoreBytes: 64 << 30,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Stop)
	_, js := natstest.Connect(t, server)
	natstest.Reconcile(t, js, topology.Limits{})
	dsn := postgrestest.Database(t)
	s, err := store.Open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	all, added := sources.Of(s), 0
	addSources := func(n int) {
		t.Helper()
		for range n {
			added++
			home, err := weburl.Parse(fmt.Sprintf("https://paper-%d.example/", added))
			if err != nil {
				t.Fatal(err)
			}
			source := sources.New(home, nil, time.Now())
			first, err := sources.First(source)
			if err == nil {
				err = all.Add(t.Context(), source, first)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	awaitPolls := func() {
		t.Helper()
		natstest.Eventually(t, fmt.Sprintf("the endpoints of %d sources are polled", added), func() bool {
			return len(polledOnce(t, js)) == 2*added
		})
	}
	killFirst := startReplica(t, server, dsn)
	addSources(1)
	awaitPolls() // the first replica runs
	startReplica(t, server, dsn)
	addSources(150)
	killFirst() // while both poll
	awaitPolls()
	addSources(150)
	awaitPolls()
}

// polledOnce returns the URLs of the requests for endpoints, of which there is one for each.
func polledOnce(t *testing.T, js jetstream.JetStream) map[string]bool {
	t.Helper()
	urls := map[string]bool{}
	for _, msg := range natstest.Messages(t, js, subject.StreamURLs) {
		request := &datelinev1.FetchRequest{}
		if err := proto.Unmarshal(msg.Data, request); err != nil {
			t.Fatal(err)
		}
		if urls[request.GetUrl()] {
			t.Fatalf("%s was polled twice", request.GetUrl())
		}
		urls[request.GetUrl()] = true
	}
	return urls
}
