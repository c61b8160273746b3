package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/dateline-news/dateline/services/notifier/sample"
	"github.com/dateline-news/dateline/services/notifier/subscriptions"
)

// Subscription is a subscription as it is shown: without secrets, and without the secret parts of its target.
type Subscription struct {
	subscriptions.Subscription
	subscriptions.Health
}

// ShownSubscription returns a subscription as it is shown. Only those who manage targets see their answers.
func ShownSubscription(one subscriptions.Subscription, health subscriptions.Health, withAnswers bool) Subscription {
	one.Spec = one.Shown()
	if !withAnswers {
		one.Reason = subscriptions.WithoutAnswer(one.Reason)
	}
	return Subscription{one, health}
}

// ShownDeliveries returns deliveries as they are shown. Only those who manage targets see their answers.
func ShownDeliveries(log []subscriptions.Delivery, withAnswers bool) []subscriptions.Delivery {
	for i := range log {
		if !withAnswers {
			log[i].Detail = subscriptions.WithoutAnswer(log[i].Detail)
		}
	}
	return log
}

type subscriptionsInput struct {
	After string `query:"after" maxLength:"300" doc:"Last name of the previous page."`
	Limit int    `query:"limit" minimum:"1" maximum:"100" default:"100" doc:"Maximum number of subscriptions in a page."`
}

type subscriptionName struct {
	Name string `path:"name" maxLength:"300" doc:"Name of the subscription."`
}

type subscriptionBody struct {
	subscriptions.Spec
	Secrets []string `json:"secrets,omitempty" maxItems:"4" doc:"Secrets of Standard Webhooks that sign the requests: whsec_ and the base64 of 24 to 64 bytes. No answer contains them. If they are absent, a subscription that exists keeps its own; an empty list removes them."`
}

type subscriptionAddInput struct{ Body subscriptionBody }

type subscriptionPutInput struct {
	Name string `path:"name" maxLength:"300" doc:"Name of the subscription."`
	Body subscriptionBody
}

type deliveriesInput struct {
	Name   string `path:"name" maxLength:"300" doc:"Name of the subscription."`
	Before int64  `query:"before" minimum:"0" doc:"Last id of the previous page. 0 means the newest."`
	Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"100" doc:"Maximum number of deliveries in a page."`
}

type deliveryInput struct {
	Name string `path:"name" maxLength:"300" doc:"Name of the subscription."`
	ID   int64  `path:"id" minimum:"1" doc:"Id of the delivery."`
}

type replayInput struct {
	Name string `path:"name" maxLength:"300" doc:"Name of the subscription."`
	Body struct {
		Since time.Time `json:"since" doc:"Repeat the deliveries of events since this time."`
	}
}

type requestAnswer struct {
	Request string `json:"request" doc:"What is sent. At most 3,000 bytes."`
}

type resendAnswer struct {
	Deliveries int64 `json:"deliveries" doc:"Number of deliveries that are repeated."`
}

func (s *service) registerSubscriptions(a huma.API) {
	const path, needs = "/subscriptions", "Needs the operate token."
	register := func(method string, o operation) huma.Operation {
		o.tag = "subscriptions"
		o.path = path + o.path
		if method != http.MethodGet {
			o.errors = append(o.errors, http.StatusForbidden)
		}
		h := o.huma()
		h.Method = method
		return h
	}
	missing := []int{http.StatusNotFound}
	huma.Register(a, register(http.MethodGet, operation{
		id: "subscriptions", summary: "List the subscriptions",
		description: "Ordered by name, with their states and how well their newest deliveries went.",
	}), s.listSubscriptions)
	huma.Register(a, register(http.MethodGet, operation{
		id: "subscription", path: "/{name}", summary: "Read a subscription",
		description: "Without its secrets and the secret parts of its target, for which … stands.", errors: missing,
	}), s.getSubscription)
	add := register(http.MethodPost, operation{
		id: "add-subscription", summary: "Add a subscription",
		description: "What is stored from then on and matches the query is delivered to the target. " + needs,
		errors:      []int{http.StatusBadRequest, http.StatusConflict},
	})
	add.DefaultStatus = http.StatusCreated
	huma.Register(a, add, s.addSubscription)
	huma.Register(a, register(http.MethodPut, operation{
		id: "put-subscription", path: "/{name}", summary: "Replace or add a subscription",
		description: "It keeps its deliveries and its state, its secrets if none are given, and its target if that is " +
			"given as it is shown. What waits is delivered to the new target. " + needs,
		errors: []int{http.StatusBadRequest},
	}), s.putSubscription)
	s.registerSubscriptionChange(a, register(http.MethodDelete, operation{
		id: "remove-subscription", path: "/{name}", summary: "Remove a subscription with its deliveries",
		description: needs, errors: missing,
	}), s.Subscriptions().Remove)
	s.registerSubscriptionChange(a, register(http.MethodPost, operation{
		id: "resume-subscription", path: "/{name}/resume", summary: "Resume a suspended subscription",
		description: "What waits is delivered at once. " + needs, errors: missing,
	}), func(ctx context.Context, name string) error { return s.Subscriptions().Resume(ctx, name, time.Now()) })
	huma.Register(a, register(http.MethodPost, operation{
		id: "test-subscription", path: "/{name}/test", summary: "Send a sample to the target of a subscription",
		description: "A running notifier sends the newest article that matches, or a made one. It is like a delivery, but " +
			"its type is test, and nothing is stored. " + needs,
		errors: []int{http.StatusNotFound, http.StatusTooManyRequests, http.StatusServiceUnavailable},
	}), s.testSubscription)
	huma.Register(a, register(http.MethodGet, operation{
		id: "deliveries", path: "/{name}/deliveries", summary: "List the deliveries of a subscription",
		description: "The newest first, with their attempts, and the status of the last answer. Why the last attempt " +
			"failed includes the body of the answer only with the operate token.",
		errors: missing,
	}), s.listDeliveries)
	huma.Register(a, register(http.MethodGet, operation{
		id: "delivery-request", path: "/{name}/deliveries/{id}/request", summary: "Show the request of a delivery",
		description: "A running notifier makes it as it would be sent now, without credentials and the secret parts of " +
			"the target. The text of an article that was erased is not shown.",
		errors: []int{http.StatusNotFound, http.StatusTooManyRequests, http.StatusServiceUnavailable},
	}), s.deliveryRequest)
	resend := register(http.MethodPost, operation{
		id: "resend-delivery", path: "/{name}/deliveries/{id}/resend", summary: "Repeat a delivery",
		description: "Its message has the same id. " + needs, errors: missing,
	})
	resend.DefaultStatus = http.StatusNoContent
	huma.Register(a, resend, s.resendDelivery)
	huma.Register(a, register(http.MethodPost, operation{
		id: "resend-failed-deliveries", path: "/{name}/resend-failed", summary: "Repeat the deliveries that were given up",
		description: needs, errors: missing,
	}), s.resendFailed)
	huma.Register(a, register(http.MethodPost, operation{
		id: "replay-deliveries", path: "/{name}/replay", summary: "Repeat the deliveries since a time",
		description: "The earliest first, at most 10,000 of them, except those of erased articles. " + needs, errors: missing,
	}), s.replayDeliveries)
}

// registerSubscriptionChange registers an operation that changes a subscription and returns nothing.
func (s *service) registerSubscriptionChange(
	a huma.API, h huma.Operation, change func(context.Context, string) error,
) {
	h.DefaultStatus = http.StatusNoContent
	huma.Register(a, h, func(ctx context.Context, in *subscriptionName) (*struct{}, error) {
		if err := change(ctx, in.Name); err != nil {
			return nil, s.subscriptionError(ctx, err)
		}
		s.log.Info("subscription changed", "operation", h.OperationID, "subscription", in.Name)
		return nil, nil
	})
}

func (s *service) subscriptionError(ctx context.Context, err error) error {
	switch {
	case errors.Is(err, sample.ErrBusy):
		return huma.Error429TooManyRequests(err.Error())
	case errors.Is(err, sample.ErrNoNotifier), errors.Is(err, sample.ErrNoAnswer):
		return huma.Error503ServiceUnavailable(err.Error())
	case errors.Is(err, subscriptions.ErrNotFound):
		return huma.Error404NotFound(err.Error())
	case errors.Is(err, subscriptions.ErrExists):
		return huma.Error409Conflict(err.Error())
	case errors.Is(err, subscriptions.ErrSpec):
		return huma.Error400BadRequest(err.Error())
	}
	return s.errorResponse(ctx, err)
}

func (s *service) listSubscriptions(ctx context.Context, in *subscriptionsInput) (*body[[]Subscription], error) {
	page, err := s.Subscriptions().List(ctx, in.After, in.Limit)
	if err != nil {
		return nil, s.subscriptionError(ctx, err)
	}
	answers := []Subscription{}
	for _, one := range page {
		health, err := s.Subscriptions().Health(ctx, one.ID)
		if err != nil {
			return nil, s.subscriptionError(ctx, err)
		}
		answers = append(answers, ShownSubscription(one, health, s.mayOperate(ctx)))
	}
	return &body[[]Subscription]{answers}, nil
}

func (s *service) getSubscription(ctx context.Context, in *subscriptionName) (*body[Subscription], error) {
	one, err := s.Subscriptions().Get(ctx, in.Name)
	if err != nil {
		return nil, s.subscriptionError(ctx, err)
	}
	health, err := s.Subscriptions().Health(ctx, one.ID)
	if err != nil {
		return nil, s.subscriptionError(ctx, err)
	}
	return &body[Subscription]{ShownSubscription(one, health, s.mayOperate(ctx))}, nil
}

func (s *service) addSubscription(ctx context.Context, in *subscriptionAddInput) (*body[Subscription], error) {
	if err := s.Subscriptions().Add(ctx, in.Body.Spec, in.Body.Secrets, time.Now()); err != nil {
		return nil, s.subscriptionError(ctx, err)
	}
	s.log.Info("subscription changed", "operation", "add-subscription", "subscription", in.Body.Name)
	return s.getSubscription(ctx, &subscriptionName{in.Body.Name})
}

func (s *service) putSubscription(ctx context.Context, in *subscriptionPutInput) (*body[Subscription], error) {
	if in.Body.Name != in.Name {
		return nil, huma.Error400BadRequest("the name in the body is not that in the path: a name cannot be changed")
	}
	spec, err := s.Subscriptions().Complete(ctx, in.Body.Spec)
	if err == nil {
		err = s.Subscriptions().Put(ctx, spec, in.Body.Secrets, time.Now())
	}
	if err != nil {
		return nil, s.subscriptionError(ctx, err)
	}
	s.log.Info("subscription changed", "operation", "put-subscription", "subscription", in.Name)
	return s.getSubscription(ctx, &subscriptionName{in.Name})
}

func (s *service) testSubscription(ctx context.Context, in *subscriptionName) (*body[sample.Result], error) {
	if _, err := s.Subscriptions().Get(ctx, in.Name); err != nil {
		return nil, s.subscriptionError(ctx, err)
	}
	result, err := s.Sample(ctx, in.Name)
	if err != nil {
		return nil, s.subscriptionError(ctx, err)
	}
	s.log.Info("sample sent", "subscription", in.Name, "accepted", result.Accepted)
	return &body[sample.Result]{result.Shown(s.mayOperate(ctx))}, nil
}

func (s *service) listDeliveries(ctx context.Context, in *deliveriesInput) (*body[[]subscriptions.Delivery], error) {
	log, err := s.Subscriptions().Log(ctx, in.Name, in.Before, in.Limit)
	if err != nil {
		return nil, s.subscriptionError(ctx, err)
	}
	if log == nil {
		log = []subscriptions.Delivery{}
	}
	return &body[[]subscriptions.Delivery]{ShownDeliveries(log, s.mayOperate(ctx))}, nil
}

func (s *service) deliveryRequest(ctx context.Context, in *deliveryInput) (*body[requestAnswer], error) {
	request, err := s.DeliveryRequest(ctx, in.Name, in.ID)
	if err != nil {
		return nil, s.subscriptionError(ctx, err)
	}
	return &body[requestAnswer]{requestAnswer{request}}, nil
}

func (s *service) resendDelivery(ctx context.Context, in *deliveryInput) (*struct{}, error) {
	if err := s.Subscriptions().Resend(ctx, in.Name, in.ID, time.Now()); err != nil {
		return nil, s.subscriptionError(ctx, err)
	}
	s.log.Info("subscription changed", "operation", "resend-delivery", "subscription", in.Name, "delivery", in.ID)
	return nil, nil
}

func (s *service) resendFailed(ctx context.Context, in *subscriptionName) (*body[resendAnswer], error) {
	resent, err := s.Subscriptions().ResendFailed(ctx, in.Name, time.Now())
	if err != nil {
		return nil, s.subscriptionError(ctx, err)
	}
	s.log.Info("subscription changed", "operation", "resend-failed-deliveries", "subscription", in.Name, "deliveries",
		resent)
	return &body[resendAnswer]{resendAnswer{int64(resent)}}, nil
}

func (s *service) replayDeliveries(ctx context.Context, in *replayInput) (*body[subscriptions.Replayed], error) {
	replayed, err := s.Subscriptions().Replay(ctx, in.Name, in.Body.Since, time.Now())
	if err != nil {
		return nil, s.subscriptionError(ctx, err)
	}
	s.log.Info("subscription changed", "operation", "replay-deliveries", "subscription", in.Name, "deliveries",
		replayed.Deliveries)
	return &body[subscriptions.Replayed]{replayed}, nil
}
