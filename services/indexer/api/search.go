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
	ID        string     `json:"id"`
	URL       string     `json:"url" doc:"Canonical URL of the article."`
	Host      string     `json:"host"`
	SiteName  string     `json:"site_name,omitempty"`
	Title     string     `json:"title"`
	Summary   string     `json:"summary,omitempty" doc:"Standfirst."`
	Section   string     `json:"section,omitempty"`
	Authors   []string   `json:"authors,omitempty"`
	Tags      []string   `json:"tags,omitempty"`
	Language  string     `json:"language" doc:"BCP 47 tag. und means that the language is unknown."`
	Access    string     `json:"access,omitempty" enum:"free,paywalled"`
	Published string     `json:"published,omitempty" doc:"Time of publication in RFC 3339, or a date if the page gives no time of day."`
	WordCount int32      `json:"word_count"`
	Time      *time.Time `json:"time,omitempty" doc:"Time that orders articles: that of the publication or, if that is unknown or impossible, of the first fetch. Absent in a tail."`
	FirstSeen time.Time  `json:"first_seen" doc:"Time of the first fetch."`
	LastSeen  time.Time  `json:"last_seen" doc:"Time of the last fetch."`
	Revisions int        `json:"revisions" doc:"Number of revisions."`
	Story     string     `json:"story,omitempty" doc:"Identifies the article's group of copies. Copies of an article have the same value."`
	Snippet   *Snippet   `json:"snippet,omitempty"`

	Copies int           `json:"copies,omitempty" doc:"Number of articles in the story, at most 1,000. Only given with stories=true."`
	First  *memberAnswer `json:"first,omitempty" doc:"Member of the story that was published first. Only given with stories=true."`

	TitleMatches [][2]int `json:"title_matches,omitempty" doc:"Matches of the query in the title, as in the snippet."`
	Record       *Record  `json:"record,omitempty" doc:"Full record. Only given if records=true."`
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
		Story: hit.Story, TitleMatches: hit.TitleMatches, Time: orNil(hit.Time),
	}
	if hit.Copies > 0 {
		first := newMember(hit.First, "")
		b.Copies, b.First = hit.Copies, &first
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
	Stories bool   `query:"stories" doc:"Return one article of each story: the first in the order of the search. A page may then have fewer articles than the limit although more follow."`
	Limit   int    `query:"limit" minimum:"1" maximum:"1000" default:"20" doc:"Maximum number of articles in a page."`
	Cursor  string `query:"cursor" maxLength:"500" doc:"Value of next in the previous page."`
	Records bool   `query:"records" doc:"Include the full records."`
	Facets  bool   `query:"facets" doc:"Count field values in the newest 2,000 matching articles."`
}

type searchAnswer struct {
	Articles []ArticleBrief `json:"articles"`
	Next     string         `json:"next,omitempty" doc:"Cursor of the next page. Absent on the last page."`
	Facets   *Facets        `json:"facets,omitempty"`
}

// Facets counts field values.
type Facets struct {
	Articles int                           `json:"articles" doc:"Number of articles counted."`
	Stories  int                           `json:"stories" doc:"Number of stories that they belong to. An article without copies is a story of its own."`
	Complete bool                          `json:"complete" doc:"Whether all matching articles were counted."`
	Fields   map[string][]store.FacetValue `json:"fields" doc:"The 20 most frequent values of each field, by the name of its filter."`
	Sites    map[string]string             `json:"sites,omitempty" doc:"Names of the sites among them, by host."`
	Times    []TimeCount                   `json:"times,omitempty" doc:"Number of articles in each period, without gaps."`
}

// TimeCount is the number of articles in a period.
type TimeCount struct {
	From   *time.Time `json:"from,omitempty" doc:"Start of the period. Absent if the period includes everything older."`
	Before time.Time  `json:"before" doc:"End of the period, exclusive."`
	Count  int        `json:"count"`
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
	query.Limit, query.After, query.OnePerStory = in.Limit, in.Cursor, in.Stories
	page, err := s.Search(ctx, query)
	if err != nil {
		return nil, s.errorResponse(ctx, err)
	}
	answer := searchAnswer{Articles: []ArticleBrief{}, Next: page.Next}
	for _, hit := range page.Hits {
		one := brief(hit)
		if in.Records {
			one.Record = &Record{hit.Article}
		}
		answer.Articles = append(answer.Articles, one)
	}
	if in.Facets {
		if answer.Facets, err = s.countFacets(ctx, query); err != nil {
			return nil, s.errorResponse(ctx, err)
		}
	}
	return &body[searchAnswer]{answer}, nil
}

func (s *service) countFacets(ctx context.Context, query store.Query) (*Facets, error) {
	facets, err := s.Facets(ctx, query)
	if err != nil {
		return nil, err
	}
	var hosts []string
	for _, v := range facets.Hosts {
		hosts = append(hosts, v.Value)
	}
	sites, err := s.SiteNames(ctx, hosts)
	if err != nil {
		return nil, err
	}
	answer := &Facets{
		Articles: facets.Articles, Stories: facets.Stories, Complete: facets.Complete, Sites: sites,
		Fields: map[string][]store.FacetValue{
			"host": facets.Hosts, "language": facets.Languages, "section": facets.Sections,
			"author": facets.Authors, "tag": facets.Tags, "access": facets.Access,
		},
	}
	for _, bar := range facets.Times.Bars {
		one := TimeCount{Before: bar.Before, Count: bar.Count}
		if !bar.From.IsZero() {
			one.From = &bar.From
		}
		answer.Times = append(answer.Times, one)
	}
	return answer, nil
}
