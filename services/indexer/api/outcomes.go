package api

import (
	"context"
	"time"

	"github.com/dateline-news/dateline/internal/subject"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/library"
	"github.com/dateline-news/dateline/services/indexer/store"
)

type outcomeAnswer struct {
	Time    time.Time `json:"time"`
	Stage   string    `json:"stage"`
	Verdict string    `json:"verdict"`
	Reason  string    `json:"reason,omitempty"`
	Detail  string    `json:"detail,omitempty" doc:"What happened, and what can be done about it."`
	URL     string    `json:"url,omitempty"`
	Request string    `json:"request,omitempty"`
	Attempt int32     `json:"attempt"`
	Output  string    `json:"output,omitempty" doc:"Id of what was produced."`
}

// listOutcomes also answers for URLs of which no article was stored.
func (s *service) listOutcomes(ctx context.Context, in *ArticleName) (*body[[]outcomeAnswer], error) {
	outcomes, err := s.Outcomes(ctx, library.Name(in.ID))
	if err == nil && len(outcomes) == 0 {
		var hit store.Hit
		if hit, err = s.Article(ctx, library.Name(in.ID)); err == nil {
			outcomes, err = s.Outcomes(ctx, hit.Article.GetCanonicalUrl())
		}
	}
	if err != nil {
		return nil, s.errorResponse(ctx, err)
	}
	return &body[[]outcomeAnswer]{outcomeAnswers(outcomes)}, nil
}

func outcomeAnswers(outcomes []*datelinev1.Outcome) []outcomeAnswer {
	answers := make([]outcomeAnswer, len(outcomes))
	for i, o := range outcomes {
		answers[i] = outcomeAnswer{
			Time: o.GetTime().AsTime(), Stage: subject.StageName(o.GetStage()),
			Verdict: subject.VerdictName(o.GetVerdict()),
			Reason:  o.GetReason(), Detail: o.GetDetail(), URL: o.GetUrl(), Request: o.GetRequestId(),
			Attempt: o.GetAttempt(), Output: o.GetOutputId(),
		}
	}
	return answers
}
