package frontier

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/dateline-news/dateline/internal/natsembed"
	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/topology"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(serverFolder); dir != "" {
		if err := serve(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

// leaseTTL is short enough for a test to see leases expire, and long enough for a
// slow machine to renew them.
const leaseTTL = 15 * time.Second

// recorder is a visitor that records the entries that it is given. Without decide
// each entry is finished.
type recorder struct {
	decide func(e *Entry) (Decision, error)

	mu       sync.Mutex
	visits   []recordedVisit
	refused  []uint64
	busy     map[string]bool
	overlaps int // visits to a host that was being visited
}

type recordedVisit struct {
	url  string
	time time.Time
}

func (r *recorder) Visit(_ context.Context, e *Entry) (Decision, error) {
	r.mu.Lock()
	if r.busy == nil {
		r.busy = map[string]bool{}
	}
	key := hostKey(e.Subject)
	if r.busy[key] {
		r.overlaps++
	}
	r.busy[key] = true
	r.visits = append(r.visits, recordedVisit{e.GetUrl(), time.Now()})
	r.mu.Unlock()
	defer func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.busy[key] = false
	}()
	if r.decide == nil {
		return Decision{}, nil
	}
	return r.decide(e)
}

func (r *recorder) Refuse(_ context.Context, e *Entry, _ error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.refused = append(r.refused, e.Sequence)
	return nil
}

// recorded returns the visits so far.
func (r *recorder) recorded() []recordedVisit {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]recordedVisit(nil), r.visits...)
}

// urls returns the URLs that were visited so far, in order.
func (r *recorder) urls() []string {
	var all []string
	for _, v := range r.recorded() {
		all = append(all, v.url)
	}
	return all
}

type replica struct {
	*Frontier
	nc   *nats.Conn
	stop func() error
}

// ownsAll reports whether the replica owns every partition.
func (r *replica) ownsAll() bool { return len(r.leases.owned()) == subject.Partitions }

// holds reports whether a replica may work on a partition, and since when it has
// the lease.
func (r *replica) holds(partition int) (since time.Time, ok bool) {
	return r.leases.taken(partition), r.leases.valid(partition)
}

// newServer starts a server with short leases.
func newServer(t *testing.T) (*natsembed.Server, jetstream.JetStream) {
	t.Helper()
	server, js := newServerWith(t, topology.Limits{PerHost: 1000})
	bucket := jetstream.KeyValueConfig{Bucket: subject.BucketLeases, TTL: leaseTTL, Storage: jetstream.FileStorage}
	if _, err := js.UpdateKeyValue(t.Context(), bucket); err != nil {
		t.Fatal(err)
	}
	return server, js
}

func newServerWith(t *testing.T, limits topology.Limits) (*natsembed.Server, jetstream.JetStream) {
	t.Helper()
	server := natstest.Server(t, t.TempDir())
	_, js := natstest.Connect(t, server)
	natstest.Reconcile(t, js, limits)
	return server, js
}

// join starts a replica with a connection of its own, and a configuration that options
// may change.
func join(
	t *testing.T, server *natsembed.Server, name string, visitor Visitor, options ...func(*Config),
) *replica {
	t.Helper()
	nc, js := natstest.Connect(t, server)
	config := Config{
		Replica: name, MaxInFlight: 16, Quiet: time.Millisecond, DrainTimeout: 10 * time.Second, Visitor: visitor,
		MaxRetryWait: time.Hour,
		Log:          slog.New(slog.DiscardHandler), Now: time.Now, Registry: prometheus.NewRegistry(),
	}
	for _, option := range options {
		option(&config)
	}
	f, err := New(t.Context(), nc, js, config)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- f.Run(ctx) }()
	r := &replica{Frontier: f, nc: nc, stop: sync.OnceValue(func() error { cancel(); return <-ended })}
	t.Cleanup(func() {
		if err := r.stop(); err != nil {
			t.Error(err)
		}
	})
	return r
}

// tryPut publishes a URL, for a time in the future unless notBefore is zero.
func tryPut(t *testing.T, js jetstream.JetStream, url string, notBefore time.Time) error {
	t.Helper()
	entry := &datelinev1.FrontierEntry{Url: url, Request: &datelinev1.FetchRequest{Url: url, RequestId: url}}
	if !notBefore.IsZero() {
		entry.NotBeforeTime = timestamppb.New(notBefore)
	}
	return Publish(t.Context(), js, url, entry)
}

func put(t *testing.T, js jetstream.JetStream, url string, notBefore time.Time) {
	t.Helper()
	if err := tryPut(t, js, url, notBefore); err != nil {
		t.Fatal(err)
	}
}

// putAll publishes a number of URLs on each of several hosts.
func putAll(t *testing.T, js jetstream.JetStream, hosts, each int) (urls []string) {
	t.Helper()
	for i := range each {
		for h := range hosts {
			url := fmt.Sprintf("https://site%d.example/%d", h, i)
			put(t, js, url, time.Time{})
			urls = append(urls, url)
		}
	}
	return urls
}

func waitUntilEmpty(t *testing.T, js jetstream.JetStream) {
	t.Helper()
	natstest.Eventually(t, "the frontier is empty", func() bool {
		return natstest.Count(t, js, subject.StreamFrontier) == 0
	})
}
