package mcpserver

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/dateline-news/dateline/services/indexer/library"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// maxCopies is the maximum number of copies in an answer.
const maxCopies = 50

// Copy is an article of a story.
type Copy struct {
	ID           string    `json:"id"`
	URL          string    `json:"url" jsonschema:"URL of the copy, to cite."`
	Host         string    `json:"host"`
	Title        string    `json:"title"`
	Time         time.Time `json:"time" jsonschema:"Time of publication, or of the first fetch if the page gives none."`
	FirstFetched time.Time `json:"first_fetched" jsonschema:"Time of the first fetch of the copy, to cite."`
}

type storyOutput struct {
	ID     string `json:"id"`
	URL    string `json:"url" jsonschema:"URL of the article, to cite."`
	Copies []Copy `json:"copies" jsonschema:"The article and its copies, the first publisher first. Empty if there are no copies."`
	More   bool   `json:"more" jsonschema:"Whether there are more copies than the answer lists."`
}

func (r reader) story(ctx context.Context, in name) (storyOutput, error) {
	hit, err := r.Article(ctx, library.Name(in.ID))
	if err != nil {
		return storyOutput{}, err
	}
	members, err := r.Story(ctx, hit.ID)
	if err != nil {
		return storyOutput{}, err
	}
	out := storyOutput{
		ID: hit.ID, URL: line(hit.Article.GetCanonicalUrl(), maxURL), Copies: []Copy{}, More: len(members) > maxCopies,
	}
	for _, one := range members[:min(len(members), maxCopies)] {
		out.Copies = append(out.Copies, Copy{
			ID: one.ID, URL: line(one.URL, maxURL), Host: line(one.Host, maxTitle), Title: line(one.Title, maxTitle),
			Time: one.Time.UTC(), FirstFetched: one.FirstSeen.UTC(),
		})
	}
	return out, nil
}

const (
	defaultSources = 50
	maxSources     = 200
	defaultHours   = 24
	// maxHours is the longest period to count: five weeks, as in the HTTP API.
	maxHours = 35 * 24
)

type sourcesInput struct {
	Host   string `json:"host,omitempty" jsonschema:"Only this host."`
	Silent bool   `json:"silent,omitempty" jsonschema:"Only sources that have fallen silent."`
	Hours  int    `json:"hours,omitempty" jsonschema:"Period in hours, until now, in which new articles are counted."`
	Limit  int    `json:"limit,omitempty" jsonschema:"Maximum number of sources in the answer."`
	After  string `json:"after,omitempty" jsonschema:"Value of next in the previous answer, to continue."`
}

func limitSources(p properties) {
	p["host"].MaxLength, p["after"].MaxLength = new(maxTitle), new(maxTitle)
	limitNumber(p["hours"], 1, maxHours)
	limitNumber(p["limit"], 1, maxSources)
	p["hours"].Description += fmt.Sprintf(" The default is %d.", defaultHours)
	p["limit"].Description += fmt.Sprintf(" The default is %d.", defaultSources)
}

// Source is a host that articles came from.
type Source struct {
	Host         string     `json:"host"`
	Articles     int64      `json:"articles" jsonschema:"Number of articles stored."`
	FirstFetched time.Time  `json:"first_fetched,omitzero" jsonschema:"Time of the first fetch of an article."`
	LastFetched  time.Time  `json:"last_fetched,omitzero" jsonschema:"Time of the last fetch of an article."`
	LastNew      time.Time  `json:"last_new,omitzero" jsonschema:"Time of the last fetch of a new article."`
	State        string     `json:"state" jsonschema:"publishing, silent, or learning if the history is too short to tell."`
	New          int64      `json:"new" jsonschema:"Number of new articles in the period."`
	Expected     *float64   `json:"expected,omitempty" jsonschema:"Number of new articles that is usual in the period."`
	SilentSince  *time.Time `json:"silent_since,omitempty" jsonschema:"End of the last hour with a new article, if the source is silent."`
	Cause        string     `json:"cause,omitempty" jsonschema:"Why the source is silent. Only known if this server reads over HTTP from a running deployment."`
	Evidence     string     `json:"evidence,omitempty" jsonschema:"Evidence for the cause."`
}

type sourcesOutput struct {
	Counted time.Time `json:"counted" jsonschema:"Time of the count."`
	Sources []Source  `json:"sources" jsonschema:"Sources, ordered by host."`
	Next    string    `json:"next,omitempty" jsonschema:"Value of after for the next page. Absent on the last page."`
}

func (r reader) sources(ctx context.Context, in sourcesInput) (sourcesOutput, error) {
	now, limit := r.now().UTC(), cmp.Or(in.Limit, defaultSources)
	found, err := r.SourcesHealth(ctx, store.SourceQuery{
		Since: now.Add(-time.Duration(cmp.Or(in.Hours, defaultHours)) * time.Hour), At: now,
		Host: in.Host, Silent: in.Silent, After: in.After, Limit: limit,
	})
	if err != nil {
		return sourcesOutput{}, err
	}
	out := sourcesOutput{Counted: now, Sources: []Source{}}
	if len(found) == limit && in.Host == "" {
		out.Next = found[limit-1].Host
	}
	for _, one := range found {
		if one.Host == "" {
			continue // of inputs that are not URLs
		}
		out.Sources = append(out.Sources, Source{
			Host: line(one.Host, maxTitle), Articles: one.Articles, FirstFetched: one.FirstSeen, LastFetched: one.LastSeen,
			LastNew: one.LastNew, State: one.State, New: one.New, Expected: one.Expected, SilentSince: one.SilentSince,
			Cause: string(one.Cause), Evidence: line(one.Evidence, maxTitle),
		})
	}
	return out, nil
}

// OfStore returns a library that reads from a store. It does not know why a source is
// silent, because that also depends on the streams.
func OfStore(s store.Store) Library { return stored{s} }

type stored struct{ store.Store }

// SourcesHealth returns the sources that match a query.
func (s stored) SourcesHealth(ctx context.Context, query store.SourceQuery) ([]library.SourceHealth, error) {
	sources, err := s.Sources(ctx, query)
	var all []library.SourceHealth
	for _, one := range sources {
		all = append(all, library.SourceHealth{Source: one, Health: library.StoredHealth(one, query.Since, query.At)})
	}
	return all, err
}
