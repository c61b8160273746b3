package discoverer

import (
	"testing"
	"time"

	"github.com/dateline-news/dateline/internal/weburl"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/discoverer/sources"
)

// TestFeedNamesItsNewAddress reads a feed that has moved by its own account: it is polled until
// the new address works, and a wrong new address changes nothing.
func TestFeedNamesItsNewAddress(t *testing.T) {
	feed := func(newURL string) string {
		return `<rss xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd"><channel><title>Town</title>
			<itunes:new-feed-url>` + newURL + `</itunes:new-feed-url>
			<item><link>https://example.com/1</link></item></channel></rss>`
	}
	const wrong = "<html><body>Not found</body></html>"
	for _, test := range []struct{ name, newURL, there, state string }{
		{"new address", "https://example.com/new.xml", halfHourly(noon), sources.Retired},
		{"wrong new address", "https://example.com/new.xml", wrong, sources.Active},
		{"own address", "https://example.com/old.xml", wrong, sources.Active},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := simulate(t, DefaultConfig(), "/old.xml")
			s.mayReject = true
			s.run(12*time.Hour, func(path string, _ time.Time) string {
				if path == "/old.xml" {
					return feed(test.newURL)
				}
				return test.there
			})
			all, err := s.d.sources.Endpoints(t.Context(), s.source.ID)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range all {
				if e.URL == "https://example.com/old.xml" && e.State != test.state {
					t.Errorf("the feed is %s (%s), want %s", e.State, e.Reason, test.state)
				}
				if e.URL == "https://example.com/new.xml" && e.State == test.state {
					t.Errorf("the new feed is %s as well (%s)", e.State, e.Reason)
				}
			}
		})
	}
}

// TestFeedNamesItself reads feeds with an atom:link to themselves.
func TestFeedNamesItself(t *testing.T) {
	for self, want := range map[string]int{
		"https://example.com/all.xml": 1, "https://example.com/feed.xml": 0, "http://example.com/feed.xml": 0,
		"https://other.example/feed.xml": 0,
	} {
		p := newPolled(t, "/feed.xml", datelinev1.Purpose_PURPOSE_FEED)
		body := `<rss xmlns:atom="http://www.w3.org/2005/Atom"><channel><atom:link rel="self" href="` + self + `"/>
			<item><link>https://example.com/1</link></item></channel></rss>`
		if made := p.respond(nil, body); len(made.named) != 0 {
			t.Errorf("%s: the first reading names %d endpoints", self, len(made.named))
		}
		if made := p.respond(nil, body); len(made.named) != want {
			t.Errorf("%s: %d endpoints, want %d", self, len(made.named), want)
		}
	}
}

// TestRedirectToAnotherEndpoint moves an endpoint to an address that is polled already. The
// home page is not retired, because the search for endpoints starts there.
func TestRedirectToAnotherEndpoint(t *testing.T) {
	url, err := weburl.Parse("https://example.com/new")
	if err != nil {
		t.Fatal(err)
	}
	for hint, want := range map[string]string{"test": sources.Retired, sources.HintHome: sources.Active} {
		p := newPolled(t, "/old", datelinev1.Purpose_PURPOSE_LINKS)
		p.endpoint.Hint = hint
		p.shared.active = []sources.Endpoint{sources.NewEndpoint(p.source.ID, url, p.endpoint.Purpose, "test")}
		p.respond(func(page *datelinev1.Page) {
			page.FinalUrl = url.String()
			page.Redirects = []*datelinev1.Redirect{{Url: "https://example.com/old", Status: 301}}
		}, "<html><body><p>News</p></body></html>")
		if p.endpoint.State != want {
			t.Errorf("found by %s: %s (%s), want %s", hint, p.endpoint.State, p.endpoint.Reason, want)
		}
	}
}

// TestCachedResponse sends responses that caches may repeat for some time. They are not
// polled before.
func TestCachedResponse(t *testing.T) {
	for _, test := range []struct {
		control, age string
		want         time.Duration
	}{
		{"public, max-age=1800", "", 30 * time.Minute},
		{"Max-Age=1800", "600", 20 * time.Minute},
		{"max-age=60", "600", 0}, {"no-cache", "", 0}, {"max-age=-5", "", 0}, {"max-age=x", "", 0},
		{"max-age=99999999", "", 24 * time.Hour},
	} {
		p := newPolled(t, "/feed.xml", datelinev1.Purpose_PURPOSE_FEED)
		answer := func(page *datelinev1.Page) {
			page.Headers = []*datelinev1.Header{{Name: "cache-control", Value: test.control}, {Name: "age", Value: test.age}}
			if got := fresh(page); got != test.want {
				t.Errorf("%q with age %q: %s, want %s", test.control, test.age, got, test.want)
			}
		}
		p.respond(answer, halfHourly(noon))
		if at := p.endpoint.NextPoll; at.Before(noon.Add(min(test.want, time.Hour))) {
			t.Errorf("%q with age %q: polled at %s", test.control, test.age, at)
		}
	}
}
