package api

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/dateline-news/dateline/services/indexer/store"
)

type feedInput struct {
	Filters
	Title string `query:"title" maxLength:"200" doc:"The title of the feed."`
	Limit int    `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"Most articles in the feed."`

	base string // where this server was reached
}

// Resolve notes where the server was reached: a feed names its own URL.
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

func (s *service) registerFeeds(a huma.API) {
	for _, form := range []struct {
		name, contentType, summary string
		write                      func(title, self string, hits []store.Hit) ([]byte, error)
	}{
		{"atom", "application/atom+xml; charset=utf-8", "Follow a search as an Atom feed (RFC 4287)", atomFeed},
		{"json", "application/feed+json; charset=utf-8", "Follow a search as a JSON feed (JSON Feed 1.1)", jsonFeed},
	} {
		operation := get("feed-"+form.name, "/feed."+form.name, "feeds", form.summary, "The newest articles that a search finds.", http.StatusBadRequest)
		operation.Responses = map[string]*huma.Response{"200": {Description: "The feed", Content: map[string]*huma.MediaType{strings.TrimSuffix(form.contentType, "; charset=utf-8"): {}}}}
		huma.Register(a, operation, func(ctx context.Context, in *feedInput) (*feedAnswer, error) {
			query, err := in.query()
			if err != nil {
				return nil, err
			}
			query.Limit, query.ByRank = in.Limit, false
			page, err := s.library.Search(ctx, query)
			if err != nil {
				return nil, s.problem(ctx, err)
			}
			title := in.Title
			if title == "" {
				if title = "Dateline"; in.Q != "" {
					title += ": " + in.Q
				}
			}
			body, err := form.write(title, in.base+Prefix+"/feed."+form.name+"?"+in.Values().Encode(), page.Hits)
			if err != nil {
				return nil, s.problem(ctx, err)
			}
			return &feedAnswer{form.contentType, newest(page.Hits).Format(http.TimeFormat), body}, nil
		})
	}
}

// newest is when the newest of the articles was first fetched.
func newest(hits []store.Hit) time.Time {
	at := time.Unix(0, 0).UTC()
	for _, hit := range hits {
		if hit.FirstSeen.After(at) {
			at = hit.FirstSeen
		}
	}
	return at
}

// published is when an article was published, or else first fetched.
func published(hit store.Hit) time.Time {
	if t := hit.Article.GetPublished().GetValue(); t.IsValid() && t != nil {
		return t.AsTime()
	}
	return hit.FirstSeen
}

func feedID(hit store.Hit) string { return "urn:dateline:article:" + hit.ID }

func summaryOf(hit store.Hit) string {
	if summary := hit.Article.GetSummary(); summary != "" {
		return summary
	}
	return hit.Snippet.Text
}

func atomFeed(title, self string, hits []store.Hit) ([]byte, error) {
	type link struct {
		Rel  string `xml:"rel,attr"`
		Href string `xml:"href,attr"`
	}
	type person struct {
		Name string `xml:"name"`
	}
	type category struct {
		Term string `xml:"term,attr"`
	}
	type text struct {
		Type string `xml:"type,attr"`
		Lang string `xml:"xml:lang,attr,omitempty"`
		Body string `xml:",chardata"`
	}
	type entry struct {
		ID         string     `xml:"id"`
		Title      text       `xml:"title"`
		Link       link       `xml:"link"`
		Published  string     `xml:"published"`
		Updated    string     `xml:"updated"`
		Authors    []person   `xml:"author"`
		Categories []category `xml:"category"`
		Summary    text       `xml:"summary"`
		Content    text       `xml:"content"`
	}
	feed := struct {
		XMLName xml.Name `xml:"http://www.w3.org/2005/Atom feed"`
		ID      string   `xml:"id"`
		Title   text     `xml:"title"`
		Updated string   `xml:"updated"`
		Link    link     `xml:"link"`
		Author  person   `xml:"author"`
		Entries []entry  `xml:"entry"`
	}{
		ID: self, Title: text{Type: "text", Body: legible(title)},
		Updated: newest(hits).Format(time.RFC3339), Link: link{"self", self}, Author: person{"Dateline"},
	}
	for _, hit := range hits {
		a := hit.Article
		language := a.GetLanguage()
		if language == "und" {
			language = ""
		}
		one := entry{
			ID: feedID(hit), Title: text{"text", language, legible(a.GetTitle())}, Link: link{"alternate", a.GetCanonicalUrl()},
			Published: published(hit).Format(time.RFC3339), Updated: a.GetFetchTime().AsTime().Format(time.RFC3339),
			Summary: text{"text", language, legible(summaryOf(hit))}, Content: text{"text", language, legible(a.GetText())},
		}
		for _, author := range a.GetAuthors() {
			one.Authors = append(one.Authors, person{legible(author.GetName())})
		}
		for _, tag := range a.GetTags() {
			one.Categories = append(one.Categories, category{legible(tag)})
		}
		feed.Entries = append(feed.Entries, one)
	}
	var b bytes.Buffer
	b.WriteString(xml.Header)
	if err := xml.NewEncoder(&b).Encode(feed); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// legible leaves out control characters, which XML 1.0 has no way to write.
func legible(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' && r != '\n' && r != '\r' || r >= 0x7f && r < 0xa0 || r == 0xfffe || r == 0xffff {
			return -1
		}
		return r
	}, text)
}

func jsonFeed(title, self string, hits []store.Hit) ([]byte, error) {
	type author struct {
		Name string `json:"name"`
		URL  string `json:"url,omitempty"`
	}
	type item struct {
		ID            string   `json:"id"`
		URL           string   `json:"url"`
		Title         string   `json:"title"`
		Summary       string   `json:"summary,omitempty"`
		ContentText   string   `json:"content_text"`
		DatePublished string   `json:"date_published"`
		DateModified  string   `json:"date_modified"`
		Authors       []author `json:"authors,omitempty"`
		Tags          []string `json:"tags,omitempty"`
		Language      string   `json:"language,omitempty"`
	}
	feed := struct {
		Version string `json:"version"`
		Title   string `json:"title"`
		FeedURL string `json:"feed_url"`
		Items   []item `json:"items"`
	}{"https://jsonfeed.org/version/1.1", title, self, []item{}}
	for _, hit := range hits {
		a := hit.Article
		one := item{
			ID: feedID(hit), URL: a.GetCanonicalUrl(), Title: a.GetTitle(), Summary: summaryOf(hit), ContentText: a.GetText(),
			DatePublished: published(hit).Format(time.RFC3339), DateModified: a.GetFetchTime().AsTime().Format(time.RFC3339), Tags: a.GetTags(),
		}
		if a.GetLanguage() != "und" {
			one.Language = a.GetLanguage()
		}
		for _, by := range a.GetAuthors() {
			one.Authors = append(one.Authors, author{by.GetName(), by.GetUrl()})
		}
		feed.Items = append(feed.Items, one)
	}
	return json.Marshal(feed)
}
