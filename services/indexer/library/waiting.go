package library

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/dateline-news/dateline/internal/hosts"
	"github.com/dateline-news/dateline/internal/outcome"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/weburl"
)

// Waiting is a URL in the frontier: its attempts so far, and why it waits.
type Waiting struct {
	URL      string          `json:"url" doc:"The URL as requested, in canonical form."`
	Request  string          `json:"request"`
	Lane     string          `json:"lane" enum:"fresh,backfill"`
	Since    time.Time       `json:"since,omitzero" doc:"When intake admitted the URL."`
	Attempts int32           `json:"attempts" doc:"Number of attempts that failed."`
	Failures []FailedAttempt `json:"failures" doc:"The last of them, in order."`
	Next     time.Time       `json:"next,omitzero" doc:"Earliest time of the next attempt. Absent if it may be made now."`
	Place    int             `json:"place" doc:"Place in the host's queue, counted from 1."`
	AsOf     time.Time       `json:"as_of" doc:"When the queue was read that the place refers to. A long queue is read at most once in a minute."`
	Queued   int             `json:"queued" doc:"Length of the host's queue. At most 5000 URLs are counted."`
	SharedBy int             `json:"shared_by,omitempty" doc:"Number of other hosts on the host's address that take turns with it (fetcher.per-address). Absent if the host waits for none of them."`
	Why      string          `json:"why" doc:"Why the URL waits, in words."`
}

// FailedAttempt is an attempt to fetch that failed.
type FailedAttempt struct {
	Time   time.Time `json:"time"`
	Reason string    `json:"reason"`
	Detail string    `json:"detail"`
}

// Waiting returns the requests for a URL that are in the frontier. A URL that was
// redirected to another host is found by the URL that it leads to.
func (l *Library) Waiting(ctx context.Context, address string) ([]Waiting, error) {
	url, err := weburl.Parse(address)
	if err != nil {
		return nil, fmt.Errorf("%q is not a URL: %w", address, ErrNoURL)
	}
	ctx, cancel := context.WithTimeout(ctx, opTimeout)
	defer cancel()
	queue, asOf, err := l.recentQueue(ctx, url)
	if err != nil {
		return nil, err
	}
	state, unread := l.hostState(ctx, url) // only explains, and a deployment's permissions may be older
	now := time.Now()
	var found []Waiting
	for i, entry := range queue {
		if entry.requested() != url.String() && entry.GetUrl() != url.String() {
			continue
		}
		if waits, err := l.waits(ctx, entry); err != nil {
			return nil, err
		} else if !waits {
			continue // it has ended since the queue was read
		}
		one := entry.waiting(i, len(queue), now)
		one.AsOf = asOf
		one.SharedBy = state.sharedBy(now)
		one.Why = one.explain(url.Host(), state, now)
		if unread != nil {
			one.Why = fmt.Sprintf("%s (as far as is known: the state of the host cannot be read: %v)", one.Why, unread)
		}
		found = append(found, one)
	}
	return found, nil
}

// ErrNoURL means that a text is not a URL.
var ErrNoURL = errors.New("give a URL that starts with https:// or http://")

// waiting describes the entry, which is at a position of its host's queue.
func (q queued) waiting(position, length int, now time.Time) Waiting {
	w := Waiting{
		URL: q.requested(), Request: q.GetRequest().GetRequestId(), Lane: q.lane,
		Since: timeOf(q.GetAdmitTime()), Attempts: q.GetAttempts(), Failures: []FailedAttempt{},
		Place: position + 1, Queued: length,
	}
	if next := timeOf(q.GetNotBeforeTime()); next.After(now) {
		w.Next = next
	}
	for _, failure := range q.GetFailures() {
		w.Failures = append(w.Failures, FailedAttempt{timeOf(failure.GetTime()), failure.GetReason(), failure.GetDetail()})
	}
	return w
}

// hostState is what the fetchers have stored about a URL's host.
type hostState struct {
	site  hosts.Site
	pause hosts.Pause
	turn  hosts.Turn
}

// hostState reads the state of a URL's host. After an error, it is what could be read.
func (l *Library) hostState(ctx context.Context, url weburl.URL) (state hostState, err error) {
	bucket, err := l.js.KeyValue(ctx, subject.BucketHosts)
	if err != nil {
		return state, fmt.Errorf("opening bucket %s: %w", subject.BucketHosts, err)
	}
	host := url.SubjectHost()
	for key, value := range map[string]any{
		hosts.SiteKey(url.Scheme(), host): &state.site, hosts.PauseKey(host): &state.pause, hosts.TurnKey(host): &state.turn,
	} {
		entry, failure := bucket.Get(ctx, key)
		switch {
		case failure == nil:
			_ = json.Unmarshal(entry.Value(), value) // the fetcher replaces what is invalid
		case !errors.Is(failure, jetstream.ErrKeyNotFound):
			err = fmt.Errorf("reading %s in bucket %s: %w", key, subject.BucketHosts, failure)
		}
	}
	return state, err
}

// sharedBy returns the number of other hosts with which a host takes turns, or 0 if it
// does not wait for its turn.
func (s hostState) sharedBy(now time.Time) int {
	if s.turn.Until.After(now) {
		return s.turn.Others
	}
	return 0
}

// explain returns why a URL waits.
func (w Waiting) explain(host string, state hostState, now time.Time) string {
	at := func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }
	last := FailedAttempt{}
	if len(w.Failures) > 0 {
		last = w.Failures[len(w.Failures)-1]
	}
	switch {
	case state.site.Until.After(now):
		return fmt.Sprintf("the circuit breaker of %s is open until %s: %d requests failed in a row since %s",
			host, at(state.site.Until), state.site.Failures, at(state.site.FailingSince))
	case last.Reason == string(outcome.RobotsUnreachable) && w.Next.After(now):
		return fmt.Sprintf("robots.txt of %s is unavailable, so nothing may be fetched until %s", host, at(w.Next))
	case state.pause.Until.After(now):
		return fmt.Sprintf("%s asked for a pause until %s", host, at(state.pause.Until))
	case w.Next.After(now):
		return fmt.Sprintf("the last attempt failed (%s), the next one is at %s or later", last.Reason, at(w.Next))
	}
	shared := ""
	if w.SharedBy > 0 {
		shared = fmt.Sprintf("%s shares its address with %s, and they take turns (fetcher.per-address): its turn comes at "+
			"about %s", host, plural(int64(w.SharedBy), "other host"), at(state.turn.Until))
	}
	switch {
	case w.Place > 1 && shared != "":
		return fmt.Sprintf("it follows %s of its host; %s", plural(int64(w.Place-1), "URL"), shared)
	case w.Place > 1:
		return fmt.Sprintf("it follows %s of %s: one request at a time, with a pause after each",
			plural(int64(w.Place-1), "URL"), host)
	case shared != "":
		return shared
	}
	return fmt.Sprintf("it is next in the queue of %s: it is being fetched, or waits for the pause after the last "+
		"request to the host or to others on its address (fetcher.per-address)", host)
}

// timeOf returns a time, or the zero time if it is unset.
func timeOf(t interface{ AsTime() time.Time }) time.Time {
	if at := t.AsTime(); at.Unix() != 0 {
		return at
	}
	return time.Time{}
}
