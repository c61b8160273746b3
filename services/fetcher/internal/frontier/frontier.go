// Package frontier decides which URL is fetched next. The stream is the queue:
// the URLs that wait are on one subject per partition, urgency and host. Each
// partition has one owner among the replicas. The owner visits its hosts in the
// order in which politeness allows them to be requested again. A URL is removed
// from the stream only after the result of its visit is stored, so no message is
// ever pending, and no slow host delays another.
package frontier

import (
	"container/heap"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"

	"github.com/dateline-news/dateline/internal/loop"
	"github.com/dateline-news/dateline/internal/subject"
)

// Config configures a frontier. All fields are required.
type Config struct {
	// Replica is the name of this process, unique among the replicas that share
	// the frontier.
	Replica string
	// MaxInFlight is the maximum number of visits at the same time.
	MaxInFlight int
	// Quiet is how long a partition rests after it has changed hands.
	Quiet time.Duration
	// MaxRetryWait is the maximum delay before a later attempt. An attempt that is due
	// later was stored before the clock was set back.
	MaxRetryWait time.Duration
	// DrainTimeout is the maximum time to finish visits after Run's context ends.
	DrainTimeout time.Duration
	Visitor      Visitor
	Log          *slog.Logger
	Now          func() time.Time
	Registry     prometheus.Registerer
}

// rescan is how often the hosts with URLs are listed, in case the notice of a new
// URL was missed. If a listing takes long, the next one is later: after rescanShare times
// its duration, but at most after maxRescan. A listing that fails is repeated after rescan.
const (
	rescan      = 15 * time.Second
	rescanShare = 20
	maxRescan   = 5 * time.Minute
)

// maxNotices is the capacity for notices that wait to be processed. Further
// notices are lost, and their hosts are found by the next listing.
const maxNotices = 32 << 10

// handoverTimeout bounds the release of all leases at the end of Run.
const handoverTimeout = 5 * time.Second

// Frontier is this replica's part of the queue. Create it with New.
type Frontier struct {
	Config
	nc     *nats.Conn
	queue  *queue
	leases *leases
	// notices receives a copy of each message that is put into an owned partition.
	notices chan *nats.Msg
	// wake tells the scheduler that a host may have become due.
	wake chan struct{}
	// gained signals that partitions were taken, so their hosts must be listed.
	gained chan struct{}
	// locating signals that hosts must be located.
	locating  chan struct{}
	locateMin uint64
	wait      prometheus.Observer

	mu            sync.Mutex
	created       time.Time // of the stream
	locateUntil   time.Time // until when listed hosts wait to be located
	hosts         map[string]*host
	due           dueHeap
	round         []*host     // hosts that were due and have their turns next, last one first
	busy          map[int]int // number of visits in progress, by partition
	closed        map[int]bool
	subscriptions map[int]*nats.Subscription // to notices, by partition
}

// New returns a frontier on the streams of a connection.
func New(ctx context.Context, nc *nats.Conn, js jetstream.JetStream, config Config) (*Frontier, error) {
	stream, err := js.Stream(ctx, subject.StreamFrontier)
	if err != nil {
		return nil, fmt.Errorf("opening stream %s: %w", subject.StreamFrontier, err)
	}
	leases, err := newLeases(ctx, js, config.Replica, config.Log, config.Now)
	if err != nil {
		return nil, err
	}
	f := &Frontier{
		Config: config, nc: nc,
		queue:    &queue{js: js, stream: stream},
		leases:   leases,
		notices:  make(chan *nats.Msg, maxNotices),
		wake:     make(chan struct{}, 1),
		gained:   make(chan struct{}, 1),
		locating: make(chan struct{}, 1), locateMin: locateMin,
		created: stream.CachedInfo().Created,
		hosts:   map[string]*host{}, busy: map[int]int{}, closed: map[int]bool{},
		subscriptions: map[int]*nats.Subscription{},
	}
	f.register()
	return f, nil
}

// Run visits the hosts that are due until ctx ends. It then finishes the visits
// in progress for at most DrainTimeout, and releases its partitions.
func (f *Frontier) Run(ctx context.Context) error {
	defer f.unsubscribeAll()
	work, stop := loop.Drain(ctx, f.DrainTimeout)
	defer stop()

	// The session continues until the last visit has ended.
	beating, stopBeating := context.WithCancel(context.WithoutCancel(ctx))
	defer stopBeating()
	f.beat(beating)
	beats := make(chan struct{})
	go func() {
		defer close(beats)
		f.keepBeating(beating)
	}()
	tasks, running := errgroup.WithContext(ctx)
	tasks.Go(func() error { return f.keepLeases(running) })
	tasks.Go(func() error { return f.keepListing(running) })
	tasks.Go(func() error { return f.keepLocating(running) })
	tasks.Go(func() error { return f.readNotices(running) })
	tasks.Go(func() error { return f.schedule(running, work) })
	err := tasks.Wait()
	stopBeating()
	<-beats

	handover, cancel := context.WithTimeout(context.WithoutCancel(ctx), handoverTimeout)
	defer cancel()
	f.leases.releaseAll(handover)
	return err
}

// keepBeating continues this replica's session.
func (f *Frontier) keepBeating(ctx context.Context) {
	ticker := time.NewTicker(f.leases.lifetime / beatShare)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			f.beat(ctx)
		}
	}
}

func (f *Frontier) beat(ctx context.Context) {
	attempt, cancel := context.WithTimeout(ctx, f.leases.lifetime/3)
	defer cancel()
	if err := f.leases.heartbeat(attempt); err != nil && ctx.Err() == nil {
		f.Log.Warn("heartbeat failed, retrying", "error", err)
	}
}

// keepLeases renews the leases and takes those of replicas that have stopped.
// Visits that drain after ctx has ended still have a third of a lease's lifetime.
func (f *Frontier) keepLeases(ctx context.Context) error {
	return loop.Every(ctx, f.leases.lifetime/beatShare, func(ctx context.Context) error {
		f.updateLeases(ctx)
		return nil
	})
}

func (f *Frontier) updateLeases(ctx context.Context) {
	attempt, cancel := context.WithTimeout(ctx, f.leases.ttl/3)
	defer cancel()
	if err := f.leases.round(attempt, f.Quiet, f.setClosed); err != nil && ctx.Err() == nil {
		f.Log.Warn("updating partition leases failed, retrying", "error", err)
	}
	f.follow(f.leases.owned())
}

// setClosed closes a partition to new visits, or opens it again, and reports whether no visit is in progress.
func (f *Frontier) setClosed(partition int, closed bool) (idle bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if closed {
		f.closed[partition] = true
	} else {
		delete(f.closed, partition)
	}
	return f.busy[partition] == 0
}

// keepListing lists the hosts with URLs. It is separate from keepLeases because a
// long list must not delay the renewal of a lease.
func (f *Frontier) keepListing(ctx context.Context) error {
	timer := time.NewTimer(rescan)
	defer timer.Stop()
	gained := false // partitions whose hosts were not listed yet
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-f.gained:
			gained = true
		case <-timer.C:
		}
		began := time.Now()
		complete := f.list(ctx, gained)
		gained = gained && !complete
		timer.Reset(untilListing(time.Since(began), complete))
	}
}

// untilListing returns the time until the next listing, after one that took some time. How long a failed one took,
// such as the timeout of a request, says nothing about the cost of the next one.
func untilListing(took time.Duration, complete bool) time.Duration {
	if !complete {
		return rescan
	}
	return min(max(rescan, rescanShare*took), maxRescan)
}

// list adds all hosts with URLs in the owned partitions, and reports whether it succeeded. Those
// of partitions that were just gained are located.
func (f *Frontier) list(ctx context.Context, gained bool) (complete bool) {
	info, err := f.queue.info(ctx)
	if err != nil {
		if ctx.Err() == nil {
			f.Log.Warn("listing the frontier failed, retrying", "error", err)
		}
		return false
	}
	f.useStream(info.Created)
	if gained {
		listed := f.beginLocating(info.State.Msgs)
		defer listed()
	}
	for p := range f.leases.owned() {
		waiting, err := f.queue.subjects(ctx, p)
		if err != nil {
			if ctx.Err() == nil {
				f.Log.Warn("listing a partition failed, retrying", "partition", p, "error", err)
			}
			return false
		}
		// Fresh lanes come first: a host could otherwise have its first turn before its
		// fresh URLs are known.
		for lane := range laneCount {
			for name, urls := range waiting {
				if strings.HasPrefix(name, laneSubject(p, lane, "")) {
					f.add(name, p, f.notBefore(p), false)
					f.wakeForUnread(name, urls)
				}
			}
		}
	}
	return true
}

// useStream makes every host forget what it read, if the stream was created again:
// sequences of the earlier stream mean nothing in the new one. Pauses are kept.
func (f *Frontier) useStream(created time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if created.Equal(f.created) {
		return
	}
	f.Log.Warn("the stream was created again, the URLs of the earlier stream are lost",
		"stream", subject.StreamFrontier, "created", created, "earlier", f.created)
	f.created = created
	for _, h := range f.due {
		// A host that sleeps until its deferred URLs are due no longer has any.
		if wakes := h.wakes(); !wakes.IsZero() && h.due.Equal(wakes) {
			h.due = f.Now()
		}
	}
	heap.Init(&f.due)
	signal(f.wake)
}

// notBefore returns the earliest time for a request to a host that is new to this
// replica.
func (f *Frontier) notBefore(partition int) time.Time {
	return latest(f.Now(), f.leases.quietEnd(partition))
}
