package frontier

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/topology"
)

// BenchmarkTakeover kills one of two replicas on three NATS nodes, and measures how long its hosts are not
// visited: until another replica visits the first of them, and until that replica has visited all.
func BenchmarkTakeover(b *testing.B) {
	nc, js := natstest.Cluster(b)
	natstest.Reconcile(b, js, topology.Limits{Replicas: 3})
	for b.Loop() {
		takeOver(b, nc, js)
	}
}

func takeOver(b *testing.B, nc *nats.Conn, js jetstream.JetStream) {
	b.Helper()
	const hosts = 200
	visits := make(chan time.Time, hosts)
	killed := startReplica(b, nc, "killed", &recorder{})
	left := startReplica(b, nc, "left", &recorder{decide: func(e *Entry) (Decision, error) {
		visits <- time.Now()
		return Decision{}, nil
	}})
	share := func() int { return len(killed.leases.owned()) }
	natstest.Eventually(b, "both have their shares", func() bool {
		return share() > 0 && share()+len(left.leases.owned()) == subject.Partitions
	})
	lost := killed.leases.owned()
	killed.nc.Close() // like SIGKILL, it sends nothing more
	began := time.Now()
	var waiting int
	for i := range hosts {
		entry := waitingEntry(i, i)
		name, err := subjectOf(entry)
		if err != nil {
			b.Fatal(err)
		}
		if p, _ := partitionOf(name); lost[p].IsZero() {
			continue
		}
		waiting++
		if err := Publish(b.Context(), js, began.String()+entry.GetUrl(), entry); err != nil {
			b.Fatal(err)
		}
	}
	first := <-visits
	last := first
	for range waiting - 1 {
		last = <-visits
	}
	b.ReportMetric(first.Sub(began).Seconds(), "s-to-first-visit")
	b.ReportMetric(last.Sub(began).Seconds(), "s-to-last-visit")
	b.Logf("%d hosts: first visit after %s, last after %s", waiting, first.Sub(began), last.Sub(began))
	for _, r := range []*replica{killed, left} {
		if err := r.stop(); err != nil {
			b.Error(err)
		}
	}
}

// startReplica starts a replica with a connection of its own and the default pause between
// requests.
func startReplica(b *testing.B, nc *nats.Conn, name string, visitor Visitor) *replica {
	b.Helper()
	own, err := nats.Connect(nc.ConnectedUrl())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(own.Close)
	js, err := jetstream.New(own)
	if err != nil {
		b.Fatal(err)
	}
	f, err := New(b.Context(), own, js, Config{
		Replica: name, MaxInFlight: 64, Quiet: time.Second, MaxRetryWait: time.Hour, DrainTimeout: time.Second,
		Visitor: visitor, Log: slog.New(slog.DiscardHandler), Now: time.Now, Registry: prometheus.NewRegistry(),
	})
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- f.Run(ctx) }()
	return &replica{Frontier: f, nc: own, stop: func() error { cancel(); return <-ended }}
}
