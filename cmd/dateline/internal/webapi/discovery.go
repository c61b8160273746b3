package webapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"

	"github.com/dateline-news/dateline/services/discoverer/sources"
	"github.com/dateline-news/dateline/services/discoverer/trial"
)

// discoveryPath is the path of the sites whose new articles are found.
const discoveryPath = "/discovery/sources"

// onSource sends a request for the source with an id. The error is sources.ErrNotFound if the
// deployment does not have the source.
func (c Client) onSource(ctx context.Context, method, id, operation string, body, v any) error {
	err := c.send(ctx, method, discoveryPath+"/"+url.PathEscape(id)+operation, body, v)
	if errors.Is(err, ErrNotFound) {
		return sources.ErrNotFound
	}
	return err
}

// Overviews returns the sources after an id, ordered by id, at most limit.
func (c Client) Overviews(ctx context.Context, after string, limit int) (page []sources.Overview, err error) {
	query := url.Values{"after": {after}, "limit": {strconv.Itoa(limit)}}
	err = c.Get(ctx, discoveryPath+"?"+query.Encode(), &page)
	return page, err
}

// Details returns the source with an id, its endpoints and its last backfill.
func (c Client) Details(ctx context.Context, id string) (details sources.Details, err error) {
	err = c.onSource(ctx, http.MethodGet, id, "", nil, &details)
	return details, err
}

// AddSite adds a source, or replaces the labels of one that exists and resumes it. It replaces
// the policy unless that is nil.
func (c Client) AddSite(ctx context.Context, source sources.Source, policy *sources.Policy) error {
	return c.send(ctx, http.MethodPost, discoveryPath, struct {
		URL    string            `json:"url"`
		Labels map[string]string `json:"labels,omitempty"`
		Policy *sources.Policy   `json:"policy,omitempty"`
	}{source.URL, source.Labels, policy}, nil)
}

// SetPolicy replaces the policy of a source.
func (c Client) SetPolicy(ctx context.Context, id string, policy sources.Policy) error {
	return c.onSource(ctx, http.MethodPut, id, "/policy", policy, nil)
}

// SetState pauses or resumes a source.
func (c Client) SetState(ctx context.Context, id, state string) error {
	operation := "/resume"
	if state == sources.Paused {
		operation = "/pause"
	}
	return c.onSource(ctx, http.MethodPost, id, operation, nil, nil)
}

// Remove removes a source with its endpoints. Its articles stay.
func (c Client) Remove(ctx context.Context, id string) error {
	return c.onSource(ctx, http.MethodDelete, id, "", nil, nil)
}

// BackfillSite starts a backfill of a source.
func (c Client) BackfillSite(ctx context.Context, id string, within sources.BackfillRange) error {
	return c.onSource(ctx, http.MethodPost, id, "/backfill", within, nil)
}

// CancelBackfill ends the running backfill of a source.
func (c Client) CancelBackfill(ctx context.Context, id string) error {
	return c.onSource(ctx, http.MethodDelete, id, "/backfill", nil, nil)
}

// trialTimeout bounds a trial. The server ends it earlier.
const trialTimeout = trial.MaxTime + trial.RequestTime

// Try has the discoverer of the deployment try a site, and reports each endpoint.
func (c Client) Try(ctx context.Context, request trial.Request, report func(trial.Endpoint)) error {
	ctx, cancel := context.WithTimeout(ctx, trialTimeout)
	defer cancel()
	response, err := c.do(ctx, http.MethodPost, "/discovery/try", request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	lines := json.NewDecoder(io.LimitReader(response.Body, maxResponse))
	for {
		var event trial.Event
		if err := lines.Decode(&event); err != nil {
			return fmt.Errorf("%s ended the trial early: %w", c.base, err)
		}
		switch {
		case event.Error != "":
			return errors.New(event.Error)
		case event.End:
			return nil
		case event.Endpoint != nil:
			report(*event.Endpoint)
		}
	}
}
