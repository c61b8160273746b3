package api

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/dateline-news/dateline/internal/deadletter"
	"github.com/dateline-news/dateline/services/notifier/subscriptions"
)

type deadLetterInput struct {
	Number string `path:"number" pattern:"^n?[0-9]+$" maxLength:"21" doc:"Number of the dead letter, such as 17, or of a delivery that was given up, such as n17."`
}

// entry is a dead letter or a delivery that was given up: exactly one is set.
type entry[Letter any] struct {
	letter   *Letter
	delivery *subscriptions.GivenUp
}

// MarshalJSON implements json.Marshaler.
func (e entry[Letter]) MarshalJSON() ([]byte, error) {
	if e.delivery != nil {
		return json.Marshal(e.delivery)
	}
	return json.Marshal(e.letter)
}

// Schema implements huma.SchemaProvider.
func (entry[Letter]) Schema(r huma.Registry) *huma.Schema {
	return &huma.Schema{OneOf: []*huma.Schema{
		r.Schema(reflect.TypeFor[Letter](), true, ""), r.Schema(reflect.TypeFor[subscriptions.GivenUp](), true, ""),
	}}
}

type letterAnswer struct {
	deadletter.Brief
	Headers map[string][]string `json:"headers" doc:"Headers of the original message."`
	Data    []byte              `json:"data" doc:"Payload of the original message, in Base64."`
}

type deadLettersInput struct {
	Stage  string `query:"stage" doc:"Only dead letters of this stage. notify means the deliveries that were given up."`
	Reason string `query:"reason" doc:"Only dead letters with this reason."`
	Host   string `query:"host" doc:"Only dead letters of this host."`
	After  string `query:"after" pattern:"^n?[0-9]+$" maxLength:"21" doc:"Only dead letters with greater numbers. The Link header has the next value."`
	Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"100" doc:"Maximum number of dead letters in a page."`
}

type deadLettersAnswer struct {
	Link string `header:"Link" doc:"Reference to the next page, with rel=next. Absent if no more dead letters follow."`
	Body []entry[deadletter.Brief]
}

func (s *service) registerDeadLetters(a huma.API) {
	huma.Register(a, operation{
		id: "dead-letters", path: "/dead-letters", tag: "pipeline", summary: "List dead letters",
		description: "Oldest first, without their payloads. If more dead letters may follow, the Link header refers to " +
			"the next page. A page for a host may be short or empty and still have a next page, because a request " +
			"reads at most 500 dead letters of other hosts. Deliveries to subscriptions that were given up are only " +
			"listed with stage=notify. They have the fields of a delivery, stage, subscription, and a number such as n17.",
	}.huma(), s.listDeadLetters)
	huma.Register(a, operation{
		id: "dead-letter", path: "/dead-letters/{number}", tag: "pipeline", summary: "Read a dead letter",
		errors: []int{http.StatusNotFound},
	}.huma(), s.getDeadLetter)
	s.registerChange(a, http.MethodPost, operation{
		id: "requeue", path: "/dead-letters/{number}/requeue", summary: "Requeue a dead letter",
	}, deadletter.Stream.Requeue, (*subscriptions.Subscriptions).RequeueGivenUp)
	s.registerChange(a, http.MethodDelete, operation{
		id: "drop", path: "/dead-letters/{number}", summary: "Remove a dead letter",
	}, deadletter.Stream.Drop, (*subscriptions.Subscriptions).DropGivenUp)
}

func (s *service) listDeadLetters(ctx context.Context, in *deadLettersInput) (*deadLettersAnswer, error) {
	if in.Stage == subscriptions.Stage {
		return s.listGivenUp(ctx, in)
	}
	after, err := strconv.ParseUint(cmp.Or(in.After, "0"), 10, 64)
	if err != nil {
		return nil, huma.Error400BadRequest(fmt.Sprintf("after is %q: give the number of a dead letter", in.After))
	}
	filter := deadletter.Filter{Stage: in.Stage, Reason: in.Reason, Host: in.Host}
	briefs, next, err := s.DeadLetters(ctx, filter, after, in.Limit)
	if err != nil {
		return nil, s.errorResponse(ctx, err)
	}
	answer := &deadLettersAnswer{Body: []entry[deadletter.Brief]{}}
	for i := range briefs {
		answer.Body = append(answer.Body, entry[deadletter.Brief]{letter: &briefs[i]})
	}
	if next > 0 {
		answer.Link = in.next(strconv.FormatUint(next, 10))
	}
	return answer, nil
}

// listGivenUp lists deliveries that were given up. They have no host, and their reason is the status of an answer.
func (s *service) listGivenUp(ctx context.Context, in *deadLettersInput) (*deadLettersAnswer, error) {
	after, ok := subscriptions.ParseNumber(cmp.Or(in.After, subscriptions.Number(0)))
	if !ok {
		return nil, huma.Error400BadRequest(fmt.Sprintf("after is %q: give the number of a delivery, such as n17", in.After))
	}
	if in.Reason != "" || in.Host != "" {
		return nil, huma.Error400BadRequest("deliveries have no reason and no host: leave out these filters")
	}
	found, err := s.Subscriptions().GivenUp(ctx, after, in.Limit)
	if err != nil {
		return nil, s.errorResponse(ctx, err)
	}
	answer := &deadLettersAnswer{Body: []entry[deadletter.Brief]{}}
	for i := range found {
		answer.Body = append(answer.Body, entry[deadletter.Brief]{delivery: s.shown(ctx, &found[i])})
	}
	if len(found) == in.Limit {
		answer.Link = in.next(found[len(found)-1].Number)
	}
	return answer, nil
}

// shown hides what a target has answered from those who do not manage targets.
func (s *service) shown(ctx context.Context, one *subscriptions.GivenUp) *subscriptions.GivenUp {
	if !s.mayOperate(ctx) {
		one.Detail = subscriptions.WithoutAnswer(one.Detail)
	}
	return one
}

// next returns the reference to the page after a number.
func (in *deadLettersInput) next(after string) string {
	query := url.Values{"after": {after}, "limit": {strconv.Itoa(in.Limit)}}
	for name, value := range map[string]string{"stage": in.Stage, "reason": in.Reason, "host": in.Host} {
		if value != "" {
			query.Set(name, value)
		}
	}
	return "<?" + query.Encode() + `>; rel="next"`
}

func (s *service) getDeadLetter(ctx context.Context, in *deadLetterInput) (*body[entry[letterAnswer]], error) {
	if id, ok := subscriptions.ParseNumber(in.Number); ok {
		one, err := s.Subscriptions().FindGivenUp(ctx, id)
		if err != nil {
			return nil, s.subscriptionError(ctx, err)
		}
		return &body[entry[letterAnswer]]{entry[letterAnswer]{delivery: s.shown(ctx, &one)}}, nil
	}
	_, letter, err := s.deadLetter(ctx, in.Number)
	if err != nil {
		return nil, err
	}
	answer := letterAnswer{Brief: letter.Brief(), Headers: map[string][]string{}, Data: letter.GetData()}
	for _, header := range letter.GetHeaders() {
		answer.Headers[header.GetName()] = append(answer.Headers[header.GetName()], header.GetValue())
	}
	return &body[entry[letterAnswer]]{entry[letterAnswer]{letter: &answer}}, nil
}

// registerChange registers an operation that changes a dead letter or a delivery that was given up.
func (s *service) registerChange(a huma.API, method string, o operation,
	change func(deadletter.Stream, context.Context, deadletter.Letter) error,
	changeDelivery func(*subscriptions.Subscriptions, context.Context, int64, time.Time) error,
) {
	o.tag, o.description = "pipeline", "Needs the operate token."
	o.errors = []int{http.StatusNotFound, http.StatusForbidden}
	h := o.huma()
	h.Method, h.DefaultStatus = method, http.StatusNoContent
	huma.Register(a, h, func(ctx context.Context, in *deadLetterInput) (*struct{}, error) {
		if id, ok := subscriptions.ParseNumber(in.Number); ok {
			if err := changeDelivery(s.Subscriptions(), ctx, id, time.Now()); err != nil {
				return nil, s.subscriptionError(ctx, err)
			}
			s.log.Info("dead letter changed", "operation", o.id, "delivery", id)
			return nil, nil
		}
		letters, letter, err := s.deadLetter(ctx, in.Number)
		if err != nil {
			return nil, err
		}
		if err := change(letters, ctx, letter); err != nil {
			return nil, s.errorResponse(ctx, err)
		}
		s.log.Info("dead letter changed", "operation", o.id, "number", letter.Number, "url", letter.GetUrl())
		return nil, nil
	})
}

// deadLetter returns a dead letter and the stream that it is in, or an error
// response.
func (s *service) deadLetter(ctx context.Context, text string) (deadletter.Stream, deadletter.Letter, error) {
	number, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return deadletter.Stream{}, deadletter.Letter{}, huma.Error404NotFound(text + " is not the number of a dead letter")
	}
	letters, err := s.OpenDeadLetters(ctx)
	if err != nil {
		return letters, deadletter.Letter{}, s.errorResponse(ctx, err)
	}
	letter, err := letters.Get(ctx, number)
	if err != nil {
		return letters, letter, huma.Error404NotFound(err.Error())
	}
	return letters, letter, nil
}
