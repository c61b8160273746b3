package discoverer_test

import (
	"testing"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/discoverer"
)

// TestAnnouncedHub checks that Link headers come before the text of a feed, each for itself (W3C WebSub, section 4).
func TestAnnouncedHub(t *testing.T) {
	const (
		fetched    = "https://news.example/feed?format=rss"
		inText     = "https://hub.example/text"
		selfText   = "https://news.example/self-text"
		inHeader   = "https://hub.example/header"
		selfHeader = "https://news.example/self-header"
		hubLink    = "<" + inHeader + `>; rel="hub"`
		selfLink   = "<" + selfHeader + `>; rel="self"`
	)
	for name, c := range map[string]struct {
		links     []string
		hub, self string
		want      [2]string
	}{
		"text":                 {nil, inText, selfText, [2]string{inText, selfText}},
		"hub in the text":      {nil, inText, "", [2]string{inText, fetched}},
		"both in headers":      {[]string{hubLink, selfLink}, inText, selfText, [2]string{inHeader, selfHeader}},
		"hub in a header":      {[]string{hubLink}, inText, selfText, [2]string{inHeader, selfText}},
		"topic in a header":    {[]string{selfLink}, inText, selfText, [2]string{inText, selfHeader}},
		"topic without a hub":  {[]string{selfLink}, "", selfText, [2]string{}},
		"another header":       {[]string{`</next>; rel="next"`}, inText, "", [2]string{inText, fetched}},
		"headers without text": {[]string{hubLink, selfLink}, "", "", [2]string{inHeader, selfHeader}},
	} {
		t.Run(name, func(t *testing.T) {
			page := &datelinev1.Page{FinalUrl: fetched}
			page.Headers = []*datelinev1.Header{{Name: "etag", Value: `<https://other.example/>; rel="hub"`}}
			for _, link := range c.links {
				page.Headers = append(page.Headers, &datelinev1.Header{Name: "link", Value: link})
			}
			if got := *discoverer.AnnouncedOf(page, c.hub, c.self); [2]string{got.Hub, got.Topic} != c.want {
				t.Errorf("announced is %+v, want %+v", got, c.want)
			}
		})
	}
}
