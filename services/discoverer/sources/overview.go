package sources

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// Overview is a source with what its endpoints have brought.
type Overview struct {
	Source
	// Requests and Articles count those of the last 24 hours.
	Requests int `json:"requests" doc:"Requests in the last 24 hours, other than the first for an article."`
	Articles int `json:"articles" doc:"Articles found in the last 24 hours."`
	// Working is the number of endpoints that work, without its robots.txt, and Candidates the
	// number of those that have not been read yet. Found is the number of new articles that all
	// endpoints have listed, and LastNew when one last listed a new article, or zero.
	Working    int       `json:"working_endpoints" doc:"Number of feeds, sitemaps and pages of links that work."`
	Candidates int       `json:"candidate_endpoints" doc:"Number of feeds, sitemaps and pages of links that have not been read yet."`
	Found      int64     `json:"found" doc:"New articles that the endpoints have listed."`
	LastNew    time.Time `json:"last_new,omitzero" doc:"When an endpoint last listed a new article."`
	// MedianDelay is nil if no publication time is known.
	MedianDelay *float64 `json:"median_delay_seconds,omitempty" doc:"Median time from the publication of an article, as its listing states it, to its discovery by a later request, of the last 64 such articles."`
}

// Details is a source with its endpoints and its last backfill.
type Details struct {
	Overview
	Endpoints []EndpointDetails `json:"endpoints" doc:"The most productive first, and the retired ones last."`
	Backfill  *Backfill         `json:"backfill,omitempty" doc:"The last backfill."`
}

// EndpointDetails is an endpoint as it is shown to users.
type EndpointDetails struct {
	URL      string    `json:"url"`
	Kind     string    `json:"kind" doc:"feed, sitemap, links or robots."`
	State    string    `json:"state" enum:"candidate,active,retired"`
	Reason   string    `json:"reason,omitempty" doc:"Why the last request failed, or why the endpoint was retired."`
	Hint     string    `json:"hint" doc:"How the endpoint was found."`
	Articles int64     `json:"articles" doc:"New articles that it has listed."`
	Waiting  int64     `json:"waiting,omitempty" doc:"Articles that it listed last and that wait for the daily maximum or a later reading."`
	LastNew  time.Time `json:"last_new,omitzero" doc:"When it last listed a new article."`
	LastPoll time.Time `json:"last_poll,omitzero" doc:"When a response was last read."`
	NextPoll time.Time `json:"next_poll,omitzero" doc:"Absent if it is retired."`
	// Hub is the subscription to the hub that pushes its changes, or nil.
	Hub *HubDetails `json:"hub,omitempty" doc:"Subscription to the hub that pushes its changes (WebSub). Absent if it has none."`
}

// HubDetails is a subscription as it is shown to users.
type HubDetails struct {
	URL      string    `json:"url"`
	Topic    string    `json:"topic"`
	State    string    `json:"state" enum:"requested,subscribed,refused"`
	Reason   string    `json:"reason,omitempty" doc:"Why the last request to the hub failed."`
	LeaseEnd time.Time `json:"lease_end,omitzero" doc:"Until when the hub pushes. The subscription is renewed before."`
	Pushes   int64     `json:"pushes" doc:"Pushes that were taken."`
	LastPush time.Time `json:"last_push,omitzero"`
}

func newEndpointDetails(e Endpoint) EndpointDetails {
	details := EndpointDetails{
		URL: e.URL, Kind: subject.PurposeName(e.Purpose), State: e.State, Reason: e.Reason, Hint: e.Hint,
		Articles: e.Articles, Waiting: e.Waiting, LastNew: e.NewTime, LastPoll: e.PollTime,
	}
	if e.State != Retired {
		details.NextPoll = e.NextPoll
	}
	return details
}

// Overviews returns the sources after an id, ordered by id, at most limit.
func (s *Sources) Overviews(ctx context.Context, after string, limit int) ([]Overview, error) {
	page, err := s.List(ctx, after, limit)
	if err != nil {
		return nil, err
	}
	return s.overviews(ctx, page)
}

// OverviewsByURL returns the sources after a URL, ordered by the bytes of their URLs, at most
// limit.
func (s *Sources) OverviewsByURL(ctx context.Context, after string, limit int) ([]Overview, error) {
	url := "url" + s.bytewise()
	page, err := query(ctx, s, "listing the sources", scanSource, `SELECT `+sourceColumns+` FROM discovery_sources
		WHERE `+url+` > $1 ORDER BY `+url+` LIMIT $2`, store.CleanText(after), limit)
	if err != nil {
		return nil, err
	}
	return s.overviews(ctx, page)
}

// OverviewsOf returns the sources with ids, without those that do not exist.
func (s *Sources) OverviewsOf(ctx context.Context, ids []string) ([]Overview, error) {
	var page []Source
	for _, id := range ids {
		source, err := s.Get(ctx, id)
		if errors.Is(err, ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		page = append(page, source)
	}
	return s.overviews(ctx, page)
}

// overviews adds to sources what their endpoints have brought.
func (s *Sources) overviews(ctx context.Context, page []Source) ([]Overview, error) {
	all := make([]Overview, 0, len(page))
	if len(page) == 0 {
		return all, nil
	}
	var ids []any
	var places []string
	now := time.Now()
	for i, source := range page {
		ids, places = append(ids, source.ID), append(places, "$"+strconv.Itoa(i+1))
		all = append(all, Overview{
			Source: source, Requests: source.Budget.Used(now), Articles: source.Taken.Used(now),
			MedianDelay: medianDelay(source.delays),
		})
	}
	yields, err := query(ctx, s, "counting the articles of endpoints", scanYield, `SELECT source_id,
		count(CASE WHEN state = 'active' AND reason = '' AND purpose <> `+robots+` THEN 1 END),
		count(CASE WHEN state = 'candidate' AND purpose <> `+robots+` THEN 1 END),
		CAST(sum(articles) AS BIGINT), max(new_time)
		FROM discovery_endpoints WHERE source_id IN (`+strings.Join(places, ", ")+`) GROUP BY source_id`, ids...)
	if err != nil {
		return nil, err
	}
	bySource := map[string]yield{}
	for _, y := range yields {
		bySource[y.source] = y
	}
	for i := range all {
		y := bySource[all[i].ID]
		all[i].Working, all[i].Candidates, all[i].Found, all[i].LastNew = y.working, y.candidates, y.found, y.last
	}
	return all, nil
}

// yield is what the endpoints of a source have brought.
type yield struct {
	source              string
	working, candidates int
	found               int64
	last                time.Time
}

func scanYield(rows *sql.Rows) (y yield, err error) {
	var last int64
	err = rows.Scan(&y.source, &y.working, &y.candidates, &y.found, &last)
	y.last = store.TimeOf(last)
	return y, err
}

// Details returns the source with an id, its endpoints and its last backfill.
func (s *Sources) Details(ctx context.Context, id string) (Details, error) {
	source, err := s.Get(ctx, id)
	if err != nil {
		return Details{}, err
	}
	all, err := s.overviews(ctx, []Source{source})
	if err != nil {
		return Details{}, err
	}
	endpoints, err := s.Endpoints(ctx, source.ID)
	if err != nil {
		return Details{}, err
	}
	subscriptions, err := s.Subscriptions(ctx, source.ID)
	if err != nil {
		return Details{}, err
	}
	details := Details{Overview: all[0], Endpoints: make([]EndpointDetails, 0, len(endpoints))}
	for _, e := range endpoints {
		one := newEndpointDetails(e)
		if sub, ok := subscriptions[e.ID]; ok {
			one.Hub = &HubDetails{sub.Hub, sub.Topic, sub.State, sub.Reason, sub.LeaseEnd, sub.Pushes, sub.PushTime}
		}
		details.Endpoints = append(details.Endpoints, one)
	}
	backfill, err := s.Backfill(ctx, source.ID)
	switch {
	case err == nil:
		details.Backfill = &backfill
	case !errors.Is(err, ErrNotFound):
		return Details{}, err
	}
	return details, nil
}

// AddSite adds a source with the endpoints from which the search for others starts, like Add.
// It replaces the policy of a source that exists unless policy is nil.
func (s *Sources) AddSite(ctx context.Context, source Source, policy *Policy) error {
	first, err := First(source)
	if err != nil {
		return err
	}
	if err := checkLabels(source.Labels); err != nil {
		return err
	}
	if policy != nil {
		if err := policy.Validate(); err != nil {
			return fmt.Errorf("%w: %w", ErrPolicy, err)
		}
	}
	return s.write(ctx, "adding source "+source.URL, func(ctx context.Context, tx *sql.Tx) error {
		if err := add(ctx, tx, source, first); err != nil || policy == nil {
			return err
		}
		return setPolicy(ctx, tx, source.ID, *policy)
	})
}
