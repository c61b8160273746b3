package api

import (
	"encoding/json"
	"time"
)

// The objects of a JSON Feed 1.1.
type (
	jsonDocument struct {
		Version string     `json:"version"`
		Title   string     `json:"title"`
		FeedURL string     `json:"feed_url"`
		NextURL string     `json:"next_url,omitempty"`
		Items   []jsonItem `json:"items"`
	}
	jsonItem struct {
		ID            string       `json:"id"`
		URL           string       `json:"url"`
		Title         string       `json:"title"`
		Summary       string       `json:"summary,omitempty"`
		ContentText   string       `json:"content_text"`
		DatePublished string       `json:"date_published"`
		DateModified  string       `json:"date_modified"`
		Authors       []jsonAuthor `json:"authors,omitempty"`
		Tags          []string     `json:"tags,omitempty"`
		Language      string       `json:"language,omitempty"`
	}
	jsonAuthor struct {
		Name string `json:"name"`
		URL  string `json:"url,omitempty"`
	}
)

func jsonFeed(f feed) ([]byte, error) {
	document := jsonDocument{"https://jsonfeed.org/version/1.1", f.title, f.self, f.next, []jsonItem{}}
	for _, hit := range f.hits {
		a := hit.Article
		item := jsonItem{
			ID: feedID(hit), URL: a.GetCanonicalUrl(), Title: cutText(a.GetTitle()), Summary: cutText(summaryOf(hit)),
			ContentText:   cutText(a.GetText()),
			DatePublished: published(hit).Format(time.RFC3339),
			DateModified:  a.GetFetchTime().AsTime().Format(time.RFC3339),
			Tags:          a.GetTags(), Language: languageOf(a),
		}
		for _, author := range a.GetAuthors() {
			item.Authors = append(item.Authors, jsonAuthor{author.GetName(), author.GetUrl()})
		}
		document.Items = append(document.Items, item)
	}
	return json.Marshal(document)
}
