package mcpserver

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/dateline-news/dateline/services/indexer/api"
	"github.com/dateline-news/dateline/services/indexer/store"
)

const (
	defaultHits = 10
	maxHits     = 25
)

// Filters select articles.
type Filters struct {
	Query    string   `json:"query,omitempty" jsonschema:"Words to search for, in any grammatical form; all must occur. \"night train\" in double quotes is a phrase, elect* a prefix, ferry OR boat either word, -football excludes. Without a query, all articles match."`
	Host     []string `json:"host,omitempty" jsonschema:"Hosts, or domains for all of their hosts. One of the values must match."`
	Language []string `json:"language,omitempty" jsonschema:"BCP 47 tags. en also matches en-GB."`
	Section  []string `json:"section,omitempty" jsonschema:"Sections of the sites."`
	Author   []string `json:"author,omitempty" jsonschema:"Names of authors."`
	Tag      []string `json:"tag,omitempty" jsonschema:"Tags of the pages."`
	Label    []string `json:"label,omitempty" jsonschema:"Labels of the requests, as key=value."`
	Access   []string `json:"access,omitempty" jsonschema:"free or paywalled."`
	Since    string   `json:"since,omitempty" jsonschema:"Date (2026-11-25) or time (RFC 3339) from which on articles were published. For an article without a time of publication, the first fetch counts."`
	Before   string   `json:"before,omitempty" jsonschema:"Date or time before which articles were published."`
}

func limitFilters(p properties) {
	p["query"].MaxLength = new(maxArgument)
	for _, one := range []string{"host", "language", "section", "author", "tag", "label", "access"} {
		p[one].MaxItems, p[one].Items.MaxLength = new(maxValues), new(maxTitle)
	}
	p["access"].Items.Enum = []any{"free", "paywalled"}
	p["since"].MaxLength, p["before"].MaxLength = new(maxName), new(maxName)
}

func (f Filters) query() (store.Query, error) {
	return api.Filters{
		Q: f.Query, Host: f.Host, Language: f.Language, Section: f.Section, Author: f.Author, Tag: f.Tag, Label: f.Label,
		Access: f.Access, Since: f.Since, Before: f.Before,
	}.Query()
}

type searchInput struct {
	Filters

	Order  string `json:"order,omitempty" jsonschema:"time: newest first, the default. rank: the best of the newest 2,000 matches first."`
	Limit  int    `json:"limit,omitempty" jsonschema:"Maximum number of articles in the answer."`
	Cursor string `json:"cursor,omitempty" jsonschema:"Value of next in the previous answer, to continue."`
}

func limitSearch(p properties) {
	limitFilters(p)
	p["order"].Enum = []any{"time", "rank"}
	limitNumber(p["limit"], 1, maxHits)
	p["limit"].Description += fmt.Sprintf(" The default is %d.", defaultHits)
	p["cursor"].MaxLength = new(maxTitle)
}

// Found is an article that matches a search.
type Found struct {
	Facts
	Summary string `json:"summary,omitempty" jsonschema:"Standfirst, fenced as untrusted."`
	Passage string `json:"passage,omitempty" jsonschema:"Passage of the text around the first match, fenced as untrusted."`
}

type searchOutput struct {
	Fence    string  `json:"fence" jsonschema:"Code of the lines around untrusted text in this answer."`
	Articles []Found `json:"articles"`
	Next     string  `json:"next,omitempty" jsonschema:"Cursor of the next page. Absent on the last page."`
}

func (r reader) search(ctx context.Context, in searchInput) (searchOutput, error) {
	query, err := in.query()
	if err != nil {
		return searchOutput{}, err
	}
	query.ByRank, query.After, query.Limit = in.Order == "rank", in.Cursor, cmp.Or(in.Limit, defaultHits)
	page, err := r.Search(ctx, query)
	if err != nil {
		return searchOutput{}, err
	}
	f := newFence()
	out := searchOutput{Fence: f.code, Articles: []Found{}, Next: page.Next}
	for _, hit := range page.Hits {
		found := Found{Facts: factsOf(hit)}
		if found.Withheld == "" {
			found.Summary = f.around(first(hit.Article.GetSummary(), maxSummary))
			found.Passage = f.around(first(hit.Snippet.Text, maxSummary))
		}
		out.Articles = append(out.Articles, found)
	}
	return out, nil
}

// Count is a value and the number of articles that have it.
type Count struct {
	Value string `json:"value"`
	Count int    `json:"count"`
}

// Period is a period and the number of articles in it.
type Period struct {
	From   time.Time `json:"from,omitzero" jsonschema:"Start of the period. Absent if the period includes everything older."`
	Before time.Time `json:"before" jsonschema:"End of the period, exclusive."`
	Count  int       `json:"count"`
}

type countsOutput struct {
	Counted   time.Time `json:"counted" jsonschema:"Time of the count."`
	Articles  int       `json:"articles" jsonschema:"Number of articles counted."`
	Stories   int       `json:"stories" jsonschema:"Number of stories that they belong to. An article without copies is a story of its own."`
	Complete  bool      `json:"complete" jsonschema:"Whether all matching articles were counted, and not only the newest."`
	Hosts     []Count   `json:"hosts" jsonschema:"The most frequent values, at most 20, as for each of the following lists."`
	Languages []Count   `json:"languages"`
	Sections  []Count   `json:"sections"`
	Authors   []Count   `json:"authors"`
	Tags      []Count   `json:"tags"`
	Access    []Count   `json:"access"`
	Times     []Period  `json:"times" jsonschema:"Articles over time, without gaps, in at most 61 periods."`
}

func (r reader) counts(ctx context.Context, in Filters) (countsOutput, error) {
	query, err := in.query()
	if err != nil {
		return countsOutput{}, err
	}
	facets, err := r.Facets(ctx, query)
	if err != nil {
		return countsOutput{}, err
	}
	out := countsOutput{
		Counted: r.now().UTC(), Articles: facets.Articles, Stories: facets.Stories, Complete: facets.Complete,
		Hosts: countsOf(facets.Hosts), Languages: countsOf(facets.Languages), Sections: countsOf(facets.Sections),
		Authors: countsOf(facets.Authors), Tags: countsOf(facets.Tags), Access: countsOf(facets.Access), Times: []Period{},
	}
	for _, bar := range facets.Times.Bars {
		out.Times = append(out.Times, Period{bar.From, bar.Before, bar.Count})
	}
	return out, nil
}

func countsOf(values []store.FacetValue) []Count {
	all := []Count{}
	for _, one := range values[:min(len(values), maxValues)] {
		all = append(all, Count{line(one.Value, maxTitle), one.Count})
	}
	return all
}
