package links_test

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

	"github.com/dateline-news/dateline/internal/weburl"
	"github.com/dateline-news/dateline/services/discoverer/internal/found"
	"github.com/dateline-news/dateline/services/discoverer/internal/links"
)

func parse(t *testing.T, text string) *goquery.Document {
	t.Helper()
	doc, err := goquery.NewDocumentFromReader(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// tally counts the links that are articles and that the reader takes for articles.
type tally struct{ right, wrong, missed int }

func (c tally) precision() float64 { return float64(c.right) / float64(max(c.right+c.wrong, 1)) }
func (c tally) recall() float64    { return float64(c.right) / float64(max(c.right+c.missed, 1)) }

func key(t *testing.T, address string) weburl.URL {
	t.Helper()
	u, err := weburl.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func check(t *testing.T, l *found.Listing, page *made) tally {
	t.Helper()
	var c tally
	got := make(map[weburl.URL]bool)
	for _, it := range l.Items {
		got[key(t, it.URL)] = true
	}
	want := make(map[weburl.URL]bool)
	for u := range page.articles {
		want[key(t, u)] = true
	}
	for u := range got {
		if want[u] {
			c.right++
		} else {
			c.wrong++
			if testing.Verbose() {
				t.Logf("not an article: %s", u)
			}
		}
	}
	for u := range want {
		if !got[u] {
			c.missed++
			if testing.Verbose() {
				t.Logf("missed: %s", u)
			}
		}
	}
	return c
}

// TestLayouts measures which links of made pages are taken for articles: on the first
// page, and after the outcomes of 200 links are known. The wrong layouts have URLs that
// mislead without knowledge of the site.
func TestLayouts(t *testing.T) {
	for i, layout := range slices.Concat(layouts, wrongLayouts) {
		t.Run(layout.name, func(t *testing.T) {
			random := rand.New(rand.NewPCG(uint64(i), 7))
			s := &site{layout: layout, random: random, day: time.Date(2026, 5, 2, 0, 0, 0, 0, time.UTC)}
			var model links.Shapes
			read := func() (*found.Listing, *made) {
				page := s.render()
				l, err := links.Read(parse(t, page.html), madeBase, &model)
				if err != nil {
					t.Fatal(err)
				}
				return l, page
			}
			l, page := read()
			first := check(t, l, page)
			for visited := 0; visited < 200; {
				for _, address := range visits(l, page, layout.feed) {
					model.Learn(key(t, address), page.articles[address])
					visited++
				}
				l, page = read()
			}
			after := check(t, l, page)
			t.Logf("first: precision %.3f, recall %.3f; after 200 links: precision %.3f, recall %.3f",
				first.precision(), first.recall(), after.precision(), after.recall())
			if right := min(first.precision(), first.recall()); right >= 0.85 == layout.wrong {
				t.Errorf("first page: precision %.3f, recall %.3f; misleading URLs: %t",
					first.precision(), first.recall(), layout.wrong)
			}
			if after.precision() < 0.95 || after.recall() < 0.95 {
				t.Errorf("after 200 links: precision %.3f, recall %.3f, want 0.95", after.precision(), after.recall())
			}
		})
	}
}

// visits returns the links that are visited: what the reader takes for articles, and what
// the site's feed lists.
func visits(l *found.Listing, page *made, feed int) []string {
	var all []string
	for _, it := range l.Items {
		all = append(all, it.URL)
	}
	listed := slices.Sorted(maps.Keys(page.articles))
	return append(all, listed[:min(feed, len(listed))]...)
}

func TestShapesAreCompact(t *testing.T) {
	var s, restored links.Shapes
	for i := range 5_000 {
		s.Learn(key(t, fmt.Sprintf("https://made.example/%d/%s/x?k%d=1", i, strings.Repeat("a", i%30), i)), i%4 == 0)
	}
	b := s.Bytes()
	t.Logf("%d bytes", len(b))
	if len(b) > 2048 {
		t.Errorf("the shapes take %d bytes, want at most 2048", len(b))
	}
	if err := restored.UnmarshalBinary(b); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(b, restored.Bytes()) {
		t.Error("the restored shapes differ")
	}
	for _, damaged := range [][]byte{nil, b[:len(b)-1], {1, 200}} {
		if restored.UnmarshalBinary(damaged) == nil {
			t.Errorf("accepted %d damaged bytes", len(damaged))
		}
	}
}

func TestEndpoints(t *testing.T) {
	doc := parse(t, `<html><head><base href="/de/">
<link rel="alternate" type="application/rss+xml" title="News" href="https://feeds.example/made">
<link rel="alternate" type="application/rss+xml" href="/comments/feed/">
<link rel="alternate" hreflang="en" href="/en/"><link rel="sitemap" href="/map.xml"><link rel="next" href="?page=2">
</head><body><nav><a href="/sport/">Sport</a><a href="politik">Politik</a><a href="/login">Anmelden</a></nav>
<footer><a href="/rss/all.xml">RSS</a><a href="/sitemap-news.xml">Sitemap</a><a href="/2026/05/">May</a></footer>
</body></html>`)
	want := []found.Candidate{
		{URL: "https://feeds.example/made", Kind: found.Feed, Hint: found.HintAlternate, Title: "News"},
		{URL: "https://www.made.example/map.xml", Kind: found.Sitemap, Hint: found.HintMeta},
		{URL: "https://www.made.example/rss/all.xml", Kind: found.Feed, Hint: found.HintAnchor, Title: "RSS"},
		{URL: "https://www.made.example/sitemap-news.xml", Kind: found.Sitemap, Hint: found.HintAnchor},
		{URL: "https://www.made.example/sport/", Kind: found.Links, Hint: found.HintSection, Title: "Sport"},
		{URL: "https://www.made.example/de/politik", Kind: found.Links, Hint: found.HintSection, Title: "Politik"},
	}
	l, err := links.Read(doc, madeBase, nil)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(l.Endpoints, want) {
		t.Errorf("got  %+v\nwant %+v", l.Endpoints, want)
	}
	if l.Next != "https://www.made.example/de/?page=2" {
		t.Errorf("next = %q", l.Next)
	}
	all := links.Candidates(doc, madeBase, []string{"https://cdn.example/map.xml", "/map.xml", "not a URL://"})
	if len(all) > links.MaxCandidates || all[0].URL != "https://cdn.example/map.xml" || all[0].Hint != found.HintRobots {
		t.Errorf("got %d candidates, the first %+v", len(all), all[0])
	}
	if last := all[len(all)-1]; last.Hint != found.HintWellKnown {
		t.Errorf("the last candidate is %+v, want a well-known place", last)
	}
	if all = links.Candidates(nil, madeBase,
		nil); len(all) == 0 || all[0].URL != "https://www.made.example/sitemap.xml" {
		t.Errorf("without a page: got %+v", all)
	}
}

func TestBounds(t *testing.T) {
	var b strings.Builder
	b.WriteString("<body>" + strings.Repeat("<div>", 300))
	for i := range links.MaxLinks + 10 {
		fmt.Fprintf(&b, `<h2><a href="/2026/05/02/crane-moves-again-in-port-%d">Crane moves again in the port</a></h2>`, i)
	}
	l, err := links.Read(parse(t, b.String()), madeBase, nil)
	if err != nil || len(l.Items) != links.MaxItems || !l.Truncated {
		t.Errorf("got %d items, truncated = %v, %v", len(l.Items), l.Truncated, err)
	}
	if _, err := links.Read(parse(t, ""), &url.URL{}, nil); err == nil {
		t.Error("read a page without a URL")
	}
	doc := parse(t, `<a href="http://127.0.0.1/news/crane-moves-again-in-port">Crane moves again in the port</a>`)
	if l, err = links.Read(doc, madeBase, nil); err != nil || len(l.Items) != 0 {
		t.Errorf("a private address: got %+v, %v", l.Items, err)
	}
}
