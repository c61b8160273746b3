package feed_test

import (
	"errors"
	"fmt"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/dateline-news/dateline/services/discoverer/internal/feed"
	"github.com/dateline-news/dateline/services/discoverer/internal/found"
)

func address(tb testing.TB) *url.URL {
	tb.Helper()
	u, err := url.Parse("https://harbour.example/news/feed.xml")
	if err != nil {
		tb.Fatal(err)
	}
	return u
}

func read(t *testing.T, body, contentType string) *found.Listing {
	t.Helper()
	l, err := feed.Read([]byte(body), contentType, address(t))
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func urls(l *found.Listing) []string {
	var all []string
	for _, it := range l.Items {
		all = append(all, it.URL)
	}
	return all
}

// TestFormats reads the same article in each format.
func TestFormats(t *testing.T) {
	want := found.Item{
		URL: "https://harbour.example/2026/05/crane", GUID: "https://harbour.example/2026/05/crane",
		Title: "The crane moves", Summary: "It took two days.",
		Authors: []string{"Ada Byrne"}, Keywords: []string{"Port"}, Language: "en",
		Published: time.Date(2026, 5, 2, 8, 30, 0, 0, time.UTC),
	}
	for name, body := range map[string]string{
		"RSS 2.0": `<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>H</title>
<language>en</language><item><title>The crane moves</title><link>/2026/05/crane</link>
<guid>https://harbour.example/2026/05/crane</guid>
<description>&lt;p&gt;It took&lt;br&gt;two days.&lt;/p&gt;</description>
<dc:creator>Ada Byrne</dc:creator><category>Port</category><pubDate>Sat, 02 May 2026 10:30:00 +0200</pubDate>
</item></channel></rss>`,
		"RSS 1.0": `<?xml version="1.0"?><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
xmlns="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel rdf:about="x">
<title>H</title></channel>
<item rdf:about="https://harbour.example/2026/05/crane"><title>The crane moves</title>
<description>It took two days.</description>
<dc:creator>Ada Byrne</dc:creator><dc:subject>Port</dc:subject><dc:language>en</dc:language>
<dc:date>2026-05-02T08:30Z</dc:date></item></rdf:RDF>`,
		"Atom 1.0": `<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en"><title>H</title><entry>
<title type="html">The &lt;b&gt;crane&lt;/b&gt; moves</title><link rel="edit" href="/e"/>
<link href="https://harbour.example/2026/05/crane"/>
<id>https://harbour.example/2026/05/crane</id><summary>It took two days.</summary><author><name>Ada Byrne</name>
</author>
<category term="Port"/><published>2026-05-02T08:30:00Z</published></entry></feed>`,
		"Atom 0.3": `<feed version="0.3" xmlns="http://purl.org/atom/ns#" xml:lang="en"><entry>
<title>The crane moves</title><link rel="alternate" href="/2026/05/crane"/>
<id>https://harbour.example/2026/05/crane</id>
<summary>It took two days.</summary><author><name>Ada Byrne</name></author><category term="Port"/>
<issued>2026-05-02T08:30:00Z</issued></entry></feed>`,
		"JSON Feed 1.0": `{"version":"https://jsonfeed.org/version/1","language":"en",
"items":[{"id":"https://harbour.example/2026/05/crane",
"url":"/2026/05/crane","title":"The crane moves","summary":"It took two days.",
"author":{"name":"Ada Byrne"},"tags":["Port"],
"date_published":"2026-05-02T10:30:00+02:00"}]}`,
		"JSON Feed 1.1": `{
"items":[{"id":"https://harbour.example/2026/05/crane","title":"The crane moves",
"summary":"It took two days.",
"authors":[{"name":"Ada Byrne"}],"tags":["Port"],"date_published":"2026-05-02T08:30:00Z"}],
"version":"https://jsonfeed.org/version/1.1","language":"en"}`,
	} {
		t.Run(name, func(t *testing.T) {
			l := read(t, body, "")
			if len(l.Items) != 1 || !reflect.DeepEqual(l.Items[0], want) {
				t.Errorf("got  %+v\nwant %+v", l.Items, want)
			}
			if l.Kind != found.Feed || l.Truncated || len(l.Warnings) > 0 {
				t.Errorf("kind = %s, truncated = %v, warnings = %q", l.Kind, l.Truncated, l.Warnings)
			}
		})
	}
}

// TestDamage checks that a damaged feed gives the items that are complete.
func TestDamage(t *testing.T) {
	item := func(n int, extra string) string {
		return fmt.Sprintf("<item><title>T%d</title><link>https://harbour.example/%d</link>%s</item>", n, n, extra)
	}
	for _, test := range []struct {
		name, body string
		want       []string
		truncated  bool
	}{
		{name: "ends within an item", truncated: true, want: []string{"1", "2"},
			body: `<rss><channel>` + item(1, "") + item(2, "") + `<item><title>T3</title><link>https://harbour.exam`},
		{name: "ends between items", truncated: true, want: []string{"1"}, body: `<rss><channel>` + item(1, "")},
		{name: "less-than sign in a title", truncated: true, want: []string{"1", "3"},
			body: `<rss><channel>` + item(1, "") + item(2, "<title>1 < 2</title>") + item(3, "") + `</channel></rss>`},
		{name: "ampersand and unknown entity", want: []string{"1", "2"},
			body: `<rss><channel>` + item(1, "<category>R&D &eacute; &nosuch;</category>") + item(2, "") + `</channel></rss>`},
		{name: "open and stray elements", want: []string{"1", "2", "3"},
			body: `<rss><channel>` + item(1, "<description><p>one<br>two</description>") + item(2, "</b></channel>") +
				item(3, "") + `</channel></rss>`},
		{name: "control character", want: []string{"1"}, body: "<rss><channel>" + item(1,
			"<category>a\x0bb</category>") + "</channel></rss>"},
		{name: "open CDATA", truncated: true, want: []string{"1"},
			body: `<rss><channel>` + item(1, "") + `<item><link>https://harbour.example/2</link><description>
<![CDATA[x</description></item>`},
		{name: "text before the declaration", want: []string{"1"},
			body: "Notice: undefined index\n<?xml version=\"1.1\" encoding=\"utf-8\"?>\n<rss><channel>" + item(1,
				"") + "</channel></rss>"},
		{name: "Atom ends early", truncated: true, want: []string{"1"},
			body: `<feed xmlns="http://www.w3.org/2005/Atom"><entry><link href="https://harbour.example/1"/></entry>
<entry><link href="https:`},
		{name: "JSON ends early", truncated: true, want: []string{"1"},
			body: `{"version":"https://jsonfeed.org/version/1.1","items":[{"id":1,"url":"https://harbour.example/1"},
{"id":2,"url":"https:`},
		{name: "same link twice, no link", want: []string{"1"},
			body: `<rss><channel>` + item(1, "") + item(1, "") + `<item><title>none</title>
<guid isPermaLink="false">77</guid></item></channel></rss>`},
	} {
		t.Run(test.name, func(t *testing.T) {
			l := read(t, test.body, "application/rss+xml")
			var want []string
			for _, n := range test.want {
				want = append(want, "https://harbour.example/"+n)
			}
			if !reflect.DeepEqual(urls(l), want) {
				t.Errorf("got %q, want %q", urls(l), want)
			}
			if l.Truncated != test.truncated {
				t.Errorf("truncated = %v, want %v; warnings: %q", l.Truncated, test.truncated, l.Warnings)
			}
		})
	}
}

func TestCharsets(t *testing.T) {
	for _, test := range []struct{ name, body, contentType, want string }{
		{"declared in XML", "<?xml version=\"1.0\" encoding=\"iso-8859-1\"?><rss><channel><item><link>/1</link>" +
			"<title>H\xe4fen</title></item></channel></rss>", "text/xml", "Häfen"},
		{"declared in the header", "<rss><channel><item><link>/1</link><title>H\xe4fen</title></item></channel></rss>",
			"text/xml; charset=iso-8859-1", "Häfen"},
		{"declared wrongly", "<?xml version=\"1.0\" encoding=\"iso-8859-1\"?><rss><channel><item><link>/1</link>" +
			"<title>Häfen</title></item></channel></rss>", "text/xml; charset=us-ascii", "Häfen"},
		{"undeclared", "<rss><channel><item><link>/1</link><title>Die H\xe4fen \xf6ffnen f\xfcr gro\xdfe " +
			"Schiffe</title></item></channel></rss>",
			"text/xml", "Die Häfen öffnen für große Schiffe"},
		{"UTF-16", utf16("<?xml version=\"1.0\" " +
			"encoding=\"utf-16\"?><rss><channel><item><link>/1</link><title>Häfen</title></item></channel></rss>"),
			"text/xml", "Häfen"},
	} {
		t.Run(test.name, func(t *testing.T) {
			l := read(t, test.body, test.contentType)
			if len(l.Items) != 1 || l.Items[0].Title != test.want {
				t.Errorf("got %+v, want the title %q", l.Items, test.want)
			}
		})
	}
}

func utf16(s string) string {
	var b strings.Builder
	b.WriteString("\xff\xfe")
	for _, r := range s {
		b.WriteByte(byte(r))
		b.WriteByte(byte(r >> 8))
	}
	return b.String()
}

func TestLinks(t *testing.T) {
	for _, test := range []struct{ name, body, want string }{
		{"relative to the feed", `<rss><channel><item><link>crane</link></item></channel></rss>`,
			"https://harbour.example/news/crane"},
		{"xml:base of the feed", `<feed xmlns="http://www.w3.org/2005/Atom" xml:base="https://cdn.example/a/feed.xml">
<entry>
<link href="crane"/></entry></feed>`, "https://cdn.example/a/crane"},
		{"xml:base of the item", `<rss><channel><item xml:base="https://cdn.example/b/"><link>crane</link></item>
</channel></rss>`,
			"https://cdn.example/b/crane"},
		{"guid only", `<rss><channel><item><guid>https://harbour.example/7</guid></item></channel></rss>`,
			"https://harbour.example/7"},
		{"original link of a tracking redirect", `<rss xmlns:feedburner="http://rssnamespace.org/feedburner/ext/1.0">
<channel><item>
<link>https://feeds.example/~r/1</link><feedburner:origLink>https://harbour.example/8</feedburner:origLink>
</item></channel></rss>`,
			"https://harbour.example/8"},
		{"fragment and user", `<rss><channel><item><link>https://u:p@harbour.example/9#top</link></item></channel></rss>`,
			"https://harbour.example/9"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := urls(read(t, test.body, "")); len(got) != 1 || got[0] != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
	body := `<rss><channel><item><link>javascript:alert(1)</link></item><item><link>mailto:a@b.example</link></item>
</channel></rss>`
	if got := urls(read(t, body, "")); len(got) != 0 {
		t.Errorf("got %q, want no items", got)
	}
}

func TestChannel(t *testing.T) {
	l := read(t, `<rss xmlns:atom="http://www.w3.org/2005/Atom" xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd">
<channel><ttl>30</ttl><atom:link rel="self" href="/news/all.xml"/><atom:link rel="next" href="?page=2"/>
<atom:link rel="hub" href="https://hub.example/"/>
<itunes:new-feed-url>https://harbour.example/new.xml</itunes:new-feed-url>
</channel></rss>`, "")
	want := found.Listing{Kind: found.Feed, TTL: 30 * time.Minute, Self: "https://harbour.example/news/all.xml",
		Next: "https://harbour.example/news/feed.xml?page=2", Hub: "https://hub.example/",
		MovedTo: "https://harbour.example/new.xml"}
	if !reflect.DeepEqual(*l, want) {
		t.Errorf("got  %+v\nwant %+v", *l, want)
	}
	l = read(t, `<rss xmlns:sy="http://purl.org/rss/1.0/modules/syndication/"><channel>
<sy:updatePeriod> hourly </sy:updatePeriod>
<sy:updateFrequency>4</sy:updateFrequency></channel></rss>`, "")
	if l.TTL != 15*time.Minute {
		t.Errorf("TTL = %s, want 15m", l.TTL)
	}
	l = read(t, `{"version":"https://jsonfeed.org/version/1.1","feed_url":"https://harbour.example/f.json",
"next_url":"/f2.json",
"hubs":[{"type":"WebSub","url":"https://hub.example/"}],"items":[]}`, "")
	if l.Self != "https://harbour.example/f.json" || l.Next != "https://harbour.example/f2.json" ||
		l.Hub != "https://hub.example/" {
		t.Errorf("self = %s, next = %s, hub = %s", l.Self, l.Next, l.Hub)
	}
}

func TestNotAFeed(t *testing.T) {
	for _, test := range []struct {
		name, body string
		want       error
	}{
		{"page", "<!DOCTYPE html><html><head><title>Not found</title></head></html>", found.ErrHTML},
		{"part of a page", "<div>Please enable JavaScript</div>", found.ErrHTML},
		{"sitemap", `<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"></urlset>`,
			found.ErrFormat},
		{"other XML", "<opml/>", found.ErrFormat},
		{"JSON", `{"status":"ok"}`, found.ErrFormat},
		{"JSON array", `[1]`, found.ErrFormat},
		{"text", "hello", found.ErrFormat},
		{"PDF", "%PDF-1.7\n%\xe2\xe3\xcf\xd3", found.ErrFormat},
		{"nothing", " \n", found.ErrEmpty},
	} {
		t.Run(test.name, func(t *testing.T) {
			if _, err := feed.Read([]byte(test.body), "application/rss+xml", address(t)); !errors.Is(err, test.want) {
				t.Errorf("got %v, want %v", err, test.want)
			}
		})
	}
}

func TestBounds(t *testing.T) {
	many := func(n int) string {
		var b strings.Builder
		b.WriteString("<rss><channel>")
		for i := range n {
			fmt.Fprintf(&b, "<item><title>Item %d</title><link>/%d</link></item>", i, i)
		}
		return b.String() + "</channel></rss>"
	}
	if l := read(t, many(5000), ""); len(l.Items) != 5000 || l.Truncated || l.Items[4999].Position != 4999 {
		t.Errorf("got %d items, truncated = %v, want 5000 and false", len(l.Items), l.Truncated)
	}
	if l := read(t, many(feed.MaxItems+1), ""); len(l.Items) != feed.MaxItems || !l.Truncated {
		t.Errorf("got %d items, truncated = %v, want %d and true", len(l.Items), l.Truncated, feed.MaxItems)
	}
	deep := "<rss><channel><item><link>/1</link></item><item>" + strings.Repeat("<a>",
		100_000) + "</item><item><link>/2</link></item></channel></rss>"
	if l := read(t, deep, ""); len(l.Items) != 2 || !l.Truncated {
		t.Errorf("deep elements: got %q, truncated = %v", urls(l), l.Truncated)
	}
	bomb := `<!DOCTYPE rss [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>
<rss><channel><item><link>/1</link><title>x&b;</title></item></channel></rss>`
	if l := read(t, bomb, ""); len(l.Items) != 1 || l.Items[0].Title != "x&b;" {
		t.Errorf("entities: got %+v", l.Items)
	}
	huge := "<rss><channel><item><link>/1</link></item>" + strings.Repeat(" ",
		feed.MaxBytes) + "<item><link>/2</link></item></channel></rss>"
	if l := read(t, huge, ""); len(l.Items) != 1 || !l.Truncated {
		t.Errorf("long body: got %d items, truncated = %v", len(l.Items), l.Truncated)
	}
	long := "<rss><channel><item><link>/1</link><title>" + strings.Repeat("é ",
		100_000) + "</title></item></channel></rss>"
	if l := read(t, long, ""); len(l.Items[0].Title) > found.MaxText {
		t.Errorf("title: got %d bytes, want at most %d", len(l.Items[0].Title), found.MaxText)
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(`<rss xmlns:a="b"><channel><ttl>1</ttl><item><link>/1</link><title>a &lt;b> c</title></item>
</channel></rss>`), "text/xml")
	f.Add([]byte(`<feed xml:base="http://e.example/a/b"><entry><title type="xhtml"><div>x</div></title>
<link href="c"/></entry>`), "")
	f.Add([]byte(`<rdf:RDF><item rdf:about="http://e.example/"><b></a></item>`), "text/xml; charset=utf-16")
	f.Add([]byte(`{"version":"https://jsonfeed.org/version/1","items":[{"id":1,"url":"/1"}]}`), "application/json")
	base := address(f)
	f.Fuzz(func(t *testing.T, body []byte, contentType string) {
		l, err := feed.Read(body, contentType, base)
		if err != nil {
			return
		}
		for _, it := range l.Items {
			if found.Resolve("", it.URL) != it.URL {
				t.Errorf("the URL %q is not absolute", it.URL)
			}
			if len(it.Title) > found.MaxText || len(it.Keywords) > found.MaxList {
				t.Errorf("a title of %d bytes, %d keywords", len(it.Title), len(it.Keywords))
			}
		}
	})
}
