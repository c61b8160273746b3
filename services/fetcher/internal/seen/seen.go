// Package seen remembers which URLs were requested within the freshness window,
// so that each is fetched once in it however often it is asked for.
package seen

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/dateline-news/dateline/internal/topology"
)

// Mark says who asked for a URL, and whether that is done.
type Mark struct {
	// Request is the id of the request that has the URL.
	Request string `json:"request"`
	// Input is the message that brought the request, so that the same message
	// is recognised when it is delivered again.
	Input string `json:"input"`
	// Done says that the request has ended.
	Done bool `json:"done,omitempty"`
	// Time is when the mark was made.
	Time time.Time `json:"time"`
}

// Marks is the bucket of marks, by the ids of canonical URLs.
type Marks struct{ kv jetstream.KeyValue }

// Open opens the bucket.
func Open(ctx context.Context, js jetstream.JetStream) (*Marks, error) {
	kv, err := js.KeyValue(ctx, topology.BucketSeen)
	if err != nil {
		return nil, fmt.Errorf("opening bucket %s: %w", topology.BucketSeen, err)
	}
	return &Marks{kv}, nil
}

// Claim marks a URL for a request, unless another has it within the window:
// then that one's mark is returned, and claimed is false. A claim by the same
// message succeeds again, with the mark as it is. With force the mark is
// written over whatever is there.
func (m *Marks) Claim(ctx context.Context, urlID string, mark Mark, force bool) (other Mark, claimed bool, err error) {
	data, err := json.Marshal(mark)
	if err != nil {
		return Mark{}, false, fmt.Errorf("encoding a mark: %w", err)
	}
	for {
		_, err = m.kv.Create(ctx, urlID, data)
		if !errors.Is(err, jetstream.ErrKeyExists) {
			return Mark{}, err == nil, wrap("claiming a URL", err)
		}
		other, ok, err := m.Get(ctx, urlID)
		switch {
		case err != nil:
			return Mark{}, false, err
		case !ok:
			continue // it ran out just now
		case other.Input == mark.Input:
			return other, true, nil
		case !force || other.Request == mark.Request:
			return other, false, nil
		}
		_, err = m.kv.Put(ctx, urlID, data)
		return Mark{}, err == nil, wrap("claiming a URL", err)
	}
}

// Get returns the mark of a URL, if it has one.
func (m *Marks) Get(ctx context.Context, urlID string) (Mark, bool, error) {
	entry, err := m.kv.Get(ctx, urlID)
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		return Mark{}, false, nil
	}
	if err != nil {
		return Mark{}, false, wrap("reading a mark", err)
	}
	var mark Mark
	if err := json.Unmarshal(entry.Value(), &mark); err != nil {
		return Mark{}, false, nil // unreadable: as if unseen
	}
	return mark, true, nil
}

// Finish notes that a request has ended. What is known of it stays, so that its
// message is recognised when it is delivered again; the mark of a later request
// for the same URL is left as it is.
func (m *Marks) Finish(ctx context.Context, urlID, request string, now time.Time) error {
	mark, ok, err := m.Get(ctx, urlID)
	switch {
	case err != nil:
		return err
	case !ok:
		mark = Mark{Request: request, Time: now} // it ran out meanwhile
	case mark.Request != request:
		return nil
	}
	mark.Done = true
	data, err := json.Marshal(mark)
	if err != nil {
		return fmt.Errorf("encoding a mark: %w", err)
	}
	_, err = m.kv.Put(ctx, urlID, data)
	return wrap("marking a URL as done", err)
}

// Forget lets a URL be asked for again at once, after it failed.
func (m *Marks) Forget(ctx context.Context, urlID string) error {
	return wrap("removing a mark", m.kv.Delete(ctx, urlID))
}

func wrap(action string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", action, err)
}
