package api

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/store"
)

const (
	// maxFeedBytes is the size of a page of a feed, which has fewer articles if they do not
	// fit. A page has at least one article.
	maxFeedBytes = 100_000
	// maxFeedText is the size of the text of an article in a feed, of its title and of its
	// summary. What is longer is cut.
	maxFeedText = 1000
)

type feedInput struct {
	Filters
	Title  string `query:"title" maxLength:"200" doc:"Title of the feed."`
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"Maximum number of articles in a page of the feed."`
	Cursor string `query:"cursor" maxLength:"500" doc:"Start of a later page of the feed. Each page links to the next one."`

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
	id    string // URL of the first page, without the title
	self  string // URL of the page
	next  string // URL of the next page, or empty on the last one
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
	o.tag = "feeds"
	o.description = "The newest articles that match a search, with the beginning of their text. " +
		"A page has about 100 KB and links to the next page (RFC 5005)."
	o.response, o.errors = "The feed", []int{http.StatusBadRequest}
	contentType := o.contentTypes[0] + "; charset=utf-8"
	huma.Register(a, o.huma(), func(ctx context.Context, in *feedInput) (*feedAnswer, error) {
		query, err := in.query()
		if err != nil {
			return nil, err
		}
		query.Limit, query.After, query.ByRank = in.Limit, in.Cursor, false
		hits, data, err := s.readFeed(ctx, in, o.path, query, encode)
		if err != nil {
			return nil, s.errorResponse(ctx, err)
		}
		return &feedAnswer{contentType, newest(hits).Format(http.TimeFormat), data}, nil
	})
}

// readFeed returns the articles of a page of a feed, and the page itself.
func (s *service) readFeed(
	ctx context.Context, in *feedInput, path string, query store.Query, encode func(feed) ([]byte, error),
) ([]store.Hit, []byte, error) {
	for {
		page, err := s.Search(ctx, query)
		if err != nil {
			return nil, nil, err
		}
		f := feed{
			title: in.title(), id: in.base + Prefix + path + "?" + in.Values().Encode(),
			self: in.address(path, in.Cursor), hits: page.Hits,
		}
		if page.Next != "" {
			f.next = in.address(path, page.Next)
		}
		data, err := encode(f)
		if n := len(page.Hits); err == nil && len(data) > maxFeedBytes && n > 1 {
			query.Limit = min(n-1, max(1, n*maxFeedBytes/len(data)))
			continue
		}
		return page.Hits, data, err
	}
}

// address returns the URL of a page of a feed.
func (f *feedInput) address(path, cursor string) string {
	v := f.Values()
	for name, value := range map[string]string{"title": f.Title, "cursor": cursor} {
		if value != "" {
			v.Set(name, value)
		}
	}
	return f.base + Prefix + path + "?" + v.Encode()
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

// summaryOf returns the standfirst, or the search snippet of an article without one.
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

// cutText returns the beginning of a text.
func cutText(text string) string {
	if len(text) <= maxFeedText {
		return text
	}
	text = strings.ToValidUTF8(text[:maxFeedText], "")
	if at := strings.LastIndexAny(text, " \n"); at > 0 {
		text = text[:at]
	}
	return text + " …"
}
