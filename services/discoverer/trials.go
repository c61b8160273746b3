package discoverer

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"

	"github.com/nats-io/nats.go"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/dateline-news/dateline/internal/bus"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/weburl"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/discoverer/sources"
	"github.com/dateline-news/dateline/services/discoverer/trial"
)

const (
	// maxTrials is the maximum number of trials that a process runs at the same time.
	maxTrials = 4
	// trialPrefix starts the ids of requests of trials.
	trialPrefix = "trial."
)

// trialID returns the id of a request of a trial.
func trialID(id string, number int) string { return fmt.Sprintf("%s%s.%d", trialPrefix, id, number) }

// parseTrialID returns the trial of a request.
func parseTrialID(request string) (id string, ok bool) {
	rest, ok := strings.CutPrefix(request, trialPrefix)
	id, _, found := strings.Cut(rest, ".")
	return id, ok && found && id != ""
}

// serveTrials runs the trials that others request until ctx ends.
func (d *Discoverer) serveTrials(ctx context.Context) error {
	return bus.Serve(ctx, d.js.Conn(), subject.TryDiscovery, subject.ConsumerDiscover, maxTrials, d.runTrial,
		func(msg *nats.Msg) { d.respond(msg, trial.Event{Busy: true, Error: trial.ErrBusy.Error()}) })
}

// runTrial runs one trial and responds with its events. If it panics, only the trial fails.
func (d *Discoverer) runTrial(ctx context.Context, msg *nats.Msg) {
	defer func() {
		if cause := recover(); cause != nil {
			d.log.Error("trial panicked", "stage", "discover", "panic", cause, "stack", string(debug.Stack()))
			d.respond(msg, trial.Event{Error: fmt.Sprintf(
				"the discoverer panicked while reading this site (%v): report a bug with the URL and the stack from the log",
				cause)})
		}
	}()
	source, err := d.tried(msg.Data)
	if err != nil {
		d.respond(msg, trial.Event{Error: err.Error()})
		return
	}
	id := rand.Text()
	pages := make(chan *nats.Msg, 1)
	sub, err := d.js.Conn().ChanSubscribe(subject.TrialPages(id), pages)
	if err != nil {
		d.respond(msg, trial.Event{Error: "the discoverer cannot receive responses: " + err.Error()})
		return
	}
	defer func() { _ = sub.Unsubscribe() }() // it fails if the connection is closed
	d.respond(msg, trial.Event{Started: true})
	d.log.Info("trying a site", "stage", "discover", "trial", id, "url", source.URL)
	limited, cancel := context.WithTimeout(ctx, trial.MaxTime)
	defer cancel()
	number := 0
	get := func(ctx context.Context, e sources.Endpoint) (*datelinev1.Page, error) {
		number++
		return d.fetchForTrial(ctx, trialID(id, number), e, pages)
	}
	err = Try(limited, source, d.config, get, func(e trial.Endpoint) { d.respond(msg, trial.Event{Endpoint: &e}) })
	switch {
	case ctx.Err() != nil:
		d.respond(msg, trial.Event{Error: "the discoverer is stopping: try again"})
	case err != nil:
		d.respond(msg, trial.Event{Error: fmt.Sprintf("the trial has taken %s, the maximum: more endpoints may exist",
			trial.MaxTime)})
	default:
		d.respond(msg, trial.Event{End: true})
	}
}

// tried returns the source that a request for a trial describes.
func (d *Discoverer) tried(data []byte) (sources.Source, error) {
	var request trial.Request
	if err := json.Unmarshal(data, &request); err != nil {
		return sources.Source{}, fmt.Errorf("decoding a request for a trial: %w", err)
	}
	home, err := weburl.Parse(request.URL)
	if err != nil {
		return sources.Source{}, err
	}
	source := sources.New(home, nil, d.now())
	source.Policy = request.Policy
	return source, source.Policy.Validate()
}

// respond sends an event. If it fails, the client notices that events are missing.
func (d *Discoverer) respond(msg *nats.Msg, event trial.Event) {
	if err := bus.Respond(msg, event); err != nil {
		d.log.Warn("responding to a request for a trial failed", "stage", "discover", "error", err)
	}
}

// fetchForTrial publishes a request of a trial and waits for its response, which the replica that
// receives it passes on.
func (d *Discoverer) fetchForTrial(
	ctx context.Context, id string, e sources.Endpoint, pages <-chan *nats.Msg,
) (*datelinev1.Page, error) {
	limited, cancel := context.WithTimeout(ctx, trial.RequestTime)
	defer cancel()
	err := d.publishRequest(limited, &datelinev1.FetchRequest{
		Url: e.URL, RequestId: id, Priority: datelinev1.Priority_PRIORITY_FRESH,
		RequestTime: timestamppb.New(d.now()), Purpose: e.Purpose, Force: true,
	})
	if err != nil {
		return nil, err
	}
	for {
		select {
		case <-limited.Done():
			return nil, fmt.Errorf("no response within %s: other requests for the host wait, or it does not answer",
				trial.RequestTime)
		case msg := <-pages:
			page := &datelinev1.Page{}
			if err := proto.Unmarshal(msg.Data, page); err != nil {
				return nil, fmt.Errorf("decoding a response: %w", err)
			}
			if page.GetRequest().GetRequestId() != id {
				continue // to an earlier request, which is not awaited any more
			}
			if page.GetFailureReason() != "" {
				return page, nil
			}
			page.Body, err = d.bodies.Read(limited, page)
			return page, err
		}
	}
}

// deliver passes a response to the process that runs its trial. Nobody receives it once the trial
// has ended.
func (d *Discoverer) deliver(trial string, data []byte) error {
	err := d.js.Conn().Publish(subject.TrialPages(trial), data)
	if errors.Is(err, nats.ErrMaxPayload) {
		return nil // the trial reports that there was no response
	}
	if err != nil {
		return fmt.Errorf("passing on the response of a trial: %w", err)
	}
	return nil
}
