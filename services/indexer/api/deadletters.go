package api

import (
	"context"
	"net/http"

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
	After  uint64 `query:"after" doc:"Number of the last dead letter of the previous page."`
	Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"100" doc:"Maximum number of dead letters in a page."`
}

func (s *service) registerDeadLetters(a huma.API) {
	huma.Register(a, operation{
		id: "dead-letters", path: "/dead-letters", tag: "pipeline", summary: "List dead letters",
		description: "Oldest first, without their payloads.",
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

func (s *service) listDeadLetters(ctx context.Context, in *deadLettersInput) (*body[[]deadletter.Brief], error) {
	filter := deadletter.Filter{Stage: in.Stage, Reason: in.Reason, Host: in.Host}
	briefs, err := s.library.DeadLetters(ctx, filter, in.After, in.Limit)
	if err != nil {
		return nil, s.errorResponse(ctx, err)
	}
	return &body[[]deadletter.Brief]{briefs}, nil
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
	letters, err := s.library.OpenDeadLetters(ctx)
	if err != nil {
		return letters, deadletter.Letter{}, s.errorResponse(ctx, err)
	}
	letter, err := letters.Get(ctx, number)
	if err != nil {
		return letters, letter, huma.Error404NotFound(err.Error())
	}
	return letters, letter, nil
}
