package discoverer

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/dateline-news/dateline/internal/weburl"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/discoverer/internal/schedule"
	"github.com/dateline-news/dateline/services/discoverer/sources"
)

var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// polled is an endpoint with the response to its next poll.
type polled struct {
	t        *testing.T
	source   sources.Source
	endpoint sources.Endpoint
	shared   *peers
}

func newPolled(t *testing.T, path string, purpose datelinev1.Purpose) *polled {
	t.Helper()
	home, err := weburl.Parse("https://example.com/")
	if err != nil {
		t.Fatal(err)
	}
	url, err := weburl.Parse("https://example.com" + path)
	if err != nil {
		t.Fatal(err)
	}
	source := sources.New(home, nil, noon)
	return &polled{t, source, sources.NewEndpoint(source.ID, url, purpose, "test"), &peers{}}
}

// respond judges a response, and keeps what it changes.
func (p *polled) respond(change func(*datelinev1.Page), body string) judgement {
	p.t.Helper()
	p.endpoint.Poll++
	page := &datelinev1.Page{
		Request:  &datelinev1.FetchRequest{RequestId: pollID(p.endpoint.ID, p.endpoint.Poll), Purpose: p.endpoint.Purpose},
		FinalUrl: p.endpoint.URL, Status: 200, FetchTime: timestamppb.New(noon),
	}
	if change != nil {
		change(page)
	}
	made := judge(p.endpoint, p.source, p.shared, page, []byte(body), DefaultConfig(), noon)
	p.endpoint = made.endpoint
	return made
}

// sitemapOf returns a sitemap of paths, each with its date unless that is empty.
func sitemapOf(entries ...string) string {
	var b strings.Builder
	b.WriteString(`<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">`)
	for _, entry := range entries {
		path, date, _ := strings.Cut(entry, " ")
		fmt.Fprintf(&b, "<url><loc>https://example.com%s</loc>", path)
		if date != "" {
			fmt.Fprintf(&b, "<lastmod>%s</lastmod>", date)
		}
		b.WriteString("</url>")
	}
	return b.String() + "</urlset>"
}

func paths(made judgement) string {
	var all []string
	for _, a := range made.fresh {
		all = append(all, strings.TrimPrefix(a.url.String(), "https://example.com"))
	}
	return strings.Join(all, " ")
}

// TestOnlyNewArticlesAreTaken polls a sitemap whose articles are at first too old or have
// no date.
func TestOnlyNewArticlesAreTaken(t *testing.T) {
	p := newPolled(t, "/sitemap.xml", datelinev1.Purpose_PURPOSE_SITEMAP)
	first := []string{"/new 2026-11-19", "/old 2026-01-02", "/undated"}
	if got := paths(p.respond(nil, sitemapOf(first...))); got != "/new" {
		t.Errorf("the first time: %q", got)
	}
	if made := p.respond(nil, sitemapOf(first...)); paths(made) != "" || made.reason != "no_new_items" {
		t.Errorf("the same again: %q, %s", paths(made), made.reason)
	}
	made := p.respond(nil, sitemapOf(append(first, "/late 2026-11-20")...))
	if paths(made) != "/late" || made.verdict != datelinev1.Verdict_VERDICT_PRODUCED || p.endpoint.Articles != 2 {
		t.Errorf("one more: %q, %v, %d articles", paths(made), made.verdict, p.endpoint.Articles)
	}
	if !p.endpoint.NextPoll.After(noon) {
		t.Errorf("the next poll is at %s", p.endpoint.NextPoll)
	}
}

// TestRepeatedResponse reads the response of a poll again, as after a crash: the requests
// have the same ids. After the reading was stored, the outcome is the same.
func TestRepeatedResponse(t *testing.T) {
	p := newPolled(t, "/sitemap.xml", datelinev1.Purpose_PURPOSE_SITEMAP)
	before := p.endpoint
	ids := func() []string {
		made := p.respond(nil, sitemapOf("/a 2026-11-19", "/b 2026-11-18"))
		var ids []string
		for _, r := range made.requests(p.source, &datelinev1.Page{}) {
			ids = append(ids, r.GetRequestId())
		}
		return ids
	}
	first := ids()
	p.endpoint = before
	if again := ids(); len(first) != 2 || !slices.Equal(first, again) {
		t.Errorf("%q, then %q", first, again)
	}
	p.respond(nil, sitemapOf("/a 2026-11-19")) // a later poll
	later := p.endpoint.Poll
	wants := []datelinev1.Verdict{datelinev1.Verdict_VERDICT_UNCHANGED, datelinev1.Verdict_VERDICT_PRODUCED}
	for back, want := range wants {
		p.endpoint.Poll = later - int64(back) - 1 // respond adds 1
		made := p.respond(nil, sitemapOf("/c 2026-11-19"))
		if len(made.fresh) > 0 || made.verdict != want {
			t.Errorf("%d polls later: %d articles taken, %v, want %v", back, len(made.fresh), made.verdict, want)
		}
		if back == 1 && made.detail != "2 of 2 articles are new" {
			t.Errorf("the outcome of a response that is delivered again is %q", made.detail)
		}
	}
}

func TestEndpointsThatFail(t *testing.T) {
	const feed, sitemap = datelinev1.Purpose_PURPOSE_FEED, datelinev1.Purpose_PURPOSE_SITEMAP
	rss := `<rss version="2.0"><channel><title>T</title><item><link>https://example.com/a</link></item></channel></rss>`
	failure := func(reason string, status int32) func(*datelinev1.Page) {
		return func(page *datelinev1.Page) { page.FailureReason, page.Status = reason, status }
	}
	for _, test := range []struct {
		name   string
		active bool // before
		change func(*datelinev1.Page)
		body   string
		state  string
		reason string
	}{
		{"a candidate that does not exist", false, failure("not_found", 404), "", sources.Retired, "fetch_failed"},
		{"a candidate that is HTML", false, nil, "<html><body>Hello</body></html>", sources.Retired, "not_listing"},
		{"an endpoint that fails once", true, failure("server_error", 503), "", sources.Active, "fetch_failed"},
		{"an endpoint that is HTML once", true, nil, "<html><body>Hello</body></html>", sources.Active, "not_listing"},
		{"an endpoint that is gone", true, failure("not_found", 410), "", sources.Retired, "fetch_failed"},
		{"an endpoint that has not changed", true, failure("not_modified", 304), "", sources.Active, "no_new_items"},
	} {
		p := newPolled(t, "/feed.xml", feed)
		if test.active {
			p.respond(nil, rss)
		}
		made := p.respond(test.change, test.body)
		if p.endpoint.State != test.state || string(made.reason) != test.reason {
			t.Errorf("%s: %s, %s (%s)", test.name, p.endpoint.State, made.reason, made.detail)
		}
		if test.state == sources.Active && paths(p.respond(nil, rss)) != "" {
			t.Errorf("%s: the article came again", test.name)
		}
	}
	moved := newPolled(t, "/old.xml", feed)
	moved.respond(func(page *datelinev1.Page) {
		page.FinalUrl = "https://example.com/new.xml"
		page.Redirects = []*datelinev1.Redirect{{Url: "https://example.com/old.xml", Status: 301}}
	}, rss)
	if moved.endpoint.URL != "https://example.com/new.xml" {
		t.Errorf("a feed that has moved is polled at %s", moved.endpoint.URL)
	}
	moved.respond(func(page *datelinev1.Page) {
		page.FinalUrl = "https://example.com/sorry.xml"
		page.Redirects = []*datelinev1.Redirect{{Url: "https://example.com/new.xml", Status: 302}}
	}, rss)
	if moved.endpoint.URL != "https://example.com/new.xml" {
		t.Errorf("a temporary redirect moved a feed to %s", moved.endpoint.URL)
	}
	index := newPolled(t, "/index.xml", sitemap).respond(nil,
		`<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">`+
			`<sitemap><loc>https://example.com/new.xml</loc><lastmod>2026-11-19</lastmod></sitemap>`+
			`<sitemap><loc>https://example.com/old.xml</loc><lastmod>2020-01-01</lastmod></sitemap>`+
			`<sitemap><loc>https://example.com/index.xml</loc><lastmod>2026-11-18</lastmod></sitemap>`+
			`<sitemap><loc>https://other.example/x.xml</loc><lastmod>2026-11-17</lastmod></sitemap></sitemapindex>`)
	if len(index.named) != 1 || index.named[0].URL != "https://example.com/new.xml" {
		t.Errorf("sitemaps of an index: %+v", index.named)
	}
}

func TestStaleSitemapsOfAnIndexAreRetired(t *testing.T) {
	for _, test := range []struct {
		hint    string
		lastNew time.Duration
		want    string
	}{
		{sources.HintIndex, 6 * 24 * time.Hour, sources.Active}, {sources.HintIndex, 8 * 24 * time.Hour, sources.Retired},
		{"robots", 8 * 24 * time.Hour, sources.Active},
	} {
		p := newPolled(t, "/2026-11.xml", datelinev1.Purpose_PURPOSE_SITEMAP)
		p.respond(nil, sitemapOf("/a 2026-11-19"))
		p.endpoint.Hint, p.endpoint.AddTime = test.hint, noon.AddDate(0, -1, 0)
		p.endpoint.NewTime = noon.Add(-test.lastNew)
		if p.respond(nil, sitemapOf("/a 2026-11-19")); p.endpoint.State != test.want {
			t.Errorf("%s, nothing new for %s: %s (%s)", test.hint, test.lastNew, p.endpoint.State, p.endpoint.Reason)
		}
	}
}

// TestPolicyLeavesOut polls a sitemap of a source with a policy. Articles that its patterns leave
// out do not come later. Those that exceed the daily maximum do, once there is room.
func TestPolicyLeavesOut(t *testing.T) {
	p := newPolled(t, "/sitemap.xml", datelinev1.Purpose_PURPOSE_SITEMAP)
	p.source.Policy = sources.Policy{Exclude: []string{"/ads/*"}, ArticlesPerDay: 2}
	all := sitemapOf("/a 2026-11-19", "/ads/b 2026-11-18", "/c 2026-11-17", "/d 2026-11-16")
	made := p.respond(nil, all)
	if paths(made) != "/a /c" || made.leftOut != 2 {
		t.Errorf("%q, %d left out", paths(made), made.leftOut)
	}
	if p.endpoint.Waiting != 1 || !strings.Contains(made.detail, "1 wait") {
		t.Errorf("%d wait: %s", p.endpoint.Waiting, made.detail)
	}
	p.source.Taken.Spend(noon, 2)
	if got := paths(p.respond(nil, all)); got != "" || p.endpoint.Waiting != 1 {
		t.Errorf("%q came too early, %d wait", got, p.endpoint.Waiting)
	}
	p.source.Policy, p.source.Taken = sources.Policy{}, schedule.Budget{}
	if got := paths(p.respond(nil, all)); got != "/d" || p.endpoint.Waiting != 0 {
		t.Errorf("%q came later, %d wait", got, p.endpoint.Waiting)
	}
	p.source.Policy.ArticlesPerDay = 2
	p.source.Taken.Spend(noon, 1)
	if got := paths(p.respond(nil, sitemapOf("/e 2026-11-20", "/f 2026-11-20"))); got != "/e" {
		t.Errorf("%q, want one more", got)
	}
}
