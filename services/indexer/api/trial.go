package api

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/dateline-news/dateline/internal/weburl"
	"github.com/dateline-news/dateline/services/discoverer/trial"
)

// trialWriteTimeout is the maximum time for a client to receive a line of a trial.
const trialWriteTimeout = 10 * time.Second

type discoveryTryInput struct{ Body trial.Request }

func (s *service) tryDiscovery(ctx context.Context, in *discoveryTryInput) (*huma.StreamResponse, error) {
	if _, err := weburl.Parse(in.Body.URL); err != nil {
		return nil, huma.Error400BadRequest(err.Error())
	}
	if err := in.Body.Policy.Validate(); err != nil {
		return nil, huma.Error400BadRequest(err.Error())
	}
	endpoints, err := s.Try(ctx, in.Body)
	switch {
	case errors.Is(err, trial.ErrBusy):
		return nil, huma.Error429TooManyRequests(err.Error())
	case errors.Is(err, trial.ErrNoDiscoverer):
		return nil, huma.Error503ServiceUnavailable(err.Error())
	case err != nil:
		return nil, s.errorResponse(ctx, err)
	}
	s.log.Info("trying a site", "url", in.Body.URL)
	return &huma.StreamResponse{Body: func(hc huma.Context) { writeTrial(hc, endpoints) }}, nil
}

// writeTrial sends the endpoints of a trial, one a line.
func writeTrial(hc huma.Context, endpoints iter.Seq2[trial.Endpoint, error]) {
	_, w := humago.Unwrap(hc)
	control := http.NewResponseController(w)
	hc.SetHeader("Content-Type", "application/jsonl")
	hc.SetHeader("Cache-Control", "no-store")
	hc.SetHeader("X-Accel-Buffering", "no")
	send := func(event trial.Event) bool {
		_ = control.SetWriteDeadline(time.Now().Add(trialWriteTimeout))
		return json.NewEncoder(w).Encode(event) == nil && control.Flush() == nil
	}
	if control.Flush() != nil {
		return
	}
	for endpoint, err := range endpoints {
		if err != nil {
			send(trial.Event{Error: err.Error()})
			return
		}
		if !send(trial.Event{Endpoint: &endpoint}) {
			return
		}
	}
	send(trial.Event{End: true})
}
