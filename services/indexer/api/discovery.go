package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/weburl"
	"github.com/dateline-news/dateline/services/discoverer/sources"
)

// discoverySource is a site whose new articles the discoverer finds.
type discoverySource struct {
	sources.Source
	Requests int `json:"requests" doc:"Requests in the last 24 hours, other than the first for an article."`
	Articles int `json:"articles" doc:"Articles found in the last 24 hours."`
}

func newDiscoverySource(source sources.Source, now time.Time) discoverySource {
	return discoverySource{source, source.Budget.Used(now), source.Taken.Used(now)}
}

// discoveryEndpoint is a feed, a sitemap or a page of links.
type discoveryEndpoint struct {
	URL      string     `json:"url"`
	Kind     string     `json:"kind" doc:"feed, sitemap, links or robots."`
	State    string     `json:"state" enum:"candidate,active,retired"`
	Reason   string     `json:"reason,omitempty" doc:"Why the last request failed, or why the endpoint was retired."`
	Hint     string     `json:"hint" doc:"How the endpoint was found."`
	Articles int64      `json:"articles" doc:"New articles that it has listed."`
	LastNew  *time.Time `json:"last_new,omitempty" doc:"When it last listed a new article."`
	LastPoll *time.Time `json:"last_poll,omitempty"`
	NextPoll *time.Time `json:"next_poll,omitempty" doc:"Absent if it is retired."`
}

func newDiscoveryEndpoint(e sources.Endpoint) discoveryEndpoint {
	answer := discoveryEndpoint{
		URL: e.URL, Kind: subject.PurposeName(e.Purpose), State: e.State, Reason: e.Reason, Hint: e.Hint,
		Articles: e.Articles, LastNew: known(e.NewTime), LastPoll: known(e.PollTime),
	}
	if e.State != sources.Retired {
		answer.NextPoll = known(e.NextPoll)
	}
	return answer
}

// known returns a time, or nil if it is zero.
func known(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

type discoveryAnswer struct {
	discoverySource
	Endpoints []discoveryEndpoint `json:"endpoints" doc:"The most productive first, and the retired ones last."`
}

type discoveryListInput struct {
	After string `query:"after" doc:"Only sources with greater ids: the id of the last source of the page before."`
	Limit int    `query:"limit" minimum:"1" maximum:"1000" default:"100" doc:"Maximum number of sources in a page."`
}

type discoveryName struct {
	ID string `path:"id" maxLength:"64" doc:"Id of the source."`
}

type discoveryAddInput struct {
	Body struct {
		URL    string            `json:"url" doc:"URL of the home page of the site, or of one feed or sitemap."`
		Labels map[string]string `json:"labels,omitempty" doc:"Labels of every article of the source."`
		Policy *sources.Policy   `json:"policy,omitempty" doc:"Policy of the source. If it is absent, a source that exists keeps its own."`
	}
}

type discoveryPolicyInput struct {
	ID   string `path:"id" maxLength:"64" doc:"Id of the source."`
	Body sources.Policy
}

func (s *service) registerDiscovery(a huma.API) {
	const tag, path = "discovery", "/discovery/sources"
	changing := []int{http.StatusNotFound, http.StatusForbidden}
	register := func(method string, o operation) huma.Operation {
		o.tag = tag
		if method != http.MethodGet {
			o.description += "Needs the operate token."
		}
		h := o.huma()
		h.Method = method
		return h
	}
	huma.Register(a, register(http.MethodGet, operation{
		id: "discovery-sources", path: path, summary: "List the sites whose new articles are found",
		description: "Ordered by id.",
	}), s.listDiscovery)
	huma.Register(a, register(http.MethodGet, operation{
		id: "discovery-source", path: path + "/{id}", summary: "Read such a site with its endpoints",
		errors: []int{http.StatusNotFound},
	}), s.getDiscovery)
	huma.Register(a, register(http.MethodPost, operation{
		id: "add-discovery-source", path: path, summary: "Find the new articles of a site from now on",
		description: "Adding a site again replaces its labels and resumes it. ",
		errors:      []int{http.StatusBadRequest, http.StatusForbidden},
	}), s.addDiscovery)
	huma.Register(a, register(http.MethodPut, operation{
		id: "set-discovery-policy", path: path + "/{id}/policy", summary: "Replace the policy of a site",
		errors: append(changing, http.StatusBadRequest),
	}), s.setDiscoveryPolicy)
	s.registerDiscoveryChange(a, register(http.MethodPost, operation{
		id: "pause-discovery-source", path: path + "/{id}/pause", summary: "Stop polling a site", errors: changing,
	}), func(ctx context.Context, known *sources.Sources, id string) error {
		return known.SetState(ctx, id, sources.Paused)
	})
	s.registerDiscoveryChange(a, register(http.MethodPost, operation{
		id: "resume-discovery-source", path: path + "/{id}/resume", summary: "Poll a site again", errors: changing,
	}), func(ctx context.Context, known *sources.Sources, id string) error {
		return known.SetState(ctx, id, sources.Active)
	})
	s.registerDiscoveryChange(a, register(http.MethodDelete, operation{
		id: "remove-discovery-source", path: path + "/{id}", summary: "Remove a site and its endpoints",
		description: "Its articles stay. ", errors: changing,
	}), func(ctx context.Context, known *sources.Sources, id string) error { return known.Remove(ctx, id) })
}

// registerDiscoveryChange registers an operation that changes a source and returns nothing.
func (s *service) registerDiscoveryChange(
	a huma.API, h huma.Operation, change func(context.Context, *sources.Sources, string) error,
) {
	h.DefaultStatus = http.StatusNoContent
	huma.Register(a, h, func(ctx context.Context, in *discoveryName) (*struct{}, error) {
		if err := change(ctx, s.Discovery(), in.ID); err != nil {
			return nil, s.discoveryError(ctx, err)
		}
		s.log.Info("source changed", "operation", h.OperationID, "source", in.ID)
		return nil, nil
	})
}

func (s *service) discoveryError(ctx context.Context, err error) error {
	switch {
	case errors.Is(err, sources.ErrNotFound):
		return huma.Error404NotFound(err.Error())
	case errors.Is(err, sources.ErrLabels):
		return huma.Error400BadRequest(err.Error())
	}
	return s.errorResponse(ctx, err)
}

func (s *service) listDiscovery(ctx context.Context, in *discoveryListInput) (*body[[]discoverySource], error) {
	page, err := s.Discovery().List(ctx, in.After, in.Limit)
	if err != nil {
		return nil, s.discoveryError(ctx, err)
	}
	now, answer := time.Now(), make([]discoverySource, 0, len(page))
	for _, source := range page {
		answer = append(answer, newDiscoverySource(source, now))
	}
	return &body[[]discoverySource]{answer}, nil
}

func (s *service) getDiscovery(ctx context.Context, in *discoveryName) (*body[discoveryAnswer], error) {
	source, err := s.Discovery().Get(ctx, in.ID)
	if err != nil {
		return nil, s.discoveryError(ctx, err)
	}
	endpoints, err := s.Discovery().Endpoints(ctx, in.ID)
	if err != nil {
		return nil, s.discoveryError(ctx, err)
	}
	answer := discoveryAnswer{newDiscoverySource(source, time.Now()), make([]discoveryEndpoint, 0, len(endpoints))}
	for _, e := range endpoints {
		answer.Endpoints = append(answer.Endpoints, newDiscoveryEndpoint(e))
	}
	return &body[discoveryAnswer]{answer}, nil
}

func (s *service) addDiscovery(ctx context.Context, in *discoveryAddInput) (*body[discoveryAnswer], error) {
	home, err := weburl.Parse(in.Body.URL)
	if err != nil {
		return nil, huma.Error400BadRequest(err.Error())
	}
	if in.Body.Policy != nil {
		if err := in.Body.Policy.Validate(); err != nil {
			return nil, huma.Error400BadRequest(err.Error())
		}
	}
	source := sources.New(home, in.Body.Labels, time.Now())
	first, err := sources.First(source)
	if err == nil {
		err = s.Discovery().Add(ctx, source, first)
	}
	if err == nil && in.Body.Policy != nil {
		err = s.Discovery().SetPolicy(ctx, source.ID, *in.Body.Policy)
	}
	if err != nil {
		return nil, s.discoveryError(ctx, err)
	}
	s.log.Info("source added", "source", source.ID, "url", source.URL)
	return s.getDiscovery(ctx, &discoveryName{ID: source.ID})
}

func (s *service) setDiscoveryPolicy(ctx context.Context, in *discoveryPolicyInput) (*body[discoveryAnswer], error) {
	if err := in.Body.Validate(); err != nil {
		return nil, huma.Error400BadRequest(err.Error())
	}
	if err := s.Discovery().SetPolicy(ctx, in.ID, in.Body); err != nil {
		return nil, s.discoveryError(ctx, err)
	}
	s.log.Info("source changed", "operation", "set-discovery-policy", "source", in.ID)
	return s.getDiscovery(ctx, &discoveryName{ID: in.ID})
}
