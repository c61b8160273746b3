package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/dateline-news/dateline/internal/deadletter"
	"github.com/dateline-news/dateline/services/indexer/library"
	"github.com/dateline-news/dateline/services/indexer/store"
)

type letterInput struct {
	Number uint64 `path:"number" doc:"The letter's number."`
}

type letterAnswer struct {
	deadletter.Brief
	Headers map[string][]string `json:"headers" doc:"The headers of the original message."`
	Data    []byte              `json:"data" doc:"The payload of the original message, in Base64."`
}

type sourceAnswer struct {
	Host      string        `json:"host"`
	Articles  int64         `json:"articles" doc:"Articles stored from this host."`
	Revisions int64         `json:"revisions" doc:"Revisions of them."`
	FirstSeen *time.Time    `json:"first_seen,omitempty" doc:"The first fetch of an article."`
	LastSeen  *time.Time    `json:"last_seen,omitempty" doc:"The last fetch of an article."`
	LastNew   *time.Time    `json:"last_new,omitempty" doc:"The last fetch that brought a new article."`
	Ends      []library.End `json:"ends" doc:"How its inputs ended in the time that was asked for."`
	library.Health
}

type sourceWeek struct {
	sourceAnswer
	Week []float64 `json:"week" doc:"How many new articles are usual in each of the 168 hours of a week, the first of which is Monday's first in UTC; empty where nothing is known."`
}

func answerSource(one library.SourceHealth) sourceAnswer {
	return sourceAnswer{one.Host, one.Articles, one.Revisions,
		orNil(one.FirstSeen), orNil(one.LastSeen), orNil(one.LastNew), library.Ends(one.Outcomes), one.Health}
}

func (s *service) registerOperation(a huma.API) {
	huma.Register(a, get("state", "/state", "pipeline", "See how the pipeline fares", ""),
		func(ctx context.Context, _ *struct{}) (*struct{ Body library.State }, error) {
			state, err := s.library.State(ctx)
			if err != nil {
				return nil, s.problem(ctx, err)
			}
			return &struct{ Body library.State }{state}, nil
		})

	huma.Register(a, get("sources", "/sources", "pipeline", "List the sources",
		"The hosts that articles or outcomes came from, by name, each with how it fares: what came against what is usual, and why it is silent.", http.StatusBadRequest),
		func(ctx context.Context, in *struct {
			Hours  int    `query:"hours" minimum:"1" maximum:"840" default:"24" doc:"How many hours back articles and ends are counted."`
			Silent bool   `query:"silent" doc:"Only sources that are silent."`
			After  string `query:"after" maxLength:"300" doc:"The last host of the page before."`
			Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"100" doc:"Most sources in one page."`
		}) (*struct{ Body []sourceAnswer }, error) {
			now := time.Now()
			sources, err := s.library.SourcesHealth(ctx, store.SourceQuery{
				Since: now.Add(-time.Duration(in.Hours) * time.Hour), At: now, Silent: in.Silent, After: in.After, Limit: in.Limit})
			if err != nil {
				return nil, s.problem(ctx, err)
			}
			out := &struct{ Body []sourceAnswer }{[]sourceAnswer{}}
			for _, one := range sources {
				out.Body = append(out.Body, answerSource(one))
			}
			return out, nil
		})

	huma.Register(a, get("source", "/sources/{host}", "pipeline", "Read a source", "With its usual week.", http.StatusNotFound),
		func(ctx context.Context, in *struct {
			Host  string `path:"host" maxLength:"300" doc:"The host, such as example.com."`
			Hours int    `query:"hours" minimum:"1" maximum:"840" default:"24" doc:"How many hours back articles and ends are counted."`
		}) (*struct{ Body sourceWeek }, error) {
			now := time.Now()
			sources, err := s.library.SourcesHealth(ctx, store.SourceQuery{
				Since: now.Add(-time.Duration(in.Hours) * time.Hour), At: now, Host: in.Host, Limit: 1})
			if err != nil {
				return nil, s.problem(ctx, err)
			}
			if len(sources) == 0 {
				return nil, huma.Error404NotFound("nothing came from " + in.Host)
			}
			out := &struct{ Body sourceWeek }{sourceWeek{answerSource(sources[0]), []float64{}}}
			if known := sources[0].Baseline; known != nil {
				usual := known.Usual()
				out.Body.Week = usual[:]
			}
			return out, nil
		})

	huma.Register(a, get("dead-letters", "/dead-letters", "pipeline", "List dead letters", "The oldest first, without their payloads."),
		func(ctx context.Context, in *struct {
			Stage  string `query:"stage" doc:"Only letters of this stage."`
			Reason string `query:"reason" doc:"Only letters with this reason."`
			Host   string `query:"host" doc:"Only letters of this host."`
			After  uint64 `query:"after" doc:"The number of the last letter of the page before."`
			Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"100" doc:"Most letters in one page."`
		}) (*struct{ Body []deadletter.Brief }, error) {
			briefs, err := s.library.DeadLetters(ctx, deadletter.Filter{Stage: in.Stage, Reason: in.Reason, Host: in.Host}, in.After, in.Limit)
			if err != nil {
				return nil, s.problem(ctx, err)
			}
			return &struct{ Body []deadletter.Brief }{briefs}, nil
		})

	huma.Register(a, get("dead-letter", "/dead-letters/{number}", "pipeline", "Read a dead letter", "", http.StatusNotFound),
		func(ctx context.Context, in *letterInput) (*struct{ Body letterAnswer }, error) {
			letter, err := s.letter(ctx, in.Number)
			if err != nil {
				return nil, err
			}
			answer := letterAnswer{Brief: letter.Brief(), Headers: map[string][]string{}, Data: letter.GetData()}
			for _, header := range letter.GetHeaders() {
				answer.Headers[header.GetName()] = append(answer.Headers[header.GetName()], header.GetValue())
			}
			return &struct{ Body letterAnswer }{answer}, nil
		})

	for _, change := range []struct {
		id, method, path, summary string
		do                        func(context.Context, deadletter.Letters, deadletter.Letter) error
	}{
		{"requeue", http.MethodPost, "/dead-letters/{number}/requeue", "Send a dead letter on its way again",
			func(ctx context.Context, l deadletter.Letters, one deadletter.Letter) error {
				return l.Requeue(ctx, one)
			}},
		{"drop", http.MethodDelete, "/dead-letters/{number}", "Remove a dead letter",
			func(ctx context.Context, l deadletter.Letters, one deadletter.Letter) error { return l.Drop(ctx, one) }},
	} {
		operation := get(change.id, change.path, "pipeline", change.summary, "Needs the operate token.", http.StatusNotFound, http.StatusForbidden)
		operation.Method, operation.DefaultStatus = change.method, http.StatusNoContent
		huma.Register(a, operation, func(ctx context.Context, in *letterInput) (*struct{}, error) {
			letter, err := s.letter(ctx, in.Number)
			if err != nil {
				return nil, err
			}
			letters, err := s.library.OpenDeadLetters(ctx)
			if err == nil {
				err = change.do(ctx, letters, letter)
			}
			if err != nil {
				return nil, s.problem(ctx, err)
			}
			s.log.Info("a dead letter was operated on", "operation", change.id, "number", in.Number, "url", letter.GetUrl())
			return nil, nil
		})
	}

	operation := get("erase", "/articles/{id}", "articles", "Erase an article",
		"Removes it with its revisions, words, pages, records on streams and dead letters, and keeps it from coming back. The ledger keeps its URLs. Needs the operate token.",
		http.StatusNotFound, http.StatusForbidden)
	operation.Method = http.MethodDelete
	huma.Register(a, operation, func(ctx context.Context, in *ArticleName) (*struct{ Body library.Erased }, error) {
		erased, err := s.library.Erase(ctx, in.ID)
		if err != nil {
			return nil, s.problem(ctx, err)
		}
		s.log.Info("an article was erased", "article", erased.ID, "revisions", erased.Revisions)
		return &struct{ Body library.Erased }{erased}, nil
	})
}

func (s *service) letter(ctx context.Context, number uint64) (deadletter.Letter, error) {
	letters, err := s.library.OpenDeadLetters(ctx)
	if err != nil {
		return deadletter.Letter{}, s.problem(ctx, err)
	}
	letter, err := letters.Get(ctx, number)
	if err != nil {
		return deadletter.Letter{}, huma.Error404NotFound(err.Error())
	}
	return letter, nil
}

func orNil(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
