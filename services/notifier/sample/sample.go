// Package sample has a running notifier send a sample to the target of a subscription, or show the request of a
// delivery. Nothing is stored.
package sample

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/dateline-news/dateline/internal/loop"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/services/notifier/subscriptions"
)

const (
	// MaxTime is the maximum time to make and send a sample, with its answer. It is shorter than the two minutes for
	// which a NATS server passes a response from one account to another.
	MaxTime = time.Minute
	// MaxRequest is the maximum size in bytes of the request that is shown.
	MaxRequest = 3000
	// startTime is the maximum time until a notifier has subscribed, which may just be starting, and startPause the time
	// between two attempts. reserve is the time for the answer of the notifier itself.
	startTime, startPause = 5 * time.Second, 200 * time.Millisecond
	reserve               = 10 * time.Second
)

// Request asks for a sample, or for the request of a delivery.
type Request struct {
	// Subscription is the name of the subscription.
	Subscription string `json:"subscription"`
	// Delivery is the id of the delivery whose request is shown. 0 asks for a sample.
	Delivery int64 `json:"delivery,omitempty"`
}

// Result is what was sent, and how the target has answered.
type Result struct {
	Request  string  `json:"request" doc:"What was sent, without credentials and the secret parts of the target. At most 3,000 bytes."`
	Accepted bool    `json:"accepted" doc:"Whether the target has accepted the sample."`
	Status   int     `json:"status,omitempty" doc:"Status of the answer, if the target speaks HTTP and has answered."`
	Detail   string  `json:"detail,omitempty" doc:"Why the target has not accepted the sample. The body of the answer is only included with the operate token."`
	Seconds  float64 `json:"seconds" doc:"Time from sending the sample to the answer."`
}

// Shown returns the result as it is shown. Only those who manage targets see their answers.
func (r Result) Shown(withAnswers bool) Result {
	if !withAnswers {
		r.Detail = subscriptions.WithoutAnswer(r.Detail)
	}
	return r
}

// Response is the response of a notifier. Exactly one of Result and Error is set.
type Response struct {
	Result *Result `json:"result,omitempty"`
	Error  string  `json:"error,omitempty"`
	// Busy means that too many samples are being sent, and Missing that no such subscription or delivery is stored.
	Busy    bool `json:"busy,omitempty"`
	Missing bool `json:"missing,omitempty"`
}

// Errors of Ask.
var (
	// ErrNoNotifier means that no notifier runs, so nothing was sent.
	ErrNoNotifier = errors.New("no notifier answers: start one, or wait until it has connected to NATS")
	// ErrNoAnswer means that a notifier has received the request and has not answered in time.
	ErrNoAnswer = errors.New("the notifier has not answered in time: the sample may have been sent")
	// ErrBusy means that too many samples are being sent.
	ErrBusy = errors.New("too many samples are being sent: try again in a minute")
)

// Ask has a notifier send a sample for the subscription with a name, and returns the result. If no such subscription is
// stored, the error is subscriptions.ErrNotFound.
func Ask(ctx context.Context, nc *nats.Conn, name string) (Result, error) {
	return ask(ctx, nc, Request{Subscription: name})
}

// Show has a notifier show the request of the delivery with an id as it would be sent now, without secrets. At most
// MaxRequest bytes are shown. If no such subscription or delivery is stored, or the article was erased, the error is
// subscriptions.ErrNotFound.
func Show(ctx context.Context, nc *nats.Conn, name string, id int64) (string, error) {
	result, err := ask(ctx, nc, Request{Subscription: name, Delivery: id})
	return result.Request, err
}

func ask(ctx context.Context, nc *nats.Conn, request Request) (Result, error) {
	data, err := json.Marshal(request)
	if err != nil {
		return Result{}, fmt.Errorf("encoding a request for a sample: %w", err)
	}
	limited, cancel := context.WithTimeout(ctx, MaxTime+reserve)
	defer cancel()
	for end := time.Now().Add(startTime); ; loop.Sleep(limited, startPause) {
		msg, err := nc.RequestWithContext(limited, subject.TestDelivery, data)
		switch {
		case err == nil:
			return decode(msg.Data)
		case ctx.Err() != nil:
			return Result{}, ctx.Err()
		case errors.Is(err, nats.ErrNoResponders) && time.Now().Before(end):
		case errors.Is(err, nats.ErrNoResponders):
			return Result{}, ErrNoNotifier
		case errors.Is(err, context.DeadlineExceeded):
			return Result{}, ErrNoAnswer
		default:
			return Result{}, fmt.Errorf("requesting a sample: %w", err)
		}
	}
}

func decode(data []byte) (Result, error) {
	var response Response
	if err := json.Unmarshal(data, &response); err != nil {
		return Result{}, fmt.Errorf("decoding the response of a notifier: %w", err)
	}
	switch {
	case response.Busy:
		return Result{}, ErrBusy
	case response.Missing:
		return Result{}, missingError(response.Error)
	case response.Result == nil:
		return Result{}, fmt.Errorf("sending a sample: %s", response.Error)
	}
	return *response.Result, nil
}

// missingError is what a notifier says about a subscription or delivery that is not stored. It is an ErrNotFound.
type missingError string

func (e missingError) Error() string { return string(e) }

func (missingError) Is(target error) bool { return target == subscriptions.ErrNotFound }
