package web_test

import (
	"cmp"
	"fmt"
	"html"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/protobuf/proto"

	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/subject"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/library"
	"github.com/dateline-news/dateline/services/indexer/store"
	"github.com/dateline-news/dateline/services/indexer/web"
)

// pageSamples is the number of times that each page is requested.
const pageSamples = 101

// BenchmarkPages fills a store with DATELINE_SCALE made-up articles (5,000 by default),
// their outcomes and dead letters, and reports the time and size of every page. DATELINE_STORE
// names an existing store to fill; the default is a new SQLite file. A store that is
// filled in part is continued.
func BenchmarkPages(b *testing.B) {
	file := "sqlite:" + filepath.Join(b.TempDir(), "articles.db")
	s, err := store.Open(b.Context(), cmp.Or(os.Getenv("DATELINE_STORE"), file))
	if err != nil {
		b.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			b.Error(err)
		}
	}()
	past := newPast(b)
	past.fill(b, s)
	_, js := natstest.Start(b)
	past.fillDeadLetters(b, js)
	server := httptest.NewServer(web.Handler(web.Config{Addr: "127.0.0.1:0"}, web.Dependencies{
		Library: library.New(s, js), Registry: prometheus.NewRegistry(), Log: slog.New(slog.DiscardHandler),
	}))
	defer server.Close()
	cpu := newProcessors(b, s)
	for _, page := range past.pages() {
		b.Run(page.name, func(b *testing.B) {
			for b.Loop() {
				measurePage(b, server, cpu, page)
			}
		})
	}
}

// number returns the number in an environment variable, or a default.
func number(b *testing.B, name string, otherwise int) int {
	b.Helper()
	n, err := strconv.Atoi(cmp.Or(os.Getenv(name), strconv.Itoa(otherwise)))
	if err != nil {
		b.Fatalf("reading %s: %v", name, err)
	}
	return n
}

// measuredPage is a page to measure. path returns the path of its nth request.
type measuredPage struct {
	name string
	path func(n int) string
	// partial means that only the first byte is awaited, because the page has no bound.
	partial bool
	// second means that the next page of the search is measured.
	second bool
}

// measurePage reports the time and the size of a page, and the CPU time of this process and of
// PostgreSQL. Other programs prolong the time, but hardly the CPU time.
func measurePage(b *testing.B, server *httptest.Server, cpu processors, p measuredPage) {
	b.Helper()
	var took, used []time.Duration
	largest := 0
	for n := range pageSamples {
		path := p.path(n)
		if p.second {
			next := nextPage.FindSubmatch(request(b, server, path, false))
			if next == nil {
				continue
			}
			path = html.UnescapeString(string(next[1]))
		}
		before, start := cpu.used(b), time.Now()
		body := request(b, server, path, p.partial)
		took = append(took, time.Since(start))
		used = append(used, max(0, cpu.used(b)-before))
		largest = max(largest, len(body))
	}
	if len(took) == 0 {
		b.Fatal("no search has a second page")
	}
	report := func(all []time.Duration, unit string) {
		slices.Sort(all)
		b.ReportMetric(float64(all[len(all)/2].Microseconds())/1000, "median-"+unit)
		b.ReportMetric(float64(all[len(all)*99/100].Microseconds())/1000, "99th-"+unit)
	}
	report(took, "ms")
	report(used, "CPU-ms")
	b.ReportMetric(float64(largest)/1000, "KB")
	b.ReportMetric(0, "ns/op")
}

// nextPage matches the link to the next page of a search.
var nextPage = regexp.MustCompile(`href="(/\?[^"]*cursor=[^"]*)"`)

// request returns a page or, if partial is set, its first byte.
func request(b *testing.B, server *httptest.Server, path string, partial bool) []byte {
	b.Helper()
	r, err := http.NewRequestWithContext(b.Context(), http.MethodGet, server.URL+path, nil)
	if err != nil {
		b.Fatal(err)
	}
	r.Header.Set("Accept-Encoding", "identity")
	response, err := server.Client().Do(r)
	if err != nil {
		b.Fatal(err)
	}
	defer response.Body.Close()
	in := io.Reader(response.Body)
	if partial {
		in = io.LimitReader(in, 1)
	}
	body, err := io.ReadAll(in)
	if err != nil || response.StatusCode != http.StatusOK {
		b.Fatalf("%s: status %d, %v: %.200s", path, response.StatusCode, err, body)
	}
	return body
}

// pages returns every page, and every kind of search.
func (p *past) pages() []measuredPage {
	fixed := func(path string) func(int) string { return func(int) string { return path } }
	article := func(before, after string) func(int) string {
		return func(n int) string { return before + p.article(p.sample(n)).GetId() + after }
	}
	host := func(n int) string { return p.article(p.sample(n)).GetHost() }
	common := func(n int) string { return pseudoword(uint64(n)) }
	rare := func(n int) string { return pseudoword(uint64(500 + 37*n)) }
	tenth := func(n int) string { return pseudoword(uint64(90 + n)) }
	return []measuredPage{
		{name: "front page", path: fixed("/")},
		{name: "front page, all copies", path: fixed("/?copies=1")},
		{name: "search, one common word", path: func(n int) string { return "/?q=" + common(n) }},
		{name: "search, one rare word", path: func(n int) string { return "/?q=" + rare(n) }},
		{name: "search, a word in a tenth", path: func(n int) string { return "/?q=" + tenth(n) }},
		{name: "search, a word in a tenth, page 2", second: true, path: func(n int) string { return "/?q=" + tenth(n) }},
		{name: "search, prefix", path: func(n int) string { return "/?q=" + tenth(n)[:4] + "*" }},
		{name: "search, rare prefix", path: func(n int) string { return "/?q=" + rare(n) + "*" }},
		{name: "search, two words", path: func(n int) string { return "/?q=" + common(n) + "+" + rare(n) }},
		{name: "search, two common words", path: func(n int) string { return "/?q=" + common(n) + "+" + common(n+7) }},
		{name: "search, phrase", path: func(n int) string { return "/?q=%22" + common(n) + "+" + common(n+3) + "%22" }},
		{name: "search, phrase of other words", path: func(n int) string {
			return "/?q=%22" + common(n) + "+" + tenth(n) + "%22"
		}},
		{name: "search, common word, best match", path: func(n int) string { return "/?order=rank&q=" + common(n) }},
		{name: "search, two words, best match", path: func(n int) string {
			return "/?order=rank&q=" + common(n) + "+" + rare(n)
		}},
		{name: "search, a site", path: func(n int) string { return "/?host=" + host(n) }},
		{name: "search, a site and a word", path: func(n int) string { return "/?host=" + host(n) + "&q=" + common(n) }},
		{name: "search, a language", path: fixed("/?language=de")},
		{name: "search, a language and a word", path: func(n int) string { return "/?language=de&q=" + common(n) }},
		{name: "search, a section", path: func(n int) string { return fmt.Sprintf("/?section=Section+%d", n%20) }},
		{name: "search, an author", path: func(n int) string { return fmt.Sprintf("/?author=Author+%d", n) }},
		{name: "search, a tag", path: func(n int) string { return "/?tag=" + common(n) }},
		{name: "search, a week and a word", path: func(n int) string {
			since := p.end.AddDate(0, 0, -8-n%20)
			before := since.AddDate(0, 0, 7)
			return "/?q=" + common(n) + "&since=" + since.Format(time.DateOnly) + "&before=" + before.Format(time.DateOnly)
		}},
		{name: "search, word that is not there", path: func(n int) string { return fmt.Sprintf("/?q=qqq%d", n) }},
		{name: "values of a facet", path: func(n int) string { return "/values?field=author&q=" + common(n) }},
		{name: "article", path: article("/articles/", "")},
		{name: "changes", path: func(n int) string { return "/articles/" + p.article(p.changed(n)).GetId() + "/changes" }},
		{name: "story", path: func(n int) string { return "/stories/" + p.article(p.copied(n)).GetId() }},
		{name: "sources", path: fixed("/sources")},
		{name: "silent sources", path: fixed("/sources?silent=1")},
		{name: "source", path: func(n int) string { return "/sources/" + host(n) }},
		{name: "largest source", path: fixed("/sources/" + hostName(0))},
		{name: "host", path: func(n int) string { return "/hosts/" + host(n) }},
		{name: "URL", path: func(n int) string { return "/urls?url=" + p.article(p.sample(n)).GetCanonicalUrl() }},
		{name: "pipeline", path: fixed("/pipeline")},
		{name: "dead letters", path: fixed("/dead-letters")},
		{name: "saved searches", path: fixed("/searches")},
		{name: "API description", path: fixed("/api")},
		{name: "API, articles", path: func(n int) string { return "/api/v1/articles?q=" + common(n) }},
		{name: "export, CSV, first byte", partial: true, path: func(n int) string {
			return "/api/v1/export?format=csv&q=" + common(n)
		}},
		{name: "export, JSON Lines, first byte", path: fixed("/api/v1/export?format=jsonl"), partial: true},
		{name: "export, Parquet, first byte", partial: true, path: func(n int) string {
			return fmt.Sprintf("/api/v1/export?format=parquet&author=Author+%d", n)
		}},
		{name: "feed", path: func(n int) string { return "/api/v1/feed.atom?q=" + common(n) }},
	}
}

// fillDeadLetters adds 1,000 dead letters.
func (p *past) fillDeadLetters(b *testing.B, js jetstream.JetStream) {
	b.Helper()
	for n := range 1000 {
		a := p.article(p.sample(n))
		dead := &datelinev1.DeadLetter{
			InputId: fmt.Sprint("dead-", n), Stage: datelinev1.Stage_STAGE_FETCH, Reason: "timeout", Url: a.GetCanonicalUrl(),
			Error: "waiting for the response: the deadline was exceeded", Data: []byte(a.GetCanonicalUrl()),
		}
		data, err := proto.Marshal(dead)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := js.Publish(b.Context(), subject.Dead(dead.GetStage(), dead.GetReason()), data); err != nil {
			b.Fatal(err)
		}
	}
}
