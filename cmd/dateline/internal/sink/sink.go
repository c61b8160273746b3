// Package sink keeps an index in a search engine current: it loads every article of a store, and then follows the
// stream of revisions.
package sink

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"

	"github.com/dateline-news/dateline/internal/bus"
	"github.com/dateline-news/dateline/internal/loop"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/topology"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/store"
)

const (
	// batchItems is the maximum number of items, articles of a page or revisions in a batch. maxBatchBytes is the
	// size of documents, or of revisions, at which a batch ends.
	batchItems, maxBatchBytes = 500, 8 << 20
	// pollInterval is the time between two looks for new revisions.
	pollInterval = time.Second
	// readTimeout bounds one read of the stream or the store.
	readTimeout = 30 * time.Second
)

// The errors of a Target. Any other error is temporary.
var (
	// ErrPermanent means that repeating the call does not help.
	ErrPermanent = errors.New("the search engine cannot be used")
	// ErrTooLarge means that the target refuses a batch because of its size.
	ErrTooLarge = errors.New("the batch is too large for the search engine")
)

// Item is a document to be put or, if Document is nil, deleted.
type Item struct {
	ID string
	// Version orders the items of an ID: an item never replaces one with a higher version.
	Version  int64
	Document []byte
}

// Refusal is why the target never accepts an item.
type Refusal struct {
	Item   Item
	Status int
	Reason string
}

// Result is how the items of a batch ended that are not in the index now.
type Result struct {
	// Busy are the items to be sent again, and Reason is why the first of them was not accepted.
	Busy    []Item
	Reason  string
	Refused []Refusal
}

// Cursor is how far an index has come.
type Cursor struct {
	// Created is when the stream of revisions was created, and Sequence the number of the last revision that the index
	// has. While Loading, it is the last one from before the load.
	Created  time.Time `json:"stream_created"`
	Sequence uint64    `json:"sequence"`
	// Generation identifies the load. Each has a higher one than the loads before.
	Generation int64 `json:"generation"`
	// Loading reports whether the load is incomplete. Page is the cursor of the store after the last page of it.
	Loading bool   `json:"loading"`
	Page    string `json:"page,omitempty"`
}

// Target is an index in a search engine. Every call is bounded by a timeout.
type Target interface {
	// Prepare creates the index unless it exists. A new index has no cursor.
	Prepare(ctx context.Context) error
	// Send puts and deletes documents. An item that has a lower version than its document in the index is ignored.
	Send(ctx context.Context, items []Item) (Result, error)
	// DeleteBefore deletes some documents of older generations, and reports whether there may be more.
	DeleteBefore(ctx context.Context, generation int64) (more bool, err error)
	// Cursor returns the cursor that Advance has stored, or the zero Cursor.
	Cursor(ctx context.Context) (Cursor, error)
	Advance(ctx context.Context, to Cursor) error
}

// Articles are the articles of a store, which it describes.
type Articles interface {
	Article(ctx context.Context, idOrURL string) (store.Hit, error)
	Search(ctx context.Context, query store.Query) (store.Page, error)
}

// Options are the dependencies and options of Run.
type Options struct {
	Target   Target
	Articles Articles
	JS       jetstream.JetStream
	Log      *slog.Logger
	// Once ends the run when the index has everything. Otherwise, the run follows the stream.
	Once bool
	// Reload loads every article again.
	Reload bool
	// Backoff are the pauses after failures. Attempts is the number of failures in a row after which the run gives up;
	// 0 means never.
	Backoff  loop.Backoff
	Attempts int
	// Progress is called with the number of articles in each page of a load, and whether it was the last, or is nil.
	Progress func(articles int, last bool)
}

// Summary counts what was sent and what the target has refused.
type Summary struct{ Put, Deleted, Refused int }

// runner is one run.
type runner struct {
	Options
	stream  jetstream.Stream
	cursor  Cursor
	summary Summary
	// items wait to be sent, with documents of some bytes.
	items []Item
	bytes int
}

// Run brings the index up to date and, unless Once is set, keeps it current until ctx ends. It advances the cursor only
// after the target has the documents, so that an interrupted run is continued by the next one. Only one run at a time
// may use an index.
func Run(ctx context.Context, o Options) (Summary, error) {
	r := &runner{Options: o}
	err := r.run(ctx)
	if ctx.Err() != nil && errors.Is(context.Cause(ctx), context.Canceled) {
		err = nil
	}
	return r.summary, err
}

func (r *runner) run(ctx context.Context) error {
	err := r.try(ctx, "opening the index", func(ctx context.Context) (err error) {
		if err = r.Target.Prepare(ctx); err == nil {
			r.cursor, err = r.Target.Cursor(ctx)
		}
		return err
	})
	if err != nil {
		return err
	}
	for reload := r.Reload; ; {
		info, err := r.info(ctx)
		if err != nil {
			return err
		}
		if reload || !r.cursor.continues(info) {
			if err := r.startLoad(ctx, info); err != nil {
				return err
			}
			reload = false
		}
		if r.cursor.Loading {
			if err := r.load(ctx); err != nil {
				return err
			}
			continue // with what has changed meanwhile
		}
		if err := r.follow(ctx, info.State.LastSeq); err != nil {
			return err
		}
		if r.cursor.Sequence < info.State.LastSeq {
			continue
		}
		if r.Once {
			return nil
		}
		if !loop.Sleep(ctx, pollInterval) {
			return context.Cause(ctx)
		}
	}
}

// continues reports whether the stream has everything that is new to the index.
func (c Cursor) continues(info *jetstream.StreamInfo) bool {
	return c.Generation > 0 && c.Created.Equal(topology.Created(info)) && c.Sequence <= info.State.LastSeq &&
		info.State.FirstSeq <= c.Sequence+1
}

// info returns the present state of the stream.
func (r *runner) info(ctx context.Context) (info *jetstream.StreamInfo, err error) {
	err = r.read(ctx, func(ctx context.Context) error {
		r.stream, err = r.JS.Stream(ctx, subject.StreamRevisions)
		if err != nil {
			return fmt.Errorf("reading stream %s: %w", subject.StreamRevisions, err)
		}
		info = r.stream.CachedInfo()
		return nil
	})
	return info, err
}

// startLoad begins a load that replaces everything in the index.
func (r *runner) startLoad(ctx context.Context, info *jetstream.StreamInfo) error {
	r.Log.InfoContext(ctx, "loading every article", "known_sequence", r.cursor.Sequence,
		"first_sequence", info.State.FirstSeq, "last_sequence", info.State.LastSeq)
	return r.advance(ctx, Cursor{
		Created: topology.Created(info), Sequence: info.State.LastSeq, Loading: true,
		Generation: max(time.Now().Unix(), r.cursor.Generation+1),
	})
}

// load sends a page of the store. After the last page, it deletes documents of earlier loads: their articles are
// not in the store.
func (r *runner) load(ctx context.Context) error {
	var page store.Page
	to := r.cursor
	err := r.read(ctx, func(ctx context.Context) (err error) {
		page, err = r.Articles.Search(ctx, store.Query{Limit: batchItems, After: to.Page, WithoutSnippets: true})
		if errors.Is(err, store.ErrQuery) && to.Page != "" { // a version with other cursors has stored it
			r.Log.WarnContext(ctx, "the load cannot be continued, repeating it", "error", err)
			to.Page = ""
		}
		return err
	})
	if err != nil {
		return err
	}
	for _, hit := range page.Hits {
		if err := r.put(ctx, hit); err != nil {
			return err
		}
	}
	if err := r.flush(ctx); err != nil {
		return err
	}
	if r.Progress != nil {
		r.Progress(len(page.Hits), page.Next == "")
	}
	if to.Page = page.Next; to.Page == "" {
		if err := r.deleteOld(ctx); err != nil {
			return err
		}
		to.Loading = false
		r.Log.InfoContext(ctx, "every article is loaded", "sent", r.summary.Put, "refused", r.summary.Refused)
	}
	return r.advance(ctx, to)
}

func (r *runner) deleteOld(ctx context.Context) error {
	for more := true; more; {
		err := r.try(ctx, "deleting documents of earlier loads", func(ctx context.Context) (err error) {
			more, err = r.Target.DeleteBefore(ctx, r.cursor.Generation)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// follow sends what a batch of revisions has changed.
func (r *runner) follow(ctx context.Context, last uint64) error {
	to := r.cursor
	var ids []string
	erased := map[string]bool{}
	for bytes := 0; len(erased) < batchItems && bytes < maxBatchBytes && to.Sequence < last; {
		var msg *jetstream.RawStreamMsg
		err := r.read(ctx, func(ctx context.Context) (err error) {
			msg, err = bus.NextRevision(ctx, r.stream, to.Sequence+1)
			if errors.Is(err, jetstream.ErrMsgNotFound) {
				msg, err = nil, nil
			}
			return err
		})
		if err != nil {
			return err
		}
		if msg == nil { // the rest was deleted
			to.Sequence = last
			break
		}
		to.Sequence = msg.Sequence
		bytes += len(msg.Data)
		event := &datelinev1.RevisionEvent{}
		if proto.Unmarshal(msg.Data, event) != nil || event.GetArticleId() == "" {
			continue // something else
		}
		id := event.GetArticleId()
		if _, known := erased[id]; !known {
			ids = append(ids, id)
		}
		erased[id] = erased[id] || event.GetChange() == datelinev1.RevisionChange_REVISION_CHANGE_ERASED
	}
	for _, id := range ids {
		if err := r.refresh(ctx, id, erased[id]); err != nil {
			return err
		}
	}
	if err := r.flush(ctx); err != nil || to == r.cursor {
		return err
	}
	return r.advance(ctx, to)
}

// refresh puts an article as it is in the store, or deletes it. After two articles were joined, the id of one leads to
// the other.
func (r *runner) refresh(ctx context.Context, id string, erased bool) error {
	var hit store.Hit
	if !erased {
		err := r.read(ctx, func(ctx context.Context) (err error) {
			hit, err = r.Articles.Article(ctx, id)
			if errors.Is(err, store.ErrNotFound) {
				hit, err = store.Hit{}, nil
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	if hit.ID != id {
		if err := r.add(ctx, Item{ID: id, Version: deletion(r.cursor.Generation)}); err != nil {
			return err
		}
	}
	if hit.ID == "" {
		return nil
	}
	return r.put(ctx, hit)
}

func (r *runner) put(ctx context.Context, hit store.Hit) error {
	document, err := encode(hit, r.cursor.Generation)
	if err != nil {
		return err
	}
	return r.add(ctx, Item{
		ID: hit.ID, Version: version(r.cursor.Generation, hit.Revisions), Document: document,
	})
}

// add adds an item to the batch. A batch that would be too large with it is sent before.
func (r *runner) add(ctx context.Context, item Item) error {
	if size := len(item.Document); len(r.items) > 0 && (r.bytes+size > maxBatchBytes || len(r.items) == batchItems) {
		if err := r.flush(ctx); err != nil {
			return err
		}
	}
	r.items = append(r.items, item)
	r.bytes += len(item.Document)
	return nil
}

func (r *runner) flush(ctx context.Context) error {
	items := r.items
	r.items, r.bytes = nil, 0
	if len(items) == 0 {
		return nil
	}
	return r.send(ctx, items)
}

// send sends items until the target has accepted or refused each. A batch that is too large is halved.
func (r *runner) send(ctx context.Context, items []Item) error {
	pending := items
	err := r.try(ctx, "sending documents", func(ctx context.Context) error {
		result, err := r.Target.Send(ctx, pending)
		if err != nil {
			return err
		}
		for _, one := range result.Refused {
			r.count([]Item{one.Item}, -1)
			r.refuse(ctx, one)
		}
		r.count(pending, 1)
		r.count(result.Busy, -1)
		if pending = result.Busy; len(pending) > 0 {
			return fmt.Errorf("%d documents were not accepted yet: %s", len(pending), result.Reason)
		}
		return nil
	})
	if !errors.Is(err, ErrTooLarge) {
		return err
	}
	if len(pending) == 1 {
		r.refuse(ctx, Refusal{Item: pending[0], Status: http.StatusRequestEntityTooLarge, Reason: err.Error()})
		return nil
	}
	half := len(pending) / 2
	if err := r.send(ctx, pending[:half]); err != nil {
		return err
	}
	return r.send(ctx, pending[half:])
}

func (r *runner) refuse(ctx context.Context, one Refusal) {
	r.summary.Refused++
	r.Log.ErrorContext(ctx, "document refused, skipping it", "article", one.Item.ID, "status", one.Status,
		"reason", one.Reason)
}

// count adds items to the summary, or subtracts them.
func (r *runner) count(items []Item, sign int) {
	for _, one := range items {
		if one.Document == nil {
			r.summary.Deleted += sign
		} else {
			r.summary.Put += sign
		}
	}
}

func (r *runner) advance(ctx context.Context, to Cursor) error {
	err := r.try(ctx, "storing the cursor", func(ctx context.Context) error { return r.Target.Advance(ctx, to) })
	if err == nil {
		r.cursor = to
	}
	return err
}

// read calls a function that reads the stream or the store.
func (r *runner) read(ctx context.Context, do func(context.Context) error) error {
	return r.try(ctx, "reading articles", func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, readTimeout)
		defer cancel()
		return do(ctx)
	})
}

// try calls a function until it succeeds, with growing pauses. It gives up after a permanent error, and after too many
// failures.
func (r *runner) try(ctx context.Context, what string, do func(context.Context) error) error {
	failures := 0
	err := loop.Retry(ctx, r.Backoff, do, func(err error) bool {
		failures++
		permanent := errors.Is(err, ErrPermanent) || errors.Is(err, ErrTooLarge) || errors.Is(err, store.ErrDamaged)
		if permanent || r.Attempts > 0 && failures >= r.Attempts {
			return false
		}
		r.Log.WarnContext(ctx, what+" failed, retrying", "error", err)
		return true
	})
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}
