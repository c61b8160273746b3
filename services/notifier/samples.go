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
	request, err := preview(target, s, item)
	if err != nil {
		return sample.Result{}, fmt.Errorf("making a sample: %w", err)
	}
	start := time.Now()
	outcome := target.Send(ctx, s, []targets.Item{item})[0]
	return sample.Result{
		Request: request, Accepted: outcome.Result == targets.Delivered,
		Status: outcome.Status, Detail: outcome.Detail, Seconds: time.Since(start).Seconds(),
	}, nil
}

// preview returns the beginning of the request that a target would be sent.
func preview(target targets.Target, s subscriptions.Subscription, item targets.Item) (string, error) {
	request, err := target.Preview(s, []targets.Item{item})
	if err != nil {
		return "", err
	}
	if len(request) > sample.MaxRequest {
		request = fmt.Sprintf("%s … (%d bytes)", strings.ToValidUTF8(request[:sample.MaxRequest], ""), len(request))
	}
	return strings.ToValidUTF8(request, "\uFFFD"), nil
}

// requestOf returns the request of the delivery with an id as it would be sent now.
func (n *Notifier) requestOf(ctx context.Context, s subscriptions.Subscription, id int64) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, sample.MaxTime)
	defer cancel()
	d, err := n.subscriptions.Delivery(ctx, s, id)
	if err != nil {
		return "", err
	}
	item, err := n.item(ctx, s, d)
	if err != nil {
		return "", err
	}
	target, err := n.targets.Of(s.Spec)
	if err != nil {
		return "", err
	}
	return preview(target, s, item)
}

// serveSamples sends the samples that others request until ctx ends.
func (n *Notifier) serveSamples(ctx context.Context) error {
	return bus.Serve(ctx, n.nc, subject.TestDelivery, sampleQueue, maxSamples,
		func(ctx context.Context, msg *nats.Msg) { n.respond(msg, n.sampleFor(ctx, msg.Data)) },
		func(msg *nats.Msg) { n.respond(msg, sample.Response{Busy: true, Error: sample.ErrBusy.Error()}) })
}

// sampleFor sends the sample that a request asks for, or shows the request of a delivery. If that panics, only this
// fails.
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
	var result sample.Result
	switch {
	case err != nil:
	case request.Delivery > 0:
		result.Request, err = n.requestOf(ctx, one, request.Delivery)
	default:
		result, err = SendSample(ctx, n.articles, n.targets, one)
	}
	switch {
	case errors.Is(err, subscriptions.ErrNotFound), errors.Is(err, errErased), errors.Is(err, errCopy):
		return sample.Response{Missing: true, Error: err.Error()}
	case ctx.Err() != nil && !result.Accepted:
		return sample.Response{Error: "the notifier is stopping: try again"}
	case err != nil:
		return sample.Response{Error: err.Error()}
	}
	if request.Delivery == 0 {
		n.log.Info("sample sent", "stage", "notify", "subscription", one.Name, "accepted", result.Accepted,
			"status", result.Status)
	}
	return sample.Response{Result: &result}
}

// respond sends a response. If that fails, the client times out.
func (n *Notifier) respond(msg *nats.Msg, response sample.Response) {
	if err := bus.Respond(msg, response); err != nil {
		n.log.Warn("responding to a request for a sample failed", "stage", "notify", "error", err)
	}
}
