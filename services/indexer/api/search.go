package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/dateline-news/dateline/services/indexer/library"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// ArticleBrief is an article in a list.
type ArticleBrief struct {
	ID        string    `json:"id"`
	URL       string    `json:"url" doc:"The article's own URL."`
	Host      string    `json:"host"`
	SiteName  string    `json:"site_name,omitempty"`
	Title     string    `json:"title"`
	Summary   string    `json:"summary,omitempty" doc:"The standfirst."`
	Section   string    `json:"section,omitempty"`
	Authors   []string  `json:"authors,omitempty"`
	Tags      []string  `json:"tags,omitempty"`
	Language  string    `json:"language" doc:"A BCP 47 tag; und where it could not be told."`
	Access    string    `json:"access,omitempty" enum:"free,paywalled"`
	Published string    `json:"published,omitempty" doc:"A day where the page gives no time of day, else a time in RFC 3339."`
	WordCount int32     `json:"word_count"`
	FirstSeen time.Time `json:"first_seen" doc:"When it was first fetched."`
	LastSeen  time.Time `json:"last_seen" doc:"When it was last fetched."`
	Revisions int       `json:"revisions" doc:"How many revisions there are."`
	Story     string    `json:"story,omitempty" doc:"Shared by articles that are copies of one another."`
	Snippet   *Snippet  `json:"snippet,omitempty"`

	TitleMatches [][2]int `json:"title_matches,omitempty" doc:"Where the query matches in the title, as in the snippet."`
}

// Snippet is the passage around the first match.
type Snippet struct {
	Text    string   `json:"text" doc:"The passage on one line."`
	Matches [][2]int `json:"matches,omitempty" doc:"Where the query matches: pairs of the first byte of the UTF-8 text and the byte after the last."`
}

func brief(hit store.Hit) ArticleBrief {
	a := hit.Article
	b := ArticleBrief{
		ID: hit.ID, URL: a.GetCanonicalUrl(), Host: a.GetHost(), SiteName: a.GetSiteName(), Title: a.GetTitle(), Summary: a.GetSummary(),
		Section: a.GetSection(), Tags: a.GetTags(), Language: a.GetLanguage(), Access: store.AccessName(a.GetAccess()),
		Published: library.TimeText(a.GetPublished()), WordCount: a.GetWordCount(), FirstSeen: hit.FirstSeen, LastSeen: hit.LastSeen,
		Revisions: hit.Revisions, Story: hit.Story, TitleMatches: hit.TitleMatches,
	}
	for _, author := range a.GetAuthors() {
		b.Authors = append(b.Authors, author.GetName())
	}
	if hit.Snippet.Text != "" {
		b.Snippet = &Snippet{hit.Snippet.Text, hit.Snippet.Matches}
	}
	return b
}

type searchInput struct {
	Filters
	Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"20" doc:"Most articles in one page."`
	Cursor string `query:"cursor" maxLength:"500" doc:"The next of the page before."`
	Facets bool   `query:"facets" doc:"Count the values of fields among the newest 10,000 articles found."`
}

type searchAnswer struct {
	Articles []ArticleBrief `json:"articles"`
	Next     string         `json:"next,omitempty" doc:"The cursor of the next page; absent where nothing follows."`
	Facets   *Facets        `json:"facets,omitempty"`
}

// Facets counts values of fields.
type Facets struct {
	Articles int                           `json:"articles" doc:"How many articles were counted."`
	Complete bool                          `json:"complete" doc:"Whether those are all that were found."`
	Fields   map[string][]store.FacetValue `json:"fields" doc:"By the name of the filter: the 20 most frequent values."`
}

func (s *service) registerSearch(a huma.API) {
	huma.Register(a, get("search", "/articles", "articles", "Search articles", "Newest first unless ordered by rank.",
		http.StatusBadRequest), func(ctx context.Context, in *searchInput) (*struct{ Body searchAnswer }, error) {
		query, err := in.query()
		if err != nil {
			return nil, err
		}
		query.Limit, query.After = in.Limit, in.Cursor
		page, err := s.library.Search(ctx, query)
		if err != nil {
			return nil, s.problem(ctx, err)
		}
		out := &struct{ Body searchAnswer }{searchAnswer{Articles: []ArticleBrief{}, Next: page.Next}}
		for _, hit := range page.Hits {
			out.Body.Articles = append(out.Body.Articles, brief(hit))
		}
		if in.Facets {
			facets, err := s.library.Facets(ctx, query)
			if err != nil {
				return nil, s.problem(ctx, err)
			}
			out.Body.Facets = &Facets{facets.Articles, facets.Complete, map[string][]store.FacetValue{
				"host": facets.Hosts, "language": facets.Languages, "section": facets.Sections,
				"author": facets.Authors, "tag": facets.Tags, "access": facets.Access,
			}}
		}
		return out, nil
	})
}
