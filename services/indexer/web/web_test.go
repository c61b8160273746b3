package web_test

import (
	"bufio"
	"context"
	"encoding/xml"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/dateline-news/dateline/internal/ledger"
	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/subject"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/library"
	"github.com/dateline-news/dateline/services/indexer/web"
)

func TestSearch(t *testing.T) {
	server := newTestServer(t, web.DefaultConfig())
	for i := range 5 {
		a := article(fmt.Sprint("a", i), fmt.Sprint("Ferry ", i), "The ferry sails.",
			noon.Add(time.Duration(i)*time.Hour))
		if i%2 == 0 {
			a.Language, a.Access = "de", datelinev1.Access_ACCESS_FREE
		}
		server.put(t, a)
	}
	for query, want := range map[string]string{
		"":                         "a4 a3 a2 a1 a0",
		"q=ferry&limit=2":          "a4 a3",
		"q=%22ferry+2%22":          "a2",
		"language=de":              "a4 a2 a0",
		"language=de&language=en":  "a4 a3 a2 a1 a0",
		"access=free&q=ferry":      "a4 a2 a0",
		"host=example.com&limit=1": "a4",
		"author=maria+vance&tag=Sea&section=coast&limit=1": "a4",
		"from=2026-03-04T14:00:00Z":                        "a4 a3 a2",
		"before=2026-03-04T14:00:00Z":                      "a1 a0",
		"from=2026-03-05":                                  "",
		"q=absent":                                         "",
		"q=ferry+-4&limit=1":                               "a3",
		"q=ferry+-4+-3+-1+-0&order=rank":                   "a2",
	} {
		if got := decode[list](t, server.get(t, "/api/v1/articles?"+query)).ids(); got != want {
			t.Errorf("%s finds %q, want %q", query, got, want)
		}
	}
	var all []string
	for path := "/api/v1/articles?limit=2&q=ferry"; ; {
		page := decode[list](t, server.get(t, path))
		all = append(all, page.ids())
		if page.Next == "" {
			break
		}
		path = "/api/v1/articles?limit=2&q=ferry&cursor=" + page.Next
	}
	if got := strings.Join(all, "|"); got != "a4 a3|a2 a1|a0" {
		t.Errorf("pages %q", got)
	}
	page := decode[list](t, server.get(t, "/api/v1/articles?q=ferry&facets=true&limit=1"))
	if f := page.Facets; f == nil || f.Articles != 5 || !f.Complete ||
		fmt.Sprint(f.Fields["language"]) != "[{de 3} {en 2}]" {
		t.Errorf("facets %+v", f)
	}
	if m := page.Articles[0].TitleMatches; fmt.Sprint(m) != "[[0 5]]" {
		t.Errorf("the title matches at %v", m)
	}
	if m := page.Articles[0].Snippet; m.Text != "The ferry sails." || fmt.Sprint(m.Matches) != "[[4 9]]" {
		t.Errorf("snippet %+v", m)
	}
	train := article("train", "Train", "It runs.", noon)
	train.Published.UtcOffsetMinutes = proto.Int32(180)
	server.put(t, train)
	for path, want := range map[string]string{
		"/?q=ferry+4": `<mark>Ferry</mark> <mark>4</mark></a></h2>`,
		"/?q=ferry+3": `>2026-03-04 15:00</time>`,
		"/?q=train":   `>2026-03-04 15:00 &#43;03:00</time>`,
	} {
		if got := server.get(t, path); !strings.Contains(got, want) {
			t.Errorf("%s has no %s", path, want)
		}
	}
	for query, want := range map[string]string{
		"q=%22open":      "the quote before \\\"open\\\" is not closed",
		"from=yesterday": "write 2026-11-25",
		"label=x":        "write key=value",
		"limit=0":        "expected number >= 1",
		"order=best":     "expected value to be one of",
		"hots=x":         "unknown query parameter",
		"cursor=x":       "begin without one",
	} {
		status, head, body := server.request(t, http.MethodGet, "/api/v1/articles?"+query)
		if status/100 != 4 || !strings.Contains(body, want) ||
			!strings.HasPrefix(head.Get("Content-Type"), "application/problem+json") {
			t.Errorf("%s answers %d %s: %s", query, status, head.Get("Content-Type"), body)
		}
	}
	for _, path := range []string{"/?q=%22open", "/?from=yesterday", "/?cursor=x"} {
		if status, _, body := server.request(t, http.MethodGet, path); status != http.StatusBadRequest ||
			!strings.Contains(body, `role="alert"`) {
			t.Errorf("%s answers %d without an alert", path, status)
		}
	}
}

func TestArticle(t *testing.T) {
	server := newTestServer(t, web.DefaultConfig())
	text := strings.Repeat("The harbour board decided on Wednesday that the ferry will sail again. ",
		6) + "\n\nIt cost nine crowns."
	words := strings.Fields(text)
	for i := range words {
		words[i] += fmt.Sprint(i) // no phrase twice
	}
	text = strings.Join(words, " ")
	first := article("a", "Ferry returns", text, noon)
	page := &datelinev1.Page{Id: "page", FinalUrl: first.GetFinalUrl(), Body: []byte("<html>\xff raw"),
		ContentEncoding: "gzip",
		Headers:         []*datelinev1.Header{{Name: "content-type", Value: "text/html; charset=koi8-r"}},
		FetchTime:       timestamppb.New(noon)}
	msg, err := ledger.Message(subject.Pages("com.example"), "page", page)
	if err != nil {
		t.Fatal(err)
	}
	ack, err := server.js.PublishMsg(t.Context(), msg)
	if err != nil {
		t.Fatal(err)
	}
	first.RawPage = &datelinev1.RawPage{Stream: ack.Stream, Sequence: ack.Sequence}
	second := proto.CloneOf(first)
	second.Title, second.ContentHash, second.FetchTime = "Ferry returns on Sunday", "other",
		timestamppb.New(noon.Add(time.Hour))
	second.Text += "\n\nCorrection: an earlier text named the wrong day."
	copied := article("copy", "Ferry is back", text, noon.Add(2*time.Hour))
	server.put(t, first)
	server.put(t, second, copied)

	const path = "/api/v1/articles/id-a-0000"
	for _, name := range []string{path, "/api/v1/articles/" + url.PathEscape("https://example.com/a?utm_source=x")} {
		got := decode[struct {
			ID, Story string
			Revisions int
			Record    struct{ Title, Language string }
		}](t, server.get(t, name))
		if got.ID != "id-a-0000" || got.Revisions != 2 || got.Record.Title != "Ferry returns on Sunday" ||
			got.Story != "id-a-0000" {
			t.Errorf("%s answers %+v", name, got)
		}
	}
	revisions := decode[[]struct {
		Number            int
		Title, Correction string
		Record            *struct{ Title string }
	}](t, server.get(t, path+"/revisions?records=true"))
	if len(revisions) != 2 || revisions[0].Correction != "" ||
		!strings.HasPrefix(revisions[1].Correction, "Correction:") || revisions[0].Record.Title != "Ferry returns" {
		t.Errorf("revisions %+v", revisions)
	}
	diff := decode[library.Difference](t, server.get(t, path+"/diff"))
	if len(diff.Title) != 2 || diff.Title[1] != (library.Run{Kind: "added", Text: " on Sunday"}) || diff.Added != 8 ||
		diff.Removed != 0 {
		t.Errorf("difference %+v", diff)
	}
	if status, _, body := server.request(t, http.MethodGet, path+"/diff?from=1&to=7"); status != http.StatusBadRequest ||
		!strings.Contains(body, "no revision 7") {
		t.Errorf("a revision that is not there answers %d %s", status, body)
	}
	story := decode[[]struct{ ID string }](t, server.get(t, path+"/story"))
	if len(story) != 2 || story[0].ID != "id-a-0000" || story[1].ID != "id-copy-0000" {
		t.Errorf("story %+v", story)
	}
	if got := server.get(t, "/api/v1/articles/id-copy-0000/outcomes"); got != "[]\n" {
		t.Errorf("outcomes %q", got)
	}
	status, head, body := server.request(t, http.MethodGet, path+"/raw")
	if status != http.StatusOK || body != "<html>\xff raw" || head.Get("Content-Encoding") != "gzip" ||
		head.Get("Content-Type") != "application/octet-stream" ||
		!strings.HasPrefix(head.Get("Content-Disposition"), "attachment") ||
		head.Get("X-Original-Content-Type") != "text/html; charset=koi8-r" {
		t.Errorf("raw answers %d %v %q", status, head, body)
	}
	if status, _, _ := server.request(t, http.MethodGet, "/api/v1/articles/id-copy-0000/raw"); status != http.StatusGone {
		t.Errorf("a page that is not kept answers %d", status)
	}
	news := decode[map[string]any](t, server.get(t, path+"/newsarticle"))
	if news["@type"] != "NewsArticle" || news["headline"] != "Ferry returns on Sunday" ||
		news["datePublished"] != "2026-03-04T12:00:00Z" {
		t.Errorf("NewsArticle %v", news)
	}
	ninjs := decode[struct {
		URI, Type, By string
		Headlines     []struct{ Role, Value string }
		Bodies        []struct{ ContentType, Value string }
	}](t, server.get(t, path+"/ninjs"))
	if ninjs.URI != "https://example.com/a" || ninjs.By != "Maria Vance" ||
		ninjs.Headlines[0].Value != "Ferry returns on Sunday" || ninjs.Bodies[0].Value != second.GetText() {
		t.Errorf("ninjs %+v", ninjs)
	}
	for _, part := range []string{"", "/revisions", "/diff", "/story", "/raw", "/ninjs", "/outcomes"} {
		if status, _, _ := server.request(t, http.MethodGet, "/api/v1/articles/unknown"+part); status != http.StatusNotFound {
			t.Errorf("an unknown article%s answers %d", part, status)
		}
	}
	for _, page := range []string{"/articles/id-a-0000", "/articles/id-a-0000/changes", "/articles/id-copy-0000",
		"/sources", "/pipeline", "/dead-letters", "/login"} {
		server.get(t, page)
	}
	if body := server.get(t, "/articles/id-a-0000/changes?from=1&to=2"); !strings.Contains(body, "<ins>") ||
		!strings.Contains(body, "8 words added") {
		t.Errorf("the page of changes shows none: %s", body)
	}
}

func TestExport(t *testing.T) {
	server := newTestServer(t, web.DefaultConfig())
	var all []*datelinev1.Article
	for i := range 1203 { // more than a group of rows and several pages of the store
		all = append(all, article(fmt.Sprintf("a%04d", i), "Ferry", fmt.Sprint("Text ", i),
			noon.Add(time.Duration(i)*time.Second)))
	}
	server.put(t, all...)
	lines := strings.Split(strings.TrimSpace(server.get(t, "/api/v1/export?q=ferry")), "\n")
	if len(lines) != len(all) {
		t.Fatalf("%d lines, want %d", len(lines), len(all))
	}
	if got := decode[struct {
		CanonicalURL string `json:"canonical_url"`
	}](t, lines[0]).CanonicalURL; got != "https://example.com/a1202" {
		t.Errorf("the first line is %s", got)
	}
	file := server.get(t, "/api/v1/export?format=parquet&from=2026-03-04T12:00:03Z")
	rows, err := parquet.Read[library.ParquetRow](strings.NewReader(file), int64(len(file)))
	if err != nil || len(rows) != len(all)-3 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	if r := rows[len(rows)-1]; r.ID != "id-a0003-0000" || r.Text != "Text 3" ||
		!r.PublishedTime.Equal(noon.Add(3*time.Second)) || !slices.Equal(r.Authors, []string{"Maria Vance"}) {
		t.Errorf("the last row is %+v", r)
	}
	if status, _, body := server.request(t, http.MethodGet, "/api/v1/export?q=%22"); status != http.StatusBadRequest {
		t.Errorf("a bad query answers %d %s", status, body)
	}
}

func TestTail(t *testing.T) {
	server := newTestServer(t, web.DefaultConfig())
	publish := func(change datelinev1.RevisionChange, name string, revision int32) {
		event := &datelinev1.RevisionEvent{Change: change, ArticleId: name, Revision: revision}
		if change != datelinev1.RevisionChange_REVISION_CHANGE_ERASED {
			event.Article = article(name, "Ferry\nreturns", "x", noon)
		}
		msg, err := library.RevisionMessage(event, "en", "www.example.com")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := server.js.PublishMsg(t.Context(), msg); err != nil {
			t.Fatal(err)
		}
	}
	follow := func(last string) (next func() string) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		t.Cleanup(cancel)
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+"/api/v1/tail", nil)
		if err != nil {
			t.Fatal(err)
		}
		if last != "" {
			r.Header.Set("Last-Event-ID", last)
		}
		answer, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(r)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { answer.Body.Close() })
		lines := bufio.NewScanner(answer.Body)
		return func() string {
			var parts []string
			for lines.Scan() {
				line := lines.Text()
				if strings.HasPrefix(line, ":") {
					continue
				}
				if line == "" && parts != nil {
					return strings.Join(parts, "|")
				}
				if line != "" {
					parts = append(parts, line)
				}
			}
			return fmt.Sprint("ended: ", lines.Err())
		}
	}
	publish(datelinev1.RevisionChange_REVISION_CHANGE_NEW, "a", 1)
	missed := follow("0") // 0 is no event: from now on
	resumed := follow("1")
	// The follower is there once its consumer is.
	natstest.Eventually(t, "a consumer for each follower", func() bool {
		stream, err := server.js.Stream(t.Context(), subject.StreamRevisions)
		return err == nil && stream.CachedInfo().State.Consumers >= 2
	})
	publish(datelinev1.RevisionChange_REVISION_CHANGE_CHANGED, "a", 2)
	publish(datelinev1.RevisionChange_REVISION_CHANGE_ERASED, "a", 0)
	for _, next := range []func() string{missed, resumed} {
		if got := next(); !strings.HasPrefix(got, "id: 2|event: changed|data: {") ||
			!strings.Contains(got, `"title":"Ferry\nreturns"`) {
			t.Errorf("the first event is %q", got)
		}
		if got, want := next(), `id: 3|event: erased|data: {"change":"erased","id":"a"}`; got != want {
			t.Errorf("the second event is %q, want %q", got, want)
		}
	}
	if status, _, _ := server.request(t, http.MethodGet, "/api/v1/tail", "Last-Event-ID", "x"); status != http.StatusBadRequest {
		t.Errorf("a broken Last-Event-ID answers %d", status)
	}
}

func TestFeeds(t *testing.T) {
	server := newTestServer(t, web.DefaultConfig())
	server.put(t, article("a", "Ferry & <b>boats</b>", "One \x01 two ]]> three.", noon), article("b", "Market", "x", noon))
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

// TestSlowClient: clients that ask for everything and read nothing hold up
// neither those who write nor those who read.
func TestSlowClient(t *testing.T) {
	server := newTestServer(t, web.DefaultConfig())
	var all []*datelinev1.Article
	for i := range 400 {
		all = append(all, article(fmt.Sprintf("a%04d", i), "Ferry", strings.Repeat(fmt.Sprintf("word%d ", i), 4000),
			noon))
	}
	server.put(t, all...)
	address := strings.TrimPrefix(server.URL, "http://")
	for i := range 6 { // more than run at once
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		path := []string{"/api/v1/export", "/api/v1/tail"}[i%2]
		if _, err := fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", path); err != nil {
			t.Fatal(err)
		}
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := range 20 {
			server.put(t, article(fmt.Sprint("late", i), "Late", "x", noon.Add(time.Hour)))
			if got := decode[list](t, server.get(t, "/api/v1/articles?q=late&limit=100")); len(got.Articles) != i+1 {
				t.Errorf("%d late articles are found, want %d", len(got.Articles), i+1)
			}
		}
	}()
	select {
	case <-done:
	case <-time.After(30 * time.Second):
		t.Error("storing waits for clients that read nothing")
	}
}
