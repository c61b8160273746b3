package article_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/dateline-news/dateline/services/extractor/article"
)

// title is the title of pageWith, and paragraph one of its paragraphs.
const (
	title     = "Council agrees to repair the old bridge"
	paragraph = "<p>The council met on Tuesday and agreed, after a long debate, to repair the old stone bridge " +
		"before winter comes.</p>"
)

// pageWith returns a page with a headline and the given contents after it.
func pageWith(contents string) string {
	return "<html lang=en><head><title>" + title + "</title></head><body><h1>" + title + "</h1>" + contents +
		"</body></html>"
}

// extract returns the article of a page, which must have one.
func extract(t *testing.T, p article.Page) *article.Article {
	t.Helper()
	a, err := article.Extract(t.Context(), p, article.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestReasons(t *testing.T) {
	t.Parallel()
	list := "<html><head><title>News</title></head><body>"
	for i := range 12 {
		list += fmt.Sprintf("<div><h2><a href='/%d'>A headline about event number %d that day</a></h2><p>A "+
			"teaser that says, in a sentence of some length, what event number %d was about.</p></div>", i, i, i)
	}
	bomb := new(bytes.Buffer)
	w, err := gzip.NewWriterLevel(bomb, gzip.BestSpeed)
	if err != nil {
		t.Fatal(err)
	}
	for range 64 {
		if _, err := w.Write(make([]byte, 1<<20)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		page article.Page
		opts article.Options
		want article.Reason
	}{
		"no bytes": {want: article.ReasonEmpty},
		"no text": {
			page: article.Page{Body: []byte("<html><body></body></html>")}, want: article.ReasonEmpty,
		},
		"PNG called HTML": {
			page: article.Page{ContentType: "text/html", Body: append([]byte("\x89PNG\r\n\x1a\n"), make([]byte, 100)...)},
			want: article.ReasonNotHTML,
		},
		"PDF": {page: article.Page{Body: []byte("%PDF-1.7\n%âãÏÓ")}, want: article.ReasonNotHTML},
		"JSON": {
			page: article.Page{ContentType: "text/html", Body: []byte(`{"a":1}`)}, want: article.ReasonNotHTML,
		},
		"feed": {
			page: article.Page{Body: []byte(`<?xml version="1.0"?><rss version="2.0"><channel></channel></rss>`)},
			want: article.ReasonNotHTML,
		},
		"broken gzip": {
			page: article.Page{ContentEncoding: "gzip", Body: []byte{0x1f, 0x8b, 8, 0, 0}},
			want: article.ReasonBrokenEncoding,
		},
		"unknown encoding": {
			page: article.Page{ContentEncoding: "lzma", Body: []byte(pageWith(paragraph))},
			want: article.ReasonBrokenEncoding,
		},
		"compression bomb": {
			page: article.Page{ContentEncoding: "gzip", Body: bomb.Bytes()}, want: article.ReasonTooLarge,
		},
		"over the bound": {
			page: article.Page{Body: []byte(pageWith(paragraph))}, opts: article.Options{MaxDecodedBytes: 100},
			want: article.ReasonTooLarge,
		},
		"too many elements": {
			page: article.Page{Body: []byte(pageWith(strings.Repeat("<b></b>", 200)))},
			opts: article.Options{MaxNodes: 100}, want: article.ReasonTooLarge,
		},
		"section page": {
			page: article.Page{URL: "https://example.com/news", Body: []byte(list)}, want: article.ReasonNoArticle,
		},
		"contact page": {
			page: article.Page{Body: []byte("<title>Contact</title><p>Call us.</p>")}, want: article.ReasonNoArticle,
		},
		"script shell": {
			page: article.Page{Body: []byte("<html><body><div id=root></div><script>" +
				strings.Repeat("render();", 50) + "</script></body></html>")},
			want: article.ReasonNeedsRendering,
		},
		"frames": {
			page: article.Page{Body: []byte("<html><frameset cols='50%,50%'><frame src=a.html><frame src=b.html>" +
				"</frameset></html>")},
			want: article.ReasonNeedsRendering,
		},
		"bot check": {
			page: article.Page{Body: []byte("<title>Just a moment...</title><p>Verifying you are human. This may " +
				"take a few seconds.</p>")},
			want: article.ReasonBlocked,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, err := article.Extract(t.Context(), test.page, test.opts)
			if a != nil || article.ReasonOf(err) != test.want {
				t.Errorf("got an article: %v, error %v, want reason %s", a != nil, err, test.want)
			}
		})
	}
}

func TestCancelledContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := article.Extract(ctx, article.Page{Body: []byte(pageWith(paragraph))}, article.Options{})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("the error is %v, want that of the context", err)
	}
}

func TestHostilePagesAreBounded(t *testing.T) {
	t.Parallel()
	var formats strings.Builder
	for i := range 400 {
		fmt.Fprintf(&formats, "<b class=c%d>", i)
	}
	var attributes strings.Builder
	for i := range 1_000_000 {
		fmt.Fprintf(&attributes, " a%d", i)
	}
	tests := map[string]string{
		"100,000 levels": pageWith(strings.Repeat("<div>", 100_000) + strings.Repeat(paragraph, 5)),
		"reopened formatting": pageWith(formats.String() + strings.Repeat("<p>x", 20_000) + "</b>" +
			strings.Repeat(paragraph, 5)),
		"a million attributes": pageWith("<div" + attributes.String() + "></div>" + strings.Repeat(paragraph, 5)),
		"10 MB":                pageWith(strings.Repeat(paragraph, 10<<20/len(paragraph))),
		"10 MB of text in one element": pageWith("<div>" +
			strings.Repeat("The bridge was closed again. ", 10<<20/29) + "</div>"),
		"one line of 5 MB": pageWith("<p>" + strings.Repeat("word, ", 5<<20/6) + ".</p>"),
		"cut within a tag": strings.TrimSuffix(pageWith(strings.Repeat(paragraph, 5)+`<p class="`), "\"</body></html>"),
	}
	for name, page := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := extract(t, article.Page{Body: []byte(page)})
			if a.WordCount < 50 {
				t.Errorf("the text has only %d words", a.WordCount)
			}
		})
	}
}

func TestConcurrentUse(t *testing.T) {
	t.Parallel()
	want := readRecord(t)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() { compare(t, extractFixture(t, "utility.html", want.URL), want) })
	}
	wg.Wait()
}

func TestCanonicalURLMustBeCredible(t *testing.T) {
	t.Parallel()
	const (
		own     = "https://example.com/2025/04/old-stone-bridge-repaired"
		longer  = "https://example.com/2025/04/old-stone-bridge-repaired-for-good"
		partner = "https://partner.example.com/x/old-stone-bridge-repaired"
	)
	tests := map[string]string{
		"https://example.com/":                                      own,
		"https://example.com":                                       own,
		"/2025/04/old-stone-bridge-repaired":                        own,
		"https://example.com/2025/04/old-stone-bridge-repaired#top": own,
		partner: partner,
		"https://partner.example.com/other-story":                 own,
		"https://partner.example.org/x/old-stone-bridge-repaired": own,
		"https://example.com/2025":                                own,
		"javascript:void(0)":                                      own,
		longer:                                                    longer,
	}
	for canonical, want := range tests {
		t.Run(canonical, func(t *testing.T) {
			t.Parallel()
			page := strings.Replace(pageWith(strings.Repeat(paragraph, 3)), "<head>", `<head><link rel="canonical" `+
				`href="`+canonical+`">`, 1)
			a := extract(t, article.Page{URL: own, Body: []byte(page)})
			if a.CanonicalURL != want {
				t.Errorf("canonical URL is %s, want %s", a.CanonicalURL, want)
			}
		})
	}
}

// TestDeclaredURLOnAnotherSiteIsNotIdentity checks every way in which a page can declare
// a URL: one on another site is a hint, and one on its own site can be its identity.
func TestDeclaredURLOnAnotherSiteIsNotIdentity(t *testing.T) {
	t.Parallel()
	const slug = "/2025/04/old-stone-bridge-repaired"
	link := func(url string) string { return `<link rel="canonical" href="` + url + `">` }
	for _, test := range []struct {
		name, page, head, want, declared string
	}{
		{
			"canonical", "https://forger.example" + slug, link("https://victim.example" + slug),
			"https://forger.example" + slug, "https://victim.example" + slug,
		},
		{
			"og:url", "https://forger.example" + slug,
			`<meta property="og:url" content="https://victim.example` + slug + `">`,
			"https://forger.example" + slug, "https://victim.example" + slug,
		},
		{
			"foreign canonical, own og:url", "https://forger.example/amp" + slug,
			link("https://victim.example"+slug) +
				`<meta property="og:url" content="https://forger.example` + slug + `">`,
			"https://forger.example" + slug, "https://victim.example" + slug,
		},
		{
			"base element", "https://forger.example" + slug,
			`<base href="https://victim.example/">` + link(slug),
			"https://forger.example" + slug, "https://victim.example" + slug,
		},
		{
			"JSON-LD", "https://forger.example" + slug,
			`<script type="application/ld+json">{"@context":"https://schema.org","@type":"NewsArticle",` +
				`"url":"https://victim.example` + slug + `","@id":"https://victim.example` + slug + `",` +
				`"mainEntityOfPage":{"@id":"https://victim.example` + slug + `"}}</script>`,
			"https://forger.example" + slug, "",
		},
		{
			"hreflang, AMP and refresh", "https://forger.example" + slug,
			`<link rel="alternate" hreflang="de" href="https://victim.example` + slug + `">` +
				`<link rel="amphtml" href="https://victim.example` + slug + `">` +
				`<meta http-equiv="refresh" content="0; url=https://victim.example` + slug + `">`,
			"https://forger.example" + slug, "",
		},
		{
			"www", "https://example.co.uk" + slug, link("https://www.example.co.uk" + slug),
			"https://www.example.co.uk" + slug, "",
		},
		{
			"mobile", "https://m.example.co.uk" + slug, link("https://www.example.co.uk" + slug),
			"https://www.example.co.uk" + slug, "",
		},
		{
			"public suffix", "https://forger.co.uk" + slug, link("https://example.co.uk" + slug),
			"https://forger.co.uk" + slug, "https://example.co.uk" + slug,
		},
		{
			"tenants of one domain", "https://ada.github.io" + slug, link("https://bob.github.io" + slug),
			"https://ada.github.io" + slug, "https://bob.github.io" + slug,
		},
		{
			"IP address", "http://192.0.2.7" + slug, link("http://192.0.2.8" + slug),
			"http://192.0.2.7" + slug, "http://192.0.2.8" + slug,
		},
		{
			"another port of an IP address", "http://192.0.2.7:8080" + slug, link("http://192.0.2.7" + slug),
			"http://192.0.2.7:8080" + slug, "http://192.0.2.7" + slug,
		},
		{
			"another port of a name", "https://example.com:8443" + slug, link("https://example.com" + slug),
			"https://example.com" + slug, "",
		},
		{
			"IDN", "https://www.bücher.example" + slug, link("https://xn--bcher-kva.example" + slug),
			"https://xn--bcher-kva.example" + slug, "",
		},
		{
			"AMP cache", "https://www-example-com.cdn.ampproject.org/c/s/www.example.com" + slug,
			link("https://www.example.com" + slug),
			"https://www-example-com.cdn.ampproject.org/c/s/www.example.com" + slug, "https://www.example.com" + slug,
		},
		{
			"user information", "https://forger.example" + slug, link("https://forger.example@victim.example" + slug),
			"https://forger.example" + slug, "https://victim.example" + slug,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			html := strings.Replace(pageWith(strings.Repeat(paragraph, 3)), "<head>", "<head>"+test.head, 1)
			a := extract(t, article.Page{URL: test.page, Body: []byte(html)})
			if a.CanonicalURL != test.want || a.DeclaredCanonicalURL != test.declared {
				t.Errorf("canonical URL %q, declared %q; want %q and %q",
					a.CanonicalURL, a.DeclaredCanonicalURL, test.want, test.declared)
			}
		})
	}
}

func TestTimestampJSON(t *testing.T) {
	t.Parallel()
	page := strings.Replace(pageWith(strings.Repeat(paragraph, 3)), "<head>",
		`<head><meta property="article:published_time" content="2025-04-20T09:30:15+03:00">`, 1)
	a := extract(t, article.Page{Body: []byte(page)})
	got, err := json.Marshal(a.Published)
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"value":"2025-04-20T09:30:15+03:00","precision":"second","has_zone":true}`; string(got) != want {
		t.Errorf("published is %s, want %s", got, want)
	}
}

func TestRightsAreRecordedVerbatim(t *testing.T) {
	t.Parallel()
	head := `<meta name="ROBOTS" content="max-image-preview:large, noai"><meta name="tdm-reservation" ` +
		`content="1"><meta name="tdm-policy" content="https://example.com/policy.json"><meta name="googlebot" ` +
		`content="">`
	a := extract(t, article.Page{Body: []byte(head + pageWith(strings.Repeat(paragraph, 8)))})
	want := []article.RightsSignal{{Name: "robots", Value: "max-image-preview:large, noai"},
		{Name: "tdm-reservation", Value: "1"}, {Name: "tdm-policy", Value: "https://example.com/policy.json"}}
	if !slices.Equal(a.Rights, want) {
		t.Errorf("rights are %+v, want %+v", a.Rights, want)
	}
}
