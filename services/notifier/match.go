package notifier

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"

	"github.com/dateline-news/dateline/internal/bus"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/topology"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/store"
	"github.com/dateline-news/dateline/services/notifier/subscriptions"
)

const (
	// matchBatch is the maximum number of revisions whose matches are stored together, matchBytes the size at
	// which a batch ends, and matchMost the number of matches at which it ends.
	matchBatch, matchBytes, matchMost = 100, 16 << 20, 1_000
	// streamTimeout is the maximum duration of one stream operation.
	streamTimeout = 10 * time.Second
)

// queries are the subscriptions that revisions are matched with.
type queries struct {
	standing *store.StandingQueries
	known    map[string]subscriptions.Subscription
}

func newQueries() queries {
	return queries{standing: store.NewStandingQueries(), known: map[string]subscriptions.Subscription{}}
}

// matching is what the notifier knows about the subscriptions. Only one goroutine uses it.
type matching struct {
	queries
	version int64 // of the subscriptions, -1 if they were not read
	// looked is when the progress was read last. added is the latest time at which a subscription was added.
	looked, added time.Time
}

func newMatching() matching { return matching{queries: newQueries(), version: -1} }

// matchAll matches all revisions that the stream has. Failures are retried at the next call.
func (n *Notifier) matchAll(ctx context.Context) error {
	for ctx.Err() == nil {
		more, err := n.matchSome(ctx)
		if err != nil && ctx.Err() == nil {
			n.log.WarnContext(ctx, "matching revisions failed, retrying", "stage", "notify", "error", err)
		}
		if err != nil || !more {
			return nil //nolint:nilerr // the failure was logged, and the next call retries
		}
	}
	return nil
}

// matchSome matches a batch of revisions, and reports whether there may be more.
func (n *Notifier) matchSome(ctx context.Context) (more bool, err error) {
	n.pace.await(ctx) // rests before matching, so that few subscriptions change between matching and storing
	now := time.Now()
	from, err := n.subscriptions.Progress(ctx)
	if err != nil {
		return false, err
	}
	infoCtx, cancel := context.WithTimeout(ctx, streamTimeout)
	defer cancel()
	info, err := n.stream.Info(infoCtx)
	if err != nil {
		return false, fmt.Errorf("reading stream %s: %w", subject.StreamRevisions, err)
	}
	n.pace.stored(info.State.LastSeq)
	if err := n.refresh(ctx, from.Version, now); err != nil {
		return false, err
	}
	n.matching.looked = now
	to := startOf(info, from)
	if !from.Created.IsZero() && info.State.FirstSeq > to.Sequence+1 {
		n.metrics.lost.Add(float64(info.State.FirstSeq - to.Sequence - 1))
		to.Sequence = info.State.FirstSeq - 1
	}
	var found batch
	hasRead := true
	if n.matching.standing.Len() == 0 {
		to.Sequence, hasRead = info.State.LastSeq, false
	} else if found, to.Sequence, err = n.matchFrom(ctx, to.Sequence, info.State.LastSeq); err != nil {
		return false, err
	}
	if to == from {
		return false, nil
	}
	next := subscriptions.Batch{Matches: found.matches, Erased: found.erased}
	if hasRead {
		next.Rematch = func(changed []subscriptions.Subscription) []subscriptions.Match {
			return n.rematch(ctx, found.events, changed, now)
		}
	}
	var stored, missed int64
	err = n.pace.write(ctx, func() (err error) {
		stored, missed, err = n.subscriptions.Advance(ctx, from, to, next, int64(n.config.MaxPending), time.Now())
		return err
	})
	if errors.Is(err, subscriptions.ErrMoved) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	n.metrics.matches.Add(float64(stored))
	n.metrics.missed.Add(float64(missed))
	if stored > 0 {
		n.signalDue()
	}
	return to.Sequence < info.State.LastSeq, nil
}

// startOf returns the place on the present stream from which revisions are matched. Before the first match, that is
// its end.
func startOf(info *jetstream.StreamInfo, from subscriptions.Progress) subscriptions.Progress {
	created := topology.Created(info).Truncate(time.Microsecond).UTC()
	to := subscriptions.Progress{Created: created, Version: from.Version}
	switch {
	case from.Created.IsZero():
		to.Sequence = info.State.LastSeq
	case from.Created.Equal(created):
		// A stream that was restored from a backup continues after its own last message.
		to.Sequence = min(from.Sequence, info.State.LastSeq)
	}
	return to
}

// batch is a number of revisions with their matches and erasures.
type batch struct {
	events  []*datelinev1.RevisionEvent
	matches []subscriptions.Match
	erased  []subscriptions.Erasure
}

// matchFrom matches the revisions after a sequence number until the batch is full or has taken matchInterval, and
// returns the number of the last message that it has read.
func (n *Notifier) matchFrom(ctx context.Context, after, last uint64) (found batch, read uint64, err error) {
	bytes := 0
	begin := time.Now()
	late := time.Duration(0)
	for range matchBatch {
		start := time.Now()
		if after >= last || bytes >= matchBytes || len(found.matches) >= matchMost || start.Sub(begin) >= matchInterval {
			break
		}
		msg, err := bus.NextRevision(ctx, n.stream, after+1)
		if errors.Is(err, jetstream.ErrMsgNotFound) {
			n.pace.lateMatches(0)
			return found, last, nil
		}
		if err != nil {
			return batch{}, 0, fmt.Errorf("reading stream %s: %w", subject.StreamRevisions, err)
		}
		after = msg.Sequence
		bytes += len(msg.Data)
		late = start.Sub(msg.Time)
		event := &datelinev1.RevisionEvent{}
		n.pace.compute(ctx, func() {
			if proto.Unmarshal(msg.Data, event) == nil { // otherwise it is something else
				found.events = append(found.events, event)
				found.matches = append(found.matches, n.match(ctx, n.matching.queries, event)...)
				if eventOf(event.GetChange()) == subscriptions.Erased {
					found.erased = append(found.erased, subscriptions.Erasure{
						ArticleID: event.GetArticleId(), EventTime: event.GetTime().AsTime(),
					})
				}
			}
		})
	}
	n.pace.lateMatches(late)
	return found, after, nil
}

// Behind returns how long the oldest revision that was not matched has waited on the stream of revisions.
func Behind(
	ctx context.Context, stream jetstream.Stream, all *subscriptions.Subscriptions, now time.Time,
) (time.Duration, error) {
	from, err := all.Progress(ctx)
	if err != nil || from.Created.IsZero() {
		return 0, err
	}
	msg, err := bus.NextRevision(ctx, stream, from.Sequence+1)
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("reading stream %s: %w", subject.StreamRevisions, err)
	}
	return max(0, now.Sub(msg.Time)), nil
}

// match returns the matches of an event.
func (n *Notifier) match(
	ctx context.Context, with queries, event *datelinev1.RevisionEvent,
) (matches []subscriptions.Match) {
	at, kind := event.GetTime().AsTime(), eventOf(event.GetChange())
	if kind == "" || event.GetArticle() == nil {
		return nil
	}
	ids, err := with.standing.Match(event.GetArticle(), time.Time{})
	if err != nil {
		n.log.WarnContext(ctx, "matching a revision failed, skipping it", "stage", "notify",
			"article", event.GetArticleId(), "revision", event.GetRevision(), "error", err)
		return nil
	}
	for _, id := range ids {
		if one := with.known[id]; !one.IsWanted(kind) || at.Before(one.AddTime) {
			continue
		}
		matches = append(matches, subscriptions.Match{
			SubscriptionID: id, ArticleID: event.GetArticleId(), Revision: int(event.GetRevision()), Event: kind,
			Hash: event.GetArticle().GetContentHash(), EventTime: at,
		})
	}
	return matches
}

// rematch returns the matches of events with subscriptions that have changed since a time. One that was added by a
// clock that is ahead counts as added at that time.
func (n *Notifier) rematch(
	ctx context.Context, events []*datelinev1.RevisionEvent, changed []subscriptions.Subscription, since time.Time,
) (matches []subscriptions.Match) {
	with := newQueries()
	now := time.Now()
	for _, one := range changed {
		if one.AddTime.After(now) {
			one.AddTime = since
		}
		n.learn(ctx, with, one)
	}
	for _, event := range events {
		matches = append(matches, n.match(ctx, with, event)...)
	}
	return matches
}

// eventOf returns the event of a change, or "" if the change is not delivered: the publisher has changed nothing, or
// the revision is older than the newest one.
func eventOf(change datelinev1.RevisionChange) string {
	switch change {
	case datelinev1.RevisionChange_REVISION_CHANGE_NEW:
		return subscriptions.New
	case datelinev1.RevisionChange_REVISION_CHANGE_CHANGED, datelinev1.RevisionChange_REVISION_CHANGE_COMPLETED:
		return subscriptions.Changed
	case datelinev1.RevisionChange_REVISION_CHANGE_ERASED:
		return subscriptions.Erased
	}
	return ""
}

// refresh reads the subscriptions that have changed. If a subscription was added in the future because a clock was
// ahead, it reads all again. Such a subscription counts as added when the progress was read before, so that it misses
// nothing.
func (n *Notifier) refresh(ctx context.Context, version int64, now time.Time) error {
	m := &n.matching
	isAhead := m.added.After(now)
	if m.version == version && !isAhead {
		return nil
	}
	since := now
	if !m.looked.IsZero() && m.looked.Before(now) {
		since = m.looked
	}
	if err := n.subscriptions.BoundAddTimes(ctx, now, since); err != nil {
		return err
	}
	known := m.version
	if isAhead {
		known, m.added = -1, time.Time{}
	}
	changed, err := n.subscriptions.Changed(ctx, known)
	if err != nil {
		return err
	}
	for _, one := range changed {
		m.added = later(m.added, one.AddTime)
		n.learn(ctx, m.queries, one)
	}
	count, err := n.subscriptions.Count(ctx)
	if err != nil {
		return err
	}
	if count != len(m.known) { // some were removed
		ids, err := n.subscriptions.IDs(ctx)
		if err != nil {
			return err
		}
		m.keep(ids)
	}
	m.version = version
	return nil
}

// learn files the query of a subscription that was added or changed.
func (n *Notifier) learn(ctx context.Context, in queries, one subscriptions.Subscription) {
	before, isKnown := in.known[one.ID]
	in.known[one.ID] = one
	if isKnown && reflect.DeepEqual(before.Query, one.Query) {
		return
	}
	query, err := one.Query.Search()
	if err == nil {
		err = in.standing.Add(one.ID, query)
	}
	if err != nil { // an earlier version has accepted it
		in.standing.Remove(one.ID)
		n.log.ErrorContext(ctx, "the query of a subscription is unusable, change it", "stage", "notify",
			"subscription", one.Name, "error", err)
	}
}

// keep forgets all subscriptions but those with the given ids.
func (q queries) keep(ids []string) {
	present := make(map[string]bool, len(ids))
	for _, id := range ids {
		present[id] = true
	}
	for id := range q.known {
		if !present[id] {
			q.standing.Remove(id)
			delete(q.known, id)
		}
	}
}
