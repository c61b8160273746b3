package webapi

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"time"

	"google.golang.org/protobuf/encoding/protojson"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// maxPage is the maximum number of articles in a response. The API allows more, but their
// records could exceed maxResponse.
const maxPage = 100

// article is an article in a response, with its record.
type article struct {
	ID        string    `json:"id"`
	Time      time.Time `json:"time"` // zero from servers of older versions
	FirstSeen time.Time `json:"first_seen"`
	LastSeen  time.Time `json:"last_seen"`
	Revisions int       `json:"revisions"`
	Story     string    `json:"story"`
	Record    record    `json:"record"`
	Snippet   struct {
		Text    string   `json:"text"`
		Matches [][2]int `json:"matches"`
	} `json:"snippet"`
}

// record is an article's record in its protobuf JSON encoding.
type record struct{ *datelinev1.Article }

// UnmarshalJSON implements json.Unmarshaler. Fields of newer servers are ignored.
func (r *record) UnmarshalJSON(data []byte) error {
	r.Article = &datelinev1.Article{}
	return protojson.UnmarshalOptions{DiscardUnknown: true}.Unmarshal(data, r.Article)
}

func (a article) hit() store.Hit {
	return store.Hit{
		ID: a.ID, Article: a.Record.Article, Time: a.Time, FirstSeen: a.FirstSeen, LastSeen: a.LastSeen,
		Revisions: a.Revisions,
		Story:     a.Story, Snippet: store.Snippet{Text: a.Snippet.Text, Matches: a.Snippet.Matches},
	}
}

// Search returns a page of the articles that match a query, like the store does.
func (c Client) Search(ctx context.Context, query store.Query) (store.Page, error) {
	page := store.Page{Next: query.After}
	for len(page.Hits) < query.Limit {
		var answer struct {
			Articles []article `json:"articles"`
			Next     string    `json:"next"`
		}
		values := parameters(query)
		values.Set("records", "true")
		values.Set("limit", strconv.Itoa(min(query.Limit-len(page.Hits), maxPage)))
		if page.Next != "" {
			values.Set("cursor", page.Next)
		}
		if err := c.Get(ctx, "/articles?"+values.Encode(), &answer); err != nil {
			return store.Page{}, err
		}
		for _, one := range answer.Articles {
			page.Hits = append(page.Hits, one.hit())
		}
		if page.Next = answer.Next; page.Next == "" {
			break
		}
	}
	return page, nil
}

// parameters returns the parameters of a search.
func parameters(query store.Query) url.Values {
	f := query.Filter
	values := url.Values{
		"host": f.Hosts, "language": f.Languages, "section": f.Sections, "author": f.Authors,
		"tag": f.Tags, "label": f.Labels,
	}
	if query.Text != "" {
		values.Set("q", query.Text)
	}
	if query.ByRank {
		values.Set("order", "rank")
	}
	for _, access := range f.Access {
		values.Add("access", store.AccessName(access))
	}
	for name, at := range map[string]time.Time{"since": f.From, "before": f.Before} {
		if !at.IsZero() {
			values.Set(name, at.UTC().Format(time.RFC3339))
		}
	}
	return values
}

// Article returns the article with an id, the start of an id, or a URL.
func (c Client) Article(ctx context.Context, idOrURL string) (store.Hit, error) {
	var answer article
	err := c.Get(ctx, "/articles/"+url.PathEscape(idOrURL), &answer)
	if errors.Is(err, ErrNotFound) {
		err = fmt.Errorf("%s: %w", idOrURL, store.ErrNotFound)
	}
	return answer.hit(), err
}

// Revisions returns the revisions of an article.
func (c Client) Revisions(ctx context.Context, id string) ([]store.Revision, error) {
	var answer []struct {
		Number    int       `json:"number"`
		FirstSeen time.Time `json:"first_seen"`
		LastSeen  time.Time `json:"last_seen"`
		TextGone  time.Time `json:"text_removed"`
		Record    record    `json:"record"`
	}
	if err := c.Get(ctx, "/articles/"+url.PathEscape(id)+"/revisions?records=true", &answer); err != nil {
		return nil, err
	}
	var revisions []store.Revision
	for _, one := range answer {
		revisions = append(revisions, store.Revision{
			Number: one.Number, FirstSeen: one.FirstSeen, LastSeen: one.LastSeen, TextRemoved: one.TextGone,
			Article: one.Record.Article,
		})
	}
	return revisions, nil
}

// Story returns the copies of an article.
func (c Client) Story(ctx context.Context, id string) ([]store.StoryMember, error) {
	var answer []struct {
		ID        string    `json:"id"`
		URL       string    `json:"url"`
		Host      string    `json:"host"`
		Title     string    `json:"title"`
		Time      time.Time `json:"time"`
		FirstSeen time.Time `json:"first_seen"`
	}
	if err := c.Get(ctx, "/articles/"+url.PathEscape(id)+"/story", &answer); err != nil {
		return nil, err
	}
	var members []store.StoryMember
	for _, one := range answer {
		members = append(members, store.StoryMember{
			ID: one.ID, URL: one.URL, Host: one.Host, Title: one.Title, Time: one.Time, FirstSeen: one.FirstSeen,
		})
	}
	return members, nil
}
