package sitemap_test

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dateline-news/dateline/services/discoverer/internal/found"
	"github.com/dateline-news/dateline/services/discoverer/internal/sitemap"
)

func address(tb testing.TB, text string) *url.URL {
	tb.Helper()
	u, err := url.Parse(text)
	if err != nil {
		tb.Fatal(err)
	}
	return u
}

func read(t *testing.T, body string, declared ...string) *found.Listing {
	t.Helper()
	l, err := sitemap.Read(strings.NewReader(body), address(t, "https://www.harbour.example/sitemap.xml"), declared...)
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
	for _, c := range l.Children {
		all = append(all, c.URL)
	}
	return all
}

func pack(tb testing.TB, text string) string {
	tb.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := io.WriteString(w, text); err != nil {
		tb.Fatal(err)
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return b.String()
}

func TestNews(t *testing.T) {
	l := read(t, `<?xml version="1.0" encoding="iso-8859-1"?>
<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"
 xmlns:image="http://www.google.com/schemas/sitemap-image/1.1">
<url><loc> https://www.harbour.example/2026/crane?a=1&amp;b=2 </loc><lastmod>2026-05-02T11:00+02:00</lastmod>
<news:news><news:publication><news:name>Harbour</news:name><news:language>de</news:language></news:publication>
<news:publication_date>2026-05-02T10:30:00+02:00</news:publication_date><news:title>
<![CDATA[Die H`+"\xe4"+`fen & der Kran]]></news:title>
<news:keywords>Port, Crane , Port</news:keywords></news:news>
<image:image><image:loc>/crane.jpg</image:loc><image:title>The crane</image:title></image:image></url></urlset>`)
	want := []found.Item{{
		URL: "https://www.harbour.example/2026/crane?a=1&b=2", Title: "Die Häfen & der Kran", Language: "de",
		Image: "https://www.harbour.example/crane.jpg", Keywords: []string{"Port", "Crane"},
		Published: time.Date(2026, 5, 2, 8, 30, 0, 0, time.UTC), Modified: time.Date(2026, 5, 2, 9, 0, 0, 0, time.UTC),
	}}
	if l.Kind != found.Sitemap || !reflect.DeepEqual(l.Items, want) {
		t.Errorf("got  %s %+v\nwant %+v", l.Kind, l.Items, want)
	}
}

func TestIndex(t *testing.T) {
	l := read(t, `<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">
<sitemap><loc>https://www.harbour.example/old.xml</loc><lastmod>2024-01-01</lastmod></sitemap>
<sitemap><loc>https://www.harbour.example/undated.xml</loc></sitemap>
<sitemap><loc>https://news.harbour.example/new.xml.gz</loc><lastmod>2026-05-02T10:00:00Z</lastmod></sitemap>
<sitemap><loc>https://cdn.example/declared.xml</loc></sitemap>
<sitemap><loc>https://other.example/sitemap.xml</loc></sitemap>
<sitemap><loc>http://127.0.0.1/sitemap.xml</loc></sitemap>
<sitemap><loc>https://www.harbour.example/sitemap.xml</loc></sitemap>
</sitemapindex>`, "cdn.example")
	want := []string{"https://news.harbour.example/new.xml.gz", "https://www.harbour.example/old.xml",
		"https://www.harbour.example/undated.xml", "https://cdn.example/declared.xml"}
	if l.Kind != found.SitemapIndex || !reflect.DeepEqual(urls(l), want) {
		t.Errorf("got %s %q, want %q", l.Kind, urls(l), want)
	}
	if len(l.Warnings) != 2 {
		t.Errorf("warnings = %q, want two: other sites, and the index itself", l.Warnings)
	}
}

func TestForms(t *testing.T) {
	xml := `<urlset><url><loc>https://www.harbour.example/1</loc></url><url><loc>/2</loc></url></urlset>`
	both := []string{"https://www.harbour.example/1", "https://www.harbour.example/2"}
	utf16 := "\xff\xfe" + strings.Join(strings.Split(`<?xml version="1.0" encoding="UTF-16"?>`+xml, ""), "\x00") + "\x00"
	for _, test := range []struct {
		name, body string
		want       []string
		truncated  bool
	}{
		{name: "XML", body: xml, want: both},
		{name: "byte order mark", body: "\xef\xbb\xbf" + xml, want: both},
		{name: "UTF-16", body: utf16, want: both},
		{name: "gzip", body: pack(t, xml), want: both},
		{name: "prefix", body: `<s:urlset xmlns:s="x"><s:url><s:loc>https://www.harbour.example/1</s:loc></s:url>
</s:urlset>`, want: both[:1]},
		{name: "text", body: "\xef\xbb\xbfhttps://www.harbour.example/1\r\n\r\nhttps://www.harbour.example/2\r\n",
			want: both},
		{name: "text in gzip", body: pack(t, "https://www.harbour.example/1\n"), want: both[:1]},
		{name: "without loc", body: `<sitemapindex><sitemap>
https://www.harbour.example/1
</sitemap></sitemapindex>`, want: both[:1]},
		{name: "ends early", body: xml[:len(xml)-20], want: both[:1], truncated: true},
		{name: "damaged", body: `<urlset><url><loc>/1</loc></url><url><loc><</loc></url></urlset>`, want: both[:1],
			truncated: true},
		{name: "gzip ends early", body: pack(t, strings.Replace(xml, "><url>", ">"+noise()+"<url>", 1))[:4000],
			truncated: true},
		{name: "image with a loc of its own", want: both[:1],
			body: `<urlset><url><i:image xmlns:i="x"><i:loc>/i.jpg</i:loc></i:image><loc>/1</loc></url></urlset>`},
		{name: "video without loc", body: `<urlset><url><v:video>
<v:player_loc>https://www.harbour.example/v</v:player_loc></v:video></url></urlset>`},
		{name: "page of another site", body: `<urlset><url><loc>https://other.example/1</loc></url><url><loc>/1</loc>
</url></urlset>`, want: both[:1]},
		{name: "empty", body: `<urlset/>`},
	} {
		t.Run(test.name, func(t *testing.T) {
			l := read(t, test.body)
			if !reflect.DeepEqual(urls(l), test.want) || l.Truncated != test.truncated {
				t.Errorf("got %q, truncated = %v, want %q, %v; warnings: %q", urls(l), l.Truncated, test.want, test.truncated,
					l.Warnings)
			}
		})
	}
}

// noise returns comments that do not compress well.
func noise() string {
	var b strings.Builder
	for i := range uint64(3000) {
		fmt.Fprintf(&b, "<!--%x-->", i*0x9E3779B97F4A7C15)
	}
	return b.String()
}

func TestExtensions(t *testing.T) {
	l := read(t, `<urlset xmlns:video="v" xmlns:xhtml="h"><url><loc>/de/film</loc>
<xhtml:link rel="alternate" hreflang="en" href="/en/film"/><xhtml:link rel="alternate" hreflang="de" href="/de/film"/>
<video:video><video:title>Kran</video:title><video:description>Zwei Tage</video:description>
<video:publication_date>2026-05-02T08:30:00Z</video:publication_date><video:thumbnail_loc>/t.jpg</video:thumbnail_loc>
<video:tag>Hafen</video:tag></video:video></url></urlset>`)
	want := []found.Item{{URL: "https://www.harbour.example/de/film", Title: "Kran", Summary: "Zwei Tage",
		Language: "de",
		Image:    "https://www.harbour.example/t.jpg", Keywords: []string{"Hafen"}, Published: time.Date(2026, 5, 2, 8, 30,
			0, 0, time.UTC)}}
	if !reflect.DeepEqual(l.Items, want) {
		t.Errorf("got  %+v\nwant %+v", l.Items, want)
	}
}

func TestNotASitemap(t *testing.T) {
	for _, test := range []struct {
		name, body string
		want       error
	}{
		{"page", "<!doctype html><html><p>Not found", found.ErrHTML},
		{"XHTML page", `<?xml version="1.0"?><!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0//EN" ""><html/>`, found.ErrHTML},
		{"page in XML", `<?xml version="1.0"?><html><body><p>Not found</p></body></html>`, found.ErrHTML},
		{"malformed XML", `<?xml version="1.0"?><urlset <`, found.ErrFormat},
		{"declaration only", `<?xml version="1.0"?>`, found.ErrFormat},
		{"feed", `<rss version="2.0"><channel/></rss>`, found.ErrFormat},
		{"PDF", "%PDF-1.7", found.ErrFormat},
		{"damaged gzip", "\x1f\x8b\x08\xff", found.ErrFormat},
		{"nothing", "\n", found.ErrEmpty},
		{"entities", `<!DOCTYPE urlset [<!ENTITY a "b">]><urlset><url><loc>/&a;</loc></url></urlset>`, found.ErrRefused},
		{"external DTD", `<!DOCTYPE urlset SYSTEM "http://127.0.0.1/x.dtd"><urlset/>`, found.ErrRefused},
	} {
		t.Run(test.name, func(t *testing.T) {
			if l, err := sitemap.Read(strings.NewReader(test.body), nil); !errors.Is(err, test.want) {
				t.Errorf("got %+v, %v, want %v", l, err, test.want)
			}
		})
	}
}

// endless is a body of repeated text, and counts the bytes that are read.
type endless struct {
	text string
	read int
}

func (e *endless) Read(p []byte) (int, error) {
	n := 0
	for n < len(p) {
		n += copy(p[n:], e.text[(e.read+n)%len(e.text):])
	}
	e.read += n
	return n, nil
}

func TestBounds(t *testing.T) {
	lines := new(strings.Builder)
	for i := range sitemap.MaxURLs + 1 {
		fmt.Fprintf(lines, "https://www.harbour.example/%d\n", i)
	}
	just, _ := strings.CutSuffix(lines.String(), fmt.Sprintf("https://www.harbour.example/%d\n", sitemap.MaxURLs))
	for text, want := range map[string]bool{just: false, lines.String(): true} {
		l, err := sitemap.Read(strings.NewReader(text), nil) // without a base, each URL is parsed only once
		if err != nil || len(l.Items) != sitemap.MaxURLs || l.Truncated != want {
			t.Errorf("%d bytes of URLs: got %d, truncated = %v, %v; want %v", len(text), len(l.Items), l.Truncated, err, want)
		}
	}
	const size = 3 << 20 // TestExactlyAtTheBounds tests MaxBytes, with a format that takes less time to read
	home := address(t, "https://www.harbour.example/")
	for name, text := range map[string]string{
		"same URL":  "<url><loc>https://www.harbour.example/1</loc></url>",
		"long text": "aaaaaaaaaaaaaaaa",
	} {
		body := &endless{text: text}
		l, err := sitemap.ReadAtMost(size, io.MultiReader(strings.NewReader("<urlset>"), body), home, nil)
		if err != nil || !l.Truncated || len(l.Items) > 1 || body.read > size+1<<20 {
			t.Errorf("%s: got %v after %d bytes", name, err, body.read)
		}
	}
	bomb := pack(t, "<urlset><url><loc>/1</loc></url>"+strings.Repeat(" ", size+1))
	if l, err := sitemap.ReadAtMost(size, strings.NewReader(bomb), home, nil); err != nil || len(l.Items) != 1 ||
		!l.Truncated {
		t.Errorf("gzip bomb: got %v, %v", l, err)
	}
	deep := "<urlset><url><loc>/1</loc></url>" + strings.Repeat("<a>", 1_000_000)
	if l := read(t, deep); len(l.Items) != 1 || !l.Truncated {
		t.Errorf("deep elements: got %d items, truncated = %v", len(l.Items), l.Truncated)
	}
}

// What is exactly as large as a limit is read, and not reported as truncated.
func TestExactlyAtTheBounds(t *testing.T) {
	const first = "https://www.harbour.example/1\n"
	comments := strings.Repeat("#"+strings.Repeat(" ", 1022)+"\n", sitemap.MaxBytes/1024)
	for size, want := range map[int]bool{sitemap.MaxBytes: false, sitemap.MaxBytes + 1: true} {
		l := read(t, first+comments[:size-len(first)-1]+"\n")
		if len(l.Items) != 1 || l.Truncated != want {
			t.Errorf("%d bytes: got %d URLs, truncated = %v, want %v", size, len(l.Items), l.Truncated, want)
		}
	}
	long := "https://www.harbour.example/" + strings.Repeat("x", found.MaxURL-len("https://www.harbour.example/"))
	if l := read(t, first+long+"\r\n"+first); len(l.Items) != 2 || l.Items[1].URL != long || l.Truncated {
		t.Errorf("a long URL: got %d URLs, truncated = %v", len(l.Items), l.Truncated)
	}
	for depth, want := range map[int]bool{32: false, 33: true} { // urlset and url are the first two
		nested := strings.Repeat("<a>", depth-2) + strings.Repeat("</a>", depth-2)
		l := read(t, "<urlset><url><loc>/1</loc>"+nested+"</url><url><loc>/2</loc></url></urlset>")
		if l.Truncated != want || len(l.Items) != 2 && !want {
			t.Errorf("%d nested elements: got %d URLs, truncated = %v", depth, len(l.Items), l.Truncated)
		}
	}
	title := func(size int) string {
		l := read(t, "<urlset><url><loc>/1</loc><news:news><news:title>"+strings.Repeat("x", size)+
			"</news:title></news:news></url></urlset>")
		return l.Items[0].Title
	}
	if got := title(16 << 10); got != strings.Repeat("x", found.MaxText) {
		t.Errorf("a title of 16 KiB has %d bytes, want the first %d", len(got), found.MaxText)
	}
	if got := title(16<<10 + 1); got != "" {
		t.Errorf("a longer title has %d bytes, want none", len(got))
	}
	tags := strings.Repeat("<video:tag>x</video:tag>", found.MaxList-1) +
		"<video:tag>last</video:tag><video:tag>over</video:tag>"
	l := read(t, "<urlset><url><loc>/1</loc><video:video>"+tags+"</video:video></url></urlset>")
	if got := l.Items[0].Keywords; !slices.Equal(got, []string{"x", "last"}) {
		t.Errorf("the keywords are %q, want those of the first %d tags", got, found.MaxList)
	}
	// Of a hundred texts, two for each translation, the last two can be the page's own.
	for translations, want := range map[int]string{49: "is", 50: ""} {
		alternate := `<xhtml:link rel="alternate" hreflang="%s" href="/%s"/>`
		links := strings.Repeat(fmt.Sprintf(alternate, "en", "en"), translations) + fmt.Sprintf(alternate, "is", "1")
		l := read(t, "<urlset><url><loc>/1</loc>"+links+"</url></urlset>")
		if got := l.Items[0].Language; got != want {
			t.Errorf("after %d translations, the page's own language is %q, want %q", translations, got, want)
		}
	}
}

func TestDistrustDates(t *testing.T) {
	now := time.Date(2026, 5, 2, 12, 0, 0, 0, time.UTC)
	dates := func(lastmod ...string) []string {
		var b strings.Builder
		b.WriteString("<urlset>")
		for i, d := range lastmod {
			fmt.Fprintf(&b, "<url><loc>/%d</loc><lastmod>%s</lastmod></url>", i, d)
		}
		l := read(t, b.String()+"</urlset>")
		l.DistrustDates(now)
		var got []string
		for _, it := range l.Items {
			got = append(got, it.Modified.Format(time.DateOnly))
		}
		return got
	}
	none := "0001-01-01"
	for _, test := range []struct{ given, want []string }{
		{[]string{"2026-05-01", "2026-04-01", "2026-05-01"}, []string{"2026-05-01", "2026-04-01", "2026-05-01"}},
		{[]string{"2026-05-01", "2026-05-01", "2026-05-01"}, []string{none, none, none}},
		{[]string{"2026-05-02T12:00:00Z", "2026-05-02T12:00:01Z", "2026-05-02T11:59:59Z"}, []string{none, none, none}},
		{[]string{"2026-05-01", "2036-05-01"}, []string{"2026-05-01", none}},
		{[]string{"2026-05-01", "2026-05-01"}, []string{"2026-05-01", "2026-05-01"}},
	} {
		if got := dates(test.given...); !reflect.DeepEqual(got, test.want) {
			t.Errorf("%q: got %q, want %q", test.given, got, test.want)
		}
	}
}

// TestCorpus reads sitemaps of crawler-commons, which are not part of the repository.
// DATELINE_SITEMAPS is their directory.
func TestCorpus(t *testing.T) {
	dir := cmp.Or(os.Getenv("DATELINE_SITEMAPS"), filepath.Join("..", "..", "..", "..", "..", "shared", "data",
		"sitemaps"))
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("no sitemaps at %s: set DATELINE_SITEMAPS to their directory to run this test", dir)
	}
	for name, want := range map[string]int{
		"do-not-visit.txt": 1, "sitemap-with-bom.txt": 2, "sitemap.txt": 2, "sitemap.txt.gz": 5, "xmlSitemap.gz": 5,
		"sitemap.badns.xml": 2, "sitemap.ns.xml": 2, "sitemap.index.xml": 15,
		"extension__hebdenbridgetimes-articles-sitemap.xml": 74, "extension__pagemaps-sitemap.xml": 2,
		"extension__shinpaideshou-news-sitemap.xml": 3, "extension__sitemap-images.xml": 1,
		"extension__sitemap-links.xml": 3, "extension__sitemap-mobile.xml": 3, "extension__sitemap-news.xml": 2,
		"extension__sitemap-videos-tvshow.xml": 1,
		"extension__sitemap-videos.xml":        3,
	} {
		t.Run(name, func(t *testing.T) {
			file, err := os.Open(filepath.Join(dir, name))
			if err != nil {
				t.Fatal(err)
			}
			defer file.Close()
			l, err := sitemap.Read(file, nil)
			if err != nil {
				t.Fatal(err)
			}
			if got := len(urls(l)); got != want || l.Truncated {
				t.Errorf("got %d URLs, truncated = %v, want %d; warnings: %q", got, l.Truncated, want, l.Warnings)
			}
		})
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(`<urlset><url><loc>https://www.harbour.example/1</loc><news:title>a</news:title></url></urlset>`))
	f.Add([]byte(`<sitemapindex><sitemap>/1</sitemap><sitemap><loc>/2</loc><lastmod>2026-05</lastmod></sitemap>`))
	f.Add([]byte("https://www.harbour.example/1\nhttps://other.example/2"))
	f.Add([]byte(pack(f, "<urlset><url><loc>/1</loc></url></urlset>")))
	base := address(f, "https://www.harbour.example/sitemap.xml")
	f.Fuzz(func(t *testing.T, body []byte) {
		l, err := sitemap.Read(bytes.NewReader(body), base)
		if err != nil {
			return
		}
		for _, u := range urls(l) {
			if !strings.HasPrefix(found.Resolve("", u), "http") || !strings.Contains(u, "harbour.example") {
				t.Errorf("%q is not an absolute URL of the site", u)
			}
		}
	})
}
