package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/store"
)

type feedInput struct {
	Filters
	Title string `query:"title" maxLength:"200" doc:"Title of the feed."`
	Limit int    `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"Maximum number of articles in the feed."`

	base string // scheme and host of the request's URL
}

// Resolve records the URL under which the server was reached, because a feed
// contains its own URL.
func (f *feedInput) Resolve(hc huma.Context) []error {
	scheme := "http"
	if hc.TLS() != nil || hc.Header("X-Forwarded-Proto") == "https" {
		scheme = "https"
	}
	f.base = scheme + "://" + hc.Host()
	return nil
}

type feedAnswer struct {
	ContentType  string `header:"Content-Type"`
	LastModified string `header:"Last-Modified"`
	Body         []byte
}

// feed is the content of a feed.
type feed struct {
	title string
	self  string // URL of the feed
	hits  []store.Hit
}

func (s *service) registerFeeds(a huma.API) {
	s.registerFeed(a, operation{
		id: "feed-atom", path: "/feed.atom", summary: "Follow a search as an Atom feed (RFC 4287)",
		contentTypes: []string{"application/atom+xml"},
	}, atomFeed)
	s.registerFeed(a, operation{
		id: "feed-json", path: "/feed.json", summary: "Follow a search as a JSON feed (JSON Feed 1.1)",
		contentTypes: []string{"application/feed+json"},
	}, jsonFeed)
}

func (s *service) registerFeed(a huma.API, o operation, encode func(feed) ([]byte, error)) {
	o.tag, o.description = "feeds", "The newest articles that match a search."
	o.response, o.errors = "The feed", []int{http.StatusBadRequest}
	contentType := o.contentTypes[0] + "; charset=utf-8"
	huma.Register(a, o.huma(), func(ctx context.Context, in *feedInput) (*feedAnswer, error) {
		query, err := in.query()
		if err != nil {
			return nil, err
		}
		query.Limit, query.ByRank = in.Limit, false
		page, err := s.Search(ctx, query)
		if err != nil {
			return nil, s.errorResponse(ctx, err)
		}
		self := in.base + Prefix + o.path + "?" + in.Values().Encode()
		data, err := encode(feed{in.title(), self, page.Hits})
		if err != nil {
			return nil, s.errorResponse(ctx, err)
		}
		return &feedAnswer{contentType, newest(page.Hits).Format(http.TimeFormat), data}, nil
	})
}

// title returns the requested title or, by default, one made from the search.
func (f *feedInput) title() string {
	switch {
	case f.Title != "":
		return f.Title
	case f.Q != "":
		return "Dateline: " + f.Q
	}
	return "Dateline"
}

// newest returns the time at which the newest of the articles was first fetched.
func newest(hits []store.Hit) time.Time {
	at := time.Unix(0, 0).UTC()
	for _, hit := range hits {
		if hit.FirstSeen.After(at) {
			at = hit.FirstSeen
		}
	}
	return at
}

// published returns when an article was published, or first fetched if the page
// gives no time.
func published(hit store.Hit) time.Time {
	if t := hit.Article.GetPublished().GetValue(); t.IsValid() && t != nil {
		return t.AsTime()
	}
	return hit.FirstSeen
}

func feedID(hit store.Hit) string { return "urn:dateline:article:" + hit.ID }

// summaryOf returns the standfirst, or the search snippet if there is none.
func summaryOf(hit store.Hit) string {
	if summary := hit.Article.GetSummary(); summary != "" {
		return summary
	}
	return hit.Snippet.Text
}

// languageOf returns an article's language, or "" if it is unknown.
func languageOf(a *datelinev1.Article) string {
	if a.GetLanguage() == "und" {
		return ""
	}
	return a.GetLanguage()
}
