package web_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/dateline-news/dateline/internal/ledger"
	"github.com/dateline-news/dateline/internal/subject"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/textdiff"
	"github.com/dateline-news/dateline/services/indexer/web"
)

// articlePath is the path of the article that newRevisedServer serves.
const articlePath = "/api/v1/articles/id-a-0000"

// newRevisedServer serves an article with two revisions, the first of which has
// its page on the stream, and a copy of it. It returns the second revision.
func newRevisedServer(t *testing.T) (*testServer, *datelinev1.Article) {
	server := newTestServer(t, web.DefaultConfig())
	sentence := "The harbour board decided on Wednesday that the ferry will sail again. "
	words := strings.Fields(strings.Repeat(sentence, 6) + "\n\nIt cost nine crowns.")
	for i := range words {
		words[i] += fmt.Sprint(i) // no phrase occurs twice
	}
	text := strings.Join(words, " ")
	first := article("a", "Ferry returns", text, noon)
	msg, err := ledger.Message(subject.Pages("com.example"), "page", &datelinev1.Page{
		Id: "page", FinalUrl: first.GetFinalUrl(), Body: []byte("<html>\xff raw"), ContentEncoding: "gzip",
		Headers:   []*datelinev1.Header{{Name: "content-type", Value: "text/html; charset=koi8-r"}},
		FetchTime: timestamppb.New(noon),
	})
	if err != nil {
		t.Fatal(err)
	}
	ack, err := server.js.PublishMsg(t.Context(), msg)
	if err != nil {
		t.Fatal(err)
	}
	first.RawPage = &datelinev1.RawPage{Stream: ack.Stream, Sequence: ack.Sequence}
	second := proto.CloneOf(first)
	second.Title, second.ContentHash = "Ferry returns on Sunday", "other"
	second.FetchTime = timestamppb.New(noon.Add(time.Hour))
	second.Text += "\n\nCorrection: an earlier text named the wrong day."
	server.put(t, first)
	server.put(t, second, article("copy", "Ferry is back", text, noon.Add(2*time.Hour)))
	return server, second
}

func TestArticle(t *testing.T) {
	server, _ := newRevisedServer(t)
	byURL := "/api/v1/articles/" + url.PathEscape("https://example.com/a?utm_source=x")
	for _, path := range []string{articlePath, byURL} {
		got := decode[struct {
			ID, Story string
			Time      time.Time
			Revisions int
			Record    struct{ Title, Language string }
		}](t, server.get(t, path))
		if got.ID != "id-a-0000" || !got.Time.Equal(noon) || got.Revisions != 2 ||
			got.Record.Title != "Ferry returns on Sunday" || got.Story != "id-a-0000" {
			t.Errorf("GET %s: %+v", path, got)
		}
	}
	story := decode[[]struct{ ID string }](t, server.get(t, articlePath+"/story"))
	if len(story) != 2 || story[0].ID != "id-a-0000" || story[1].ID != "id-copy-0000" {
		t.Errorf("copies %+v, want id-a-0000 and id-copy-0000", story)
	}
	if got := server.get(t, "/api/v1/articles/id-copy-0000/outcomes"); got != "[]\n" {
		t.Errorf("outcomes %q, want none", got)
	}
}

func TestUnknownArticle(t *testing.T) {
	server := newTestServer(t, web.DefaultConfig())
	for _, part := range []string{"", "/revisions", "/diff", "/story", "/raw", "/ninjs", "/outcomes"} {
		path := "/api/v1/articles/unknown" + part
		if status, _, _ := server.request(t, http.MethodGet, path); status != http.StatusNotFound {
			t.Errorf("GET %s: status %d, want 404", path, status)
		}
	}
}

func TestRevisions(t *testing.T) {
	server, _ := newRevisedServer(t)
	revisions := decode[[]struct {
		Number            int
		Title, Correction string
		Record            *struct{ Title string }
	}](t, server.get(t, articlePath+"/revisions?records=true"))
	if len(revisions) != 2 || revisions[0].Correction != "" ||
		!strings.HasPrefix(revisions[1].Correction, "Correction:") || revisions[0].Record.Title != "Ferry returns" {
		t.Errorf("revisions %+v", revisions)
	}
	diff := decode[textdiff.Difference](t, server.get(t, articlePath+"/diff"))
	if len(diff.Title) != 2 || diff.Title[1] != (textdiff.Run{Kind: textdiff.Added, Text: " on Sunday"}) ||
		diff.Added != 8 || diff.Removed != 0 {
		t.Errorf("difference %+v", diff)
	}
	status, _, body := server.request(t, http.MethodGet, articlePath+"/diff?from=1&to=7")
	if status != http.StatusBadRequest || !strings.Contains(body, "no revision 7") {
		t.Errorf("an unknown revision: status %d: %s; want 400", status, body)
	}
	page := server.get(t, "/articles/id-a-0000/changes?from=1&to=2")
	if !strings.Contains(page, "<ins>") || !strings.Contains(page, "8 words added") {
		t.Errorf("the page does not show the changes: %s", page)
	}
}

func TestRawPage(t *testing.T) {
	server, _ := newRevisedServer(t)
	status, headers, body := server.request(t, http.MethodGet, articlePath+"/raw")
	if status != http.StatusOK || body != "<html>\xff raw" || headers.Get("Content-Encoding") != "gzip" ||
		headers.Get("Content-Type") != "application/octet-stream" ||
		!strings.HasPrefix(headers.Get("Content-Disposition"), "attachment") ||
		headers.Get("X-Original-Content-Type") != "text/html; charset=koi8-r" {
		t.Errorf("status %d, headers %v, body %q", status, headers, body)
	}
	status, _, _ = server.request(t, http.MethodGet, "/api/v1/articles/id-copy-0000/raw")
	if status != http.StatusGone {
		t.Errorf("a page that is not kept: status %d, want 410", status)
	}
}

func TestArticleFormats(t *testing.T) {
	server, second := newRevisedServer(t)
	news := decode[map[string]any](t, server.get(t, articlePath+"/newsarticle"))
	if news["@type"] != "NewsArticle" || news["headline"] != "Ferry returns on Sunday" ||
		news["datePublished"] != "2026-03-04T12:00:00Z" {
		t.Errorf("NewsArticle %v", news)
	}
	ninjs := decode[struct {
		URI, Type, By string
		Headlines     []struct{ Role, Value string }
		Bodies        []struct{ ContentType, Value string }
	}](t, server.get(t, articlePath+"/ninjs"))
	if ninjs.URI != "https://example.com/a" || ninjs.By != "Maria Vance" ||
		ninjs.Headlines[0].Value != "Ferry returns on Sunday" || ninjs.Bodies[0].Value != second.GetText() {
		t.Errorf("ninjs %+v", ninjs)
	}
}

func TestPages(t *testing.T) {
	server, _ := newRevisedServer(t)
	for _, page := range []string{
		"/articles/id-a-0000", "/articles/id-a-0000/changes", "/articles/id-copy-0000", "/sources", "/pipeline",
		"/dead-letters", "/login",
	} {
		server.get(t, page)
	}
}
