package web_test

import (
	"encoding/xml"
	"testing"

	"github.com/dateline-news/dateline/services/indexer/web"
)

func newFeedServer(t *testing.T) *testServer {
	server := newTestServer(t, web.DefaultConfig())
	server.put(t, article("a", "Ferry & <b>boats</b>", "One \x01 two ]]> three.", noon),
		article("b", "Market", "x", noon))
	return server
}

func TestAtomFeed(t *testing.T) {
	server := newFeedServer(t)
	var atom struct {
		XMLName xml.Name `xml:"http://www.w3.org/2005/Atom feed"`
		ID      string   `xml:"id"`
		Updated string   `xml:"updated"`
		Entries []struct {
			Title   string `xml:"title"`
			Content string `xml:"content"`
			Link    struct {
				Href string `xml:"href,attr"`
			} `xml:"link"`
		} `xml:"entry"`
	}
	if err := xml.Unmarshal([]byte(server.get(t, "/api/v1/feed.atom?q=ferry")), &atom); err != nil {
		t.Fatal(err)
	}
	if len(atom.Entries) != 1 || atom.Entries[0].Title != "Ferry & <b>boats</b>" ||
		atom.Entries[0].Content != "One  two ]]> three." || atom.Updated != "2026-03-04T12:00:00Z" {
		t.Errorf("Atom feed %+v", atom)
	}
}

func TestJSONFeed(t *testing.T) {
	server := newFeedServer(t)
	feed := decode[struct {
		Version string
		FeedURL string `json:"feed_url"`
		Items   []struct{ ID, URL, Title string }
	}](t, server.get(t, "/api/v1/feed.json?q=ferry"))
	if feed.Version != "https://jsonfeed.org/version/1.1" || len(feed.Items) != 1 ||
		feed.Items[0].URL != "https://example.com/a" || feed.FeedURL != server.URL+"/api/v1/feed.json?q=ferry" {
		t.Errorf("JSON feed %+v", feed)
	}
}
