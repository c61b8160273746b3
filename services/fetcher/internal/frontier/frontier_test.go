package frontier

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
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

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// leaseTTL is short, so that a test sees leases run out.
const leaseTTL = 1500 * time.Millisecond

// diary is a visitor that notes what it is shown; decide says what becomes of it.
type diary struct {
	decide func(e *Entry) (Decision, error)

	mu      sync.Mutex
	visits  []visitNote
	refused []uint64
	busy    map[string]bool
	clashes int
}

type visitNote struct {
	url  string
	time time.Time
}

func (d *diary) Visit(_ context.Context, e *Entry) (Decision, error) {
	d.mu.Lock()
	if d.busy == nil {
		d.busy = map[string]bool{}
	}
	key := hostKey(e.Subject)
	if d.busy[key] {
		d.clashes++
	}
	d.busy[key] = true
	d.visits = append(d.visits, visitNote{e.GetUrl(), time.Now()})
	d.mu.Unlock()
	defer func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.busy[key] = false
	}()
	if d.decide == nil {
		return Decision{}, nil
	}
	return d.decide(e)
}

func (d *diary) Refuse(_ context.Context, e *Entry, _ error) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.refused = append(d.refused, e.Sequence)
	return nil
}

func (d *diary) urls() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	var all []string
	for _, v := range d.visits {
		all = append(all, v.url)
	}
	return all
}

type replica struct {
	*Frontier
	nc   *nats.Conn
	stop func() error
}

func prepare(t *testing.T) (*natsembed.Server, jetstream.JetStream) {
	t.Helper()
	server := natstest.Server(t, t.TempDir())
	_, js := natstest.Connect(t, server)
	natstest.Reconcile(t, js, topology.Limits{PerHost: 1000})
	if _, err := js.UpdateKeyValue(t.Context(), jetstream.KeyValueConfig{Bucket: subject.BucketLeases, TTL: leaseTTL, Storage: jetstream.FileStorage}); err != nil {
		t.Fatal(err)
	}
	return server, js
}

// join starts a replica with a connection of its own.
func join(t *testing.T, server *natsembed.Server, name string, visitor Visitor) *replica {
	t.Helper()
	nc, js := natstest.Connect(t, server)
	f, err := New(t.Context(), nc, js, Config{
		Replica: name, MaxInFlight: 16, Quiet: time.Millisecond, DrainTimeout: 10 * time.Second, Visitor: visitor,
		Log: slog.New(slog.DiscardHandler), Now: time.Now, Registry: prometheus.NewRegistry(),
	})
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

func put(t *testing.T, js jetstream.JetStream, url string, notBefore time.Time) error {
	t.Helper()
	entry := &datelinev1.FrontierEntry{Url: url, Request: &datelinev1.FetchRequest{Url: url, RequestId: url}}
	if !notBefore.IsZero() {
		entry.NotBeforeTime = timestamppb.New(notBefore)
	}
	return Publish(t.Context(), js, url, entry)
}

func putAll(t *testing.T, js jetstream.JetStream, hosts, each int) (urls []string) {
	t.Helper()
	for i := range each {
		for h := range hosts {
			url := fmt.Sprintf("https://site%d.example/%d", h, i)
			if err := put(t, js, url, time.Time{}); err != nil {
				t.Fatal(err)
			}
			urls = append(urls, url)
		}
	}
	return urls
}

func empty(t *testing.T, js jetstream.JetStream) {
	t.Helper()
	natstest.Eventually(t, "the frontier is empty", func() bool { return natstest.Count(t, js, subject.StreamFrontier) == 0 })
}

func TestEachURLIsVisitedOnceAndInOrder(t *testing.T) {
	server, js := prepare(t)
	visitor := &diary{}
	first := putAll(t, js, 5, 10)
	join(t, server, "a", visitor)
	urls := append(first, putAll(t, js, 7, 12)[len(first):]...) // some known already, which the stream drops
	empty(t, js)
	got := visitor.urls()
	perHost := map[string][]string{}
	for _, url := range got {
		host, path, _ := strings.Cut(strings.TrimPrefix(url, "https://"), "/")
		perHost[host] = append(perHost[host], path)
	}
	for host, paths := range perHost {
		if !slices.IsSortedFunc(paths, func(a, b string) int { return len(a)*100 + strings.Compare(a, b) - len(b)*100 }) {
			t.Errorf("%s was visited in the order %v", host, paths)
		}
	}
	slices.Sort(got)
	if len(slices.Compact(got)) != len(got) || len(perHost) != 7 || len(got) < len(urls) {
		t.Errorf("%d visits of %d hosts", len(got), len(perHost))
	}
}

func TestReplicasShareAndNeverVisitAHostTogether(t *testing.T) {
	server, js := prepare(t)
	visitor := &diary{} // of both, so that it sees a clash
	a, b := join(t, server, "a", visitor), join(t, server, "b", visitor)
	natstest.Eventually(t, "each has its share", func() bool {
		have, others := a.leases.owned(), b.leases.owned()
		for p := range have {
			if _, both := others[p]; both {
				t.Errorf("partition %d has two owners", p)
			}
		}
		return len(have) > 10 && len(others) > 10 && len(have)+len(others) == subject.Partitions
	})
	urls := putAll(t, js, 40, 5)
	empty(t, js)
	got := visitor.urls()
	slices.Sort(got)
	slices.Sort(urls)
	if !slices.Equal(got, urls) {
		t.Errorf("%d visits of %d URLs", len(got), len(urls))
	}
	if visitor.clashes > 0 {
		t.Errorf("%d hosts were visited twice at once", visitor.clashes)
	}
}

func TestShutdownHandsOver(t *testing.T) {
	server, js := prepare(t)
	a := join(t, server, "a", &diary{})
	natstest.Eventually(t, "a owns all", func() bool { return len(a.leases.owned()) == subject.Partitions })
	if err := a.stop(); err != nil {
		t.Fatal(err)
	}
	kv, err := js.KeyValue(t.Context(), subject.BucketLeases)
	if err != nil {
		t.Fatal(err)
	}
	if keys, err := kv.Keys(t.Context()); !errors.Is(err, jetstream.ErrNoKeysFound) {
		t.Fatalf("left behind: %v (%v)", keys, err)
	}
	visitor := &diary{}
	urls := putAll(t, js, 10, 2)
	join(t, server, "b", visitor)
	empty(t, js)
	if got := visitor.urls(); len(got) != len(urls) {
		t.Errorf("%d visits, want %d", len(got), len(urls))
	}
}

func TestReplicaThatStopsRenewingIsReplaced(t *testing.T) {
	server, js := prepare(t)
	a := join(t, server, "a", &diary{})
	natstest.Eventually(t, "a owns all", func() bool { return len(a.leases.owned()) == subject.Partitions })
	a.nc.Close() // it goes on, but nobody hears of it
	visitor := &diary{decide: func(e *Entry) (Decision, error) {
		if partition, ok := partitionOf(e.Subject); !ok || a.leases.valid(partition) {
			t.Error("the old owner thinks that it may still dial")
		}
		return Decision{}, nil
	}}
	b := join(t, server, "b", visitor)
	urls := putAll(t, js, 10, 2)
	natstest.Eventually(t, "b owns all", func() bool { return len(b.leases.owned()) == subject.Partitions })
	empty(t, js)
	if got := visitor.urls(); len(got) != len(urls) {
		t.Errorf("%d visits, want %d", len(got), len(urls))
	}
}

func TestFreshGoesBeforeBackfill(t *testing.T) {
	server, js := prepare(t)
	const site = "https://site.example/"
	enqueue := func(path string, priority datelinev1.Priority) {
		t.Helper()
		entry := &datelinev1.FrontierEntry{Url: site + path, Request: &datelinev1.FetchRequest{Url: site + path, RequestId: path, Priority: priority}}
		if err := Publish(t.Context(), js, path, entry); err != nil {
			t.Fatal(err)
		}
	}
	const archived = 12
	for i := range archived {
		enqueue(fmt.Sprintf("archive/%d", i), datelinev1.Priority_PRIORITY_BACKFILL)
	}
	enqueue("news/1", datelinev1.Priority_PRIORITY_FRESH)
	enqueue("news/2", datelinev1.Priority_PRIORITY_UNSPECIFIED)
	visitor := &diary{}
	visitor.decide = func(e *Entry) (Decision, error) {
		if e.GetUrl() == site+"archive/1" { // news that comes in between
			enqueue("news/3", datelinev1.Priority_PRIORITY_FRESH)
		}
		return Decision{}, nil
	}
	join(t, server, "a", visitor)
	empty(t, js)
	got := visitor.urls()
	if first := []string{site + "news/1", site + "news/2", site + "archive/0", site + "archive/1"}; len(got) != archived+3 || !slices.Equal(got[:4], first) {
		t.Errorf("visited in the order %v, want %v first", got, first)
	}
	// The word of it takes its time, and a visit or two may begin meanwhile.
	if at := slices.Index(got, site+"news/3"); at < 4 || at > archived {
		t.Errorf("visited in the order %v: the news that came in between waited for the archive", got)
	}
	if visitor.clashes > 0 {
		t.Errorf("the host was visited twice at once, from two lanes")
	}
}

func TestNotBeforeTimeDelaysNoOther(t *testing.T) {
	server, js := prepare(t)
	due := time.Now().Add(700 * time.Millisecond)
	for i, at := range []time.Time{due, {}, {}} {
		if err := put(t, js, fmt.Sprintf("https://site.example/%d", i), at); err != nil {
			t.Fatal(err)
		}
	}
	visitor := &diary{}
	join(t, server, "a", visitor)
	empty(t, js)
	want := []string{"https://site.example/1", "https://site.example/2", "https://site.example/0"}
	if got := visitor.urls(); !slices.Equal(got, want) {
		t.Errorf("visited in the order %v", got)
	}
	if last := visitor.visits[2].time; last.Before(due) {
		t.Errorf("visited %s early", due.Sub(last))
	}
}

func TestUndecodableEntriesAreRefused(t *testing.T) {
	server, js := prepare(t)
	for _, data := range []string{"\xff\xff", "\xfe\xff"} {
		if _, err := js.Publish(t.Context(), "frontier.3.fresh.example.site", []byte(data)); err != nil {
			t.Fatal(err)
		}
	}
	visitor := &diary{}
	join(t, server, "a", visitor)
	empty(t, js)
	if !slices.Equal(visitor.refused, []uint64{1, 2}) {
		t.Errorf("refused: %v", visitor.refused)
	}
}

func TestDecisions(t *testing.T) {
	server, js := prepare(t)
	steps := map[string]int{}
	visitor := &diary{}
	visitor.decide = func(e *Entry) (Decision, error) {
		steps[e.GetUrl()]++ // one host at a time has a visit under way here
		next := &datelinev1.FrontierEntry{Request: e.GetRequest(), Attempts: e.GetAttempts() + 1}
		switch e.GetUrl() {
		case "https://one.example/start":
			if steps[e.GetUrl()] == 1 {
				return Decision{}, errors.New("the stream is away")
			}
			next.Url = "https://one.example/again"
			return Decision{Again: next}, nil
		case "https://one.example/again":
			next.Url = "https://two.example/end"
			return Decision{Requeue: next}, nil
		}
		if e.GetAttempts() != 2 {
			t.Errorf("the entry arrives with %d attempts", e.GetAttempts())
		}
		return Decision{}, nil
	}
	if err := put(t, js, "https://one.example/start", time.Time{}); err != nil {
		t.Fatal(err)
	}
	join(t, server, "a", visitor)
	empty(t, js)
	want := []string{"https://one.example/start", "https://one.example/start", "https://one.example/again", "https://two.example/end"}
	if got := visitor.urls(); !slices.Equal(got, want) {
		t.Errorf("visits: %v", got)
	}
}

func TestFullHostQueueRefusesNoOtherHost(t *testing.T) {
	server := natstest.Server(t, t.TempDir())
	_, js := natstest.Connect(t, server)
	natstest.Reconcile(t, js, topology.Limits{PerHost: 2})
	for i := range 3 {
		err := put(t, js, fmt.Sprintf("https://full.example/%d", i), time.Time{})
		if full := errors.Is(err, ErrHostFull); full != (i == 2) {
			t.Errorf("URL %d: %v", i, err)
		}
	}
	if err := put(t, js, "https://other.example/", time.Time{}); err != nil {
		t.Error(err)
	}
}

// TestFullRedirectTargetDelaysNoOther has a URL at the head of the queue that leads to a
// host whose queue is full.
func TestFullRedirectTargetDelaysNoOther(t *testing.T) {
	server := natstest.Server(t, t.TempDir())
	_, js := natstest.Connect(t, server)
	natstest.Reconcile(t, js, topology.Limits{PerHost: 3})
	later := time.Now().Add(time.Hour)
	for i := range 3 {
		if err := put(t, js, fmt.Sprintf("https://full.example/%d", i), later); err != nil {
			t.Fatal(err)
		}
		if err := put(t, js, fmt.Sprintf("https://from.example/%d", i), time.Time{}); err != nil {
			t.Fatal(err)
		}
	}
	visitor := &diary{decide: func(e *Entry) (Decision, error) {
		if strings.HasSuffix(e.GetUrl(), "from.example/0") {
			return Decision{Requeue: &datelinev1.FrontierEntry{Url: "https://full.example/new", Request: e.GetRequest()}}, nil
		}
		return Decision{}, nil
	}}
	join(t, server, "a", visitor)
	natstest.Eventually(t, "the others are visited", func() bool { return natstest.Count(t, js, subject.StreamFrontier) == 4 })
	want := []string{"https://from.example/0", "https://from.example/1", "https://from.example/2"}
	if got := visitor.urls(); !slices.Equal(got, want) {
		t.Errorf("visits: %v", got)
	}
}
