package web_test

import (
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/dateline-news/dateline/internal/weburl"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/discoverer/sources"
	"github.com/dateline-news/dateline/services/indexer/web"
)

// fillDiscovery adds the sites of hosts as sources of discovery. The endpoints of the first
// have been read, one of them is retired, and a backfill runs. The last one is paused. It
// returns the ids.
func (server *testServer) fillDiscovery(t *testing.T, hosts ...string) (ids []string) {
	t.Helper()
	all := sources.Of(server.store)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	now := time.Now()
	for _, host := range hosts {
		source := mustSource(t, host, now)
		must(all.AddSite(t.Context(), source, &sources.Policy{Exclude: []string{"*/live/*"}, ArticlesPerDay: 300}))
		ids = append(ids, source.ID)
	}
	for _, named := range []string{"/news.xml", "/sitemaps/news.xml", "/old-feed.xml"} {
		must(all.Add(t.Context(), mustSource(t, hosts[0], now), []sources.Endpoint{endpointOf(t, ids[0], hosts[0], named)}))
	}
	claimed, err := all.Claim(t.Context(), now, now.Add(time.Hour), 100, 1000)
	must(err)
	for _, e := range claimed {
		if e.SourceID != ids[0] {
			continue
		}
		e.Settled, e.State, e.PollTime, e.NextPoll = e.Poll, sources.Active, now, now.Add(12*time.Minute)
		switch {
		case strings.HasSuffix(e.URL, "/news.xml"):
			e.Articles, e.NewTime = 412, now.Add(-20*time.Minute)
		case strings.HasSuffix(e.URL, "/old-feed.xml"):
			e.State, e.Reason = sources.Retired, "410 Gone: the feed has ended"
		}
		found := []sources.Article{{RequestID: e.ID, SourceID: e.SourceID, URL: e.URL + "/pier", FindTime: now}}
		_, err := all.Settle(t.Context(), e, sources.Reading{Found: found, Delays: []time.Duration{7 * time.Minute}})
		must(err)
	}
	must(all.BackfillSite(t.Context(), ids[0], sources.BackfillRange{}))
	must(all.SetState(t.Context(), ids[len(ids)-1], sources.Paused))
	return ids
}

// siteID returns the id of the source of discovery that is the site on a host.
func siteID(host string) string {
	home, err := weburl.Parse("https://" + host + "/")
	if err != nil {
		panic(err)
	}
	return sources.New(home, nil, time.Time{}).ID
}

func mustSource(t *testing.T, host string, now time.Time) sources.Source {
	t.Helper()
	home, err := weburl.Parse("https://" + host + "/")
	if err != nil {
		t.Fatal(err)
	}
	return sources.New(home, map[string]string{"project": "harbour"}, now)
}

func endpointOf(t *testing.T, sourceID, host, path string) sources.Endpoint {
	t.Helper()
	address, err := weburl.Parse("https://" + host + path)
	if err != nil {
		t.Fatal(err)
	}
	purpose := datelinev1.Purpose_PURPOSE_FEED
	if strings.Contains(path, "sitemap") {
		purpose = datelinev1.Purpose_PURPOSE_SITEMAP
	}
	return sources.NewEndpoint(sourceID, address, purpose, "test")
}

// TestDiscoveryPages manages sources with the forms of the web page.
func TestDiscoveryPages(t *testing.T) {
	server := newTestServer(t, web.Config{ReadToken: readToken, OperateToken: operateToken})
	send := func(path string, form url.Values) (int, string) {
		t.Helper()
		return server.sendBody(t, path, "application/x-www-form-urlencoded", form.Encode())
	}
	all, source := sources.Of(server.store), mustSource(t, "example.com", time.Now())
	status, text := send("/discovery", url.Values{
		"url": {" https://example.com "}, "labels": {"project=harbour region=north"}, "include": {"/news/* /sport/*"},
		"articles_per_day": {"50"},
	})
	source, err := all.Get(t.Context(), source.ID)
	if status != 303 || err != nil || source.Labels["region"] != "north" || len(source.Policy.Include) != 2 ||
		source.Policy.ArticlesPerDay != 50 {
		t.Fatalf("adding: %d %s, %+v, %v", status, text, source, err)
	}
	one := "/discovery/" + source.ID
	for _, test := range []struct {
		path string
		form url.Values
		want int
		text string
	}{
		{"/discovery", url.Values{"url": {"no url"}}, 400, ""},
		{"/discovery", url.Values{"url": {"https://example.com"}, "labels": {"harbour"}}, 400, "key=value"},
		{"/discovery", url.Values{"url": {"https://example.com"}, "include": {"news"}}, 400, "must start with"},
		{one + "/policy", url.Values{"polls_per_day": {"many"}}, 400, "not a number"},
		{one + "/policy", url.Values{"exclude": {"*/live/*"}, "no_revisits": {"1"}}, 303, ""},
		{one + "/pause", url.Values{"next": {"/discovery"}}, 303, ""},
		{one + "/backfill", url.Values{"since": {"2024-01-31"}, "until": {"2024-01-01"}}, 400, "ends before"},
		{one + "/backfill", url.Values{"since": {"2024-01-01"}, "until": {"2024-01-01"}}, 303, ""},
		{one + "/backfill", nil, 409, "is running"},
		{one + "/cancel-backfill", nil, 303, ""},
		{"/discovery/unknown/pause", nil, 404, "no such source"},
	} {
		status, text := send(test.path, test.form)
		if status != test.want || !strings.Contains(text, test.text) {
			t.Errorf("%s %s: %d, want %d with %q:\n%s", test.path, test.form.Encode(), status, test.want, test.text, text)
		}
	}
	source, err = all.Get(t.Context(), source.ID)
	if err != nil || source.State != sources.Paused || !source.Policy.NoRevisits || len(source.Policy.Include) != 0 {
		t.Errorf("%+v, %v", source, err)
	}
	status, _ = send(one+"/remove", url.Values{"next": {"/discovery"}})
	if _, err := all.Get(t.Context(), source.ID); status != 303 || !errors.Is(err, sources.ErrNotFound) {
		t.Errorf("removing: %d, %v", status, err)
	}
}

// TestDiscoveryTables verifies what the pages tell about sources and their endpoints.
func TestDiscoveryTables(t *testing.T) {
	server := newTestServer(t, web.Config{OperateToken: operateToken})
	server.fill(t)
	ids := server.fillDiscovery(t, "example.com", "a.test", "b.test")
	for path, wants := range map[string][]string{
		"/discovery": {
			"https://example.com/", ">active<", ">searching<", ">paused<", "=harbour", "824", "7 min",
		},
		"/discovery?host=a.test":     {"https://a.test/", "Show all"},
		"/discovery?host=none.test":  {"No site on this host was added."},
		"/discovery?after=https://z": {"No sites were added yet."},
		"/discovery/" + ids[0]:       {"410 Gone: the feed has ended", "*/live/*", "300", "running", "/sources/example.com"},
		"/sources/example.com":       {"https://example.com/news.xml", "410 Gone: the feed has ended"},
		"/discovery/" + ids[2]:       {">paused<"},
		"/discovery/unknown":         {"no such source"},
	} {
		_, _, body := server.request(t, "GET", path)
		for _, want := range wants {
			if !strings.Contains(body, want) {
				t.Errorf("%s lacks %q:\n%s", path, want, body)
			}
		}
		if strings.Contains(body, "<form method=\"post\" action=\"/discovery") {
			t.Errorf("%s lets a reader change sources", path)
		}
	}
}
