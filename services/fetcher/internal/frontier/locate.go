package frontier

import (
	"container/heap"
	"context"
	"time"

	"github.com/dateline-news/dateline/internal/bus"
	"github.com/dateline-news/dateline/internal/subject"
)

const (
	// locateMin is the number of waiting URLs from which a replica looks where in the stream
	// the URLs of its hosts are, before it visits them.
	locateMin = 200_000
	// locatePatience is how long hosts wait until their URLs are found in the stream.
	locatePatience = 15 * time.Minute
	// locateRead is the maximum number of messages that are read at once. For each request, the server
	// counts the messages of every subject.
	locateRead = 4000
)

// A host's first URL can be anywhere in the stream, and the server reads a block of 8 MB to find it. With a
// large backlog, a replica that has taken partitions therefore reads the stream in order. It visits a host once it
// has found the first URL, so that the visits follow the stream, too.

// beginLocating makes hosts that are listed from now on wait until they are located, if very many
// URLs wait. Call listed after the listing.
func (f *Frontier) beginLocating(messages uint64) (listed func()) {
	if messages < f.locateMin {
		return func() {}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.locateUntil = f.Now().Add(locatePatience)
	return func() { signal(f.locating) }
}

// keepLocating locates hosts whenever that was begun.
func (f *Frontier) keepLocating(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-f.locating:
		}
		if err := f.locate(ctx); err != nil && ctx.Err() == nil {
			f.Log.Warn("locating URLs in the frontier failed, visiting hosts in any order", "error", err)
		}
		f.endLocating()
	}
}

// locate reads the messages that the stream holds now in order, half of the time.
func (f *Frontier) locate(ctx context.Context) error {
	info, err := f.queue.info(ctx)
	if err != nil {
		return err
	}
	for next := uint64(1); next <= info.State.LastSeq; {
		began := time.Now()
		msgs, err := bus.ReadBatch(ctx, f.queue.js, subject.StreamFrontier, next, locateRead)
		if err != nil || len(msgs) == 0 {
			return err
		}
		f.mu.Lock()
		if !f.created.Equal(info.Created) || !f.Now().Before(f.locateUntil) {
			f.mu.Unlock()
			return nil
		}
		for _, msg := range msgs {
			if h := f.hosts[hostKey(msg.Subject)]; h != nil && h.position == 0 {
				f.place(h, msg.Sequence)
			}
		}
		f.mu.Unlock()
		next = msgs[len(msgs)-1].Sequence + 1
		signal(f.wake)
		// The server processes the requests of a connection one after another.
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(time.Since(began)):
		}
	}
	return nil
}

// place records where a host's first URL is, so that the host no longer waits for that. Hold f.mu.
func (f *Frontier) place(h *host, sequence uint64) {
	h.position = sequence
	f.hasten(h)
}

// hasten ends a host's wait to be located. Hold f.mu.
func (f *Frontier) hasten(h *host) {
	if h.unlocated && h.index >= 0 {
		h.due = f.notBefore(h.partition)
		heap.Fix(&f.due, h.index)
	}
	h.unlocated = false
}

// endLocating ends the wait of all hosts.
func (f *Frontier) endLocating() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.locating) > 0 {
		return // it begins again
	}
	f.locateUntil = time.Time{}
	for _, h := range f.due {
		if h.unlocated {
			h.due, h.unlocated = f.notBefore(h.partition), false
		}
	}
	heap.Init(&f.due)
	signal(f.wake)
}
