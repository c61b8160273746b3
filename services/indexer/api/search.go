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
	URL       string    `json:"url" doc:"Canonical URL of the article."`
	Host      string    `json:"host"`
	SiteName  string    `json:"site_name,omitempty"`
	Title     string    `json:"title"`
	Summary   string    `json:"summary,omitempty" doc:"Standfirst."`
	Section   string    `json:"section,omitempty"`
	Authors   []string  `json:"authors,omitempty"`
	Tags      []string  `json:"tags,omitempty"`
	Language  string    `json:"language" doc:"BCP 47 tag. und means that the language is unknown."`
	Access    string    `json:"access,omitempty" enum:"free,paywalled"`
	Published string    `json:"published,omitempty" doc:"Time of publication in RFC 3339, or a date if the page gives no time of day."`
	WordCount int32     `json:"word_count"`
	FirstSeen time.Time `json:"first_seen" doc:"Time of the first fetch."`
	LastSeen  time.Time `json:"last_seen" doc:"Time of the last fetch."`
	Revisions int       `json:"revisions" doc:"Number of revisions."`
	Story     string    `json:"story,omitempty" doc:"Identifies the article's group of copies. Copies of an article have the same value."`
	Snippet   *Snippet  `json:"snippet,omitempty"`

	TitleMatches [][2]int `json:"title_matches,omitempty" doc:"Matches of the query in the title, as in the snippet."`
}

// Snippet is the passage around the first match.
type Snippet struct {
	Text    string   `json:"text" doc:"Passage on one line."`
	Matches [][2]int `json:"matches,omitempty" doc:"Matches of the query: pairs of a start and an exclusive end, as byte offsets in the UTF-8 text."`
}

func brief(hit store.Hit) ArticleBrief {
	a := hit.Article
	b := ArticleBrief{
		ID: hit.ID, URL: a.GetCanonicalUrl(), Host: a.GetHost(), SiteName: a.GetSiteName(), Title: a.GetTitle(),
		Summary: a.GetSummary(), Section: a.GetSection(), Tags: a.GetTags(), Language: a.GetLanguage(),
		Access: store.AccessName(a.GetAccess()), Published: library.TimeText(a.GetPublished()),
		WordCount: a.GetWordCount(), FirstSeen: hit.FirstSeen, LastSeen: hit.LastSeen, Revisions: hit.Revisions,
		Story: hit.Story, TitleMatches: hit.TitleMatches,
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
	Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"20" doc:"Maximum number of articles in a page."`
	Cursor string `query:"cursor" maxLength:"500" doc:"Value of next in the previous page."`
	Facets bool   `query:"facets" doc:"Count field values in the newest 10,000 matching articles."`
}

type searchAnswer struct {
	Articles []ArticleBrief `json:"articles"`
	Next     string         `json:"next,omitempty" doc:"Cursor of the next page. Absent on the last page."`
	Facets   *Facets        `json:"facets,omitempty"`
}

// Facets counts field values.
type Facets struct {
	Articles int                           `json:"articles" doc:"Number of articles counted."`
	Complete bool                          `json:"complete" doc:"Whether all matching articles were counted."`
	Fields   map[string][]store.FacetValue `json:"fields" doc:"The 20 most frequent values of each field, by the name of its filter."`
}

func (s *service) registerSearch(a huma.API) {
	huma.Register(a, operation{
		id: "search", path: "/articles", tag: "articles", summary: "Search articles",
		description: "Newest first, unless ordered by rank.", errors: []int{http.StatusBadRequest},
	}.huma(), s.search)
}

func (s *service) search(ctx context.Context, in *searchInput) (*body[searchAnswer], error) {
	query, err := in.query()
	if err != nil {
		return nil, err
	}
	query.Limit, query.After = in.Limit, in.Cursor
	page, err := s.library.Search(ctx, query)
	if err != nil {
		return nil, s.errorResponse(ctx, err)
	}
	answer := searchAnswer{Articles: []ArticleBrief{}, Next: page.Next}
	for _, hit := range page.Hits {
		answer.Articles = append(answer.Articles, brief(hit))
	}
	if in.Facets {
		facets, err := s.library.Facets(ctx, query)
		if err != nil {
			return nil, s.errorResponse(ctx, err)
		}
		answer.Facets = &Facets{facets.Articles, facets.Complete, map[string][]store.FacetValue{
			"host": facets.Hosts, "language": facets.Languages, "section": facets.Sections,
			"author": facets.Authors, "tag": facets.Tags, "access": facets.Access,
		}}
	}
	return &body[searchAnswer]{answer}, nil
}
