package facts_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/dateline-news/dateline/services/extractor/article/internal/facts"
	"github.com/dateline-news/dateline/services/extractor/article/internal/page"
	"github.com/dateline-news/dateline/services/extractor/article/internal/record"
)

// ld returns a page with a title and JSON-LD.
func ld(title, data string) string {
	return "<title>" + title + `</title><script type="application/ld+json">` + data + "</script>"
}

// A JSON-LD object describes the page if it has the address of the page, or a similar title.
func TestObjectsThatDescribeThePage(t *testing.T) {
	t.Parallel()
	const title = "The council repairs the old bridge"
	for data, want := range map[string]bool{
		`"@type":"Article","headline":"The council repairs the old bridge"`:                     true,
		`"@type":"Article","headline":"the old bridge"`:                                         true,
		`"@type":"Article","headline":"News: The council repairs the old bridge at last"`:       true,
		`"@type":"Article","name":"THE OLD BRIDGE"`:                                             true,
		`"@type":"Article","headline":"The council repairs the tunnel"`:                         false,
		`"@type":"Article","headline":"The council repairs the old road"`:                       true,
		`"@type":"NewsArticle","headline":"Something else"`:                                     true,
		`"@type":"Article","headline":"Something else"`:                                         false,
		`"@type":"Article","articleBody":"x"`:                                                   true,
		`"@type":"Article","datePublished":"2026-05-03"`:                                        true,
		`"@type":"Article","author":"x"`:                                                        false,
		`"@type":"Article","headline":"x y z","url":"https://a.example/x/"`:                     true,
		`"@type":"Article","headline":"x y z","url":"http://www.a.example/x#y"`:                 true,
		`"@type":"Article","headline":"x y z","url":"https://a.example/"`:                       false,
		`"@type":"Article","headline":"x y z","url":"https://b.example/x"`:                      false,
		`"@type":"Article","headline":"x y z","@id":"https://a.example/x"`:                      true,
		`"@type":"Article","headline":"x y z","mainEntityOfPage":"https://a.example/x"`:         true,
		`"@type":"Article","headline":"x y z","mainEntityOfPage":{"@id":"https://a.example/x"}`: true,
		`"@type":"Article","headline":"x y z","mainEntityOfPage":{"url":"https://a.example/x"}`: true,
		`"@type":"Article","headline":"x y z","mainEntityOfPage":"https://a.example/x?y"`:       false,
		`"@type":"Article","headline":"x y z","mainEntityOfPage":"https://a.example/declared"`:  true,
		`"@type":"VideoObject","name":"x y z","url":"https://a.example/x"`:                      false,
		`"@type":"VideoObject","name":"the old bridge"`:                                         true,
	} {
		p, err := page.Parse(page.Source{
			HTML: []byte(`<link rel=canonical href="/declared">` + ld(title, "{"+data+"}")), URL: "https://a.example/x",
			MaxNodes: 1000,
		})
		if err != nil {
			t.Fatal(err)
		}
		if got := facts.Read(p).Article != nil; got != want {
			t.Errorf("%s describes the page: %v, want %v", data, got, want)
		}
	}
}

func TestKindsOfPages(t *testing.T) {
	t.Parallel()
	type declared struct {
		kind           record.PageKind
		article, texts bool
	}
	const og = "<meta property=og:type content="
	for html, want := range map[string]declared{
		"":                  {record.KindArticle, false, false},
		og + "article>":     {record.KindArticle, true, false},
		og + "website>":     {record.KindArticle, false, false},
		og + "video.other>": {record.KindVideo, false, false},
		og + "gallery>":     {record.KindGallery, false, false},
		`<meta property=article:published_time content=x>`:             {record.KindArticle, true, false},
		ld("", `{"@type":"LiveBlogPosting","headline":"x"}`):           {record.KindLiveBlog, true, false},
		ld("", `{"@type":"VideoObject","name":"x"}`):                   {record.KindVideo, false, false},
		ld("", `{"@type":"VideoObject","name":"x","articleBody":"y"}`): {record.KindArticle, false, false},
		ld("", `{"@type":"WebPage","name":"x"}`):                       {record.KindArticle, false, false},
		ld("", `{"@type":"QAPage","name":"x"}`):                        {record.KindArticle, false, true},
		ld("", `{"@type":"CollectionPage","name":"x"}`):                {record.KindArticle, false, true},
		ld("", `[{"@type":"CollectionPage","name":"x"},{"@type":"Article","headline":"y"}]`): {
			record.KindArticle, true, false,
		},
		ld("", `[{"@type":"DiscussionForumPosting","name":"x"},{"@type":"Article","headline":"y"}]`): {
			record.KindArticle, true, true,
		},
	} {
		f := read(t, html)
		if f.Kind() != want.kind || f.DeclaresArticle() != want.article || f.DeclaresTexts() != want.texts {
			t.Errorf("%s: kind %s, an article %v, texts %v; want %+v", html, f.Kind(), f.DeclaresArticle(),
				f.DeclaresTexts(), want)
		}
	}
}

// Metadata is read up to limits.
func TestLimitsOfMetadata(t *testing.T) {
	t.Parallel()
	parsely := func(size int) string {
		const frame = `{"title":""}`
		return "<meta name=parsely-page content='" + `{"title":"` + strings.Repeat("x", size-len(frame)) + `"}'>`
	}
	for size, want := range map[int]bool{16 << 10: true, 16<<10 + 1: false} {
		if got := read(t, parsely(size)).Parsely != nil; got != want {
			t.Errorf("%d bytes of JSON in a meta element are read: %v, want %v", size, got, want)
		}
	}
	if got := read(t, `<meta name=parsely-page content="[1]">`).Parsely; got != nil {
		t.Errorf("a list is the object %v", got)
	}
	var many strings.Builder
	for i := range 51 {
		fmt.Fprintf(&many, "<meta name=tag content=%d>", i)
	}
	f := read(t, many.String())
	if tags := f.Metas["tag"]; len(tags) != 50 || tags[49] != "49" || f.Meta["tag"] != "0" {
		t.Errorf("%d contents are kept, the last %s, the first %s", len(tags), tags[len(tags)-1], f.Meta["tag"])
	}
	for size, want := range map[int]int{2 << 10: 2, 2<<10 + 1: 1} {
		html := "<meta name=tdm-policy content=x><meta name=robots content='" + strings.Repeat("x", size) + "'>"
		if got := read(t, html).Rights(); len(got) != want || got[len(got)-1].Name != "tdm-policy" {
			t.Errorf("a statement of %d bytes: %d statements, want %d", size, len(got), want)
		}
	}
	f = read(t, `<meta name="DC:Creator" content=a><meta name=dcterms:date content=b>`+
		`<meta name=og:title property=x content=c>`)
	if f.Meta["dc.creator"] != "a" || f.Meta["dcterms.date"] != "b" || f.Meta["og:title"] != "c" || f.Meta["x"] != "c" {
		t.Errorf("the names are %v", f.Meta)
	}
	f = read(t, `<meta name=script:ld+json content='{"@type":"NewsArticle","headline":"x &amp;amp; y"}'>`)
	if got := f.LD("headline"); got != "x & y" {
		t.Errorf("the headline in a meta element is %q", got)
	}
	for html, want := range map[string]string{
		"<html lang=en-GB>": "en", "<html xml:lang=de>": "de", "<html lang=abcd>": "", "<html lang=ckb>": "ckb",
		"<html>": "",
		"<html><meta http-equiv=content-language content=sv_SE>": "sv",
		"<html><meta property=og:locale content=FR_fr>":          "fr",
	} {
		if got := read(t, html).Language; got != want {
			t.Errorf("%s is in %q, want %q", html, got, want)
		}
	}
	none := read(t, "")
	if none.LD("headline") != "" || none.First("a", "b") != "" {
		t.Error("a page without metadata has some")
	}
}
