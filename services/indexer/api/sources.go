package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/dateline-news/dateline/services/indexer/library"
	"github.com/dateline-news/dateline/services/indexer/store"
)

type sourceAnswer struct {
	Host      string        `json:"host"`
	Articles  int64         `json:"articles" doc:"Number of articles stored from this host."`
	Revisions int64         `json:"revisions" doc:"Number of revisions stored from this host."`
	FirstSeen *time.Time    `json:"first_seen,omitempty" doc:"Time of the first fetch of an article."`
	LastSeen  *time.Time    `json:"last_seen,omitempty" doc:"Time of the last fetch of an article."`
	LastNew   *time.Time    `json:"last_new,omitempty" doc:"Time of the last fetch that produced a new article."`
	Ends      []library.End `json:"ends" doc:"Outcomes of the host's inputs in the requested period, by stage, verdict and reason."`
	library.Health
}

type sourceWeek struct {
	sourceAnswer
	Rules *library.Rules `json:"rules,omitempty" doc:"Rules for the pages of the host that the extractors follow (extractor.rules-dir). Absent for a host without rules."`
	Week  []float64      `json:"week" doc:"Usual number of new articles in each of the 168 hours of a week, starting on Monday at 00:00 UTC. Empty if the source has no history."`
}

type sourcesInput struct {
	Hours  int    `query:"hours" minimum:"1" maximum:"840" default:"24" doc:"Period in hours, until now, for which new articles and outcomes are counted."`
	Silent bool   `query:"silent" doc:"Only silent sources."`
	After  string `query:"after" maxLength:"300" doc:"Last host of the previous page."`
	Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"100" doc:"Maximum number of sources in a page."`
}

type sourceInput struct {
	Host  string `path:"host" maxLength:"300" doc:"Host, such as example.com."`
	Hours int    `query:"hours" minimum:"1" maximum:"840" default:"24" doc:"Period in hours, until now, for which new articles and outcomes are counted."`
}

func (s *service) registerPipeline(a huma.API) {
	huma.Register(a, operation{
		id: "state", path: "/state", tag: "pipeline", summary: "Read the state of the pipeline",
	}.huma(), s.getState)
	huma.Register(a, operation{
		id: "storage", path: "/storage", tag: "pipeline", summary: "Read the size and the growth of the store",
		description: "Parts of the store with their sizes, its growth per day, and the time before which outcomes have " +
			"expired.",
	}.huma(), s.getStorage)
	huma.Register(a, operation{
		id: "waiting", path: "/waiting", tag: "pipeline", summary: "Explain why a URL waits",
		description: "The requests for a URL that wait to be fetched: attempts so far with their reasons, next attempt, " +
			"place in the host's queue, and why they wait. Empty if none waits; the outcomes then say how they ended.",
		errors: []int{http.StatusBadRequest},
	}.huma(), s.listWaiting)
	huma.Register(a, operation{
		id: "host", path: "/hosts/{host}", tag: "pipeline", summary: "Read the queue and the state of a host",
		description: "The URLs of a host that wait to be fetched, its pause, its circuit breaker, and the verdict about " +
			"its robots.txt.",
		errors: []int{http.StatusBadRequest},
	}.huma(), s.getHost)
	huma.Register(a, operation{
		id: "sources", path: "/sources", tag: "pipeline", summary: "List the sources",
		description: "The hosts that articles or outcomes came from, ordered by name. Each is compared with its usual " +
			"week; if it is silent, the cause is given.",
		errors: []int{http.StatusBadRequest},
	}.huma(), s.listSources)
	huma.Register(a, operation{
		id: "source", path: "/sources/{host}", tag: "pipeline", summary: "Read a source",
		description: "Includes the source's usual week.", errors: []int{http.StatusNotFound},
	}.huma(), s.getSource)
}

func (s *service) getStorage(ctx context.Context, _ *struct{}) (*body[library.Storage], error) {
	storage, err := s.Storage(ctx)
	if err != nil {
		return nil, s.errorResponse(ctx, err)
	}
	return &body[library.Storage]{storage}, nil
}

func (s *service) getState(ctx context.Context, _ *struct{}) (*body[library.State], error) {
	state, err := s.State(ctx)
	if err != nil {
		return nil, s.errorResponse(ctx, err)
	}
	return &body[library.State]{state}, nil
}

func (s *service) listSources(ctx context.Context, in *sourcesInput) (*body[[]sourceAnswer], error) {
	now := time.Now()
	sources, err := s.SourcesHealth(ctx, store.SourceQuery{
		Since: now.Add(-time.Duration(in.Hours) * time.Hour), At: now, Silent: in.Silent, After: in.After,
		Limit: in.Limit,
	})
	if err != nil {
		return nil, s.errorResponse(ctx, err)
	}
	answers := []sourceAnswer{}
	for _, source := range sources {
		answers = append(answers, answerSource(source))
	}
	return &body[[]sourceAnswer]{answers}, nil
}

func (s *service) getSource(ctx context.Context, in *sourceInput) (*body[sourceWeek], error) {
	now := time.Now()
	sources, err := s.SourcesHealth(ctx, store.SourceQuery{
		Since: now.Add(-time.Duration(in.Hours) * time.Hour), At: now, Host: in.Host, Limit: 1,
	})
	if err != nil {
		return nil, s.errorResponse(ctx, err)
	}
	if len(sources) == 0 {
		return nil, huma.Error404NotFound("there are no articles or outcomes from " + in.Host)
	}
	answer := sourceWeek{sourceAnswer: answerSource(sources[0]), Week: []float64{}}
	if answer.Rules, err = s.Rules(ctx, in.Host); err != nil {
		return nil, s.errorResponse(ctx, err)
	}
	if known := sources[0].Baseline; known != nil {
		usual := known.Usual()
		answer.Week = usual[:]
	}
	return &body[sourceWeek]{answer}, nil
}

func answerSource(source library.SourceHealth) sourceAnswer {
	return sourceAnswer{
		Host: source.Host, Articles: source.Articles, Revisions: source.Revisions, FirstSeen: orNil(source.FirstSeen),
		LastSeen: orNil(source.LastSeen), LastNew: orNil(source.LastNew), Ends: library.Ends(source.Outcomes),
		Health: source.Health,
	}
}

// orNil returns nil for the zero time, so that JSON omits it.
func orNil(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
