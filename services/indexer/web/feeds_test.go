package web_test

import (
	"encoding/xml"
	"fmt"
	"html"
	"regexp"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
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

// TestFeedsDoNotRepeatReplays extracts the older of two articles again. The feeds have its new
// title, and otherwise the same entries with the same times in the same order.
func TestFeedsDoNotRepeatReplays(t *testing.T) {
	server := newTestServer(t, web.DefaultConfig())
	older := article("a", "Ferry late", "The ferry is late.", noon)
	server.put(t, older, article("b", "Market open", "The market is open.", noon.Add(time.Hour)))
	paths := []string{"/api/v1/feed.atom", "/api/v1/feed.json"}
	var before []string
	for _, path := range paths {
		before = append(before, server.get(t, path))
	}
	again := proto.CloneOf(older)
	again.Title, again.ContentHash, again.ExtractorVersion = "Ferry delayed", "new", "9.0.0"
	again.ExtractTime = timestamppb.New(noon.Add(24 * time.Hour))
	again.Replay = &datelinev1.Replay{Run: "run"}
	server.put(t, again)
	for i, path := range paths {
		want := strings.ReplaceAll(before[i], "Ferry late", "Ferry delayed")
		if got := server.get(t, path); got != want || want == before[i] {
			t.Errorf("%s after the replay:\n%s\nwant\n%s", path, got, want)
		}
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

// TestFeedsHavePages follows the pages of feeds of long articles.
func TestFeedsHavePages(t *testing.T) {
	server := newTestServer(t, web.DefaultConfig())
	const articles = 150
	for i := range articles {
		a := article(fmt.Sprint("a", i), "Ferry", strings.Repeat("The ferry is late. ", 300), noon.Add(time.Duration(i)))
		a.Summary = strings.Repeat("Late again. ", 50)
		server.put(t, a)
	}
	next := regexp.MustCompile(`(?:rel="next" href="|"next_url":")([^"]*)"`)
	for path, item := range map[string]string{"/feed.atom": "<entry>", "/feed.json": `"content_text"`} {
		found, pages := 0, 0
		for url := "/api/v1" + path + "?q=ferry&title=Late&limit=200"; url != ""; pages++ {
			page := server.get(t, url)
			if len(page) > 100_000 || !strings.Contains(page, "Late") || !strings.Contains(page, " …") {
				t.Errorf("%s: %d bytes: %.2000s; want at most 100,000, with the title and cut texts", url, len(page), page)
			}
			found += strings.Count(page, item)
			url = ""
			if link := next.FindStringSubmatch(page); link != nil {
				link[1] = strings.ReplaceAll(html.UnescapeString(link[1]), `\u0026`, "&")
				url = strings.TrimPrefix(link[1], server.URL)
			}
		}
		if found != articles || pages < 2 {
			t.Errorf("%s: %d articles on %d pages, want all %d on several", path, found, pages, articles)
		}
	}
}

// TestFeedsOfLargeArticles has articles of which only one fits into a page of a feed, and one that is larger.
func TestFeedsOfLargeArticles(t *testing.T) {
	server := newTestServer(t, web.Config{})
	for i, tags := range []int{4000, 2000, 2000} {
		a := article(fmt.Sprint("large", i), "Large", fmt.Sprint("text ", i), noon.Add(time.Duration(i)*time.Hour))
		for n := range tags {
			a.Tags = append(a.Tags, fmt.Sprintf("a tag with the number %06d", n))
		}
		server.put(t, a)
	}
	for _, feed := range []string{"/api/v1/feed.json", "/api/v1/feed.atom"} {
		server.get(t, feed)
	}
	var ids []string
	next := "/api/v1/feed.json"
	for range 4 {
		page := decode[struct {
			Next  string `json:"next_url"`
			Items []struct{ ID string }
		}](t, server.get(t, next))
		if len(page.Items) != 1 {
			t.Fatalf("a page has %d articles, want one", len(page.Items))
		}
		ids = append(ids, page.Items[0].ID)
		if next = strings.TrimPrefix(page.Next, server.URL); next == "" {
			break
		}
	}
	if got := strings.Join(ids, " "); strings.Count(got, "large") != 3 || !strings.HasSuffix(got, "id-large0-0000") {
		t.Errorf("the pages have the articles %s, want three", got)
	}
}
