// Package trial has a running discoverer try a site: it finds the endpoints of the site and
// reports each one, and nothing is stored. The requests pass intake, frontier and fetcher like
// those of a source.
package trial

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/dateline-news/dateline/internal/loop"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/services/discoverer/sources"
)

const (
	// MaxRequests is the maximum number of requests of a trial.
	MaxRequests = 30
	// MaxArticles is the maximum number of articles that are reported for an endpoint.
	MaxArticles = 20
	// RequestTime is the maximum time to wait for a response of the site.
	RequestTime = time.Minute
	// MaxTime is the maximum duration of a trial.
	MaxTime = 3 * time.Minute
	// startTime is the maximum time until a discoverer accepts a trial, which may just be starting,
	// and startPause the time between two attempts. silence is the maximum time between two events.
	startTime, startPause = 5 * time.Second, 200 * time.Millisecond
	silence               = RequestTime + 30*time.Second
)

// Request asks for a trial of a site.
type Request struct {
	// URL is the home page of the site, or one feed or sitemap.
	URL    string         `json:"url" doc:"URL of the home page of the site, or of one feed or sitemap."`
	Policy sources.Policy `json:"policy,omitzero" doc:"Policy that the source would have."`
}

// Endpoint is what one endpoint of a site would give.
type Endpoint struct {
	URL     string `json:"url"`
	Purpose string `json:"purpose" doc:"feed, sitemap, links or robots."`
	Hint    string `json:"hint" doc:"How the endpoint was found."`
	// Error is why the endpoint cannot be used, if it cannot.
	Error string `json:"error,omitempty" doc:"Why the endpoint cannot be used."`
	// Listed is the number of its articles. New is the number of those that would be taken and that
	// no endpoint before it lists.
	Listed int `json:"listed" doc:"Number of articles that it lists."`
	New    int `json:"new" doc:"Number of articles that would be taken and that no endpoint before it lists."`
	// LeftOut is the number of articles that the policy does not take.
	LeftOut int `json:"left_out,omitempty" doc:"Number of articles that the policy does not take."`
	// Articles are the first New ones, at most MaxArticles.
	Articles []Article `json:"articles,omitempty" doc:"The first of the new articles, at most 20."`
}

// Article is an article that an endpoint lists.
type Article struct {
	URL       string    `json:"url"`
	Title     string    `json:"title,omitempty"`
	Published time.Time `json:"published,omitzero"`
}

// Event is a part of the answer to a request. The first one has Started or Error, and the last one
// End or Error.
type Event struct {
	Started  bool      `json:"started,omitempty"`
	Endpoint *Endpoint `json:"endpoint,omitempty" doc:"What one endpoint would give."`
	End      bool      `json:"end,omitempty" doc:"Whether the trial is complete."`
	Error    string    `json:"error,omitempty" doc:"Why the trial has failed or ended early."`
	// Busy means that too many trials are running.
	Busy bool `json:"busy,omitempty"`
}

// ErrNoDiscoverer means that no discoverer answers, and ErrBusy that too many trials are running.
var (
	ErrNoDiscoverer = errors.New("no discoverer answers: start one, or wait until it has connected to NATS")
	ErrBusy         = errors.New("too many sites are being tried: try again in a minute")
)

// Start has a discoverer begin a trial, and returns the endpoints as they are read. An error ends
// the sequence. The caller must end ctx.
func Start(ctx context.Context, nc *nats.Conn, request Request) (iter.Seq2[Endpoint, error], error) {
	data, err := json.Marshal(request)
	if err != nil {
		return nil, fmt.Errorf("encoding a trial: %w", err)
	}
	inbox := nc.NewInbox()
	events, err := nc.SubscribeSync(inbox)
	if err != nil {
		return nil, fmt.Errorf("subscribing to the events of a trial: %w", err)
	}
	context.AfterFunc(ctx, func() { _ = events.Unsubscribe() }) // it fails if the connection is closed
	for end := time.Now().Add(startTime); ; loop.Sleep(ctx, startPause) {
		if err := nc.PublishRequest(subject.TryDiscovery, inbox, data); err != nil {
			return nil, fmt.Errorf("requesting a trial: %w", err)
		}
		_, err := next(ctx, events, startTime)
		if err == nil {
			break
		}
		if !errors.Is(err, nats.ErrNoResponders) || time.Now().After(end) {
			return nil, err
		}
	}
	return func(yield func(Endpoint, error) bool) {
		for {
			event, err := next(ctx, events, silence)
			switch {
			case err != nil:
				yield(Endpoint{}, err)
				return
			case event.End:
				return
			case event.Endpoint != nil && !yield(*event.Endpoint, nil):
				return
			}
		}
	}, nil
}

// next returns the next event of a trial. An event with an error is returned as one.
func next(ctx context.Context, events *nats.Subscription, within time.Duration) (event Event, err error) {
	limited, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	msg, err := events.NextMsgWithContext(limited)
	switch {
	case ctx.Err() != nil:
		return event, ctx.Err()
	case errors.Is(err, nats.ErrNoResponders):
		return event, fmt.Errorf("%w: %w", ErrNoDiscoverer, err)
	case errors.Is(err, context.DeadlineExceeded):
		return event, ErrNoDiscoverer
	case err != nil:
		return event, fmt.Errorf("waiting for an event of a trial: %w", err)
	}
	if err := json.Unmarshal(msg.Data, &event); err != nil {
		return event, fmt.Errorf("decoding an event of a trial: %w", err)
	}
	switch {
	case event.Busy:
		return event, ErrBusy
	case event.Error != "":
		return event, errors.New(event.Error)
	}
	return event, nil
}
