package facts_test

import (
	"testing"

	"github.com/dateline-news/dateline/services/extractor/article/internal/facts"
	"github.com/dateline-news/dateline/services/extractor/article/internal/page"
	"github.com/dateline-news/dateline/services/extractor/article/internal/record"
)

func read(t *testing.T, html string) *facts.Facts {
	t.Helper()
	p, err := page.Parse(page.Source{HTML: []byte(html), MaxNodes: 1000})
	if err != nil {
		t.Fatal(err)
	}
	return facts.Read(p)
}

func TestReadMeta(t *testing.T) {
	t.Parallel()
	f := read(t, `<meta name="Author" content=" Ada  Roe "><meta name="author" content="Ben Doe"><meta `+
		`name="empty" content="">`)
	if got := f.Meta["author"]; got != "Ada Roe" {
		t.Errorf("the author is %q, want %q", got, "Ada Roe")
	}
	if got := f.Metas["author"]; len(got) != 2 || got[1] != "Ben Doe" {
		t.Errorf("the authors are %q", got)
	}
	if _, ok := f.Meta["empty"]; ok {
		t.Error("an empty meta element has an entry")
	}
	if got := f.First("none", "author"); got != "Ada Roe" {
		t.Errorf("First = %q, want %q", got, "Ada Roe")
	}
}

func TestReadFindsTheArticle(t *testing.T) {
	t.Parallel()
	f := read(t, `<title>Old bridge to be repaired</title><script type="application/ld+json">[
		{"@type": "NewsArticle", "headline": "Another story entirely"},
		{"@type": "WebPage", "name": "Old bridge to be repaired"},
		{"@type": "Article", "headline": "Old bridge to be repaired", "articleBody": "The council &amp; the mayor agree."}
	]</script>`)
	// A NewsArticle is believed even if its headline differs from the title.
	if got := f.LD("headline"); got != "Another story entirely" {
		t.Errorf("the article is %q", got)
	}
	f = read(t, `<title>Old bridge to be repaired</title><script type="application/ld+json">[
		{"@type": "Article", "headline": "Something else"},
		{"@type": "Article", "headline": "Old bridge to be repaired", "articleBody": "The council &amp; the mayor agree."}
	]</script>`)
	if f.ArticleBody != "The council & the mayor agree." {
		t.Errorf("the article's text is %q", f.ArticleBody)
	}
}

func TestReadLanguage(t *testing.T) {
	t.Parallel()
	for html, want := range map[string]string{
		`<html lang="de-AT">`:                               "de",
		`<html xml:lang="pt">`:                              "pt",
		`<meta property="og:locale" content="en_GB">`:       "en",
		`<meta http-equiv="content-language" content="fr">`: "fr",
		`<html lang="english">`:                             "",
		``:                                                  "",
	} {
		if got := read(t, html).Language; got != want {
			t.Errorf("the language of %s is %q, want %q", html, got, want)
		}
	}
}

func TestKind(t *testing.T) {
	t.Parallel()
	ld := func(object string) string { return `<script type="application/ld+json">` + object + `</script>` }
	for html, want := range map[string]record.PageKind{
		``: record.KindArticle,
		ld(`{"@type": "LiveBlogPosting", "headline": "Election night"}`): record.KindLiveBlog,
		ld(`{"@type": "VideoObject", "name": "Bridge opens"}`):           record.KindVideo,
		`<meta property="og:type" content="video.other">`:                record.KindVideo,
		`<meta property="og:type" content="gallery">`:                    record.KindGallery,
	} {
		if got := read(t, html).Kind(); got != want {
			t.Errorf("the kind of %s is %q, want %q", html, got, want)
		}
	}
}
