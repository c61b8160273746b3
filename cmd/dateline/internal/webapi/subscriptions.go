package webapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/dateline-news/dateline/services/notifier/sample"
	"github.com/dateline-news/dateline/services/notifier/subscriptions"
)

// Subscriptions are the subscriptions of a deployment. Its methods are like those of subscriptions.Subscriptions.
type Subscriptions struct{ client Client }

// Subscriptions returns the subscriptions of the deployment.
func (c Client) Subscriptions() Subscriptions { return Subscriptions{c} }

// call makes a request for the subscription with a name.
func (s Subscriptions) call(ctx context.Context, method, name, rest string, body, v any) error {
	err := s.client.send(ctx, method, "/subscriptions/"+url.PathEscape(name)+rest, body, v)
	if errors.Is(err, ErrNotFound) {
		return fmt.Errorf("%.80q: %w", name, subscriptions.ErrNotFound)
	}
	return err
}

// List returns subscriptions without the secret parts of their targets.
func (s Subscriptions) List(
	ctx context.Context, after string, limit int,
) (page []subscriptions.Subscription, err error) {
	query := url.Values{"after": {after}, "limit": {strconv.Itoa(limit)}}
	err = s.client.Get(ctx, "/subscriptions?"+query.Encode(), &page)
	return page, err
}

// Get returns a subscription without the secret parts of its target.
func (s Subscriptions) Get(ctx context.Context, name string) (one subscriptions.Subscription, err error) {
	err = s.call(ctx, http.MethodGet, name, "", nil, &one)
	return one, err
}

// Complete returns the specification as it is. Put completes it.
func (s Subscriptions) Complete(_ context.Context, spec subscriptions.Spec) (subscriptions.Spec, error) {
	return spec, nil
}

// Put adds or replaces a subscription. The time is that of the deployment.
func (s Subscriptions) Put(ctx context.Context, spec subscriptions.Spec, secrets []string, _ time.Time) error {
	return s.call(ctx, http.MethodPut, spec.Name, "", struct {
		subscriptions.Spec
		Secrets []string `json:"secrets,omitzero"` // an empty list removes them
	}{spec, secrets}, nil)
}

// Remove removes a subscription.
func (s Subscriptions) Remove(ctx context.Context, name string) error {
	return s.call(ctx, http.MethodDelete, name, "", nil, nil)
}

// Resume resumes a suspended subscription.
func (s Subscriptions) Resume(ctx context.Context, name string, _ time.Time) error {
	return s.call(ctx, http.MethodPost, name, "/resume", nil, nil)
}

// Test has the notifier of the deployment send a sample to the target of a subscription.
func (s Subscriptions) Test(ctx context.Context, name string) (result sample.Result, err error) {
	err = s.call(ctx, http.MethodPost, name, "/test", nil, &result)
	return result, err
}

// Log returns deliveries of a subscription.
func (s Subscriptions) Log(
	ctx context.Context, name string, before int64, limit int,
) (log []subscriptions.Delivery, err error) {
	query := url.Values{"before": {strconv.FormatInt(before, 10)}, "limit": {strconv.Itoa(limit)}}
	err = s.call(ctx, http.MethodGet, name, "/deliveries?"+query.Encode(), nil, &log)
	return log, err
}

// DeliveryRequest has the notifier of the deployment show the request of a delivery.
func (s Subscriptions) DeliveryRequest(ctx context.Context, name string, id int64) (string, error) {
	var answer struct {
		Request string `json:"request"`
	}
	err := s.call(ctx, http.MethodGet, name, fmt.Sprintf("/deliveries/%d/request", id), nil, &answer)
	return answer.Request, err
}

// Resend repeats a delivery.
func (s Subscriptions) Resend(ctx context.Context, name string, id int64, _ time.Time) error {
	return s.call(ctx, http.MethodPost, name, fmt.Sprintf("/deliveries/%d/resend", id), nil, nil)
}

// ResendFailed repeats the deliveries that were given up, and returns their number.
func (s Subscriptions) ResendFailed(ctx context.Context, name string, _ time.Time) (int, error) {
	var answer struct {
		Deliveries int `json:"deliveries"`
	}
	err := s.call(ctx, http.MethodPost, name, "/resend-failed", nil, &answer)
	return answer.Deliveries, err
}

// Replay repeats the deliveries of events since a time.
func (s Subscriptions) Replay(
	ctx context.Context, name string, since, _ time.Time,
) (replayed subscriptions.Replayed, err error) {
	body := struct {
		Since time.Time `json:"since"`
	}{since.UTC()}
	err = s.call(ctx, http.MethodPost, name, "/replay", body, &replayed)
	return replayed, err
}

// maxGivenUp is the maximum number of deliveries in a response that lists those that were given up.
const maxGivenUp = 1000

// GivenUp returns deliveries that were given up.
func (s Subscriptions) GivenUp(
	ctx context.Context, after int64, limit int,
) (all []subscriptions.GivenUp, err error) {
	for len(all) < limit {
		var page []subscriptions.GivenUp
		size := min(limit-len(all), maxGivenUp)
		query := url.Values{
			"stage": {subscriptions.Stage}, "after": {subscriptions.Number(after)}, "limit": {strconv.Itoa(size)},
		}
		if err := s.client.Get(ctx, "/dead-letters?"+query.Encode(), &page); err != nil {
			return nil, err
		}
		all = append(all, page...)
		if len(page) < size {
			break
		}
		after = page[len(page)-1].ID
	}
	return all, nil
}

// FindGivenUp returns the delivery with an id that was given up.
func (s Subscriptions) FindGivenUp(ctx context.Context, id int64) (one subscriptions.GivenUp, err error) {
	err = s.callGivenUp(ctx, http.MethodGet, id, "", &one)
	return one, err
}

// RequeueGivenUp sends a delivery again that was given up.
func (s Subscriptions) RequeueGivenUp(ctx context.Context, id int64, _ time.Time) error {
	return s.callGivenUp(ctx, http.MethodPost, id, "/requeue", nil)
}

// DropGivenUp removes a delivery from those that were given up.
func (s Subscriptions) DropGivenUp(ctx context.Context, id int64, _ time.Time) error {
	return s.callGivenUp(ctx, http.MethodDelete, id, "", nil)
}

// callGivenUp makes a request for a delivery that was given up.
func (s Subscriptions) callGivenUp(ctx context.Context, method string, id int64, rest string, v any) error {
	err := s.client.send(ctx, method, "/dead-letters/"+subscriptions.Number(id)+rest, nil, v)
	if errors.Is(err, ErrNotFound) {
		return subscriptions.NotGivenUp(id)
	}
	return err
}
