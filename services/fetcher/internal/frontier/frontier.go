// Package frontier decides which URL is fetched next. The stream is the queue:
// a subject for each partition, urgency and host holds the URLs that wait, each
// partition has one owner among the replicas, and the owner takes the hosts in
// the order in which politeness lets them be asked again. A URL leaves the
// stream only after what came of it is stored, so that nothing is ever pending
// and no slow host holds up another.
package frontier

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/trace"
	"golang.org/x/sync/errgroup"

	"github.com/dateline-news/dateline/internal/subject"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// Entry is a URL whose turn has come.
type Entry struct {
	*datelinev1.FrontierEntry
	// Subject, Sequence and Data are those of its message.
	Subject  string
	Sequence uint64
	Data     []byte
	// Stored is when the stream took it, by the server's clock.
	Stored time.Time
	// Inherited says that it may have been in the queue before this replica
	// took the partition, so that another may have worked on it.
	Inherited bool
	// MayDial reports whether the partition is still this replica's. Ask
	// before each connection, and stop where it says no.
	MayDial func() bool
	// Span is that of all visits to it; nil before the first.
	Span trace.Span

	wait prometheus.Observer // nil once the first request has begun
}

// Trace returns a context that has the span of the visits.
func (e *Entry) Trace(ctx context.Context) context.Context {
	if e.Span == nil {
		return ctx
	}
	return trace.ContextWithSpan(ctx, e.Span)
}

// Begin notes that the URL's own request begins at a time: its wait is over. The
// wait for a time that was set before is none.
func (e *Entry) Begin(now time.Time) {
	if e.wait == nil {
		return
	}
	since := e.Stored
	if t := e.GetNotBeforeTime(); t != nil {
		since = latest(since, t.AsTime())
	}
	e.wait.Observe(max(0, now.Sub(since).Seconds()))
	e.wait = nil
}

// Decision is what to do with an entry after a visit.
type Decision struct {
	// Again leaves the entry at the head of its host's queue: something had
	// to be fetched first, or a redirect leads on. It is lost by a restart,
	// which begins the entry anew.
	Again *datelinev1.FrontierEntry
	// Requeue puts the URL into the queue anew, with a later time or for
	// another host. With neither Again nor Requeue the entry is finished.
	Requeue *datelinev1.FrontierEntry
	// Pause is how long the host is left alone from now on.
	Pause time.Duration
}

// Visitor works on entries.
type Visitor interface {
	// Visit does what an entry asks for and stores what came of it. Its error
	// says that nothing could be stored: the entry stays where it is, and is
	// visited again.
	Visit(ctx context.Context, entry *Entry) (Decision, error)
	// Refuse stores an entry that cannot be decoded where people can see it.
	Refuse(ctx context.Context, entry *Entry, cause error) error
}

// Config of a frontier. All fields are required where nothing else is said.
type Config struct {
	// Replica names this process among those that share the frontier.
	Replica string
	// MaxInFlight bounds the visits at the same time.
	MaxInFlight int
	// Quiet is how long a partition rests after it has changed hands.
	Quiet time.Duration
	// DrainTimeout bounds the visits that are finished after the end.
	DrainTimeout time.Duration
	Visitor      Visitor
	Log          *slog.Logger
	Now          func() time.Time
	Registry     prometheus.Registerer
}

// rescan is how often the hosts with URLs are listed, in case that a notice of
// a new one was missed.
const rescan = 15 * time.Second

// maxNotices bounds the notices that wait to be taken in. Those beyond it are lost,
// and their hosts are found by the next listing.
const maxNotices = 32 << 10

// Frontier is this replica's part of the queue. Make it with New.
type Frontier struct {
	Config
	nc     *nats.Conn
	queue  *queue
	leases *leases
	// notices has a message for each URL that is put into an owned partition.
	notices chan *nats.Msg
	// wake tells the scheduler that a host may have become due.
	wake chan struct{}
	// gained tells that partitions were taken, whose hosts are to be listed.
	gained chan struct{}
	wait   prometheus.Observer

	mu      sync.Mutex
	hosts   map[string]*host
	due     dueHeap
	busy    map[int]int // visits under way, by partition
	closed  map[int]bool
	listens map[int]*nats.Subscription
}

// New returns a frontier on the streams of a connection.
func New(ctx context.Context, nc *nats.Conn, js jetstream.JetStream, config Config) (*Frontier, error) {
	stream, err := js.Stream(ctx, subject.StreamFrontier)
	if err != nil {
		return nil, fmt.Errorf("opening stream %s: %w", subject.StreamFrontier, err)
	}
	kv, err := js.KeyValue(ctx, subject.BucketLeases)
	if err != nil {
		return nil, fmt.Errorf("opening bucket %s: %w", subject.BucketLeases, err)
	}
	leases, err := newLeases(ctx, kv, config.Replica, config.Log, config.Now)
	if err != nil {
		return nil, err
	}
	f := &Frontier{
		Config: config, nc: nc,
		queue:   &queue{js: js, stream: stream},
		leases:  leases,
		notices: make(chan *nats.Msg, maxNotices),
		wake:    make(chan struct{}, 1),
		gained:  make(chan struct{}, 1),
		hosts:   map[string]*host{}, busy: map[int]int{}, closed: map[int]bool{}, listens: map[int]*nats.Subscription{},
	}
	f.register()
	return f, nil
}

// Run visits what is due until ctx ends, finishes the visits that are under way
// for at most DrainTimeout, and hands its partitions over.
func (f *Frontier) Run(ctx context.Context) error {
	defer f.stopListening()
	work, stopWork := context.WithCancel(context.WithoutCancel(ctx))
	defer stopWork()
	stopDrain := context.AfterFunc(ctx, func() { time.AfterFunc(f.DrainTimeout, stopWork) })
	defer stopDrain()

	tasks, loops := errgroup.WithContext(ctx)
	tasks.Go(func() error { return f.keepLeases(loops) })
	tasks.Go(func() error { return f.keepListing(loops) })
	tasks.Go(func() error { return f.notice(loops) })
	tasks.Go(func() error { return f.schedule(loops, work) })
	err := tasks.Wait()

	farewell, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	f.leases.releaseAll(farewell)
	return err
}

// keepLeases renews the leases. Visits that drain after ctx has ended still have
// a third of a lease's life.
func (f *Frontier) keepLeases(ctx context.Context) error {
	ticker := time.NewTicker(f.leases.ttl / 3)
	defer ticker.Stop()
	for {
		f.leaseRound(ctx)
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

// keepListing looks for hosts with URLs. It is apart from keepLeases because a
// long list must not keep a lease from being renewed.
func (f *Frontier) keepListing(ctx context.Context) error {
	ticker := time.NewTicker(rescan)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-f.gained:
		case <-ticker.C:
		}
		f.list(ctx)
	}
}

func (f *Frontier) leaseRound(ctx context.Context) {
	attempt, cancel := context.WithTimeout(ctx, f.leases.ttl/3)
	defer cancel()
	if err := f.leases.round(attempt, f.Quiet, f.close); err != nil && ctx.Err() == nil {
		f.Log.Warn("keeping the frontier's leases; it is tried again", "error", err)
	}
	f.follow(f.leases.owned())
}

// close lets no further visit begin in a partition, so that it can be let go, and
// reports whether none is under way.
func (f *Frontier) close(partition int) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.busy[partition] > 0 {
		return false
	}
	f.closed[partition] = true
	return true
}
