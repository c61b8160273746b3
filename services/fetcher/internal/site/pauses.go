package site

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/dateline-news/dateline/internal/hosts"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/weburl"
)

// refreshPause is how often the stored length of a host's pause is written again
// although it is long enough. The length may have become shorter, and the bucket
// drops what is not written for a month.
const refreshPause = 24 * time.Hour

// Pause is what is stored about the pauses of a host, for the next owner of its
// partition. The pauses of this owner are in the frontier's memory.
type Pause struct {
	// Length is at least as long as the usual pause after a request. The next
	// owner waits for it before its first request.
	Length time.Duration
	// Until is when the host may be requested again if it asked for a longer pause.
	Until time.Time
	// Stored is when this was stored.
	Stored time.Time

	// First is the earliest time for the first request of this owner.
	First  time.Time
	loaded time.Time
}

// Pauses holds the pauses of hosts, whatever the scheme of their URLs. A usual
// pause is stored only when it gets longer, so that most visits need no write. It
// must not be used for one host by several goroutines at the same time.
type Pauses struct {
	nc      *nats.Conn
	kv      jetstream.KeyValue
	usual   time.Duration
	maxRest time.Duration
	now     func() time.Time

	mu    sync.Mutex
	known map[string]Pause
}

// OpenPauses opens the bucket. Pauses up to the usual one are not stored, because
// every new owner of a partition waits for that long. maxRest is the maximum time that
// a host may ask for.
func OpenPauses(
	ctx context.Context, js jetstream.JetStream, usual, maxRest time.Duration, now func() time.Time,
) (*Pauses, error) {
	kv, err := js.KeyValue(ctx, subject.BucketHosts)
	if err != nil {
		return nil, fmt.Errorf("opening bucket %s: %w", subject.BucketHosts, err)
	}
	return &Pauses{nc: js.Conn(), kv: kv, usual: usual, maxRest: maxRest, now: now, known: map[string]Pause{}}, nil
}

// pauseKey returns the key of a host's pauses.
func pauseKey(url weburl.URL) string { return hosts.PauseKey(url.SubjectHost()) }

// Get returns the pauses of a URL's host, as they are known since this replica took
// the host's partition.
func (p *Pauses) Get(ctx context.Context, url weburl.URL, taken time.Time) (Pause, error) {
	p.mu.Lock()
	pause, ok := p.known[pauseKey(url)]
	p.mu.Unlock()
	if ok && !pause.loaded.Before(taken) {
		return pause, nil
	}
	pause = Pause{loaded: p.now()}
	entry, err := p.kv.Get(ctx, pauseKey(url))
	var stored hosts.Pause
	switch {
	case errors.Is(err, jetstream.ErrKeyNotFound):
	case err != nil:
		return Pause{}, fmt.Errorf("reading the pauses of %s: %w", url.Host(), err)
	case json.Unmarshal(entry.Value(), &stored) == nil: // what is unreadable counts as unknown
		pause.Length, pause.Until, pause.Stored = stored.Length, stored.Until, stored.Stored
	}
	pause.Until = notAfter(pause.Until, pause.loaded, p.maxRest)
	pause.Stored = notAfter(pause.Stored, pause.loaded, 0)
	pause.First = taken.Add(pause.Length)
	p.remember(url, pause)
	return pause, nil
}

// Usual makes sure that the next owner of a host waits for at least a pause of
// this length. Call it before a request, so that it holds if the process is killed
// during the request, and after the request if its duration made the pause longer.
// Response times vary, so that a longer pause is stored with a quarter more.
func (p *Pauses) Usual(ctx context.Context, url weburl.URL, length time.Duration) error {
	pause, err := p.Get(ctx, url, time.Time{})
	if err != nil {
		return err
	}
	switch old := p.now().Sub(pause.Stored) > refreshPause; {
	case length > max(p.usual, pause.Length):
		pause.Length = length + length/4
	case old && pause.Length > 0:
		if pause.Length = length; length <= p.usual {
			pause.Length = 0
		}
	default:
		return nil
	}
	return p.save(ctx, url, pause)
}

// Rest stores that a host must not be requested for a time, unless the next owner
// waits that long anyway. It never shortens a rest.
func (p *Pauses) Rest(ctx context.Context, url weburl.URL, rest time.Duration) error {
	pause, err := p.Get(ctx, url, time.Time{})
	if err != nil {
		return err
	}
	until := p.now().Add(rest)
	if rest <= max(p.usual, pause.Length) || !until.After(pause.Until) {
		return nil
	}
	pause.Until = until
	return p.save(ctx, url, pause)
}

// minQueue is the minimum wait that Queue stores. It bounds the number of writes: a
// shorter wait is over before anybody asks for its reason.
const minQueue = 2 * time.Second

// Queue stores that a host waits for its turn among other hosts on its address. It only
// explains why URLs wait, so the visit does not wait until it is stored.
func (p *Pauses) Queue(url weburl.URL, wait time.Duration, others int) error {
	if wait < minQueue || others == 0 {
		return nil
	}
	data, err := json.Marshal(hosts.Turn{Others: others, Until: p.now().Add(wait)})
	if err != nil {
		return fmt.Errorf("encoding the turn of %s: %w", url.Host(), err)
	}
	if err := p.nc.Publish(subject.KVKey(subject.BucketHosts, hosts.TurnKey(url.SubjectHost())), data); err != nil {
		return fmt.Errorf("publishing the turn of %s: %w", url.Host(), err)
	}
	return nil
}

func (p *Pauses) remember(url weburl.URL, pause Pause) {
	p.mu.Lock()
	defer p.mu.Unlock()
	makeRoom(p.known)
	p.known[pauseKey(url)] = pause
}

func (p *Pauses) save(ctx context.Context, url weburl.URL, pause Pause) error {
	pause.Stored = p.now()
	data, err := json.Marshal(hosts.Pause{Length: pause.Length, Until: pause.Until, Stored: pause.Stored})
	if err != nil {
		return fmt.Errorf("encoding the pauses of %s: %w", url.Host(), err)
	}
	if _, err := p.kv.Put(ctx, pauseKey(url), data); err != nil {
		return fmt.Errorf("storing the pauses of %s: %w", url.Host(), err)
	}
	p.remember(url, pause)
	return nil
}
