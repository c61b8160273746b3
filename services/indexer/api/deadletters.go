package api

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"github.com/dateline-news/dateline/internal/deadletter"
)

type deadLetterInput struct {
	Number uint64 `path:"number" doc:"Number of the dead letter."`
}

type letterAnswer struct {
	deadletter.Brief
	Headers map[string][]string `json:"headers" doc:"Headers of the original message."`
	Data    []byte              `json:"data" doc:"Payload of the original message, in Base64."`
}

type deadLettersInput struct {
	Stage  string `query:"stage" doc:"Only dead letters of this stage."`
	Reason string `query:"reason" doc:"Only dead letters with this reason."`
	Host   string `query:"host" doc:"Only dead letters of this host."`
	After  uint64 `query:"after" doc:"Only dead letters with greater numbers. The Link header has the next value."`
	Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"100" doc:"Maximum number of dead letters in a page."`
}

type deadLettersAnswer struct {
	Link string `header:"Link" doc:"Reference to the next page, with rel=next. Absent if no more dead letters follow."`
	Body []deadletter.Brief
}

func (s *service) registerDeadLetters(a huma.API) {
	huma.Register(a, operation{
		id: "dead-letters", path: "/dead-letters", tag: "pipeline", summary: "List dead letters",
		description: "Oldest first, without their payloads. If more dead letters may follow, the Link header refers to " +
			"the next page. A page for a host may be short or empty and still have a next page, because a request " +
			"reads at most 500 dead letters of other hosts.",
	}.huma(), s.listDeadLetters)
	huma.Register(a, operation{
		id: "dead-letter", path: "/dead-letters/{number}", tag: "pipeline", summary: "Read a dead letter",
		errors: []int{http.StatusNotFound},
	}.huma(), s.getDeadLetter)
	s.registerChange(a, http.MethodPost, operation{
		id: "requeue", path: "/dead-letters/{number}/requeue", summary: "Requeue a dead letter",
	}, deadletter.Stream.Requeue)
	s.registerChange(a, http.MethodDelete, operation{
		id: "drop", path: "/dead-letters/{number}", summary: "Remove a dead letter",
	}, deadletter.Stream.Drop)
}

func (s *service) listDeadLetters(ctx context.Context, in *deadLettersInput) (*deadLettersAnswer, error) {
	filter := deadletter.Filter{Stage: in.Stage, Reason: in.Reason, Host: in.Host}
	briefs, next, err := s.DeadLetters(ctx, filter, in.After, in.Limit)
	if err != nil {
		return nil, s.errorResponse(ctx, err)
	}
	answer := &deadLettersAnswer{Body: briefs}
	if next > 0 {
		query := url.Values{"after": {strconv.FormatUint(next, 10)}, "limit": {strconv.Itoa(in.Limit)}}
		for name, value := range map[string]string{"stage": in.Stage, "reason": in.Reason, "host": in.Host} {
			if value != "" {
				query.Set(name, value)
			}
		}
		answer.Link = "<?" + query.Encode() + `>; rel="next"`
	}
	return answer, nil
}

func (s *service) getDeadLetter(ctx context.Context, in *deadLetterInput) (*body[letterAnswer], error) {
	_, letter, err := s.deadLetter(ctx, in.Number)
	if err != nil {
		return nil, err
	}
	answer := letterAnswer{Brief: letter.Brief(), Headers: map[string][]string{}, Data: letter.GetData()}
	for _, header := range letter.GetHeaders() {
		answer.Headers[header.GetName()] = append(answer.Headers[header.GetName()], header.GetValue())
	}
	return &body[letterAnswer]{answer}, nil
}

// registerChange registers an operation that changes a dead letter.
func (s *service) registerChange(a huma.API, method string, o operation,
	change func(deadletter.Stream, context.Context, deadletter.Letter) error,
) {
	o.tag, o.description = "pipeline", "Needs the operate token."
	o.errors = []int{http.StatusNotFound, http.StatusForbidden}
	h := o.huma()
	h.Method, h.DefaultStatus = method, http.StatusNoContent
	huma.Register(a, h, func(ctx context.Context, in *deadLetterInput) (*struct{}, error) {
		letters, letter, err := s.deadLetter(ctx, in.Number)
		if err != nil {
			return nil, err
		}
		if err := change(letters, ctx, letter); err != nil {
			return nil, s.errorResponse(ctx, err)
		}
		s.log.Info("dead letter changed", "operation", o.id, "number", in.Number, "url", letter.GetUrl())
		return nil, nil
	})
}

// deadLetter returns a dead letter and the stream that it is in, or an error
// response.
func (s *service) deadLetter(ctx context.Context, number uint64) (deadletter.Stream, deadletter.Letter, error) {
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
