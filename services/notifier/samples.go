package notifier

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/dateline-news/dateline/internal/bus"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/services/indexer/store"
	"github.com/dateline-news/dateline/services/notifier/sample"
	"github.com/dateline-news/dateline/services/notifier/subscriptions"
	"github.com/dateline-news/dateline/services/notifier/targets"
)

const (
	// maxSamples is the maximum number of samples that a process sends at the same time.
	maxSamples = 4
	// sampleQueue is the queue of the notifiers: one of them gets a request.
	sampleQueue = "notify"
)

// SendSample sends a sample to the target of a subscription, within sample.MaxTime. Nothing is stored. An error means
// that nothing could be sent.
func SendSample(
	ctx context.Context, articles store.Reader, all *targets.Targets, s subscriptions.Subscription,
) (sample.Result, error) {
	ctx, cancel := context.WithTimeout(ctx, sample.MaxTime)
	defer cancel()
	item, err := Sample(ctx, articles, s)
	if err != nil {
		return sample.Result{}, fmt.Errorf("making a sample: %w", err)
	}
	target, err := all.Of(s.Spec)
	if err != nil {
		return sample.Result{}, err
	}
	items := []targets.Item{item}
	request, err := target.Preview(s, items)
	if err != nil {
		return sample.Result{}, fmt.Errorf("making a sample: %w", err)
	}
	if len(request) > sample.MaxRequest {
		request = fmt.Sprintf("%s … (%d bytes)", strings.ToValidUTF8(request[:sample.MaxRequest], ""), len(request))
	}
	start := time.Now()
	outcome := target.Send(ctx, s, items)[0]
	return sample.Result{
		Request: strings.ToValidUTF8(request, "\uFFFD"), Accepted: outcome.Result == targets.Delivered,
		Status: outcome.Status, Detail: outcome.Detail, Seconds: time.Since(start).Seconds(),
	}, nil
}

// serveSamples sends the samples that others request until ctx ends.
func (n *Notifier) serveSamples(ctx context.Context) error {
	return bus.Serve(ctx, n.nc, subject.TestDelivery, sampleQueue, maxSamples,
		func(ctx context.Context, msg *nats.Msg) { n.respond(msg, n.sampleFor(ctx, msg.Data)) },
		func(msg *nats.Msg) { n.respond(msg, sample.Response{Busy: true, Error: sample.ErrBusy.Error()}) })
}

// sampleFor sends the sample that a request asks for. If that panics, only the sample fails.
func (n *Notifier) sampleFor(ctx context.Context, data []byte) (response sample.Response) {
	defer func() {
		if cause := recover(); cause != nil {
			n.log.Error("sample panicked", "stage", "notify", "panic", cause, "stack", string(debug.Stack()))
			response = sample.Response{Error: fmt.Sprintf(
				"the notifier panicked (%v): report a bug with the subscription and the stack from the log", cause)}
		}
	}()
	var request sample.Request
	if err := json.Unmarshal(data, &request); err != nil {
		return sample.Response{Error: "the request cannot be decoded: " + err.Error()}
	}
	one, err := n.subscriptions.Get(ctx, request.Subscription)
	if errors.Is(err, subscriptions.ErrNotFound) {
		return sample.Response{Missing: true, Error: err.Error()}
	}
	var result sample.Result
	if err == nil {
		result, err = SendSample(ctx, n.articles, n.targets, one)
	}
	switch {
	case ctx.Err() != nil && !result.Accepted:
		return sample.Response{Error: "the notifier is stopping: try again"}
	case err != nil:
		return sample.Response{Error: err.Error()}
	}
	n.log.Info("sample sent", "stage", "notify", "subscription", one.Name, "accepted", result.Accepted,
		"status", result.Status)
	return sample.Response{Result: &result}
}

// respond sends a response. If that fails, the client times out.
func (n *Notifier) respond(msg *nats.Msg, response sample.Response) {
	if err := bus.Respond(msg, response); err != nil {
		n.log.Warn("responding to a request for a sample failed", "stage", "notify", "error", err)
	}
}
