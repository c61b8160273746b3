package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/dateline-news/dateline/internal/weburl"
	"github.com/dateline-news/dateline/services/discoverer/sources"
)

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

type discoveryBackfillInput struct {
	ID   string `path:"id" maxLength:"64" doc:"Id of the source."`
	Body sources.BackfillRange
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
	huma.Register(a, register(http.MethodPost, operation{
		id: "try-discovery-source", path: "/discovery/try", summary: "Show what would be found on a site",
		description: "A running discoverer reads the home page and robots.txt of the site, and then the feeds, sitemaps " +
			"and pages of links that they name, with at most 30 requests and the usual pauses. Nothing is stored. Each line " +
			"of the response is a JSON object with the member endpoint. The last line has end, or error if the trial has " +
			"failed. ",
		contentTypes: []string{"application/jsonl"}, response: "The endpoints, one a line, as they are read",
		errors: []int{
			http.StatusBadRequest, http.StatusForbidden, http.StatusTooManyRequests, http.StatusServiceUnavailable,
		},
	}), s.tryDiscovery)
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
	huma.Register(a, register(http.MethodPost, operation{
		id: "start-discovery-backfill", path: path + "/{id}/backfill", summary: "Take the older articles of a site",
		description: "Walks its sitemaps and requests the articles in the range that are not stored yet. ",
		errors:      append(changing, http.StatusBadRequest, http.StatusConflict),
	}), s.startDiscoveryBackfill)
	s.registerDiscoveryChange(a, register(http.MethodDelete, operation{
		id: "cancel-discovery-backfill", path: path + "/{id}/backfill", summary: "End the running backfill of a site",
		description: "URLs that were requested are still fetched. ", errors: append(changing, http.StatusConflict),
	}), func(ctx context.Context, known *sources.Sources, id string) error {
		return known.CancelBackfill(ctx, id)
	})
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
	case errors.Is(err, sources.ErrBackfillRuns), errors.Is(err, sources.ErrNoBackfill):
		return huma.Error409Conflict(err.Error())
	case errors.Is(err, sources.ErrLabels), errors.Is(err, sources.ErrPolicy), errors.Is(err, sources.ErrRange):
		return huma.Error400BadRequest(err.Error())
	}
	return s.errorResponse(ctx, err)
}

func (s *service) listDiscovery(ctx context.Context, in *discoveryListInput) (*body[[]sources.Overview], error) {
	page, err := s.Discovery().Overviews(ctx, in.After, in.Limit)
	if err != nil {
		return nil, s.discoveryError(ctx, err)
	}
	return &body[[]sources.Overview]{page}, nil
}

func (s *service) getDiscovery(ctx context.Context, in *discoveryName) (*body[sources.Details], error) {
	details, err := s.Discovery().Details(ctx, in.ID)
	if err != nil {
		return nil, s.discoveryError(ctx, err)
	}
	return &body[sources.Details]{details}, nil
}

func (s *service) addDiscovery(ctx context.Context, in *discoveryAddInput) (*body[sources.Details], error) {
	home, err := weburl.Parse(in.Body.URL)
	if err != nil {
		return nil, huma.Error400BadRequest(err.Error())
	}
	source := sources.New(home, in.Body.Labels, time.Now())
	if err := s.Discovery().AddSite(ctx, source, in.Body.Policy); err != nil {
		return nil, s.discoveryError(ctx, err)
	}
	s.log.Info("source added", "source", source.ID, "url", source.URL)
	return s.getDiscovery(ctx, &discoveryName{ID: source.ID})
}

func (s *service) setDiscoveryPolicy(ctx context.Context, in *discoveryPolicyInput) (*body[sources.Details], error) {
	if err := s.Discovery().SetPolicy(ctx, in.ID, in.Body); err != nil {
		return nil, s.discoveryError(ctx, err)
	}
	s.log.Info("source changed", "operation", "set-discovery-policy", "source", in.ID)
	return s.getDiscovery(ctx, &discoveryName{ID: in.ID})
}

func (s *service) startDiscoveryBackfill(
	ctx context.Context, in *discoveryBackfillInput,
) (*body[sources.Details], error) {
	if err := s.Discovery().BackfillSite(ctx, in.ID, in.Body); err != nil {
		return nil, s.discoveryError(ctx, err)
	}
	s.log.Info("source changed", "operation", "start-discovery-backfill", "source", in.ID)
	return s.getDiscovery(ctx, &discoveryName{ID: in.ID})
}
